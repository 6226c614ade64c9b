"""What an earlier release wrote without proof enters the chain at the upgrade.

From there on changes to it are found; whether there were any before, nobody can say.
"""

from sqlalchemy import Connection, select

from outcry.responder.storage import audit_chain, evidence, exhibits, store, versions
from outcry.responder.storage.event_log import Exhibit, exhibit


def adopt(connection: Connection, now: float) -> None:
    """Write proofs of what has none. What differs from a proof that is there is left to be found."""
    versions.adopt(connection, now)
    _messages(connection, now)
    _drafts(connection, now)
    for alarm in connection.scalars(select(store.alarm.c.id).order_by(store.alarm.c.id)).all():
        exhibits.plan_in_force(connection, alarm, now)


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
