"""What a maintainer sees first of what is wrong: each situation of the runbook, in simulated time."""

from __future__ import annotations

import tempfile
from pathlib import Path

from simulation.situations import SITUATIONS, live


def findings_named_first_pct(sampled: int | None = None) -> float:
    """Situations whose cause is named by the first line of `outcry check`, %."""
    looked_at = SITUATIONS[:sampled]
    named = 0
    for situation in looked_at:
        with tempfile.TemporaryDirectory() as folder:
            named += live(situation, Path(folder)).names(situation)
    return 100 * named / len(looked_at)
