"""Writes the pages that are made from code, so that they cannot drift: docs/alarm.md."""

from __future__ import annotations

from pathlib import Path

from outcry.daemon.alarm import TRANSITIONS, Event, State

PAGE = Path(__file__).parents[1] / "docs" / "alarm.md"

_HEAD = """# The life of an alarm on the device

Made from the table in `daemon/alarm.py` by `make docs`; do not edit.

What is known about the alarm is its state:
"""

_WORDS = {
    State.IDLE: "no alarm",
    State.RAISED: "raised; nobody has answered yet; it travels by data",
    State.OVER_SMS: "nobody answered in time, or data is down: SMS goes too",
    State.STORED: "HQ has it",
    State.ACKNOWLEDGED: "a person has seen it",
}


def page() -> str:
    """The whole page."""
    states = [f"- **{state.value}**: {_WORDS[state]}" for state in State]
    return "\n".join([_HEAD, *states, "", *_picture(), "", *_table(), ""])


def _picture() -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> idle"]
    for state, row in TRANSITIONS.items():
        for event, (target, _) in row.items():
            if target is not state:
                words = event.value.replace(":", ",")  # a colon ends a label
                lines.append(f"    {state.value} --> {target.value}: {words}")
    return [*lines, "```"]


def _table() -> list[str]:
    lines = ["| when | " + " | ".join(state.value for state in State) + " |"]
    lines.append("|---|" + "---|" * len(State))
    for event in Event:
        cells = [_cell(state, event) for state in State]
        lines.append(f"| {event.value} | " + " | ".join(cells) + " |")
    return lines


def _cell(state: State, event: Event) -> str:
    if event not in TRANSITIONS[state]:
        return ""
    target, actions = TRANSITIONS[state][event]
    does = ", ".join(action.__name__.replace("_", " ") for action in actions)
    return does if target is state else f"{does} → **{target.value}**"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
