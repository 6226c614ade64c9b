"""Writes docs/beliefs.md: what the drivers and the simulated modem take for true without a source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "beliefs.md"
WHERE = "hw"

_HEAD = """# What we only believe of the parts

Made from `hw/` by `make docs`; do not edit.

The drivers are tried on simulated parts. Where these behave as a manual, a data sheet or a public log says, the line names
it. What stands here has no such source: someone who has the part on a bench can settle it
([the bench](hardware.md#on-the-bench)). Then write the source in place of the word `belief`, or mend the simulation.

| where | belief |
|---|---|
"""
_MARK = re.compile(r"\b[Bb]elief: ")


class Belief(NamedTuple):
    """One belief; ``name`` is the function, class or constant that it is about."""

    path: str
    name: str
    words: str


def beliefs(folder: Path = ROOT / WHERE) -> list[Belief]:
    """All of them, by file and line."""
    return [
        Belief(path.relative_to(folder.parent).as_posix(), name, words)
        for path in sorted(folder.rglob("*.py"))
        for name, words in _in(path.read_text(encoding="utf-8").splitlines())
    ]


def _in(lines: list[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines):
        if (mark := _MARK.search(line)) is None:
            continue
        before = line[: mark.start()]
        comment = "#" in before
        words = [
            line[mark.end() :],
            *_goes_on(lines[number + 1 :], comment, before, line.endswith('"""')),
        ]
        text = " ".join(words).replace('"""', "").strip().rstrip(".")
        yield _name(lines, number, before), text


def _goes_on(following: list[str], comment: bool, before: str, ends: bool) -> Iterator[str]:
    """The lines after the mark's that belong to the same comment or paragraph."""
    if ends or (comment and before.split("#")[0].strip()):
        return
    for line in following:
        if comment and not line.strip().startswith("#"):
            return
        if not comment and not line.strip().strip('"'):
            return
        yield line.strip().removeprefix("#").strip()
        if not comment and line.rstrip().endswith('"""'):
            return


def _name(lines: list[str], number: int, before: str) -> str:
    """What stands on the line itself, or in the nearest line above that begins a definition."""
    code = before.split("#")[0].strip()
    if found := re.match(r"(\w+)(?:: [^=]+)? = (.+)", code):
        return f"{found[1]} = {found[2]}"
    for line in reversed(lines[:number]):
        if found := re.match(r"\s*(?:def|class) (\w+)", line):
            return found[1]
    following = (re.match(r"(\w+)(?:: [^=]+)? = ", line) for line in lines[number + 1 :])
    return next((found[1] for found in following if found), "")


def page() -> str:
    """The whole page."""
    rows = [f"| `{each.path}`, `{each.name}` | {each.words} |" for each in beliefs()]
    return _HEAD + "\n".join(rows) + "\n"
