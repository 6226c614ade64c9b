"""Writes docs/response.md from the rules at HQ, so that the page cannot drift from them.

The picture and the tables are drawn by letting things happen to alarms and
asking the rules what they would do then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from outcry.report import AlarmKind
from outcry.responder.intake.sms_answers import CHOICES
from outcry.responder.rules import episodes, notification, publication, retries, silence
from outcry.responder.rules.decide import RULES, Action, decide
from outcry.responder.rules.events import CONTACT_ANSWERS, OFFICER_ANSWERS, Entry, What
from outcry.responder.rules.model import Disclosure, Plan

PAGE = Path(__file__).parents[1] / "docs" / "response.md"

_HEAD = """# What HQ does about an alarm

Made from the rules in `responder/` by `make docs`; do not edit.

An alarm's history is its state. After every new entry, and whenever a rule said to look again, HQ asks
each rule below what ought to be done, leaves out what is done or under way, and does the rest. Nothing
else is remembered, so what HQ did can always be explained by reading the history.
"""

PLAN = Plan(
    AlarmKind.PANIC,
    (1, 2, 3),
    quorum=2,
    can_text=True,
    wearer_number=False,
    officers=("desk",),
    consent_s=1800.0,
    networks=("own page",),
)
_DRILL = replace(PLAN, kind=AlarmKind.DRILL)

_RAISED = [
    Entry(
        0.0,
        What.REPORT,
        {"message": 1, "type": "FIRST", "sequence": 0, "path": "data", "marks": []},
    )
]
_AGAIN = Entry(
    9.0,
    What.REPORT,
    {"message": 9, "type": "STILL_IN_DANGER", "sequence": 9, "path": "data", "marks": []},
)
_BY_CONTACT = {what: Entry(1.0, what, {"contact": 1, "by": "page"}) for what in CONTACT_ANSWERS}
_BY_OFFICER = {
    what: Entry(1.0, what, {"officer": "night", "reason": "false_alarm"})
    for what in OFFICER_ANSWERS
}
_TWO = [Entry(1.0, What.CONFIRMED, {"contact": n, "by": "page"}) for n in (1, 2)]
_GROUND = Entry(1.0, What.GROUND, {"ground": "quorum"})
_POSTED = [
    Entry(1.0, what, {"key": "publish own page 1", "kind": "publish", "target": "own page"})
    for what in (What.PLANNED, What.DONE)
]

_STANDINGS: dict[str, list[Entry]] = {
    "raised": _RAISED,
    "may be published": [*_RAISED, *_TWO, _GROUND],
    "public": [*_RAISED, *_TWO, _GROUND, *_POSTED],
    "vetoed": [*_RAISED, _BY_OFFICER[What.VETOED]],
    "corrected": [*_RAISED, *_TWO, _GROUND, *_POSTED, _BY_OFFICER[What.CORRECTED]],
    "closed": [*_RAISED, _BY_OFFICER[What.CLOSED]],
}
_EVENTS: dict[str, list[Entry]] = {
    "enough contacts confirm": _TWO,
    "a duty officer says publish": [_BY_OFFICER[What.APPROVED]],
    "a duty officer vetoes": [_BY_OFFICER[What.VETOED]],
    "the veto is taken back": [_BY_OFFICER[What.VETO_LIFTED]],
    "a duty officer corrects": [_BY_OFFICER[What.CORRECTED]],
    "a duty officer closes": [_BY_OFFICER[What.CLOSED]],
    "the wearer holds the button again": [_AGAIN],
    "a network has the post": _POSTED,
}


def page() -> str:
    """The whole page."""
    parts = [_HEAD, *_rules(), "", "## How an alarm becomes public", "", *_picture(), ""]
    parts += [*_grounds(), "", *_answers(), "", *_telling(), "", *_trying(), "", *_silence(), ""]
    return "\n".join(parts)


def _rules() -> list[str]:
    lines = ["| rule | asks for | because |", "|---|---|---|"]
    for rule, kinds in RULES.items():
        first = (rule.__doc__ or "").split("\n\n")[0]
        name = rule.__name__.replace("_", " ")
        lines.append(f"| {name} | {', '.join(kinds)} | {' '.join(first.split())} |")
    return lines


def _picture() -> list[str]:
    """Drawn by adding each event to each standing and looking at what it has become."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> raised"]
    for name in _STANDINGS:
        lines.append(f'    state "{name}" as {_key(name)}')
    for name, history in _STANDINGS.items():
        for words, entries in _EVENTS.items():
            if words == "a network has the post" and name != "may be published":
                continue
            became = _standing(_lived([*history, *entries]))
            if became != name:
                lines.append(f"    {_key(name)} --> {_key(became)}: {words}")
    return [*lines, "```"]


