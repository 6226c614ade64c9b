"""Writes docs/response.md from the rules at HQ, so that the page cannot drift from them.

The picture and the tables are drawn by letting things happen to alarms and
asking the rules what they would do then.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from outcry.report import AlarmKind, MessageType
from outcry.responder import sentences
from outcry.responder.intake.reading import CHOICES
from outcry.responder.rules import events, notification, publication, silence
from outcry.responder.rules.calls import Action, Post, Target, ToContact, ToOfficers
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import RETRY_AFTER_S, RULES, TRIES, decide
from outcry.responder.rules.events import (
    AnsweredBy,
    CallEnded,
    CallPlanned,
    Came,
    CameBy,
    Confirmed,
    ContactAnswer,
    Event,
    Ground,
    GroundFound,
    Mark,
    OfficerAct,
    Outcome,
    Reason,
    ReportArrived,
    Verdict,
    WithdrawalJudged,
)
from outcry.responder.rules.model import Disclosure, Plan

PAGE = Path(__file__).parents[1] / "docs" / "response.md"

_HEAD = """# What HQ does about an alarm

Made from the rules in `responder/` by `make docs`; do not edit.

An alarm's history is its state. After every new entry, and whenever a rule said to look again, HQ asks
each rule below what should be done, leaves out what is done or under way, and does the rest. Nothing
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


def _report(message: int, type_: MessageType, *marks: Mark, at: float = 0.0) -> ReportArrived:
    return ReportArrived(at, message, type_, message, CameBy.DATA, marks)


def _contact(kind: type[ContactAnswer]) -> ContactAnswer:
    return kind(1.0, 1)


def _officer(kind: type[OfficerAct]) -> OfficerAct:
    if issubclass(kind, events.Corrected):
        return kind(1.0, "night", Reason.FALSE_ALARM)
    if issubclass(kind, events.HandedOver | events.TakenOver):
        return kind(1.0, "night", "day")
    return kind(1.0, "night")


_HELD_BY = {events.HandedOver: "night", events.TakenOver: "day", events.GivenBack: "night"}
_RAISED: list[Event] = [_report(0, MessageType.FIRST)]
_LATE: list[Event] = [_report(0, MessageType.FIRST, Mark.LATE)]
_AGAIN = _report(9, MessageType.STILL_IN_DANGER, at=9.0)
_TWO: list[Event] = [Confirmed(1.0, n) for n in (1, 2)]
_GROUND = GroundFound(1.0, Ground.QUORUM)
_POST = Action(Post("own page"), 1)
_POSTED = [CallPlanned(1.0, _POST), CallEnded(1.0, _POST, Came(Outcome.DONE))]
_VETO, _CLOSED = _officer(events.Vetoed), _officer(events.Closed)

