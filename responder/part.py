"""The parts of the service: what runs on a thread of its own from its start to its end."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from outcry.responder import journal

log = journal.Log("outcry.responder.rounds")

EVERY_S = 5.0  # as often as the watchdog wants to hear of every thread


class Part(threading.Thread, ABC):
    """Works on its thread until it is asked to stop."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)

    def stop(self, timeout_s: float) -> bool:
        """Finish what is in hand; False if that took longer than ``timeout_s``."""
        self.ask_to_stop()
        if self.ident is not None:
            self.join(timeout_s)
        return not self.is_alive()

    @abstractmethod
    def ask_to_stop(self) -> None:
        """Begin nothing more; returns at once."""

    @abstractmethod
    def run(self) -> None:
        """On the thread: until asked to stop."""


class Rounds(Part):
    """Calls ``look`` every few seconds; what it raises is told, and it is called again.

    If it answers that there is more to do it is called again at once.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], bool | None],
        beat: Callable[[], None] = lambda: None,
        every_s: float = EVERY_S,
    ) -> None:
        """``beat`` is called before and after each look; ``every_s`` is 0 for a look that waits by itself."""
        super().__init__(name)
        self._look = look
        self._beat = beat
        self._every_s = every_s
        self._stopping = threading.Event()

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._beat()
            wait_s = self._every_s
            try:
                if self._look():
                    wait_s = 0.0
            except Exception as error:  # noqa: BLE001 - the database: it may be back soon
                log.tell(journal.Entry.ROUND_FAILED, task=self.name, error=journal.describe(error))
                wait_s = EVERY_S
            self._beat()
            self._stopping.wait(wait_s)
