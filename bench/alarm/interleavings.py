"""Random talks of news, rubbish and answers, in any pieces, with the link to the modem."""

from __future__ import annotations

from bench.figure import say
from simulation.interleavings import lost

TALKS = 10_000


def urc_interleavings_lost(talks: int = TALKS) -> float:
    """Of 10,000 talks, those in which news was lost, an answer went astray, or the link died."""
    found = lost(talks)
    for each in found[:5]:
        say(each)
    return len(found)
