"""A short way for posts that come whole, as nearly all reports do: reading a request with h11, and
a task and a scope for it, are more than half of what a report costs.

h11 reads each header once, and its bytes are remembered: devices say the same each time. A post
goes this way if its header and body came together and alone, nothing is under way, and the header
says no other framing than a length, no ``Expect`` and nothing of the connection. All else is h11's
from its first byte.
"""

import asyncio
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any

import h11
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from outcry.responder.web.door import Door, Guest

_END = b"\r\n\r\n"
_MOST = 1024  # bytes of a header and a report; to remember one takes two or three times as many
_REMEMBERED = 1024
_H11_ALONE = {b"connection", b"expect", b"transfer-encoding", b"upgrade"}


class TakesPosts(ABC):
    """An application that answers posts to one address; both ways lead to the same answer."""

    path: str

    @abstractmethod
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer any request."""

    @abstractmethod
    def begin(self, body: bytes) -> asyncio.Future[Any]:
        """Begin to work on the body of a post; raises nothing."""

    @abstractmethod
    def answer(self, done: asyncio.Future[Any], guest: Guest | None) -> Response:
        """The answer to what has begun, of a known length, whatever came of it; raises nothing."""


class WholePosts(H11Protocol):
    """uvicorn's own protocol, with a short way."""

    def __init__(self, *arguments: Any, app: TakesPosts, door: Door, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._posts, self._door = app, door
        self._line = f"POST {app.path} HTTP/1.1\r\n".encode()
        self._begun: asyncio.Future[Any] | None = None
        self._early = b""  # came before the answer to what has begun
        self._stops = False

    def data_received(self, data: bytes) -> None:
        if self._begun is not None:
            self._early += data
            self.flow.pause_reading()
            return
        if len(data) <= _MOST and data.startswith(self._line) and self._is_at_rest():
            head, _, body = data.partition(_END)
            if len(body) == _length_said(head):
                self._begin(body)
                return
        super().data_received(data)

    def shutdown(self) -> None:
        self._stops = True
        if self._begun is None:
            super().shutdown()

    def _is_at_rest(self) -> bool:
        conn = self.conn
        return conn.our_state is conn.their_state is h11.IDLE and not conn.trailing_data[0]

    def _begin(self, body: bytes) -> None:
        self._unset_keepalive_if_required()
        guest = self._door.guest(self.client)
        if guest is not None:
            guest.works()
        self._begun = begun = self._posts.begin(body)
        begun.add_done_callback(lambda done: self._end(done, guest))

    def _end(self, done: asyncio.Future[Any], guest: Guest | None) -> None:
        self._begun = None
        early, self._early = self._early, b""
        answer = self._posts.answer(done, guest)  # which tells the journal, too
        if self.transport.is_closing():
            return
        self.transport.write(self._bytes_of(answer))
        if guest is not None:
            guest.rests()
        self.on_response_complete()
        if self._stops:
            self.shutdown()
        elif early:
            self.data_received(early)

    def _bytes_of(self, answer: Response) -> bytes:
        headers = (*self.server_state.default_headers, *answer.raw_headers)
        lines = b"".join([b"%b: %b\r\n" % header for header in headers])
        status = answer.status_code
        head = b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, STATUS_PHRASES[status], lines)
        return head + bytes(answer.body)


@lru_cache(_REMEMBERED)
def _length_said(head: bytes) -> int:
    """The length of the body, -1 if this is for h11 alone."""
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(head + _END)
    try:
        event = conn.next_event()
    except h11.RemoteProtocolError:
        return -1
    if not isinstance(event, h11.Request) or conn.trailing_data[0]:
        return -1
    said = {name.lower(): value for name, value in event.headers}
    return int(said.get(b"content-length", -1)) if _H11_ALONE.isdisjoint(said) else -1
