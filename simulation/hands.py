"""Hands on a button: what they do to its contact, and by construction what they meant.

A hand here is built from segments, and each segment knows whether it is a valid hold. So the
labels owe nothing to the code that is judged by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random

from outcry.daemon.touch import button as gestures
from outcry.daemon.touch.button import Button, Gesture, Times

Trace = Sequence[tuple[bool, float]]

BRIDGED_S = 0.050  # by the design: openings up to this do not end a hold
SHORTEST_S = 0.050  # and closures under this do not begin one
CLOSE_CALL_S = 0.0005  # how near to a threshold a hand comes


@dataclass
class Hand:
    """Writes edges from moment to moment; ``holds`` counts the valid holds among them."""

    random: Random
    hold_s: float = 1.5
    now: float = 0.0
    edges: list[tuple[bool, float]] = field(default_factory=list)
    holds: int = 0

    def closes(self, seconds: float) -> None:
        """The contact is closed for this long."""
        self.edges.append((True, self.now))
        self.now += seconds
        self.edges.append((False, self.now))

    def rests(self, seconds: float) -> None:
        """Nothing touches the button."""
        self.now += seconds

    def chatters(self, longest_s: float = SHORTEST_S - CLOSE_CALL_S) -> None:
        """The contact closes for moments, none of them long enough to begin anything."""
        for _ in range(self.random.randint(1, 6)):
            self.closes(self.random.uniform(0.0002, longest_s))
            self.rests(self.random.uniform(0.0002, longest_s))

    def presses(self, lasting_s: float) -> None:
        """A press of exactly this length, with the bounces and slips of a struggling hand."""
        if self.random.random() < 0.5:
            self.chatters(longest_s=0.015)
        gaps, stretches = self._slips(lasting_s)
        for gap, stretch in zip([*gaps, 0.0], stretches, strict=True):
            self.closes(stretch)
            self.rests(gap)
        self.holds += lasting_s >= self.hold_s

    def lets_go(self) -> None:
        """Off the button for long enough to end any hold."""
        near = self.random.random() < 0.3
        self.rests(BRIDGED_S + (CLOSE_CALL_S if near else self.random.uniform(0.01, 1.5)))
        if self.random.random() < 0.4:
            self.chatters()

    def _slips(self, lasting_s: float) -> tuple[list[float], list[float]]:
        """Gaps, and one more closed stretches than gaps, that together last exactly this long."""
        most = BRIDGED_S - CLOSE_CALL_S
        gaps = [self.random.uniform(0.0005, most) for _ in range(self.random.choice((0, 0, 1, 3)))]
        gaps += [self.random.uniform(0.0005, 0.01) for _ in range(self.random.choice((0, 2)))]
        closed_s = lasting_s - sum(gaps)
        if closed_s < SHORTEST_S + 0.001 * len(gaps):
            return [], [lasting_s]
        spare = closed_s - SHORTEST_S - 0.001 * len(gaps)
        cuts = sorted(self.random.uniform(0, spare) for _ in gaps)
        shares = [b - a for a, b in zip([0.0, *cuts], [*cuts, spare], strict=True)]
        return gaps, [
            share + (0.001 if index else SHORTEST_S) for index, share in enumerate(shares)
        ]


def some_hand(random: Random, hold_s: float = 1.5) -> Hand:
    """One to six things done to a button: taps, half holds, holds, many of them close calls."""
    hand = Hand(random, hold_s)
    hand.rests(random.choice((0.0, random.uniform(0, 5))))
    for _ in range(random.randint(1, 6)):
        what = random.random()
        if what < 0.2:
            hand.chatters()
        elif what < 0.4:
            hand.presses(random.uniform(SHORTEST_S, hold_s / 2))
        elif what < 0.5:
            hand.presses(random.uniform(hold_s / 2, hold_s - CLOSE_CALL_S))
        elif what < 0.7:
            hand.presses(hold_s - CLOSE_CALL_S)
        elif what < 0.9:
            hand.presses(hold_s + CLOSE_CALL_S)
        else:
            hand.presses(random.uniform(hold_s + CLOSE_CALL_S, 3 * hold_s))
        hand.lets_go()
    return hand


def taps_code(
    random: Random, groups: Sequence[int], start: float = 1.0
) -> list[tuple[bool, float]]:
    """Edges of this code as a person taps it: no two taps alike, contacts bounce at both ends."""
    hand = Hand(random, now=start)
    for index, count in enumerate(groups):
        if index:
            hand.rests(random.uniform(0.85, 2.4))
        for tap in range(count):
            if tap:
                hand.rests(random.uniform(0.09, 0.5))
            hand.presses(random.uniform(0.06, 0.5))
    return hand.edges


def heard(
    edges: Trace, until: float, times: Times, busy: Random | None = None
) -> list[tuple[Gesture, float]]:
    """What the loop hears, and when: edges in order, looks as asked for.

    With ``busy`` it is late at will, up to three seconds, and then finds the edges in its queue.
    """
    button, told, now = Button(), [], 0.0
    waiting = list(reversed(edges))
    while now < until or waiting:
        due = gestures.due(button, times)
        wake = min(inf if due is None else due, waiting[-1][1] if waiting else inf)
        if busy is not None and busy.random() < 0.1:
            wake += busy.uniform(0, 3)
        now = max(now, min(wake, max(until, waiting[0][1] if waiting else until)))
        made: tuple[Gesture, ...] = ()
        while waiting and waiting[-1][1] <= now:
            button, more = gestures.edge(button, *waiting.pop(), times)
            made += more
        button, more = gestures.look(button, now, times)
        told += [(gesture, now) for gesture in made + more]
        due = gestures.due(button, times)
        if due is not None and due <= now:
            raise AssertionError("the loop would run hot")
    return told
