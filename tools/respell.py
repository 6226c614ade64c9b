"""Spell in a carried library what today's Python warns of, as it was meant: respell.py FOLDER.

A backslash that escapes nothing is doubled, which makes the same string; text compared by ``is``
is compared by ``==``. apt would show a page of warnings to whoever installs the package.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path

_STRING = re.compile(r"([A-Za-z]*)(\"{3}|'{3}|\"|')(.*)\2", re.DOTALL)
_MEANS_SOMETHING = "\n\\'\"abfnrtv01234567xNuU"

Change = tuple[tuple[int, int], tuple[int, int], str]


def respelled(source: str) -> str:
    """The same program without those warnings."""
    lines = source.splitlines(keepends=True)
    for start, end, text in sorted(_changes(source), reverse=True):
        (first, left), (last, right) = start, end
        lines[first - 1 : last] = [lines[first - 1][:left] + text + lines[last - 1][right:]]
    return "".join(lines)


def _changes(source: str) -> list[Change]:
    found: list[Change] = []
    before: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING:
            found.append((token.start, token.end, _string(token.string)))
            words = [each.string for each in before[-2:]]
            if words[-1:] == ["is"]:
                found.append((before[-1].start, before[-1].end, "=="))
            elif words == ["is", "not"]:
                found.append((before[-2].start, before[-1].end, "!="))
        before.append(token)
    return found


def _string(literal: str) -> str:
    match = _STRING.fullmatch(literal)
    if match is None or "r" in match[1].lower():
        return literal

    def escape(found: re.Match[str]) -> str:
        return found[0] if found[1] in _MEANS_SOMETHING else "\\" + found[0]

    return match[1] + match[2] + re.sub(r"\\(.)", escape, match[3], flags=re.DOTALL) + match[2]


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if respelled(text) != text:
            path.write_text(respelled(text), encoding="utf-8")
