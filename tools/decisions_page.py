"""Writes the list in docs/decisions/README.md from the decisions themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
PAGE = FOLDER / "README.md"
SECTIONS = ("Context", "Decision", "Alternatives", "Consequences")

_HEAD = """# Decisions

Made from the files beside this one by `make docs`; do not edit.

Each page holds one decision that shaped Outcry: what was known, what was decided, what else was considered, what it
costs. A decision is not rewritten when we change our mind. A new one is added, and the old one's status says which.

A new decision is a file `NNNN-a-few-words.md` with the next number:

```markdown
# NNNN: The decision in one sentence

- Date: YYYY-MM-DD
- Status: proposed, accepted, or superseded by NNNN

## Context

## Decision

## Alternatives

## Consequences
```

| number | decision | date | status |
|---|---|---|---|
"""
_FORM = re.compile(r"# (\d{4}): (.+)\n\n- Date: (\S+)\n- Status: (.+)\n\n(## [\s\S]+)")


class MalformedDecision(Exception):
    """A decision that is not in the form of docs/decisions/README.md."""


@dataclass(frozen=True)
class Decision:
    """One page of docs/decisions/."""

    number: str
    title: str
    made: date
    status: str


def read(text: str) -> Decision:
    """What the page says of itself; raises :class:`MalformedDecision`."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise MalformedDecision("wanted: '# NNNN: title', '- Date:', '- Status:', sections")
    number, title, made, status, body = form.groups()
    sections = tuple(re.findall(r"^## (.+)$", body, re.MULTILINE))
    if sections != SECTIONS:
        raise MalformedDecision(f"{number} has the sections {', '.join(sections)}")
    if re.search(r"^## .+\n+(## |\Z)", body, re.MULTILINE):
        raise MalformedDecision(f"{number} has an empty section")
    if not re.fullmatch(r"proposed|accepted|superseded by \d{4}", status):
        raise MalformedDecision(f"{number} has the status {status}")
    try:
        return Decision(number, title, date.fromisoformat(made), status)
    except ValueError:
        raise MalformedDecision(f"{number} has the date {made}") from None


def pages() -> list[Path]:
    """Every decision, by number."""
    return sorted(FOLDER.glob("[0-9]*.md"))


def page() -> str:
    """The whole page."""
    rows = ""
    for path in pages():
        decision = read(path.read_text(encoding="utf-8"))
        link = f"[{decision.title}]({path.name})"
        rows += f"| {decision.number} | {link} | {decision.made} | {decision.status} |\n"
    return _HEAD + rows
