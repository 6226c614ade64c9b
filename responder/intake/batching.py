"""Group commit: reports that come while others are being written are written together."""

import asyncio

from starlette.concurrency import run_in_threadpool

from outcry.responder.intake.inbox import Inbox, Taken
from outcry.responder.rules.events import CameBy

AT_ONCE = 64  # in one commit: the last of them waits for the opening of all the others
LIMIT_S = 10.0  # as long as a device waits for its answer; then it sends the report again

Receipt = asyncio.Future[bytes]


class GroupCommit:
    """Takes reports over data for one event loop."""

    def __init__(self, inbox: Inbox, limit_s: float = LIMIT_S) -> None:
        self._inbox = inbox
        self.limit_s = limit_s
        self._waiting: list[tuple[bytes, Receipt]] = []
        self._writer: asyncio.Task[None] | None = None
        self._batches = set[asyncio.Task[None]]()

    def take(self, sealed: bytes) -> Receipt:
        """Its receipt, or what the inbox raises; ``TimeoutError`` if that takes too long.

        The report may be on disk or get there all the same, as after any other error.
        """
        loop = asyncio.get_running_loop()
        receipt: Receipt = loop.create_future()
        timer = loop.call_later(self.limit_s, _answer, receipt, TimeoutError())
        receipt.add_done_callback(lambda _: timer.cancel())
        self._waiting.append((sealed, receipt))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return receipt

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

    async def _write_together(self, batch: list[tuple[bytes, Receipt]]) -> None:
        outcomes: list[Taken | Exception]
        try:
            sealed = [one for one, _ in batch]
            outcomes = await run_in_threadpool(self._inbox.take_all, sealed, CameBy.DATA)
            answered = list(zip(batch, outcomes, strict=True))
        except Exception as error:  # noqa: BLE001 - each of them is answered
            answered = [(one, error) for one in batch]
        for (_, receipt), outcome in answered:
            _answer(receipt, outcome)


def _answer(receipt: Receipt, outcome: Taken | Exception) -> None:
    if receipt.done():  # its sender went away, or it is late
        return
    if isinstance(outcome, Exception):
        receipt.set_exception(outcome)
    else:
        receipt.set_result(outcome.receipt)
