"""What a withdrawal's code means: the one place where it is judged.

Judged after its receipt has left, by the workflow, so that neither the answer
nor the time it takes can tell the device anything. The verdict stops and
starts nothing; it is for the duty officer's eyes, see ``Case.withdrawal``.
"""

from __future__ import annotations

from sqlalchemy import delete, select

from outcry.responder import journal
from outcry.responder.enrolment.pins import is_pin
from outcry.responder.rules.events import Verdict, WithdrawalJudged
from outcry.responder.storage import event_log, store
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.judging")


def judge_next(database: Store, now: float) -> bool:
    """Judge the withdrawal that has waited longest; False if none waits.

    One at a time: a hash takes long, and an alarm must never wait for many.
    """
    table = store.unjudged
    with database.read() as connection:
        waiting = connection.execute(
            select(
                table.c.message,
                table.c.taps,
                store.message.c.alarm,
                store.message.c.stale,
                store.safe_code.c.salt,
                store.safe_code.c.hash,
            )
            .join(store.message, store.message.c.id == table.c.message)
            .outerjoin(store.safe_code, store.safe_code.c.device == store.message.c.device)
            .order_by(table.c.message)
            .limit(1)
        ).first()
    if waiting is None:
        return False
    if waiting.salt is None or not is_pin(waiting.taps, waiting.salt, waiting.hash):
        verdict = Verdict.DURESS
    else:
        verdict = Verdict.OLD if waiting.stale else Verdict.SAFE
    with database.write() as connection:
        judged = WithdrawalJudged(now, waiting.message, verdict)
        event_log.happened(connection, waiting.alarm, judged)
        connection.execute(delete(table).filter_by(message=waiting.message))
    log.tell(journal.Entry.JUDGED, alarm=waiting.alarm)
    return True
