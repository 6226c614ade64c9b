"""Something that is looked after again and again, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from outcry.responder import journal
from outcry.responder.part import Part
from outcry.responder.safe_errors import describe

log = journal.Log("outcry.responder.rounds")

EVERY_S = 5.0  # as often as the watchdog wants to hear of every thread


class Rounds(Part):
    """Calls ``look`` every few seconds; what it raises is told, and it is called again."""

    def __init__(
        self,
        name: str,
        look: Callable[[], None],
        beat: Callable[[], None] = lambda: None,
        every_s: float = EVERY_S,
    ) -> None:
        """``beat`` is called before each look; ``every_s`` is 0 for a look that waits by itself."""
        super().__init__(name)
        self._look = look
        self._beat = beat
        self._every_s = every_s
        self._stopping = threading.Event()

    def ask_to_stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def work(self) -> None:
        """Look again and again."""
        while not self._stopping.is_set():
            self._beat()
            wait_s = self._every_s
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - the database: it may be mended soon
                log.tell(journal.Entry.ROUND_FAILED, task=self.name, error=describe(error))
                wait_s = EVERY_S
            self._stopping.wait(wait_s)
