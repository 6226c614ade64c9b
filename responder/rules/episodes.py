"""The chapter of an alarm that is being lived now.

Only a duty officer closes an alarm. The device never learns of it, so a wearer
who holds the button afterwards says "still in danger" in the same alarm: that
opens a new chapter, in which everybody is told again and what people decided
about the one before no longer counts, except a veto.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from outcry.report import MessageType
from outcry.responder.rules.events import NO_LONGER, Entry, What

NOT_OF_NOW = frozenset({"late", "out of order", "counter used before"})
"""Marks of a report that may have been made long before it arrived."""


@dataclass(frozen=True)
class Chapter:
    """``number`` from 1; ``over``: it was closed, or its silence has ended."""

    number: int
    entries: Sequence[Entry]
    over: bool


def current(history: Sequence[Entry]) -> Chapter:
    """The last chapter of this history."""
    number, start, over, highest = 1, 0, False, -1
    for n, entry in enumerate(history):
        if entry.what is What.REPORT:
            sequence = int(entry.data.get("sequence", 0))
            if over and sequence > highest and _is_held_again(entry):
                number, start, over = number + 1, n, False
            highest = max(highest, sequence)
        elif entry.what in NO_LONGER:
            over = True
    return Chapter(number, history[start:], over)


def is_of_now(entry: Entry) -> bool:
    """Whether this report proves that something happens now: fresh, and newer than all before."""
    return entry.what is What.REPORT and not NOT_OF_NOW & set(entry.data.get("marks", ()))


def _is_held_again(entry: Entry) -> bool:
    return entry.data["type"] == MessageType.STILL_IN_DANGER.name and is_of_now(entry)
