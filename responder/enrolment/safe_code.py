"""The wearer's own code that means safe: drawn at enrolment, known to HQ as a hash alone.

Groups of taps, as ``2 4 1 3``. Every other code a wearer taps is duress. A
code has to be tapped blind by somebody who is scared, so there are few: the
slow hash keeps one from being read at a glance and little more, see
``docs/threats.md``. Anyone who tries codes on the device learns nothing, and HQ
sees every try.
"""

import itertools
from collections.abc import Callable

from outcry.report import MAX_TAP_GROUPS
from outcry.responder.enrolment.pins import draw

GROUPS = 4
MOST_TAPS = 5  # of a drawn code: more are counted wrong in a pocket
_FEWEST_GROUPS = 3  # "5 5" begins a drill on a device as it comes
_FEWEST_COUNTS = 3
_DIGITS = frozenset("123456789")  # the device counts up to 15, and 15 there means "or more"


class CodeRefused(ValueError):
    """This cannot be a wearer's code; the message says what to choose instead."""


def create(random: Callable[[int], bytes]) -> tuple[int, ...]:
    """A code of four groups of one to five taps, each good one equally likely."""
    return GOOD[draw(len(GOOD), random)]


def parse(text: str) -> tuple[int, ...]:
    """The groups in ``"2 4 1 3"``; raises :class:`CodeRefused`, repeating nothing of the text."""
    words = text.split()
    if not _FEWEST_GROUPS <= len(words) <= MAX_TAP_GROUPS or not _DIGITS.issuperset(words):
        raise CodeRefused(
            f"write {_FEWEST_GROUPS} to {MAX_TAP_GROUPS} groups of 1 to 9 taps with spaces "
            'between, such as "2 4 1 3"'
        )
    code = tuple(map(int, words))
    if _is_easy(code):
        raise CodeRefused(
            f"too easy to guess; use at least {_FEWEST_COUNTS} different numbers, "
            "and do not just count up or down"
        )
    return code


def written(code: tuple[int, ...]) -> str:
    """As people write it, and as it is hashed: ``2 4 1 3``."""
    return " ".join(map(str, code))


def _is_easy(code: tuple[int, ...]) -> bool:
    steps = {later - earlier for earlier, later in itertools.pairwise(code)}
    return len(set(code)) < _FEWEST_COUNTS or steps in ({1}, {-1})


GOOD = tuple(
    code for code in itertools.product(range(1, MOST_TAPS + 1), repeat=GROUPS) if not _is_easy(code)
)
