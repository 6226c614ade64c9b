"""What a text says: a code from a card and a digit, and nothing else, is an answer as the card asks.

The digit 1 makes an alarm public, so nothing may stand for it: no word, no emoji, no missing digit.
Whatever else stands in a text with a code, it says that its sender is not sure.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from outcry.responder.rules import events
from outcry.responder.rules.events import ContactAnswer

CODES_MOST = 3  # are looked for in one text: each takes a slow hash
CHOICES: Mapping[str, type[ContactAnswer]] = {
    "1": events.Confirmed,
    "2": events.ContactSaw,
    "3": events.Unsure,
    "4": events.CalledFalse,
}
"""What the digit after a code says."""

_DASHES = "\\-\u058a\u05be\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = "\"'`\u00b4\u00ab\u00bb\u2018-\u201f\u2039\u203a"
_MARKS = "\u00b7\u060c\u061b\u066b\u066c\u06d4"
# One mark: two can be a face. None that can ask, doubt, deny or quote, such as ? ... ~ >
_APART = rf"\s{{0,3}}[{_DASHES}.,;:/_*#+{_MARKS}]?\s{{0,3}}"
_BEFORE, _AFTER = rf"[\s{_QUOTES}]*", rf"\s*(?:[.\u06d4]|!+)?[\s{_QUOTES}]*"
_EIGHT = rf"\d(?:{_APART}\d){{7}}"
_CHOICE = rf"{_APART}(?:(?<!\s[{_DASHES}])([1-4])|\(([1-4])\))"  # -1 may be a no
_EXACT = re.compile(rf"{_BEFORE}{_EIGHT}{_CHOICE}{_AFTER}")
_ALONE = re.compile(r"[\W_]*\d(?:[\W_]{0,8}\d){7,8}[\W_]*")  # of digits and marks, whichever
_CODE = re.compile(r"(?<!\d)(\d{4})[\W_]{0,4}(\d{4})(?!\d\d)")
_REPLACED = re.compile(r"(?<=\d{4})\?(?=\d{4})")  # a no-break space or a dash that GSM 03.38 lacks


class Reading(NamedTuple):
    """The codes that may stand in a text, of eight digits each; what the text says with any of
    them; and whether it is typed as an answer: of digits and marks alone."""

    codes: tuple[str, ...]
    says: type[ContactAnswer]
    alone: bool


def read(text: str, whole: bool = True) -> Reading:
    """``whole``: it is not one part of a longer text, of which another may say the opposite."""
    seen = "".join(each for each in plain_digits(text) if unicodedata.category(each) != "Cf")
    seen = _REPLACED.sub(" ", seen)
    alone = whole and _ALONE.fullmatch(seen) is not None
    exact = _EXACT.fullmatch(seen) if alone else None
    found = ["".join(filter(str.isdigit, seen))[:8]] if alone else []
    found += ("".join(halves) for halves in _CODE.findall(seen))
    codes = tuple(dict.fromkeys(found))[:CODES_MOST]
    # A second code is one whose last digit looks like the answer: "4 2345 6781"
    says = CHOICES[exact[1] or exact[2]] if exact and len(codes) == 1 else events.Unclear
    return Reading(codes, says, alone)


def plain_digits(text: str) -> str:
    """Digits of any script as 0 to 9: a phone may write its own language's."""
    return "".join(str(unicodedata.digit(each)) if each.isdecimal() else each for each in text)
