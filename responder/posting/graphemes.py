"""Letters as readers see them, and as networks count them.

A grapheme cluster is what a reader takes for one letter: with its marks, an
emoji with its colour, a flag. Clusters follow UAX #29, in the part that can
be read from Python's own Unicode tables; where those know less, a cluster
is split, which counts too many and never too few.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from outcry.responder.posting.publisher import Unit

_ZWJ = "\u200d"
_BYTES_PER_GRAPHEME = 10  # Bluesky: 300 graphemes and 3000 bytes of UTF-8
_LIGHT = ((0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))  # X: these count one
_APART = (
    frozenset(  # spacing marks that count by themselves, GraphemeBreakProperty.txt: Burmese, Lanna
        map(
            chr,
            (
                *(0x102B, 0x102C, 0x1038, *range(0x1062, 0x1065), *range(0x1067, 0x106E), 0x1083),
                *(*range(0x1087, 0x108D), 0x108F, *range(0x109A, 0x109D), 0x1A61, 0x1A63, 0x1A64),
                *(0xAA7B, 0xAA7D, 0x11720, 0x11721),
            ),
        )
    )
)
_ADDRESS = re.compile(r"https?://\S+")
_ADDRESS_ON_X = 23


def clusters(text: str) -> Iterator[str]:
    """The grapheme clusters of a text, in their order."""
    cluster = ""
    for letter in text:
        if cluster and not _joins(cluster, letter):
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


def cut(text: str, length: int) -> str:
    """At most so many clusters of a text, the last one an ellipsis if any was left out."""
    found = list(clusters(text))
    if len(found) <= length:
        return text
    return "".join(found[: max(0, length - 1)]).rstrip() + "…"


def length(text: str, unit: Unit) -> int:
    """How long a network takes a text to be."""
    match unit:
        case Unit.GRAPHEMES:
            by_size = -(-len(text.encode()) // _BYTES_PER_GRAPHEME)
            return max(sum(1 for _ in clusters(text)), by_size)
        case Unit.WEIGHTED:
            addresses = len(_ADDRESS.findall(text))
            rest = unicodedata.normalize("NFC", _ADDRESS.sub("", text))
            return addresses * _ADDRESS_ON_X + sum(map(_weight, clusters(rest)))
        case Unit.CHARACTERS:
            return len(text)


def _joins(cluster: str, letter: str) -> bool:
    """Whether a letter belongs to the cluster before it."""
    last = cluster[-1]
    if _stands_apart(letter):
        return last == "\r" and letter == "\n"
    if _is_control(last) or _is_control(letter):
        return False
    if _extends(letter):
        return True
    if last == _ZWJ and _is_picture(letter):
        return any(_is_picture(one) for one in cluster)
    if _is_flag(last) and _is_flag(letter):
        return sum(map(_is_flag, cluster)) % 2 == 1
    return _hangul_joins(last, letter)


@lru_cache(2048)
def _stands_apart(letter: str) -> bool:
    """Whether it can belong to no cluster before it, as nearly every letter of a text."""
    hangul = 0x1100 <= ord(letter) < 0x1200 or 0xAC00 <= ord(letter) <= 0xD7A3
    return not (_extends(letter) or _is_picture(letter) or _is_flag(letter) or hangul)


def _extends(letter: str) -> bool:
    category = unicodedata.category(letter)
    skin = 0x1F3FB <= ord(letter) <= 0x1F3FF
    tag = 0xE0020 <= ord(letter) <= 0xE007F
    mark = category in ("Mn", "Me") or (category == "Mc" and letter not in _APART)
    return mark or letter in (_ZWJ, "\u200c") or skin or tag


def _is_control(letter: str) -> bool:
    if letter in (_ZWJ, "\u200c") or 0xE0020 <= ord(letter) <= 0xE007F:
        return False
    return unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp")


def _is_flag(letter: str) -> bool:
    return 0x1F1E6 <= ord(letter) <= 0x1F1FF


def _is_picture(letter: str) -> bool:
    number = ord(letter)
    return 0x1F000 <= number <= 0x1FAFF or (
        0x2190 <= number <= 0x2BFF and unicodedata.category(letter) == "So"
    )


def _hangul_joins(last: str, letter: str) -> bool:
    leads, vowels, tails = range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200)
    before, after = ord(last), ord(letter)
    syllable = 0xAC00 <= before <= 0xD7A3
    open_syllable = syllable and (before - 0xAC00) % 28 == 0
    if before in leads:
        return after in leads or after in vowels or 0xAC00 <= after <= 0xD7A3
    if before in vowels or open_syllable:
        return after in vowels or after in tails
    return (before in tails or syllable) and after in tails


def _weight(cluster: str) -> int:
    """X counts a whole emoji as two, of other clusters each part by itself."""
    if cluster.isascii():
        return len(cluster)
    if any(_is_picture(one) or _is_flag(one) for one in cluster) or "\ufe0f" in cluster:
        return 2
    return sum(1 if any(a <= ord(one) <= b for a, b in _LIGHT) else 2 for one in cluster)
