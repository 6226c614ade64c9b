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
# What X counts as one emoji. Of what is joined in ways that it may not know, each part counts.
_EMOJI = regex.compile(
    r"""
    [👨👩]\p{EMod}? \u200d (?: [⚕⚖✈]\ufe0f? | [🌾🍳🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦯🦰🦱🦲🦳🦼🦽] )
    | [👮👱👳👷💁💂💆💇🕵🙅🙆🙇🙋🙍🙎🚣🚴🚵🚶🏃🏄🏊🏋🏌🤦🤷🤸🤹🤽🤾🦸🦹🧍🧎🧏🧖🧗🧘🧙🧚🧛🧜🧝⛹]
      (?: \p{EMod} | \ufe0f )? \u200d [♀♂]\ufe0f?
    | (?: 👨\u200d[👨👩] | 👩\u200d👩 | [👨👩] ) \u200d (?: 👧\u200d[👦👧] | 👦\u200d👦 | [👦👧] )
    | (?: 👩 \u200d❤\ufe0f?\u200d (?: 💋\u200d )? [👨👩] | 👨 \u200d❤\ufe0f?\u200d (?: 💋\u200d )? 👨 )
    | 🏳\ufe0f?\u200d🌈
    | 🏴 \U000e0067\U000e0062  # Great Britain: England, Scotland, Wales
      (?: \U000e0065\U000e006e\U000e0067 | \U000e0073\U000e0063\U000e0074 | \U000e0077\U000e006c\U000e0073 )
      \U000e007f
    | \p{RI}{2} | [0-9#*]\ufe0f?\u20e3
    | (?![👯👪💏💑🤝🤼])\p{EBase}\p{EMod} | \p{EPres} | \p{ExtPict}\ufe0f?
    """,
    regex.VERBOSE,
)
_BYTES_PER_GRAPHEME = 10  # Bluesky: 300 graphemes and 3000 bytes of UTF-8
_LIGHT = regex.compile(r"[\0-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")  # X counts one
_DOMAIN = r"(?: [A-Za-z0-9] (?: [A-Za-z0-9_-]* [A-Za-z0-9] )? \. )+ [A-Za-z]{2,}"
_ADDRESS = regex.compile(
    rf"(?<! [@#$\w] ) https?:// {_DOMAIN} (?: :[0-9]+ )? (?: [/?] (?: [\w.&=?/-]* [\w/] )? )?",
    regex.VERBOSE | regex.ASCII | regex.IGNORECASE,
)
# X makes addresses of these too; what only looks like one counts for no less.
_BARE = regex.compile(rf"https?:// | {_DOMAIN}", regex.VERBOSE | regex.ASCII)
_BARE_WITH_PATH = regex.compile(rf"{_DOMAIN} (?: /\S* )?", regex.VERBOSE | regex.ASCII)
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
            plain = unicodedata.normalize("NFC", text)
            addresses = len(_ADDRESS.findall(plain))
            rest = _ADDRESS.sub("\n", plain)
            lengthened = [max(_ADDRESS_ON_X - _weight(bare), 0) for bare in _BARE.findall(rest)]
            return addresses * (_ADDRESS_ON_X - 1) + _weight(rest) + sum(lengthened)
        case Unit.CHARACTERS:
            return len(text)


def without_addresses(text: str) -> str:
    """The text without what X puts another address in place of."""
    rest: str = _BARE_WITH_PATH.sub(" ", _ADDRESS.sub(" ", text))
    return rest


def _weight(text: str) -> int:
    """X counts an emoji as two, of other signs each by itself (config v3 of its twitter-text)."""
    rest = _EMOJI.sub("", text)
    return 2 * (len(_EMOJI.findall(text)) + len(rest)) - len(_LIGHT.findall(rest))
