"""What pages say to contacts, in each contact's language: ``words/*.toml``."""

import math
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

_FOLDER = Path(__file__).parent / "words"
ENGLISH = "en"
_UNITS = (("seconds", 1, 90), ("minutes", 60, 90 * 60), ("hours", 3600, 48 * 3600))
_ISOLATE, _END = "\u2068", "\u2069"  # first-strong isolate: a name keeps to itself in the line


class Words:
    """The words of one language."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self.language = language
        self.direction = words["direction"]
        self._words = words

    def __call__(self, key: str, **fields: object) -> str:
        """The words under this key, with these fields in their places."""
        return self._words[key].format_map({k: self._kept(v) for k, v in fields.items()})

    def html(self, key: str, **fields: object) -> Markup:
        """The same for a page: escaped, and each name or text that is put in keeps to itself."""
        said = escape(self._words[key])
        return said.format_map({k: _isolated(v) for k, v in fields.items()})

    def span(self, seconds: float, to: Callable[[float], int] = math.ceil) -> str:
        """Rounded up, for no age may be told as less than it is; what is left is rounded down."""
        for unit, size, until in _UNITS:
            if seconds < until:
                return self(unit, n=max(0, to(seconds / size)))
        return self("days", n=to(seconds / 86_400))

    def _kept(self, value: object) -> str:
        text = str(value)
        mixed = self.direction == "rtl" or any(
            unicodedata.bidirectional(letter) in _BENDING for letter in text
        )
        return f"{_ISOLATE}{text}{_END}" if mixed else text


def _isolated(value: object) -> object:
    return Markup("<bdi>{}</bdi>").format(value) if isinstance(value, str) else value


_BENDING = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF"})


def words(language: str) -> Words:
    text = (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    return Words(language, tomllib.loads(text))


@cache
def load() -> dict[str, Words]:
    """All languages, by their codes; read once."""
    return {path.stem: words(path.stem) for path in sorted(_FOLDER.glob("*.toml"))}


def accepted(header: str, known: Mapping[str, Words], otherwise: str = ENGLISH) -> str:
    """The first known language of an Accept-Language header (RFC 9110), or ``otherwise``."""
    wishes = []
    for n, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.partition("=")[2] or 1)
        except ValueError:
            quality = 0.0
        wishes.append((-quality, n, tag.strip().lower().partition("-")[0]))
    return next((tag for _, _, tag in sorted(wishes) if tag in known), otherwise)
