"""What is deleted by itself, and when: an alarm that is over, after the days its plan names."""

from sqlalchemy import Connection, select

from outcry.responder import journal
from outcry.responder.plans import repository
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.retention")

DAY_S = 86_400.0


def apply(database: Store, now: float) -> list[int]:
    """Delete what has been over for longer than its wearer's plan keeps it; the alarms that went.

    One transaction an alarm, so that nothing else waits for long.
    """
    with database.read() as connection:
        candidates = connection.scalars(select(store.alarm.c.id).order_by(store.alarm.c.id)).all()
    gone = []
    for alarm in candidates:
        with database.write() as connection:
            if _is_due(connection, alarm, now):
                alarms.forget(connection, alarm, now, "the time agreed in the plan has passed")
                gone.append(alarm)
    if gone:
        database.fold()
        log.tell(journal.Entry.DELETED, count=len(gone))
    return gone


def _is_due(connection: Connection, alarm: int, now: float) -> bool:
    """Over, and as long ago as agreed; what the device went on to send counts as not over yet."""
    days = repository.of_alarm(connection, alarm).keep_days
    if not days:
        return False
    case = event_log.case_of(connection, alarm)
    return case.now.over and case.last_at + days * DAY_S <= now
