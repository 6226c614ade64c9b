"""What the organisation asks its readers to do: in its own words, a small text file a language."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from outcry.responder.findings import Finding
from outcry.responder.translations import ENGLISH, load

MOST_BYTES = 12_000  # of a file: more is no list of what to do, and no page for a slow phone
_REMEDY = "docs/pages.md says what belongs into publishing.asks"
_LINK = re.compile(
    r"(?P<page>https://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}»،؛؟。])"
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<call>\+\d(?:[ ().-]{0,2}\d){6,14})"
    r"|(?P<tag>[#@]\w+)"
)


class Piece(NamedTuple):
    """Some words; ``link`` is where they lead, empty for what is a word by itself, such as a hashtag."""

    text: str
    link: str | None = None


class Asked(NamedTuple):
    """What is asked, in one language: paragraphs, each of pieces."""

    language: str
    paragraphs: tuple[tuple[Piece, ...], ...]


class OwnWords:
    """A folder with files such as ``en.txt``, read whenever they are wanted: a change counts at once."""

    def __init__(self, folder: Path | None) -> None:
        """None: nothing is asked."""
        self._folder = folder

    def said(self, language: str) -> Asked | None:
        """In this language, else in English, else in the first there is; None: in none."""
        if self._folder is not None:
            for each in dict.fromkeys((language, ENGLISH, *load())):
                paragraphs = tuple(_paragraphs(self._read(each)))
                if paragraphs:
                    return Asked(each, paragraphs)
        return None

    def check(self) -> Iterator[Finding]:
        """Whether what was written can be shown."""
        if self._folder is None:
            return
        asked = self.said(ENGLISH)
        if asked is None:
            what = "publishing.asks: there are no words that can be read, such as in en.txt"
            yield Finding(False, what, _REMEDY)
            return
        yield Finding(True, "the public page says what readers are asked to do")
        for path in sorted(self._folder.iterdir()):
            if path.suffix == ".txt" and path.stem not in load():
                what = f"publishing.asks: no page is in the language of {path.name}"
                yield Finding(False, what, f"write one of {', '.join(load())}.txt")
            elif path.suffix == ".txt" and not self._read(path.stem):
                yield Finding(False, f"publishing.asks: {path.name} cannot be read", _REMEDY)
            elif path.suffix == ".txt" and path.stat().st_size > MOST_BYTES:
                what = f"publishing.asks: {path.name} is longer than {MOST_BYTES} bytes, and cut"
                yield Finding(False, what, "write less")

    def _read(self, language: str) -> str:
        assert self._folder is not None
        try:
            with (self._folder / f"{language}.txt").open("rb") as file:
                begun = file.read(MOST_BYTES)
            return begun.decode("utf-8-sig", "strict" if len(begun) < MOST_BYTES else "ignore")
        except (OSError, UnicodeDecodeError):
            return ""


def _paragraphs(text: str) -> Iterator[tuple[Piece, ...]]:
    """Paragraphs stand apart by an empty line; a break within one is kept."""
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        if paragraph.strip():
            yield tuple(_pieces(paragraph.strip()))


def _pieces(paragraph: str) -> Iterator[Piece]:
    """Addresses of pages and mail and numbers to call become links; nothing else does.

    Hashtags keep to themselves: from right to left their sign would stand at the wrong end.
    """
    end = 0
    for found in _LINK.finditer(paragraph):
        if found.start() > end:
            yield Piece(paragraph[end : found.start()])
        yield Piece(found[0], _target(found))
        end = found.end()
    if end < len(paragraph):
        yield Piece(paragraph[end:])


def _target(found: re.Match[str]) -> str:
    if found["call"]:
        return "tel:+" + re.sub(r"\D", "", found["call"])
    return f"mailto:{found['mail']}" if found["mail"] else found["page"] or ""
