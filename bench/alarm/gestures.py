"""Whether any hand raises an alarm it did not mean, or is not heard when it did."""

from __future__ import annotations

from functools import cache
from random import Random

from outcry.daemon.touch.button import Press, Times
from simulation.hands import heard, some_hand

HANDS = 10_000
_AFTERWARDS_S = 5.0


def gesture_false_alarms(hands: int = HANDS) -> float:
    """Of 10,000 generated hands, those that raised more often than they held long enough."""
    return sum(heard_holds > meant for heard_holds, meant in holds(hands, Times()))


def gesture_missed_alarms(hands: int = HANDS) -> float:
    """Of 10,000 generated hands, those that raised less often than they held long enough."""
    return sum(heard_holds < meant for heard_holds, meant in holds(hands, Times()))


@cache
def holds(hands: int, times: Times) -> list[tuple[int, int]]:
    """How many holds were heard and how many were meant, for each hand; 1.5 s is meant.

    Every second hand meets a loop that is busy at times, and finds its edges late.
    """
    counts = []
    for seed in range(hands):
        hand = some_hand(Random(seed))
        busy = Random(seed) if seed % 2 else None
        gestures = heard(hand.edges, hand.now + _AFTERWARDS_S, times, busy)
        counts.append((sum(gesture == Press.HELD for gesture, _ in gestures), hand.holds))
    return counts
