"""Reports that come while others are being written wait for those, and are written together."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from outcry.responder.intake.inbox import CameBy, Inbox, Taken

AT_ONCE = 64  # in one commit: the last of them waits for the opening of all the others


class Gathering:
    """Takes reports over data for one event loop."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._waiting: list[tuple[bytes, asyncio.Future[Taken]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def take(self, sealed: bytes) -> Taken:
        """As the inbox does, and raises the same."""
        taken: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((sealed, taken))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await taken

    async def _write(self) -> None:
        while self._waiting:
            batch = self._waiting[:AT_ONCE]
            del self._waiting[:AT_ONCE]
            try:
                done = await run_in_threadpool(
                    self._inbox.take_all, [sealed for sealed, _ in batch], CameBy.DATA
                )
            except Exception as error:  # noqa: BLE001 - each of them is answered
                done = [error] * len(batch)
            for (_, taken), outcome in zip(batch, done, strict=True):
                if taken.done():  # its sender went away
                    continue
                if isinstance(outcome, Exception):
                    taken.set_exception(outcome)
                else:
                    taken.set_result(outcome)
        self._writing = None
