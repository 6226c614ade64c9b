"""What every part of one simulated modem is given: its name, the clockwork, timing, a witness."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Protocol

from outcry.hw.board.modem.schedule import Schedule
from outcry.hw.board.modem.timing import Span, Timing, drawn


class Witness(Protocol):
    """Told what can be seen from outside. Never given a message's text."""

    def __call__(self, t: float, what: str, **facts: object) -> None: ...


def nobody(t: float, what: str, **facts: object) -> None:
    """A witness who does not look."""


@dataclass
class Context:
    name: str
    schedule: Schedule = field(default_factory=Schedule)
    timing: Timing = field(default_factory=Timing)
    random: Random = field(default_factory=lambda: Random(0))
    witness: Witness = nobody
    wall: Callable[[float], datetime] = lambda now: datetime.now(UTC)

    @property
    def now(self) -> float:
        return self.schedule.now

    def draw(self, span: Span) -> float:
        return drawn(span, self.random)

    def see(self, what: str, **facts: object) -> None:
        self.witness(self.now, what, modem=self.name, **facts)
