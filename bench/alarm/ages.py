"""Random lives of receivers, and whether a position was ever called younger than it was."""

from __future__ import annotations

from bench.figure import say
from simulation.ages import lived

LIVES = 5_000


def stale_told_as_fresh(lives: int = LIVES) -> float:
    """Positions told with an age that was less than the true one."""
    found = lived(lives)
    for each in found.too_young[:5]:
        say(each)
    say(f"{found.known} ages told in {lives} lives")
    return len(found.too_young)