def _lived(history: list[Entry]) -> list[Entry]:
    """With the ground HQ would write down."""
    ground = decide(history, PLAN, 10.0).ground
    return history if ground is None else [*history, Entry(10.0, What.GROUND, {"ground": ground})]


def _standing(history: Sequence[Entry]) -> str:
    if episodes.current(history).over:
        return "closed"
    if publication.may_publish(history, PLAN):
        return "public" if _is_posted(history) else "may be published"
    forbidden = [e.what for e in history if e.what in (What.VETOED, What.VETO_LIFTED)]
    if forbidden and forbidden[-1] is What.VETOED:
        return "vetoed"
    chapter = episodes.current(history).entries
    return "corrected" if any(e.what is What.CORRECTED for e in chapter) else "raised"


def _is_posted(history: Sequence[Entry]) -> bool:
    return any(e.what is What.DONE and e.data["kind"] == "publish" for e in history)


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _grounds() -> list[str]:
    cases: dict[str, list[Entry]] = {
        "two contacts confirm on the page": _TWO,
        "one contact confirms": _TWO[:1],
        "three contacts confirm, all by SMS": [
            Entry(1.0, What.CONFIRMED, {"contact": n, "by": "sms"}) for n in (1, 2, 3)
        ],
        "one contact on the page, another by SMS": [
            _TWO[0],
            Entry(1.0, What.CONFIRMED, {"contact": 2, "by": "sms"}),
        ],
        "one contact and the duty officer": [_TWO[0], _BY_OFFICER[What.OFFICER_CONFIRMED]],
        "the duty officer confirms, no contact": [_BY_OFFICER[What.OFFICER_CONFIRMED]],
        "the duty officer says publish": [_BY_OFFICER[What.APPROVED]],
        "nobody answers for the time agreed": [],
        "somebody has seen it, and nobody does more": [_BY_CONTACT[What.SEEN]],
        "nobody answers; a withdrawal came with a wrong code": _withdrawn("duress"),
        "nobody answers; a withdrawal came with the agreed code": _withdrawn("safe"),
        "two contacts confirm; one says it is false": [*_TWO, _BY_CONTACT[What.FALSE]],
        "two contacts confirm; a withdrawal came": [*_TWO, *_withdrawn("safe")],
        "two contacts confirm; vetoed": [*_TWO, _BY_OFFICER[What.VETOED]],
        "vetoed, then the duty officer says publish": [
            _BY_OFFICER[What.VETOED],
            _BY_OFFICER[What.APPROVED],
        ],
    }
    lines = [
        "## On which ground",
        "",
        "With a quorum of two, the wearer's consent to publication after 30 minutes, an hour later.",
        "",
        "| what has happened | alarm | the same, reported late | drill |",
        "|---|---|---|---|",
    ]
    late = [replace(_RAISED[0], data={**_RAISED[0].data, "marks": ["late"]})]
    for words, entries in cases.items():
        cells = [
            decide([*opening, *entries], plan, 3600.0).ground or "no"
            for opening, plan in ((_RAISED, PLAN), (late, PLAN), (_RAISED, _DRILL))
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def _withdrawn(verdict: str) -> list[Entry]:
    report = replace(
        _RAISED[0],
        data={**_RAISED[0].data, "message": 5, "type": "WITHDRAWAL", "sequence": 5},
    )
    return [report, Entry(1.0, What.JUDGED, {"message": 5, "verdict": verdict})]


def _answers() -> list[str]:
    stairs = replace(PLAN, first=1)
    lines = [
        "## What an answer does",
        "",
        "One contact was told at once; the others wait for their turn.",
        "",
        "| answer, after a second | the second contact is told | the wearer's consent publishes | the duty officer hears |",
        "|---|---|---|---|",
    ]
    for what, entry in {**_BY_CONTACT, **_BY_OFFICER}.items():
        history = [*_RAISED, entry]
        told = _when(history, stairs, "tell 2 1")
        consent = publication.consents_at(history, PLAN)
        heard = sorted(
            action.target.split(":")[2]
            for action in decide(history, PLAN, 2.0).actions
            if action.target.startswith("officer") and not action.target.endswith("raised")
        )
        runs = "goes on" if consent is not None else "no more"
        lines.append(f"| {what.value} | {told} | {runs} | {', '.join(heard)} |")
    choices = ", ".join(f"{digit}: {what.value}" for digit, what in CHOICES.items())
    return [*lines, "", f"By SMS, after a code from the card: {choices}."]


def _when(history: list[Entry], plan: Plan, key: str) -> str:
    """When an action is first asked for."""
    for now in (1.0, 60.0, 120.0, 150.0, 301.0, 1e6):
        keys = [Action.key.fget(action) for action in decide(history, plan, now).actions]  # type: ignore[attr-defined]
        if key in keys:
            return "at once" if now <= 1.0 else f"after {now:.0f} s"
    return "never"


def _telling() -> list[str]:
    lines = ["## Who is told when, if nobody answers", ""]
    lines += ["| the plan says | contact 1 | contact 2 | contact 3 |", "|---|---|---|---|"]
    for words, first in (
        ("everybody at once (the default)", 0),
        ("one first", 1),
        ("two first", 2),
    ):
        plan = replace(PLAN, first=first)
        cells = [_when(_RAISED, plan, f"tell {n} 1") for n in (1, 2, 3)]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        f"The person who has it in hand has {notification.DECIDE_WITHIN_S:.0f} s to decide; then everybody is told.",
        f"The duty officer is told again {notification.UNANSWERED_S:.0f} s after the last contact.",
    ]


