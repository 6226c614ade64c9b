"""What pages say to contacts, in each contact's language: ``words/*.toml``."""

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "words"
ENGLISH = "en"
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

    def span(self, seconds: float) -> str:
        if seconds < 90:
            return self("seconds", n=max(0, round(seconds)))
        if seconds < 90 * 60:
            return self("minutes", n=round(seconds / 60))
        if seconds < 48 * 3600:
            return self("hours", n=round(seconds / 3600))
        return self("days", n=round(seconds / 86_400))

    def _kept(self, value: object) -> str:
        text = str(value)
        mixed = self.direction == "rtl" or any(
            unicodedata.bidirectional(letter) in _BENDING for letter in text
        )
        return f"{_ISOLATE}{text}{_END}" if mixed else text


_BENDING = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF"})


def words(language: str) -> Words:
    text = (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    return Words(language, tomllib.loads(text))


@cache
def load() -> dict[str, Words]:
    """All languages, by their codes; read once."""
    return {path.stem: words(path.stem) for path in sorted(_FOLDER.glob("*.toml"))}


def accepted(header: str, known: Mapping[str, Words]) -> str:
    """The first known language of an Accept-Language header (RFC 9110), or English."""
    wishes = []
    for n, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.partition("=")[2] or 1)
        except ValueError:
            quality = 0.0
        wishes.append((-quality, n, tag.strip().lower().partition("-")[0]))
    return next((tag for _, _, tag in sorted(wishes) if tag in known), ENGLISH)
