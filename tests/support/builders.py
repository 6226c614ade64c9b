"""What tests are made of, each with what is said least often left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from outcry.enrolment import Contact
from outcry.report import MessageType
from outcry.responder.rules.calls import Action, Target
from outcry.responder.rules.events import (
    Acknowledged,
    AnsweredBy,
    CallEnded,
    CallPlanned,
    Came,
    CameBy,
    Closed,
    Confirmed,
    ContactAnswer,
    Corrected,
    Event,
    GivenBack,
    Ground,
    GroundFound,
    HandedOver,
    Mark,
    OfficerAct,
    Outcome,
    Reason,
    Reopened,
    ReportArrived,
    ReportRepeated,
    TakenOver,
    Verdict,
    Vetoed,
    VetoLifted,
    WithdrawalJudged,
)
from outcry.settings_file import as_toml

CONTACT_ANSWERS = tuple(ContactAnswer.__subclasses__())  # what a contact can say
OFFICER_ACTS = tuple(OfficerAct.__subclasses__())  # what a duty officer can do
WEARER = "+447700900001"
CONTACTS = (
    Contact("Ben", "+447700900111"),
    Contact("Cleo", "+447700900112"),
    Contact("Dana", "+447700900113"),
)
BEN, CLEO, DANA = (contact.number for contact in CONTACTS)
# Settings of an HQ at which wearers can be enrolled, once it has an officer.
READY: Mapping[str, Mapping[str, object]] = {
    "organisation": {"name": "Example Org"},
    "device": {"public_host": "alarm.example.org"},
    "people": {"public_url": "https://help.example.org", "behind_proxy": True},
}
SIGN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="19" '
    'fill="#0b3d91"/><path d="M11 21l7 7 12-14" fill="none" stroke="#fff" stroke-width="5"/></svg>'
)
CALL_US = "+447700900100"
HQ_MODEM = {"port": "/dev/ttyUSB0", "number": "+447700900002"}


def known_organisation(folder: Path) -> dict[str, object]:
    """Settings of one that contacts know by its sign, which is put into ``folder``, and a number."""
    sign = folder / "sign.svg"
    sign.write_text(SIGN, encoding="utf-8")
    return {"name": "Example Org", "sign": str(sign), "phone": CALL_US}


def settings_text(**sections: Mapping[str, object]) -> str:
    """A settings file's text: ``settings_text(gps={"port": 9})``."""
    lines = []
    for name, keys in sections.items():
        lines += [f"[{name}]", *(f"{key} = {as_toml(value)}" for key, value in keys.items())]
    return "\n".join((*lines, ""))


def device_config(folder: Path, **sections: Mapping[str, object]) -> Path:
    """A wearable's settings file in ``folder``, which also holds its files."""
    storage = {"state": str(folder / "state"), "runtime": str(folder / "run")}
    path = folder / "outcry.toml"
    path.write_text(settings_text(**({"storage": storage} | sections)), encoding="utf-8")
    return path


def hq_config(
    folder: Path, directory: Path | None = None, **sections: Mapping[str, object]
) -> Path:
    """HQ's settings file in ``folder``, and its state in ``directory`` or below the file."""
    state = {"directory": str(directory or folder / "state")}
    path = folder / "responder.toml"
    path.write_text(settings_text(state=state, **sections), encoding="utf-8")
    return path


FIRST, POSITION = MessageType.FIRST, MessageType.POSITION
STILL, WITHDRAWAL = MessageType.STILL_IN_DANGER, MessageType.WITHDRAWAL
DATA, SMS, LINK = CameBy.DATA, CameBy.SMS, CameBy.LINK


def report(
    message: int = 1,
    at: float = 0.0,
    type_: MessageType = FIRST,
    sequence: int | None = None,
    path: CameBy = DATA,
    marks: tuple[Mark, ...] = (),
) -> ReportArrived:
    counted = message - 1 if sequence is None else sequence
    return ReportArrived(at, message, type_, counted, path, marks)


def kind_of(event: Event) -> type[Event] | Outcome:
    """What kind of event it is; of a call that has ended, its outcome."""
    return event.outcome if isinstance(event, CallEnded) else type(event)


def again(message: int, path: CameBy, at: float = 0.0) -> ReportRepeated:
    return ReportRepeated(at, message, path)


def withdrawn(verdict: Verdict, at: float = 2.0, message: int = 9) -> list[Event]:
    """A withdrawal arrives and, unless it still waits for that, is judged."""
    arrived = report(message, at, WITHDRAWAL)
    if verdict is Verdict.WAITING:
        return [arrived]
    return [arrived, WithdrawalJudged(at, message, verdict)]


def says(
    contact: int,
    what: type[ContactAnswer] = Confirmed,
    at: float = 1.0,
    by: AnsweredBy = AnsweredBy.PAGE,
) -> ContactAnswer:
    return what(at, contact, by)


def officer(what: type[OfficerAct], at: float = 1.0) -> OfficerAct:
    """The officer on duty at night does something; the other one is on duty by day."""
    if issubclass(what, Corrected):
        return what(at, "night", Reason.FALSE_ALARM)
    if issubclass(what, HandedOver | TakenOver):
        return what(at, "night", "day")
    return what(at, "night")


BEFORE: Mapping[type[OfficerAct], list[Event]] = {
    TakenOver: [Acknowledged(0.5, "day")],
    HandedOver: [Acknowledged(0.5, "night")],
    GivenBack: [Acknowledged(0.5, "night")],
    VetoLifted: [Vetoed(0.5, "night")],
    Reopened: [Closed(0.5, "night")],
}
"""What has happened before an officer can do this."""


def corrected(reason: Reason = Reason.FALSE_ALARM, at: float = 1.0) -> Corrected:
    return Corrected(at, "night", reason)


def ground(at: float = 2.0, why: Ground = Ground.QUORUM) -> GroundFound:
    return GroundFound(at, why)


def planned(target: Target, at: float = 0.0, attempt: int = 1) -> CallPlanned:
    return CallPlanned(at, Action(target, attempt))


def ended(target: Target, outcome: Outcome, at: float = 0.0, attempt: int = 1) -> CallEnded:
    return CallEnded(at, Action(target, attempt), Came(outcome))


def called(target: Target, outcome: Outcome = Outcome.DONE, at: float = 0.0) -> list[Event]:
    """A call from its plan to its outcome."""
    return [planned(target, at), ended(target, outcome, at)]
