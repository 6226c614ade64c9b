"""Letters as readers see them, and as networks count them.

A grapheme cluster is what a reader takes for one letter: with its marks, an
emoji with its colour, a flag. Clusters follow UAX #29 by regex's tables, but
for two rules that networks may not know yet: conjuncts of Indian scripts
(GB9c) and signs before a number (GB9b) are split, which counts too many and
never too few.
"""

import unicodedata

import regex

from outcry.responder.posting.publisher import Unit

_CLUSTER = regex.compile(
    r"""
    \r\n | [\r\n\p{GCB=CN}]
    | (?: \p{GCB=L}* (?: \p{GCB=V}+ | \p{GCB=LV} \p{GCB=V}* | \p{GCB=LVT} ) \p{GCB=T}*
        | \p{GCB=L}+ | \p{GCB=T}+
        | \p{RI}{2}
        | \p{ExtPict} (?: \p{GCB=EX}* \u200d \p{ExtPict} )*
        | . )
      [\p{GCB=EX}\p{GCB=ZWJ}\p{GCB=SM}]*
    """,
    regex.VERBOSE | regex.DOTALL,
)
_EMOJI = regex.compile(r"(?![©®])\p{ExtPict}|\p{RI}|\ufe0f")
_BYTES_PER_GRAPHEME = 10  # Bluesky: 300 graphemes and 3000 bytes of UTF-8
_LIGHT = regex.compile(r"[\0-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")  # X counts one
_ADDRESS = regex.compile(r"https?://\S+")
_ADDRESS_ON_X = 23


def clusters(text: str) -> list[str]:
    found: list[str] = _CLUSTER.findall(text)
    return found


def cut(text: str, length: int) -> str:
    """At most so many clusters of a text, the last one an ellipsis if any was left out."""
    found = clusters(text)
    if len(found) <= length:
        return text
    return "".join(found[: max(0, length - 1)]).rstrip() + "…"


def length(text: str, unit: Unit) -> int:
    """How long a network takes a text to be."""
    match unit:
        case Unit.GRAPHEMES:
            by_size = -(-len(text.encode()) // _BYTES_PER_GRAPHEME)
            return max(len(clusters(text)), by_size)
        case Unit.WEIGHTED:
            addresses = len(_ADDRESS.findall(text))
            rest = unicodedata.normalize("NFC", _ADDRESS.sub("", text))
            return addresses * _ADDRESS_ON_X + sum(map(_weight, clusters(rest)))
        case Unit.CHARACTERS:
            return len(text)


def _weight(cluster: str) -> int:
    """X counts a whole emoji as two, of other clusters each part by itself."""
    if _EMOJI.search(cluster):
        return 2
    return 2 * len(cluster) - len(_LIGHT.findall(cluster))
