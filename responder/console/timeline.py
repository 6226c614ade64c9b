"""An alarm's history in plain words, for the duty officer: one line an entry, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.events import Entry, Ground, Verdict, What
from outcry.responder.rules.model import addressee, network_and_number

REPORTS = {
    "FIRST": "Alarm raised",
    "POSITION": "Position",
    "STILL_IN_DANGER": "Held the button again: still in danger",
    "WITHDRAWAL": "Withdrawal received, not verified",
}
PATHS = {"data": "over data", "sms": "by SMS", "link": "through a contact's link"}
VERDICTS = {
    Verdict.SAFE: "the agreed code, safe. Not verified: call and ask for the agreed word",
    Verdict.OLD: "the agreed code, but older than what was heard: it proves nothing",
    Verdict.WAITING: "its code is being judged",
    Verdict.DURESS: "DURESS: not the agreed code. Let nobody notice that you know",
}
REASONS = {
    "false_alarm": "it was a false alarm",
    "released": "the wearer is free",
    "other": "something has changed",
}
_CONTACTS = {
    What.SEEN: "has seen it",
    What.CONFIRMED: "confirms: it is real, make it public",
    What.UNSURE: "cannot tell",
    What.FALSE: "believes it is false",
}
_OFFICERS = {
    What.ACKNOWLEDGED: "has taken it over",
    What.OFFICER_CONFIRMED: "confirms: it is real",
    What.APPROVED: "says: publish",
    What.VETOED: "forbids publishing",
    What.VETO_LIFTED: "lifts the veto",
    What.CORRECTED: "corrects what is public",
    What.CLOSED: "closes the alarm",
}
_CAME = {
    What.PLANNED: "under way",
    What.DONE: "done",
    What.FAILED: "failed",
    What.UNKNOWN: "may have happened, nobody knows",
    What.DROPPED: "no longer needed when its turn came",
    What.DELIVERED: "delivered",
    What.UNDELIVERED: "will never be delivered",
}
_CALLS = {
    ActionKind.TELL: "Text to {}",
    ActionKind.NOTIFY: "Message to {}",
    ActionKind.RECEIPT: "Receipt to the device",
    ActionKind.PUBLISH: "Post on {}",
    ActionKind.FOLLOW_UP: "Follow-up on {}",
    ActionKind.CORRECT: "Correction on {}",
}
_GROUNDS = {
    Ground.QUORUM: "enough people confirmed",
    Ground.DUTY_OFFICER: "a duty officer decided it",
    Ground.CONSENT: "the wearer's own consent, nobody having answered",
}


@dataclass(frozen=True)
class Line:
    """One line: when (Unix seconds), what, and whether it wants a person's attention."""

    at: float
    words: str
    grave: bool = False


def tell(entries: Sequence[Entry], contacts: Mapping[int, str]) -> list[Line]:
    """The history; ``contacts`` names each number in the list."""
    last = {entry.data["key"]: n for n, entry in enumerate(entries) if "key" in entry.data}
    return [
        _line(entry, contacts)
        for n, entry in enumerate(entries)
        if entry.what is not What.PLANNED or last[entry.data["key"]] == n
    ]


def _line(entry: Entry, contacts: Mapping[int, str]) -> Line:
    for known, words in _KINDS:
        if entry.what in known:
            return Line(entry.at, words(entry, contacts), entry.what in _GRAVE or _is_duress(entry))
    return Line(entry.at, f"{entry.what[:1].upper()}{entry.what[1:]}")


def _is_duress(entry: Entry) -> bool:
    return entry.what is What.JUDGED and entry.data["verdict"] == Verdict.DURESS


def _report(entry: Entry, _contacts: Mapping[int, str]) -> str:
    marks = "".join(f". {mark.capitalize()}" for mark in entry.data["marks"])
    path = PATHS.get(entry.data["path"], entry.data["path"])
    return f"{REPORTS.get(entry.data['type'], entry.data['type'])}, {path}{marks}"


def _repeat(entry: Entry, _contacts: Mapping[int, str]) -> str:
    path = PATHS.get(entry.data["path"], entry.data["path"])
    return f"A report that was here already came again, {path}"


def _judged(entry: Entry, _contacts: Mapping[int, str]) -> str:
    return f"Withdrawal: {VERDICTS[Verdict(entry.data['verdict'])]}"


def _contact(entry: Entry, contacts: Mapping[int, str]) -> str:
    by_sms = ", by SMS" if entry.data.get("by") == "sms" else ""
    return f"{_name(entry.data.get('contact'), contacts)} {_CONTACTS[entry.what]}{by_sms}"


def _officer(entry: Entry, _contacts: Mapping[int, str]) -> str:
    reason = entry.data.get("reason")
    because = f": {REASONS.get(reason, reason)}" if reason else ""
    return f"Duty officer {entry.data['officer']} {_OFFICERS[entry.what]}{because}"


def _wrong_pin(entry: Entry, contacts: Mapping[int, str]) -> str:
    number = entry.data.get("link_of")
    return "A wrong PIN was tried" + (f", on {_name(number, contacts)}'s link" if number else "")


def _silent(entry: Entry, _contacts: Mapping[int, str]) -> str:
    marks = "".join(f". {mark.capitalize()}" for mark in entry.data.get("marks", ()))
    return f"Nothing was heard of the device for too long{marks}"


def _heard(_entry: Entry, _contacts: Mapping[int, str]) -> str:
    return "The device was heard again"


def _ground(entry: Entry, _contacts: Mapping[int, str]) -> str:
    ground = entry.data["ground"]
    return f"May be published: {_GROUNDS.get(ground, ground)}"


def _call(entry: Entry, contacts: Mapping[int, str]) -> str:
    kind, target = entry.data["kind"], str(entry.data["target"])
    subject = _CALLS.get(kind, f"{kind} {{}}").format(_whom(kind, target, contacts))
    why = f" ({entry.data['why']})" if entry.data.get("why") else ""
    return f"{subject}: {_CAME[entry.what]}{why}"


def _whom(kind: str, target: str, contacts: Mapping[int, str]) -> str:
    if kind in (ActionKind.TELL, ActionKind.NOTIFY):
        one = addressee(target)
        who = "the duty officers" if one.contact is None else _name(one.contact, contacts)
        return who if one.channel is None else f"{who} by {one.channel}"
    if kind in (ActionKind.FOLLOW_UP, ActionKind.CORRECT):
        return network_and_number(target)[0]
    return target


def _name(number: object, contacts: Mapping[int, str]) -> str:
    if not isinstance(number, int):
        return "A contact"
    return contacts.get(number, f"contact {number}")


_KINDS: tuple[
    tuple[tuple[What, ...] | Mapping[What, str], Callable[[Entry, Mapping[int, str]], str]], ...
] = (
    ((What.REPORT,), _report),
    ((What.REPEAT,), _repeat),
    ((What.JUDGED,), _judged),
    (_CONTACTS, _contact),
    (_OFFICERS, _officer),
    ((What.WRONG_PIN,), _wrong_pin),
    ((What.SILENT,), _silent),
    ((What.HEARD,), _heard),
    ((What.GROUND,), _ground),
    (_CAME, _call),
)
_GRAVE = frozenset({What.WRONG_PIN, What.UNKNOWN, What.UNDELIVERED, What.FAILED})
