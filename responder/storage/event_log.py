"""An alarm's history, which is its state: what arrived, what people decided, what was done.

Append-only. Nothing else about an alarm is remembered, so what the rules decide can always be
explained by reading it. The audit chain hashes each row as it is written here: how an event is
written never changes, and what any release has written is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from outcry.report import MessageType
from outcry.responder.rules import events
from outcry.responder.rules.calls import Action
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    CONTACT_ANSWERS,
    OFFICER_ACTS,
    AnsweredBy,
    Came,
    CameBy,
    Event,
    Mark,
)
from outcry.responder.storage import audit_chain, store
from outcry.responder.storage.audit_chain import Head


def append(connection: Connection, alarm: int, event: Event) -> None:
    """Add an event at the end."""
    append_all(connection, [(alarm, event)])


def append_all(connection: Connection, said: Sequence[tuple[int, Event]]) -> None:
    """Add each event at the end of its alarm's history, in this order."""
    alarms = {alarm for alarm, _ in said}
    store.lock_alarms(connection, alarms)
    ends = audit_chain.ends_of(connection, alarms)
    rows = []
    for alarm, event in said:
        last = ends[alarm]
        what, data = to_row(event)
        salt = audit_chain.new_salt()
        link = audit_chain.link(last.link, salt, alarm, last.n + 1, event.at, what, data)
        ends[alarm] = Head(last.n + 1, link)
        rows.append(
            {
                "alarm": alarm,
                "n": last.n + 1,
                "at": event.at,
                "what": what,
                "data": data,
                "salt": salt,
                "link": link,
            }
        )
    connection.execute(insert(store.history), rows)


def load(connection: Connection, alarm: int) -> tuple[Event, ...]:
    """All events, oldest first."""
    table = store.history
    rows = connection.execute(
        select(table.c.at, table.c.what, table.c.data)
        .where(table.c.alarm == alarm)
        .order_by(table.c.n)
    )
    return tuple(from_row(row.at, row.what, row.data) for row in rows)


def case_of(connection: Connection, alarm: int) -> Case:
    """The alarm's case, in which the wearer's own contacts and nobody else has a say."""
    contacts = connection.scalars(
        select(store.contact.c.number_in_list)
        .join(store.alarm, store.alarm.c.device == store.contact.c.device)
        .where(store.alarm.c.id == alarm)
    )
    return Case.of(load(connection, alarm), frozenset(contacts))


def has(connection: Connection, alarm: int, kind: type[Event]) -> bool:
    """Whether something of this kind has happened; it does not load the history."""
    table = store.history
    row = select(table.c.n).where(table.c.alarm == alarm, table.c.what == _NAMES[kind])
    return connection.scalar(row.limit(1)) is not None


def acknowledged(connection: Connection, alarms: Iterable[int]) -> set[int]:
    """Those that a person has; asked for every receipt, so it does not load the histories."""
    table = store.history
    said = table.c.what.in_([_NAMES[kind] for kind in (*CONTACT_ANSWERS, *OFFICER_ACTS)])
    found = select(table.c.alarm).distinct().where(table.c.alarm.in_(list(alarms)), said)
    return set(connection.scalars(found))


_NAMES: Mapping[type[Event], str] = {
    events.ReportArrived: "REPORT",
    events.ReportRepeated: "REPEAT",
    events.WithdrawalJudged: "JUDGED",
    events.ContactSaw: "SEEN",
    events.Confirmed: "CONFIRMED",
    events.Unsure: "UNSURE",
    events.CalledFalse: "FALSE",
    events.WrongPinTried: "WRONG_PIN",
    events.Acknowledged: "ACKNOWLEDGED",
    events.OfficerConfirmed: "OFFICER_CONFIRMED",
    events.Approved: "APPROVED",
    events.Vetoed: "VETOED",
    events.VetoLifted: "VETO_LIFTED",
    events.Corrected: "CORRECTED",
    events.Closed: "CLOSED",
    events.WentSilent: "SILENT",
    events.HeardAgain: "HEARD",
    events.GroundFound: "GROUND",
    events.CallPlanned: "PLANNED",
}
"""What a row calls each kind of event; of a call that has ended it is the outcome's name."""


def name_of(event: Event) -> str:
    """What a row calls this event."""
    return event.outcome.name if isinstance(event, events.CallEnded) else _NAMES[type(event)]


