"""Writes docs/recovery.md from the modem's recovery ladder, so that the page cannot drift from it."""

from __future__ import annotations

import itertools
from pathlib import Path

from outcry.hw.modem.ladder import LADDER, RUNGS, Failure, Means, Requirement, Row, Rung

PAGE = Path(__file__).parents[1] / "docs" / "recovery.md"

_HEAD = """# How the modem is brought back

Made from the tables in `hw/modem/ladder.py` by `make docs`; do not edit.

When the modem fails, the device does something about it: little at first, and more if that does not help.
These steps are the rungs of a ladder. After which failure which rung is taken:
"""

_WHEN = """Of the rows of a failure the last one counts whose conditions all hold. Its rung is taken after the
pause, which grows with each failure of that kind in a row and is shorter while an alarm is open or a
text waits. In the pause for a silent modem, whatever it says ends the pause. "Calls" is how often AT is
said afterwards before the modem counts as silent once more."""

_RUNGS = """The longest that each takes is the time its commands are given; while bytes keep coming from the modem, each
command is given 5 s more. Where there is a patience, a text or an alarm that comes meanwhile waits for
no longer than that: then a command that cannot be aborted is what holds it up, which is a failure of
its own."""


def page() -> str:
    """The whole page."""
    parts = [_HEAD, *_picture(), "", "## Failures", ""]
    parts += [f"- **{_name(failure)}**: {failure.value}" for failure in Failure]
    parts += ["", "## When which rung is taken", "", _WHEN]
    for failure in Failure:
        parts += ["", f"### {_capital(_name(failure))}", "", *_rows(failure)]
    parts += [
        "",
        "## Conditions",
        "",
        *_conditions(),
        "",
        "## Rungs",
        "",
        _RUNGS,
        "",
        *_rungs(),
        "",
    ]
    return "\n".join(parts)


def _name(failure: Failure) -> str:
    return failure.name.lower().replace("_", " ")


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _picture() -> list[str]:
    """The ladder, the strongest rung on top, with a mark where a failure leads to a rung."""
    beside = max(len(rung.value) for rung in Rung)
    heads = [_name(failure) for failure in Failure]
    lines = [f"{'':{beside}}  " + "  ".join(heads)]
    for rung in reversed(Rung):
        if rung is Rung.NOTHING:
            continue
        taken = {failure for failure, rows in LADDER.items() if rung in [row.rung for row in rows]}
        marks = [
            f"{'#' if failure in taken else '.':^{len(head)}}"
            for failure, head in zip(Failure, heads, strict=True)
        ]
        lines.append(f"{rung.value:{beside}}  " + "  ".join(marks).rstrip())
    return ["```text", *lines, "```"]


def _rows(failure: Failure) -> list[str]:
    lines = ["| rung | only if | pause, s | pause in need, s | calls |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in LADDER[failure]]
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    only_if = ", ".join(requirement.name for requirement in row.only_if)
    pauses = [_seconds(each) for each in row.pauses]
    return row.rung.value, only_if, *pauses, str(row.calls) if row.calls else ""


def _seconds(pauses_s: tuple[float, ...]) -> str:
    return ", ".join(f"{pause_s:g}" for pause_s in pauses_s)


def _conditions() -> list[str]:
    known: dict[str, Requirement] = {}
    for row in itertools.chain.from_iterable(LADDER.values()):
        for requirement in row.only_if:
            known.setdefault(requirement.words, requirement)
    each = {words: requirement.name for words, requirement in known.items()}
    each = {
        words: "each n-th" if name.startswith("each ") else name for words, name in each.items()
    }
    return [f"- **{name}**: {words}" for words, name in each.items()]


def _rungs() -> list[str]:
    lines = [
        "| rung | what it does | commands | longest, s | patience, s | then | if it cannot be done |",
        "|---|---|---|---|---|---|---|",
    ]
    for rung, means in RUNGS.items():
        lines.append(f"| {rung.value} | {' | '.join(_means(rung, means))} |")
    return lines


def _means(rung: Rung, means: Means) -> tuple[str, ...]:
    longest = f"{means.bound_s:g}" + (" a call" if rung is Rung.CALL else "")
    return (
        means.words,
        ", ".join(f"`{command}`" for command in means.commands),
        longest if means.bound_s else "",
        "" if means.patience_s is None else f"{means.patience_s:g}",
        "" if means.then is None else means.then.value,
        "" if means.or_else is None else means.or_else.value,
    )
