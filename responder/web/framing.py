"""HTTP/1.1 as uvicorn frames it with llhttp, the parser of Node.js: a third of h11's work.

h11 bounds what it keeps of a request that is not whole; llhttp leaves that to who uses it, and
uvicorn's protocol does not do it.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BESIDE_BODY = (
    32 * 1024
)  # bytes of a request's header, chunk sizes and trailer; a proxy's has 8
_BODY = {b"content-length", b"transfer-encoding"}
MOST_AHEAD = 8  # requests of one connection that wait for the answer before them


class NotTaken(Exception):
    """No request that is answered here; its connection ends with a 400, as if it were no HTTP."""


class Framing(HttpToolsProtocol):
    """One connection."""

    transport: asyncio.Transport
    _beside_body = 0

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > MOST_BESIDE_BODY and not self.transport.is_closing():
            self.send_400_response("A request is too long.")

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_AHEAD:
            raise NotTaken
        speaks_otherwise = self.parser.should_upgrade()  # afterwards, and nothing we know
        if speaks_otherwise and not _BODY.isdisjoint(name for name, _ in self.headers):
            raise NotTaken  # llhttp leaves the body to who understands the other protocol
        super().on_headers_complete()
        if speaks_otherwise:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._beside_body = max(0, self._beside_body - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._beside_body = 0
        super().on_message_complete()