def to_row(event: Event) -> tuple[str, str]:
    """How an event is written: its name, and its data as JSON."""
    return name_of(event), json.dumps(_data(event))


def _data(event: Event) -> dict[str, Any]:
    match event:
        case events.ReportArrived():
            kind = {"message": event.message, "type": event.type.name, "sequence": event.sequence}
            return {**kind, "path": event.path, "marks": list(event.marks)}
        case events.ReportRepeated():
            return {"message": event.message, "path": event.path}
        case events.WithdrawalJudged():
            return {"message": event.message, "verdict": event.verdict}
        case events.ContactAnswer():
            always = isinstance(event, events.Confirmed)
            return {"contact": event.contact, **_by(event.by, always)}
        case events.WrongPinTried():
            return {"link_of": event.link_of, **_by(event.by)}
        case events.Corrected() | events.Closed():
            return {"officer": event.officer, **_given(reason=event.reason)}
        case events.OfficerAct():
            return {"officer": event.officer}
        case events.WentSilent():
            marks = list(event.marks)
            return {"heard_at": event.heard_at, "marks": marks, "vanished": event.vanished}
        case events.GroundFound():
            return {"ground": event.ground}
        case events.CallPlanned():
            return _call(event.action)
        case events.CallEnded():
            came = event.came
            return _call(event.action) | _given(url=came.url, id=came.id, why=came.why)
        case _:
            return {}


def _by(by: AnsweredBy, always: bool = False) -> dict[str, str]:
    return {"by": by} if always or by is not AnsweredBy.PAGE else {}


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _call(action: Action) -> dict[str, str]:
    return {"key": action.key, "kind": action.kind, "target": str(action.target)}


def from_row(at: float, what: str, data: str) -> Event:
    """The event that was written so, by this release or one before."""
    return _READERS[what](at, json.loads(data))


_Reader = Callable[[float, Mapping[str, Any]], Event]


def _answered(kind: type[events.ContactAnswer]) -> _Reader:
    return lambda at, said: kind(at, said["contact"], _answered_by(said))


def _answered_by(said: Mapping[str, Any]) -> AnsweredBy:
    return AnsweredBy(said.get("by", AnsweredBy.PAGE))


def _acted(kind: type[events.OfficerAct]) -> _Reader:
    return lambda at, said: kind(at, said["officer"])


def _ended(outcome: events.Outcome) -> _Reader:
    return lambda at, said: events.CallEnded(
        at,
        _action(said),
        Came(outcome, said.get("why"), said.get("url"), said.get("id")),
    )


def _action(said: Mapping[str, Any]) -> Action:
    return Action.of(said["kind"], said["target"], said["key"])


_READERS: Mapping[str, _Reader] = {
    "REPORT": lambda at, said: events.ReportArrived(
        at,
        said["message"],
        MessageType[said["type"]],
        said.get("sequence", 0),  # the first release wrote none
        CameBy(said["path"]),
        tuple(map(Mark, said["marks"])),
    ),
    "REPEAT": lambda at, said: events.ReportRepeated(at, said["message"], CameBy(said["path"])),
    "JUDGED": lambda at, said: events.WithdrawalJudged(
        at, said["message"], events.Verdict(said["verdict"])
    ),
    **{_NAMES[kind]: _answered(kind) for kind in CONTACT_ANSWERS},
    "WRONG_PIN": lambda at, said: events.WrongPinTried(at, said["link_of"], _answered_by(said)),
    **{_NAMES[kind]: _acted(kind) for kind in OFFICER_ACTS},
    "CORRECTED": lambda at, said: events.Corrected(
        at, said["officer"], events.Reason(said["reason"])
    ),
    "CLOSED": lambda at, said: events.Closed(at, said["officer"], said.get("reason")),
    "SILENT": lambda at, said: events.WentSilent(
        at, said["heard_at"], tuple(said["marks"]), said["vanished"]
    ),
    "HEARD": lambda at, said: events.HeardAgain(at),
    "GROUND": lambda at, said: events.GroundFound(at, events.Ground(said["ground"])),
    "PLANNED": lambda at, said: events.CallPlanned(at, _action(said)),
    **{outcome.name: _ended(outcome) for outcome in events.Outcome},
}
