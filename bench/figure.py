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


@dataclass(frozen=True)
class Figure:
    """``measure()`` returns the value in ``unit``, or raises stage.stage's NotSeen, PartMissing."""

    name: str
    unit: str
    bound: Bound
    measure: Callable[[], float]


def line(figure: Figure, value: float | None) -> str:
    """What is printed: name, value, unit, bound, ``holds`` or ``short``, with tabs between.

    A figure that could not be measured (``None``) is short.
    """
    held = value is not None and figure.bound.holds(value)
    shown = "-" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")
    verdict = "holds" if held else "short"
    return "\t".join((figure.name, shown, figure.unit, str(figure.bound), verdict))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of a hundred do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(rank, 1) - 1]


def say(words: str) -> None:
    """Progress, for the person who waits; standard output is for figures alone."""
    print(f"bench: {words}", file=sys.stderr, flush=True)
