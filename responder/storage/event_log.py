"""An alarm's history, which is its state: what arrived, what people decided, what was done.

Append-only. Nothing else about an alarm is remembered, so what the rules decide can always be
explained by reading it. The audit chain hashes each row as it is written here: how an event is
written never changes, and what any release has written is read.

Exhibits stand in the same chain, and so does what is written beside an event as its proof: no rule
reads them, they are evidence of what was received, said and agreed.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from enum import Enum, StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

from sqlalchemy import Connection, insert, select, update

from outcry.report import MessageType
from outcry.responder.rules import events
from outcry.responder.rules.calls import Action
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Came, Event, Outcome
from outcry.responder.storage import audit_chain, links, store
from outcry.responder.storage.alarms import set_due
from outcry.responder.storage.audit_chain import Head

_ENTRIES = insert(store.history)
_COLUMNS = ("alarm", "n", "at", "what", "data", "salt", "link")


class Exhibit(StrEnum):
    """What an entry is that no rule reads."""

    WORDS = "what is about to leave, word for word"  # kind, target, text, sha256, …
    PLAN = "whose alarm it is, and by which plan it is decided from now on"  # device, line, …
    READ = "what was in a report of an earlier release"  # message, and its proof


def append(connection: Connection, alarm: int, event: Event, **proof: object) -> None:
    """Add an event at the end, with what is written beside it as its proof."""
    append_all(connection, [(alarm, event, proof)])


def happened(connection: Connection, alarm: int, event: Event, **proof: object) -> None:
    """Add an event at the end, and let the alarm be looked at at once."""
    append(connection, alarm, event, **proof)
    set_due(connection, alarm, event.at)


def append_all(
    connection: Connection, said: Iterable[tuple[int, Event, Mapping[str, object]]]
) -> None:
    """Add each event, with its proof, at the end of its alarm's history, in this order."""
    entries = [(alarm, event.at, *to_row(event, proof)) for alarm, event, proof in said]
    _write(connection, entries)


def exhibit(
    connection: Connection, alarm: int, now: float, what: Exhibit, data: Mapping[str, object]
) -> None:
    _write(connection, [(alarm, now, what.name, json.dumps(data))])


def _write(connection: Connection, entries: Sequence[tuple[int, float, str, str]]) -> None:
    alarms = {alarm for alarm, *_ in entries}
    store.lock_alarms(connection, alarms)
    ends = audit_chain.ends_of(connection, alarms)
    rows = []
    for alarm, at, what, data in entries:
        last = ends[alarm]
        entry = alarm, last.n + 1, float(at), what, data  # as the column will give it back
        salt = links.new_salt()
        link = links.link(last.link, salt, *entry)
        ends[alarm] = Head(last.n + 1, link)
        rows.append(dict(zip(_COLUMNS, (*entry, salt, link), strict=True)))
    store.write_rows(connection, _ENTRIES, rows)


UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, AssertionError)
"""What :func:`from_row` and a case raise of an entry that nobody wrote so."""


def load(connection: Connection, alarm: int) -> tuple[Event, ...]:
    """All events, oldest first; exhibits are none."""
    entry = store.history.c
    rows = select(entry.at, entry.what, entry.data).filter_by(alarm=alarm).order_by(entry.n)
    events_alone = rows.where(entry.what.not_in(Exhibit.__members__))
    return tuple(from_row(*row) for row in connection.execute(events_alone))


def load_all(connection: Connection, alarms: Sequence[int]) -> dict[int, list[Event]]:
    """As :func:`load`, of many alarms at once; an entry that cannot be read is left out.

    A damaged one, which ``verify`` names, takes no other alarm from those who watch.
    """
    entry = store.history.c
    rows = select(entry.alarm, entry.at, entry.what, entry.data).where(
        entry.alarm.in_(alarms), entry.what.not_in(Exhibit.__members__)
    )
    found: dict[int, list[Event]] = {alarm: [] for alarm in alarms}
    for alarm, *row in connection.execute(rows.order_by(entry.alarm, entry.n)):
        with suppress(*UNREADABLE):
            found[alarm].append(from_row(*row))
    return found


