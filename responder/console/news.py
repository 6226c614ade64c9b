"""Live news: server-sent events that say only *that* something changed.

The page then asks for itself.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool

LOOK_EVERY_S = 0.5  # of the 2 s in which news are promised; the rest is for a busy machine
STILL_HERE_S = 15.0  # a proxy or a phone's network forgets a connection on which nothing comes
MOST_WAITING = 64  # consoles open at a time


class Live:
    """Two looks at the database a second for all open consoles together, none without any."""

    def __init__(self, look: Callable[[], str]) -> None:
        """``look`` gives a mark that changes whenever something may have."""
        self._look = look
        self._lock = asyncio.Lock()
        self._looked_at = -math.inf
        self._mark = ""
        self._waiting = 0

    @property
    def full(self) -> bool:
        return self._waiting >= MOST_WAITING

    async def events(self, lasts: Callable[[], bool]) -> AsyncIterator[str]:
        """An event whenever something changed, until the browser goes or nothing ``lasts``."""
        said, spoke_at = "", time.monotonic()
        self._waiting += 1
        try:
            now = await self._look_after(spoke_at - LOOK_EVERY_S)
            said = self._mark
            yield ": here\n\n"
            while True:
                now = await self._look_after(now)
                mark = self._mark
                if mark != said:
                    said, spoke_at = mark, now
                    yield f"data: {mark}\n\n"
                elif now - spoke_at > STILL_HERE_S:
                    spoke_at = now
                    if not await run_in_threadpool(lasts):
                        return
                    yield ": here\n\n"
        finally:
            self._waiting -= 1

    async def _look_after(self, seen_at: float) -> float:
        """When the first look after this moment was made; all who wait share it."""
        async with self._lock:
            if self._looked_at <= seen_at:
                await asyncio.sleep(self._looked_at + LOOK_EVERY_S - time.monotonic())
                self._mark = await run_in_threadpool(self._look)
                self._looked_at = time.monotonic()
            return self._looked_at
