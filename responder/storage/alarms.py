"""An alarm's row: made with a number that was never given before, deleted for good.

Histories, posts and case files name an alarm by its number. SQLite would give
the last one again once its row is gone.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from outcry.report import AlarmKind, Report, decode
from outcry.responder.rules import ending
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import CameBy, Mark
from outcry.responder.rules.model import NEVER_PUBLIC
from outcry.responder.storage import audit_chain, roll, store


def new(connection: Connection, device: int, device_alarm: int, kind: int, at: float) -> int:
    """A new alarm, arrived at ``at`` (Unix seconds); its number."""
    values = {"device": device, "device_alarm": device_alarm, "kind": kind, "arrived_at": at}
    if connection.dialect.name == "sqlite":
        values["id"] = _never_given(connection)
    made = insert(store.alarm).values(values).returning(store.alarm.c.id)
    number: int = connection.scalars(made).one()
    return number


def forget(connection: Connection, alarm: int, now: float, why: str) -> None:
    """Delete all that is known of an alarm, but that it was, and what knows its messages again.

    A message that was heard is never a new alarm, however late it is repeated: of each its digest
    is kept. What was made public stays public until somebody takes it back.
    """
    device = connection.scalar(select(store.alarm.c.device).filter_by(id=alarm))
    if device is not None:
        store.lock_wearer(connection, device)  # first, as a report of theirs does
    audit_chain.removed(connection, now, alarm, why)
    message = store.message.c
    of_alarm = select(message.id).filter_by(alarm=alarm)
    connection.execute(delete(store.unjudged).where(store.unjudged.c.message.in_(of_alarm)))
    heard = select(message.digest, message.device, message.counter).filter_by(alarm=alarm)
    known_by = ["digest", "device", "counter"]
    connection.execute(insert(store.forgotten).from_select(known_by, heard))
    for table in (store.message, store.history, store.action, store.draft, store.invitation):
        connection.execute(delete(table).filter_by(alarm=alarm))
    connection.execute(delete(store.alarm).filter_by(id=alarm))
    if device is not None:
        roll.refresh(connection, [device])


def _never_given(connection: Connection) -> int:
    return 1 + max(connection.scalar(last) or 0 for last in _LAST)


def set_due(connection: Connection, alarm: int, at: float | None) -> None:
    """When an alarm is to be looked at next (Unix seconds); None: when something happens.

    Until :func:`settle` says so, it counts as one that may go on.
    """
    values = {"due_at": at, "settled_at": None}
    connection.execute(update(store.alarm).filter_by(id=alarm).values(values))


def settle(connection: Connection, alarm: int, kind: AlarmKind, case: Case) -> None:
    """Keep whether it is past, and how it ended; said by who has just looked at all of it."""
    if not ending.is_past(case, kind):
        return
    ended_at = case.last_at if case.now.ended_at is None else case.now.ended_at
    how = {"ending": ending.ending(case).value, "published": ending.was_published(case)}
    settled = update(store.alarm).filter_by(id=alarm).values(settled_at=ended_at, **how)
    connection.execute(settled)


_LAST = (
    select(func.max(store.alarm.c.id)),
    select(func.max(store.record.c.alarm)).where(store.REMOVED),
)


class Arrival(NamedTuple):
    """An alarm, and when it came (Unix seconds)."""

    id: int
    kind: AlarmKind
    at: float


def later(connection: Connection, alarm: int) -> Sequence[Arrival]:
    """The wearer's alarms that came after this one and are neither drill nor silence, newest first."""
    of = store.alarm.c
    device = select(of.device).filter_by(id=alarm).scalar_subquery()
    rows = select(of.id, of.kind, of.arrived_at).where(of.device == device, of.id > alarm)
    real = rows.where(of.kind.not_in(NEVER_PUBLIC)).order_by(of.id.desc())
    return [Arrival(id_, AlarmKind(kind), at) for id_, kind, at in connection.execute(real)]


class NoSuchAlarm(Exception):
    """HQ has no alarm of this number; it may have been deleted."""


class About(NamedTuple):
    """An alarm and its wearer."""

    device: int
    name: str
    number: str | None
    kind: AlarmKind
    arrived_at: float
    heard_at: float | None


def about(connection: Connection, alarm: int) -> About:
    """What is known of an alarm beside its history. Raises :class:`NoSuchAlarm`."""
    wearer, of = store.wearer.c, store.alarm.c
    row = connection.execute(
        select(wearer.device, wearer.name, wearer.number, of.kind, of.arrived_at, wearer.heard_at)
        .join_from(store.alarm, store.wearer)
        .where(of.id == alarm)
    ).first()
    if row is None:
        raise NoSuchAlarm(f"there is no alarm {alarm} here; outcry-responder status shows them")
    return About(*row)._replace(kind=AlarmKind(row.kind))


class Received(NamedTuple):
    """A message of an alarm, and the report that was in it."""

    id: int
    counter: int
    report: Report
    received_at: float
    path: str
    digest: bytes


def received(connection: Connection, **which: int) -> list[Received]:
    """The messages of which this is true, such as ``alarm=1``, in the order of their arrival."""
    columns = [store.message.c[name] for name in Received._fields]
    rows = connection.execute(select(*columns).filter_by(**which).order_by(store.message.c.id))
    return [Received(*row)._replace(report=decode(row.report)) for row in rows]


class Sighting(NamedTuple):
    """One report of an alarm: when it came (Unix seconds), which way, and what is odd about it."""

    report: Report
    arrived_at: float
    path: CameBy
    marks: tuple[Mark, ...]


def track(connection: Connection, alarm: int, case: Case) -> tuple[Sighting, ...]:
    """An alarm's reports, the one that the device made last first."""
    reports = {one.id: one.report for one in received(connection, alarm=alarm)}
    sightings = [
        Sighting(reports[each.message], each.at, each.path, each.marks)
        for each in case.reports.values()
    ]
    return tuple(sorted(sightings, key=lambda one: (-one.report.sequence, -one.report.sent_at)))


last_heard = func.coalesce(
    select(func.max(store.message.c.received_at))
    .where(store.message.c.alarm == store.alarm.c.id)
    .scalar_subquery(),
    store.alarm.c.arrived_at,
)
"""In a query of alarms: when each was last heard of, Unix seconds."""


def opening(connection: Connection, alarm: int) -> tuple[str, Report, float, int]:
    """Who, and the report that opened the alarm here, with its arrival (Unix seconds) and message."""
    message = store.message.c
    reports = select(store.wearer.c.name, message.report, message.received_at, message.id)
    reports = reports.join_from(store.message, store.wearer).where(message.alarm == alarm)
    name, report, at, id_ = connection.execute(reports.order_by(message.id).limit(1)).one()
    return name, decode(report), at, id_
