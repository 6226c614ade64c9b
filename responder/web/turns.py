"""Requests at a time: so many in all and of one source, and none waits for ever."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcry.responder import journal
from outcry.responder.web.guard import client_address
from outcry.responder.web.sources import Source, sources_of

log = journal.Log("outcry.responder.pages")

LIMIT_S = 30.0  # as long as a person waits for a page
MOST = 400  # ten for each thread that works on them
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ``TimeoutError`` where no answer has begun in time."""
        sources = sources_of(client_address(scope, self._behind_proxy))
        if self._is_too_much(sources):
            log.tell(journal.Entry.PAGE_FAILED, error="too many at once")
            words = "Too many requests at once. Try again in a minute.\n"
            refusal = PlainTextResponse(words, 503, {"Retry-After": "60", "Connection": "close"})
            await refusal(scope, receive, send)
            return
        begun = asyncio.Event()
        late = False

        def begins() -> None:
            if not begun.is_set():
                begun.set()
                self._count(sources, -1)

        async def sent(message: Message) -> None:
            if late:
                return
            begins()
            await send(message)

        self._count(sources, 1)
        work = asyncio.ensure_future(self._app(scope, receive, sent))
        work.add_done_callback(lambda _: begins())
        try:
            async with asyncio.timeout(self._limit_s):
                await begun.wait()
        except TimeoutError:
            late = True
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise
        await work

    def _is_too_much(self, sources: Sequence[Source]) -> bool:
        if self._working >= MOST:
            return True
        return any(self._busy[source.name] >= EACH * source.share for source in sources)

    def _count(self, sources: Sequence[Source], more: int) -> None:
        self._working += more
        for source in sources:
            self._busy[source.name] += more
            if not self._busy[source.name]:
                del self._busy[source.name]
