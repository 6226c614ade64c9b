"""Requests at a time: so many in all and of one source, and none waits for ever."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcry.responder.web.guard import client_address
from outcry.responder.web.sources import Source, Sources, sources_of

LIMIT_S = 30.0  # as long as a person waits for a page
MOST = 400  # ten for each thread that works on them
STRANGERS = 100  # of these, about a second's work; the others are for those who were right before
EACH = 32  # of one source: an office behind one address


class Turns:
    """Refuses what is too much at once, and ends a request that gets no answer.

    What an ended one was about may be done all the same: its thread cannot be stopped, and counts
    until it ends.
    """

    def __init__(self, app: ASGIApp, behind_proxy: bool, limit_s: float = LIMIT_S) -> None:
        self._app = app
        self._behind_proxy = behind_proxy
        self._limit_s = limit_s
        self._busy = Counter[str]()
        self._working = 0
        self.known = Sources()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ``TimeoutError`` where no answer has begun in time."""
        turn = Turn(self, sources_of(client_address(scope, self._behind_proxy)))
        if not turn.take():
            await _refuse(scope, receive, send)
            return
        begun = asyncio.Event()
        late = False

        def begins() -> None:
            turn.end()
            begun.set()

        async def received() -> Message:
            turn.give_back()
            message = await receive()
            return message if turn.take() else {"type": "http.disconnect"}

        async def sent(message: Message) -> None:
            if late or turn.refused:
                return
            begins()
            await send(message)

        work = asyncio.ensure_future(self._app({**scope, "turn": turn}, received, sent))
        work.add_done_callback(lambda _: begins())
        try:
            async with asyncio.timeout(self._limit_s):
                await begun.wait()
        except TimeoutError:
            late = True
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise
        await work
        if turn.refused:
            await _refuse(scope, receive, send)

    def has_room_for(self, sources: Sequence[Source]) -> bool:
        if self._working >= (MOST if self.known.have(sources) else STRANGERS):
            return False
        return all(self._busy[source.name] < EACH * source.share for source in sources)

    def count(self, sources: Sequence[Source], more: int) -> None:
        self._working += more
        for source in sources:
            self._busy[source.name] += more
            if not self._busy[source.name]:
                del self._busy[source.name]


class Turn:
    """One request's: had while it is worked on, not while its sender is waited for."""

    def __init__(self, turns: Turns, sources: Sequence[Source]) -> None:
        self._turns, self._sources = turns, sources
        self._taken = self._ended = self._vouched = False
        self.refused = False

    def vouch(self) -> None:
        """Its sender has shown to be one of ours; said on any thread."""
        self._vouched = True

    def take(self) -> bool:
        """False: there is none, and the request is refused."""
        if not (self._taken or self._ended or self.refused):
            self._taken = self._turns.has_room_for(self._sources)
            self.refused = not self._taken
            self._turns.count(self._sources, self._taken)
        return not self.refused

    def give_back(self) -> None:
        self._turns.count(self._sources, -self._taken)
        self._taken = False

    def end(self) -> None:
        self.give_back()
        self._ended = True
        if self._vouched:
            self._turns.known.add(self._sources)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if "guest" in scope:
        scope["guest"].is_refused()
    words = "Too many requests at once. Try again in a minute.\n"
    refusal = PlainTextResponse(words, 503, {"Retry-After": "60", "Connection": "close"})
    await refusal(scope, receive, send)
