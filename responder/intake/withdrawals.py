"""What a withdrawal's code means: the one place where it is judged.

Judged after its receipt has left, by the workflow, so that neither the answer
nor the time it takes can tell the device anything. The verdict stops and
starts nothing; it is for the duty officer's eyes, see ``Case.withdrawal``.
"""

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
    tapped, message, code = store.unjudged.c, store.message.c, store.safe_code.c
    longest = (
        select(tapped.message, tapped.taps, message.alarm, message.stale, code.salt, code.hash)
        .join_from(store.unjudged, store.message)
        .outerjoin(store.safe_code, code.device == message.device)
        .order_by(tapped.message)
        .limit(1)
    )
    with database.read() as connection:
        waiting = connection.execute(longest).first()
    if waiting is None:
        return False
    if waiting.salt is None or not is_pin(waiting.taps, waiting.salt, waiting.hash):
        verdict = Verdict.DURESS
    else:
        verdict = Verdict.OLD if waiting.stale else Verdict.SAFE
    with database.write() as connection:
        judged = WithdrawalJudged(now, waiting.message, verdict)
        event_log.happened(connection, waiting.alarm, judged)
        connection.execute(delete(store.unjudged).filter_by(message=waiting.message))
    log.tell(journal.Entry.JUDGED, alarm=waiting.alarm)
    return True
