"""Writes the pages that are made from code, so that they cannot drift."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

from outcry.daemon.alarm.actions import Action
from outcry.daemon.alarm.model import Alarm, Event, Rules, State
from outcry.daemon.alarm.rules import (
    AFTER_A_WITHDRAWAL,
    IN_A_DRILL,
    IN_A_STRAP_ALARM,
    TRANSITIONS,
    Row,
    step,
)
from outcry.daemon.touch.haptics import FEW, PATTERNS
from outcry.report import AlarmKind

PAGE = Path(__file__).parents[1] / "docs" / "alarm.md"

_HEAD = """# The life of an alarm on the device

Made from the tables in `daemon/alarm/rules.py` by `make docs`; do not edit.

What is known about the alarm is its state:
"""

_WORDS = {
    State.IDLE: "no alarm",
    State.RAISED: "raised; nobody has answered yet; it travels by data",
    State.OVER_SMS: "nobody answered in time, or data is down: SMS goes too",
    State.STORED: "HQ has it",
    State.ACKNOWLEDGED: "a person has seen it",
}

_BESIDE = """Each cell says what is done, in this order, and where that leads if not to the same state; the
actions are explained below. Where a cell is empty, nothing happens: that is all there is to know,
nothing is decided elsewhere.

A receipt is not of what the last hold said if it is for another alarm, for a code, or for a report
from before the last hold. The drill's code is `drill.taps` in the settings.
"""
_OVER = """In every state of such an alarm these rows stand in place of the ones above. Of a strap alarm with a
withdrawal the latter's rows hold, and in a drill the drill's, whatever was tapped."""
_FELT = """Told apart by counting; each mark is about a tenth of a second. A count is felt to its end before the next one
begins; only "raised" waits for nothing. With `vibration.tells = "few"` the others stay away, with
`vibration.enabled = false` all do. A maintainer's `outcry check --buzz` is one short one."""

_STANDINGS = {
    "calm": Alarm(),
    "drill": Alarm(state=State.OVER_SMS, kind=AlarmKind.DRILL, id=1),
    "panic alarm": Alarm(state=State.OVER_SMS, kind=AlarmKind.PANIC, id=1),
    "strap alarm": Alarm(state=State.OVER_SMS, kind=AlarmKind.STRAP, id=1),
    "withdrawn alarm": Alarm(state=State.OVER_SMS, kind=AlarmKind.PANIC, id=1, withdrawn=True),
}
_OTHERWISE = {
    "In a drill": IN_A_DRILL,
    "After a withdrawal": AFTER_A_WITHDRAWAL,
    "In a strap alarm": IN_A_STRAP_ALARM,
}


def page() -> str:
    """The whole page."""
    states = [f"- **{state.value}**: {_WORDS[state]}" for state in State]
    parts = [_HEAD, *states, "", *_picture(), "", _BESIDE, *_table(), ""]
    parts += ["## What is answered otherwise", "", _OVER]
    for words, row in _OTHERWISE.items():
        parts += ["", f"### {words}", "", *_rows(row)]
    parts += ["", "## Which alarm becomes which", "", *_kinds()]
    parts += ["", "## What is done", "", *_actions()]
    parts += ["", "## What the wearer feels", "", _FELT, "", *_pulses(), ""]
    return "\n".join(parts)


def _rows(row: Row) -> list[str]:
    lines = ["| when | then |", "|---|---|"]
    for event, (target, actions) in row.items():
        lines.append(f"| {event.value} | {_does(actions)} → **{target.value}** |")
    return lines


def _kinds() -> list[str]:
    """Drawn by letting everything happen to an alarm of each kind, and looking at what it is then.

    A drill that a restart ends and one that time ends are two arrows; what changes nothing is none.
    """
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> calm"]
    for name in _STANDINGS:
        lines.append(f'    state "{name}" as {_key(name)}')
    for name, alarm in _STANDINGS.items():
        for event in Event:
            before = replace(alarm, next_id=2, tapped=(1, 2))
            after, _ = step(before, event, 0.0, Rules(sms_after_s=8.0))
            became = _standing(after)
            fresh = after.id not in (0, alarm.id)
            if became != name or fresh:
                new = " (a new alarm)" if fresh and became == name else ""
                lines.append(f"    {_key(name)} --> {_key(became)}: {event.value}{new}")
    return [*lines, "```"]


def _standing(alarm: Alarm) -> str:
    if alarm.state is State.IDLE:
        return "calm"
    if alarm.kind is AlarmKind.DRILL:
        return "drill"
    if alarm.withdrawn:
        return "withdrawn alarm"
    return "strap alarm" if alarm.kind is AlarmKind.STRAP else "panic alarm"


def _key(name: str) -> str:
    return name.replace(" ", "_")


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
    does = _does(actions)
    return does if target is state else f"{does} → **{target.value}**"


def _actions() -> list[str]:
    """Every action once, with the first sentence of its own words."""
    rows = [*TRANSITIONS.values(), *_OTHERWISE.values()]
    known = {action.__name__: action for row in rows for _, does in row.values() for action in does}
    told: dict[str, list[str]] = {}
    for name in sorted(known):
        words = inspect.cleandoc(known[name].__doc__ or "").split("\n\n")[0].replace("\n", " ")
        told.setdefault(words, []).append(name.replace("_", " "))
    return [f"- **{', '.join(names)}**: {words}" for words, names in told.items()]


def _pulses() -> list[str]:
    lines = ["| felt | means | with few |", "|---|---|---|"]
    for pulse, pattern in PATTERNS.items():
        marks = ("■" * round(pattern.on_s * 10), "·" * round(pattern.off_s * 10))
        felt = marks[1].join([marks[0]] * pattern.pulses)
        lines.append(f"| {felt} | {pulse.value} | {'yes' if pulse in FEW else ''} |")
    return lines


def _does(actions: tuple[Action, ...]) -> str:
    return ", ".join(action.__name__.replace("_", " ") for action in actions)


if __name__ == "__main__":
    from tools import (
        beliefs_page,
        decisions_page,
        journal_page,
        recovery_page,
        response_page,
        rooms_page,
        wiring,
    )

    PAGE.write_text(page(), encoding="utf-8")
    for end in rooms_page.ENDS:
        rooms_page.picture_of(end).write_text(rooms_page.picture(end), encoding="utf-8")
    tables = (beliefs_page, decisions_page, journal_page, recovery_page, response_page, rooms_page)
    for made in tables:
        made.PAGE.write_text(made.page(), encoding="utf-8")
    wiring.PICTURE.write_text(wiring.page(), encoding="utf-8")