_STANDINGS: dict[str, list[Event]] = {
    "raised": _RAISED,
    "may be published": [*_RAISED, *_TWO, _GROUND],
    "public": [*_RAISED, *_TWO, _GROUND, *_POSTED],
    "vetoed": [*_RAISED, _VETO],
    "corrected": [*_RAISED, *_TWO, _GROUND, *_POSTED, _officer(events.Corrected)],
    "closed": [*_RAISED, _CLOSED],
}
_EVENTS: dict[str, list[Event]] = {
    "enough contacts confirm": _TWO,
    "a duty officer says publish": [_officer(events.Approved)],
    "a duty officer vetoes": [_VETO],
    "the veto is taken back": [_officer(events.VetoLifted)],
    "a duty officer corrects": [_officer(events.Corrected)],
    "a duty officer closes": [_CLOSED],
    "a duty officer opens it again": [_officer(events.Reopened)],
    "the wearer holds the button again": [_AGAIN],
    "a network has the post": [*_POSTED],
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
        for words, happens in _EVENTS.items():
            if words == "a network has the post" and name != "may be published":
                continue
            became = _standing(_lived([*history, *happens]))
            if became != name:
                lines.append(f"    {_key(name)} --> {_key(became)}: {words}")
    return [*lines, "```"]


def _lived(history: list[Event]) -> Case:
    """With the ground HQ would write down."""
    ground = decide(Case.of(history), PLAN, 10.0).ground
    return Case.of(history if ground is None else [*history, GroundFound(10.0, ground)])


def _standing(case: Case) -> str:
    if case.now.over:
        return "closed"
    if publication.may_publish(case, PLAN):
        return "public" if case.now.posts else "may be published"
    if case.vetoed:
        return "vetoed"
    return "corrected" if case.now.has(events.Corrected) else "raised"


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _grounds() -> list[str]:
    confirmed = _officer(events.OfficerConfirmed)
    by_sms = [Confirmed(1.0, n, AnsweredBy.SMS) for n in (1, 2, 3)]
    cases: dict[str, list[Event]] = {
        "two contacts confirm on the page": _TWO,
        "one contact confirms": _TWO[:1],
        "three contacts confirm, all by SMS": [*by_sms],
        "one contact on the page, another by SMS": [_TWO[0], by_sms[1]],
        "one contact and the duty officer": [_TWO[0], confirmed],
        "the duty officer confirms, no contact": [confirmed],
        "the duty officer says publish": [_officer(events.Approved)],
        "nobody answers for the time agreed": [],
        "somebody has seen it, and nobody does more": [_contact(events.ContactSaw)],
        "nobody answers; a withdrawal came with a wrong code": _withdrawn(Verdict.DURESS),
        "nobody answers; a withdrawal came with the agreed code": _withdrawn(Verdict.SAFE),
        "two contacts confirm; one says it is false": [*_TWO, _contact(events.CalledFalse)],
        "two contacts confirm; a withdrawal came": [*_TWO, *_withdrawn(Verdict.SAFE)],
        "two contacts confirm; vetoed": [*_TWO, _VETO],
        "vetoed, then the duty officer says publish": [_VETO, _officer(events.Approved)],
    }
    lines = [
        "## On which ground",
        "",
        "With a quorum of two, the wearer's consent to publication after 30 minutes, an hour later.",
        "",
        "| what has happened | alarm | the same, reported late | drill |",
        "|---|---|---|---|",
    ]
    for words, happened in cases.items():
        cells = [
            decide(Case.of([*opening, *happened]), plan, 3600.0).ground or "no"
            for opening, plan in ((_RAISED, PLAN), (_LATE, PLAN), (_RAISED, _DRILL))
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def _withdrawn(verdict: Verdict) -> list[Event]:
    return [_report(5, MessageType.WITHDRAWAL), WithdrawalJudged(1.0, 5, verdict)]


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
    contacts = {
        f"a contact {sentences.CONTACTS[k]}": [_contact(k)]
        for k in events.ContactAnswer.__subclasses__()
    }
    officers = {
        f"a duty officer {sentences.OFFICERS[k]}": [_officer(k)]
        for k in events.OfficerAct.__subclasses__()
    }
    officers[f"a duty officer {sentences.OFFICERS[events.VetoLifted]}"].insert(0, _VETO)
    officers[f"a duty officer {sentences.OFFICERS[events.Reopened]}"].insert(0, _CLOSED)
    for kind, whose in _HELD_BY.items():
        officers[f"a duty officer {sentences.OFFICERS[kind]}"].insert(
            0, events.Acknowledged(1.0, whose)
        )
    for words, said in {**contacts, **officers}.items():
        case = Case.of([*_RAISED, *said])
        told = _when(case, stairs, ToContact(2, None, case.now.number))
        consent = publication.consents_at(case, PLAN)
        targets = [action.target for action in decide(case, PLAN, 2.0).actions]
        topics = {one.topic.value for one in targets if isinstance(one, ToOfficers)} - {"raised"}
        runs = "goes on" if consent is not None else "no more"
        lines.append(f"| {words} | {told} | {runs} | {', '.join(sorted(topics))} |")
    choices = ", ".join(f"{n}: a contact {sentences.CONTACTS[k]}" for n, k in CHOICES.items())
    otherwise = "Anything else with a code: it counts as 3."
    return [*lines, "", f"By SMS, after a code from the card: {choices}. {otherwise}"]


def _when(case: Case, plan: Plan, target: Target) -> str:
    """When a call is first asked for."""
    for now in (1.0, 60.0, 120.0, 150.0, 301.0, 1e6):
        if Action(target, 1) in decide(case, plan, now).actions:
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
        cells = [_when(Case.of(_RAISED), plan, ToContact(n)) for n in (1, 2, 3)]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        f"The person who has it in hand has {notification.DECIDE_WITHIN_S:.0f} s to decide; then everybody is told.",
        f"The duty officer is told again {notification.UNANSWERED_S:.0f} s after the last contact.",
        "",
        "One duty officer has an alarm: who took it, or who decided something while nobody had it. It is",
        "handed over, taken over or given back, and all officers are told. While it is open they are told",
        f"again when who has it does nothing, or it was given back and nobody takes it, for {PLAN.idle_s or 0:.0f} s",
        f"or what the plan says: each time that has passed, {notification.REMINDERS} times at most until somebody",
        "does something. Not of a drill or a silence.",
    ]


def _trying() -> list[str]:
    waits = ", ".join(map(str, RETRY_AFTER_S))
    still, moved = publication.STILL_EVERY_S / 60, publication.MOVED_EVERY_S / 60
    return [
        "## Trying again",
        "",
        f"What certainly failed is tried again after {waits} s, then every {RETRY_AFTER_S[-1]} s:",
        f"{TRIES} times in all, about a day. A text or message whose outcome is not known goes once",
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
