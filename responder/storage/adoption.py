"""What an earlier release wrote without proof enters the chain at the upgrade.

From there on changes to it are found; whether there were any before, nobody can say.
"""

from contextlib import suppress

from sqlalchemy import Connection, func, select, update

from outcry.report import AlarmKind
from outcry.responder.storage import (
    alarms,
    audit_chain,
    event_log,
    evidence,
    exhibits,
    roll,
    store,
    versions,
)
from outcry.responder.storage.event_log import Exhibit, exhibit

_TOGETHER = 1000  # wearers


def adopt(connection: Connection, now: float) -> None:
    """Write proofs of what has none. What differs from a proof that is there is left to be found."""
    versions.adopt(connection, now)
    _messages(connection, now)
    _drafts(connection, now)
    alarm = store.alarm.c
    for id_, kind in connection.execute(select(alarm.id, alarm.kind).order_by(alarm.id)).all():
        exhibits.plan_in_force(connection, id_, now)
        with suppress(*event_log.UNREADABLE):
            # A history that nobody can read stands.
            alarms.settle(connection, id_, AlarmKind(kind), event_log.case_of(connection, id_))
    _roll(connection)


def _roll(connection: Connection) -> None:
    """What wearers are found, sorted and drawn by, from what is kept of them."""
    alarm, wearer = store.alarm.c, store.wearer.c
    drilled = select(func.max(alarm.arrived_at)).where(
        alarm.device == wearer.device, alarm.kind == int(AlarmKind.DRILL)
    )
    connection.execute(update(store.wearer).values(drilled_at=drilled.scalar_subquery()))
    every = connection.scalars(select(wearer.device)).all()
    for first in range(0, len(every), _TOGETHER):
        devices = every[first : first + _TOGETHER]
        roll.enter(connection, devices)
        roll.refresh(connection, devices)


def _messages(connection: Connection, now: float) -> None:
    entry = store.history.c
    entries = select(entry.alarm, entry.at, entry.what, entry.data)
    wanted = entries.where(entry.what.in_(["REPORT", Exhibit.READ.name]))
    arrived: dict[int | None, tuple[int, float]] = {}
    proved = set()
    for row in connection.execute(wanted):
        said = audit_chain.read(row.data)
        arrived.setdefault(said.get("message"), (row.alarm, row.at))
        if "sealed" in said:
            proved.add(said["message"])
    for row in connection.execute(select(store.message).order_by(store.message.c.id)).all():
        if row.id not in proved and arrived.get(row.id) == (row.alarm, row.received_at):
            proof = evidence.of_message(row.device, row.counter, row.digest, row.report)
            came = {"received_at": row.received_at, "path": row.path, "stale": row.stale}
            exhibit(connection, row.alarm, now, Exhibit.READ, {"message": row.id, **proof, **came})


def _drafts(connection: Connection, now: float) -> None:
    entry = store.history.c
    written = select(entry.alarm, entry.data).where(entry.what == Exhibit.WORDS.name)
    proved = set()
    for row in connection.execute(written):
        said = audit_chain.read(row.data)
        proved.add((row.alarm, said.get("kind"), said.get("target")))
    for row in connection.execute(select(store.draft)).all():
        if (row.alarm, row.kind, row.target) not in proved:
            exhibits.draft(connection, row.alarm, now, dict(row._mapping))