def length(connection: Connection, alarm: int) -> int:
    """How many entries there are: what a page that is made now can show."""
    return audit_chain.ends_of(connection, [alarm])[alarm].n


def showed(connection: Connection, alarm: int, seen: int | None) -> dict[str, int]:
    """The proof of a decision: up to which entry its page had shown.

    ``seen``: so many events, as the page's form says; nothing, if that cannot be.
    """
    if not seen:
        return {}
    entry = store.history.c
    events_alone = select(entry.n).where(
        entry.alarm == alarm, entry.what.not_in(Exhibit.__members__)
    )
    n = connection.scalar(events_alone.order_by(entry.n).offset(seen - 1).limit(1))
    return {} if n is None else {"shown": n}


def page(
    connection: Connection, alarm: int, message: int | None, again_at: float | None
) -> dict[str, object]:
    """The proof of a contact's answer: by which entry its page showed what it did, a report.

    ``again_at``: when the page said that the alarm had begun again since (Unix seconds).
    """
    entry = store.history.c
    of_reports = entry.what.in_(["REPORT", Exhibit.READ.name])
    rows = connection.execute(
        select(entry.n, entry.data).where(entry.alarm == alarm, of_reports).order_by(entry.n)
    )
    n = next((row.n for row in rows if audit_chain.read(row.data).get("message") == message), None)
    again = {} if again_at is None else {"again_at": again_at}
    return {} if n is None or message is None else {"page": n, **again}


def case_of(connection: Connection, alarm: int) -> Case:
    """The alarm's case, in which the wearer's own contacts and nobody else has a say."""
    device = select(store.alarm.c.device).filter_by(id=alarm).scalar_subquery()
    contacts = select(store.contact.c.number_in_list).filter_by(device=device)
    return Case.of(load(connection, alarm), frozenset(connection.scalars(contacts)))


def has(connection: Connection, alarm: int, kind: type[Event]) -> bool:
    """Whether something of this kind has happened; it does not load the history."""
    row = select(store.history.c.n).filter_by(alarm=alarm, what=_NAMES[kind])
    return connection.scalar(row.limit(1)) is not None


def look_at_earlier(connection: Connection, alarm: int, now: float) -> None:
    """The wearer's earlier alarms that were corrected are looked at again: what was said is old.

    One that another process holds is passed over. It is looked at by itself (``decide.LATER_S``),
    since this one is open; and no two processes wait for each other.
    """
    of, said = store.alarm.c, store.history.c
    device = select(of.device).filter_by(id=alarm).scalar_subquery()
    corrected = select(said.alarm).filter_by(what=_NAMES[events.Corrected])
    earlier = select(of.id).where(of.device == device, of.id < alarm, of.id.in_(corrected))
    free = earlier.with_for_update(skip_locked=True, key_share=True)
    found = connection.scalars(free).all()
    connection.execute(update(store.alarm).where(of.id.in_(found)).values(due_at=now))


def acknowledged(connection: Connection, alarms: Iterable[int]) -> set[int]:
    """Those that a person has; asked for every receipt, so it does not load the histories."""
    return set(connection.scalars(_ACKNOWLEDGED, {"alarms": list(alarms)}))


