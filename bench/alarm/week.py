"""Weeks of simulated life, and what an outside observer found missing, double or out of time."""

from __future__ import annotations

import logging
import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.figure import say
from simulation.fault_matrix.cells import MEMORY
from simulation.plan import plan
from simulation.week import WEEK_S, Week

WEEKS = 8


@dataclass(frozen=True)
class Found:
    """What was found wrong in one week."""

    raised: int
    lost: int
    duplicates: tuple[str, ...]
    complaints: tuple[str, ...]


def week_alarms_lost(many: int = WEEKS, length_s: float = WEEK_S) -> float:
    """Alarms that the wearer felt raised and that never came to HQ, in all weeks."""
    return sum(found.lost for found in weeks(many, length_s))


def week_duplicates(many: int = WEEKS, length_s: float = WEEK_S) -> float:
    """Counters, reports and alarms that exist twice, and texts sent too often, in all weeks."""
    return sum(len(found.duplicates) for found in weeks(many, length_s))


def week_promises_broken(many: int = WEEKS, length_s: float = WEEK_S) -> float:
    """Positions missing or too many, false silences, tracks out of order, in all weeks."""
    return sum(len(found.complaints) for found in weeks(many, length_s))


@cache
def weeks(many: int, length_s: float) -> list[Found]:
    """So many weeks, lived once for all figures, on every core."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, context) as pool:
        found = list(pool.map(live, range(many), [length_s] * many))
    for seed, week in enumerate(found):
        for words in (*week.duplicates, *week.complaints):
            say(f"week {seed}: {words}")
    say(f"{len(found)} weeks, {sum(week.raised for week in found)} alarms and cries felt")
    return found


def live(seed: int, length_s: float = WEEK_S) -> Found:
    """One week, or what happens in one within a shorter time."""
    with _quiet(), tempfile.TemporaryDirectory(dir=MEMORY) as name:
        week = Week(Path(name), seed, length_s)
        plan(week)
        books = week.live()
    raised = sum(pulse == "raised" for _, _, pulse in books.felt)
    duplicates, complaints = books.duplicates(), books.complaints(week.now)
    return Found(raised, books.lost(), tuple(duplicates), tuple(complaints))


@contextmanager
def _quiet() -> Iterator[None]:
    """A week's journal is some ten thousand lines that nobody reads."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