def _trying() -> list[str]:
    waits = ", ".join(map(str, retries.RETRY_AFTER_S))
    still, moved = publication.STILL_EVERY_S / 60, publication.MOVED_EVERY_S / 60
    return [
        "## Trying again",
        "",
        f"What certainly failed is tried again after {waits} s, then every {retries.RETRY_AFTER_S[-1]} s:",
        f"{retries.TRIES} times in all, about a day. A text or message whose outcome is not known goes once",
        "more; a post is looked up first, as often as it takes.",
        "",
        f"A post has {publication.FOLLOW_UPS} answers at most: that the button was held again, at most",
        f"every {still:.0f} minutes, and where the wearer was seen, at most every {moved:.0f} minutes,",
        f"unless the plan says `{Disclosure.NOTHING}`.",
    ]


def _silence() -> list[str]:
    sooner, longest = notification.VANISHED_SOONER, 2**silence.PATIENCE_DOUBLES
    return [
        "## Silence",
        "",
        f"A device is silent that was not heard for {silence.INTERVALS} heartbeats, or for",
        f"{silence.INTERVALS_VANISHED} if its last word was that it moves or that something jams it. The",
        "duty officer is told at once, contacts after the time in the plan, or after a part of it",
        f"(1/{sooner}) if it vanished so. Being heard ends it. With each silence of the last day HQ is more",
        f"patient, up to {longest} times.",
    ]
