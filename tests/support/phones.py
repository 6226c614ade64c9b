"""HQ's modem as tests want it: what becomes of each text, they decide."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from outcry.responder.callers.processes import May
from outcry.responder.rules.events import Came, Outcome


class Killed(BaseException):
    """The process is gone in the midst of what it did: nothing catches this."""


@dataclass
class Phones:
    """A modem whose fate the test decides; each text is (ref, number, words)."""

    is_ready: bool = True
    outcome: Outcome | None = Outcome.DONE  # None: the process is killed before it hears of it
    sent: list[tuple[int, str, str]] = field(default_factory=list)

    def ready(self) -> bool:
        return self.is_ready

    def send(self, ref: int, number: str, text: str, may: May = lambda: None) -> Came:
        self.sent.append((ref, number, text))
        if self.outcome is None:
            raise Killed
        return Came(self.outcome)

    def to(self, number: str) -> list[str]:
        return [text for _, to, text in self.sent if to == number]


class Holding(Phones):
    """A modem that keeps each text until the test lets it go."""

    def __init__(self):
        super().__init__()
        self.free = threading.Semaphore(0)

    def send(self, ref, number, text, may=lambda: None):
        came = super().send(ref, number, text)
        assert self.free.acquire(timeout=60)
        return came