_NAMES: Mapping[type[Event], str] = {
    events.ReportArrived: "REPORT",
    events.ReportRepeated: "REPEAT",
    events.WithdrawalJudged: "JUDGED",
    events.ContactSaw: "SEEN",
    events.Confirmed: "CONFIRMED",
    events.Unsure: "UNSURE",
    events.Unclear: "UNCLEAR",
    events.CalledFalse: "FALSE",
    events.WrongPinTried: "WRONG_PIN",
    events.AnswerDropped: "ANSWER_DROPPED",
    events.Acknowledged: "ACKNOWLEDGED",
    events.TakenOver: "TAKEN_OVER",
    events.HandedOver: "HANDED_OVER",
    events.GivenBack: "GIVEN_BACK",
    events.OfficerConfirmed: "OFFICER_CONFIRMED",
    events.Approved: "APPROVED",
    events.Vetoed: "VETOED",
    events.VetoLifted: "VETO_LIFTED",
    events.Corrected: "CORRECTED",
    events.Closed: "CLOSED",
    events.Reopened: "REOPENED",
    events.StillOnIt: "STILL_ON_IT",
    events.Noted: "NOTED",
    events.Ticked: "TICKED",
    events.Unticked: "UNTICKED",
    events.Rang: "RANG",
    events.WentSilent: "SILENT",
    events.HeardAgain: "HEARD",
    events.GroundFound: "GROUND",
    events.CallPlanned: "PLANNED",
}
"""What a row calls each kind of event; of a call that has ended it is the outcome's name."""
BY_PEOPLE = tuple(
    name for kind, name in _NAMES.items() if issubclass(kind, events.Answer | events.OfficerWork)
)
"""What a row calls what contacts and officers said and did."""
_FIELDS: Mapping[type[Event], Sequence[str]] = {
    kind: [field.name for field in fields(kind) if field.name != "at"]
    for kind in (*_NAMES, events.CallEnded)
}
_CAME = ("url", "id", "why", "wait_s", "text", "pictured")
"""How what came of a call is written, in this order, each if it is known."""
_ACKNOWLEDGED = (
    select(store.history.c.alarm)
    .distinct()
    .where(
        store.history.c.alarm.in_(store.each("alarms")),
        store.BESIDE_REPORTS,
        store.history.c.what.in_(
            [name for kind, name in _NAMES.items() if issubclass(kind, events.Answer)]
        ),
    )
)
_KINDS: Mapping[str, Callable[..., Event]] = {name: kind for kind, name in _NAMES.items()}


def name_of(event: Event) -> str:
    return event.outcome.name if isinstance(event, events.CallEnded) else _NAMES[type(event)]


def to_row(event: Event, proof: Mapping[str, object] = MappingProxyType({})) -> tuple[str, str]:
    """How an event is written: its name, and its fields as JSON, in their order, then its proof."""
    said: dict[str, Any] = {}
    for name in _FIELDS[type(event)]:
        match getattr(event, name):
            case Action() as action:
                kind, target = action.kind, str(action.target)
                said |= {"key": action.key, "kind": kind, "target": target}
            case Came() as came:
                more = {name: getattr(came, name) for name in _CAME}
                said |= {name: value for name, value in more.items() if value is not None}
            case MessageType() as kind:
                said[name] = kind.name
            case events.AnsweredBy(name="PAGE") if not isinstance(event, events.Confirmed):
                pass  # only a confirmation has ever said so
            case None if isinstance(event, events.Closed | events.Corrected):
                pass
            case value:
                said[name] = value
    return name_of(event), json.dumps({**said, **proof})


def from_row(at: float, what: str, data: str) -> Event:
    """The event that was written so, by this release or one before."""
    said = json.loads(data)
    if what in Outcome.__members__:
        came = Came(Outcome[what], **{name: said.get(name) for name in _CAME})
        return events.CallEnded(at, _action(said), came)
    kind = _KINDS[what]
    if kind is events.CallPlanned:
        return kind(at, _action(said))
    if kind is events.ReportArrived:
        said.setdefault("sequence", 0)  # the first release wrote none
    hints = _hints(what)
    return kind(at, **{name: _read(hints[name], said[name]) for name in said if name in hints})


def _action(said: Mapping[str, str]) -> Action:
    return Action.of(said["kind"], said["target"], said["key"])


@cache
def _hints(what: str) -> Mapping[str, Any]:
    return get_type_hints(_KINDS[what])


def _read(hint: Any, value: Any) -> Any:
    if hint is MessageType:
        return MessageType[value]
    if get_origin(hint) is tuple:
        return tuple(_read(get_args(hint)[0], each) for each in value)
    return hint(value) if isinstance(hint, type) and issubclass(hint, Enum) else value
