"""A figure: something measured, and the bound it was promised to keep."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Bound:
    """The promise: at most (``<=``) or at least (``>=``) so much."""

    sign: Literal["<=", ">="]
    value: float

    def holds(self, value: float) -> bool:
        """Whether a measured value keeps the promise; one exactly at the bound does."""
        return value <= self.value if self.sign == "<=" else value >= self.value

    def __str__(self) -> str:
        return f"{self.sign} {self.value:g}"


Verdict = Literal["holds", "short", "absent", "broken"]


@dataclass(frozen=True)
class Figure:
    """``measure()`` returns the value in ``unit``, or raises the stage's NotSeen, PartMissing.

    ``smallest`` measures the same with as little as it takes: whether it can be measured at all is
    tried in CI, what it comes to is for ``make bench``.
    """

    name: str
    unit: str
    bound: Bound
    measure: Callable[[], float]
    smallest: Callable[[], float] | None = None

    def measured(self, smallest: bool) -> float:
        """The value, in the smallest form if one is wanted and there is one."""
        return (self.smallest if smallest and self.smallest else self.measure)()

    def verdict(self, value: float) -> Verdict:
        """Whether a measured value keeps the promise."""
        return "holds" if self.bound.holds(value) else "short"


def line(figure: Figure, value: float | None, verdict: Verdict) -> str:
    """What is printed: name, value, unit, bound and verdict, with tabs between.

    ``absent``: a part it needs cannot be had on this machine. ``broken``: measuring failed.
    """
    shown = "-" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")
    return "	".join((figure.name, shown, figure.unit, str(figure.bound), verdict))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of a hundred do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(rank, 1) - 1]


def say(words: str) -> None:
    """Progress, for the person who waits; standard output is for figures alone."""
    print(f"bench: {words}", file=sys.stderr, flush=True)
