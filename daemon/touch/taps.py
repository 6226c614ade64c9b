"""A code of taps: groups of short presses, as a hand in a pocket can make them.

``2 3`` is two taps, a pause, three taps, and then nothing. One group alone is
no code: things bump against a button. The device only counts; HQ judges.

A count of :data:`TOO_MANY` means "this many or more", and is the last count if
there were more groups than a report can carry. So a code that was cut short
never looks like one that somebody chose: those have at most nine taps a group.
"""

from dataclasses import dataclass, replace
from math import inf

from outcry.daemon.touch.hold import GRAIN_S
from outcry.report import MAX_TAP_GROUPS, MAX_TAPS

FEWEST_GROUPS = 2
TOO_MANY = MAX_TAPS


@dataclass(frozen=True, repr=False)
class Code:
    """What has been tapped so far; ``ended_at`` is when the last press counted in it ended.

    A press too long for a tap and too short for a hold spoils the code: nobody knows what was
    meant, and the rest of a code is another code.
    """

    groups: tuple[int, ...] = ()
    ended_at: float = -inf
    spoilt: bool = False

    def __repr__(self) -> str:  # which code means safe must not reach a log
        return "Code(<hidden>)"


def with_tap(code: Code, began_at: float, ended_at: float, pause_s: float) -> Code:
    """With one more tap, in a group of its own if it came more than ``pause_s`` after the last."""
    groups = code.groups
    if groups and began_at - code.ended_at <= pause_s + GRAIN_S:
        groups = (*groups[:-1], min(groups[-1] + 1, TOO_MANY))
    elif len(groups) < MAX_TAP_GROUPS:
        groups = (*groups, 1)
    else:
        groups = (*groups[:-1], TOO_MANY)
    return replace(code, groups=groups, ended_at=ended_at)


def finished(code: Code) -> tuple[int, ...]:
    """The code's groups, now that nothing more will come; none if it is no code."""
    return () if code.spoilt or len(code.groups) < FEWEST_GROUPS else code.groups
