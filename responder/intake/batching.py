"""Group commit: reports that come while others are being written are written together."""

import asyncio

from starlette.concurrency import run_in_threadpool

from outcry.responder.intake.inbox import Inbox, Taken
from outcry.responder.rules.events import CameBy

AT_ONCE = 64  # in one commit: the last of them waits for the opening of all the others
LIMIT_S = 10.0  # as long as a device waits for its answer; then it sends the report again

Waiting = tuple[bytes, asyncio.Future[Taken]]


class GroupCommit:
    """Takes reports over data for one event loop."""

    def __init__(self, inbox: Inbox, limit_s: float = LIMIT_S) -> None:
        self._inbox = inbox
        self.limit_s = limit_s
        self._waiting: list[Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._batches = set[asyncio.Task[None]]()

    async def take(self, sealed: bytes) -> Taken:
        """As the inbox does, and raises the same; ``TimeoutError`` if that takes too long.

        The report may be on disk or get there all the same, as after any other error.
        """
        taken: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((sealed, taken))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        async with asyncio.timeout(self.limit_s):
            return await taken

    async def _write(self) -> None:
        """One batch after the other. One that hangs is left to itself: its senders have gone."""
        try:
            while self._waiting:
                batch = asyncio.create_task(self._write_together(self._waiting[:AT_ONCE]))
                del self._waiting[:AT_ONCE]
                self._batches.add(batch)
                batch.add_done_callback(self._batches.discard)
                await asyncio.wait([batch], timeout=self.limit_s)
        finally:
            self._writer = None

    async def _write_together(self, batch: list[Waiting]) -> None:
        sealed = [one for one, _ in batch]
        answered: list[tuple[Waiting, Taken | Exception]]
        try:
            outcomes = await run_in_threadpool(self._inbox.take_all, sealed, CameBy.DATA)
            answered = list(zip(batch, outcomes, strict=True))
        except Exception as error:  # noqa: BLE001 - each of them is answered
            answered = [(one, error) for one in batch]
        for (_, taken), outcome in answered:
            if taken.done():  # its sender went away
                continue
            if isinstance(outcome, Exception):
                taken.set_exception(outcome)
            else:
                taken.set_result(outcome)
