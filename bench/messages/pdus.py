"""Whether texts are read as two codecs that nobody here wrote read them."""

from __future__ import annotations

from bench.figure import say
from simulation.pdus import damaged, disagreements

PDUS = 1_000_000


def pdu_disagreements(pdus: int = PDUS) -> float:
    """Of a million random PDUs, those read otherwise; of a million damaged ones, those lost here."""
    differ, lost = disagreements(pdus), damaged(pdus).lost
    for each in (*differ[:3], *lost[:3]):
        say(each)
    return len(differ) + len(lost)
