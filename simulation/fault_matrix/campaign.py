"""The fault matrix lived on every core, and what it comes to."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from simulation.fault_matrix.cells import Cell
from simulation.fault_matrix.verdict import (
    FIRST_CMGS_S,
    Verdict,
    broken,
    first_cmgs_counts,
    first_contact_counts,
    left_too_late,
    live,
)

CHUNK = 16  # cells handed to a process at a time


@dataclass(frozen=True)
class Campaign:
    """Cells and what came of them."""

    lived: tuple[tuple[Cell, Verdict], ...]

    @property
    def broken(self) -> list[str]:
        """Every cell in which a promise was broken, and which."""
        return [
            f"{cell}: {', '.join(words)}"
            for cell, verdict in self.lived
            if (words := broken(cell, verdict))
        ]

    @property
    def lost(self) -> int:
        """Cells in which the alarm left too late or never."""
        return sum(left_too_late(cell, verdict) for cell, verdict in self.lived)

    @property
    def worst_s(self) -> float:
        """Press until the alarm had left; infinite if it never did."""
        return self._worst(its_minute=False)

    @property
    def slow_text_worst_s(self) -> float:
        """The same where the modem takes its minute for a text, and no wire ends that."""
        return self._worst(its_minute=True)

    def _worst(self, its_minute: bool) -> float:
        left = (v.left for cell, v in self.lived if cell.has_its_minute is its_minute)
        return max((math.inf if at is None else at for at in left), default=0.0)

    @property
    def first_cmgs(self) -> list[float | None]:
        """Of the cells in which the bound holds."""
        return [v.first_cmgs for cell, v in self.lived if first_cmgs_counts(cell, v)]

    @property
    def first_contact(self) -> list[float | None]:
        """Of the cells in which the bound holds."""
        return [v.first_contact for cell, v in self.lived if first_contact_counts(cell, v)]

    @property
    def apart(self) -> int:
        """Cells in which a text was due and the modem could not take it at once."""
        return sum(
            verdict.text_was_due(FIRST_CMGS_S) and not first_cmgs_counts(cell, verdict)
            for cell, verdict in self.lived
        )

    @property
    def duplicates(self) -> int:
        return sum(verdict.duplicates for _, verdict in self.lived)

    def __str__(self) -> str:
        return (
            f"fault matrix: {len(self.lived)} cells, {self.lost} lost, {len(self.broken)} broken;"
            f" first AT+CMGS bound in {len(self.first_cmgs)}, {self.apart} apart"
        )


def run(cells: Sequence[Cell]) -> Campaign:
    """Live them all. A process that dies raises; nothing is left out."""
    # Not forked: a fork copies whatever threads the caller has, in any state.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, context, _be_quiet) as pool:
        verdicts = pool.map(live, cells, chunksize=CHUNK)
        return Campaign(tuple(zip(cells, verdicts, strict=True)))


def _be_quiet() -> None:
    logging.disable(logging.CRITICAL)
