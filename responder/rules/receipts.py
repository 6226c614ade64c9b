"""Rules: receipts by SMS, which tell a wearer that they are heard."""

from collections.abc import Iterator

from outcry.receipt import Status
from outcry.responder.rules.calls import Receipt, Want
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import CameBy, Outcome
from outcry.responder.rules.model import Plan

NEXT_RECEIPT_S = 90  # a device that is heard over data reports every minute at first
ARRIVED_AFTER_S = 180  # a text arrives in 10 s as a rule; not every network says that it did


def answer_wearer(case: Case, plan: Plan) -> Iterator[Want]:
    """What came by SMS or a contact's link is answered by SMS; over data the receipt went at once.

    That a person has it rides in the next receipt over data. By SMS it goes if the wearer is heard
    some other way, or no more, and once again unless the network says that it arrived.
    """
    if not (plan.can_text and plan.wearer_number):
        return
    owed = dict(case.receipts)
    not_before: dict[Receipt, float] = {}
    if case.answered_at is not None and case.felt is not None and not case.heard_since:
        answer = case.felt.message, Status.ACKNOWLEDGED
        if answer not in owed:
            owed[answer] = 1
            over_data = case.last_path is CameBy.DATA
            wait = case.answered_at + NEXT_RECEIPT_S if over_data else 0.0
            not_before[Receipt(*answer, 1)] = wait
        last = [*case.tries(Receipt(*answer, owed[answer])).values()][-1:]
        if last and last[0].outcome is Outcome.DONE:
            owed[answer] += 1
            not_before[Receipt(*answer, owed[answer])] = last[0].at + ARRIVED_AFTER_S
    for answer, count in owed.items():
        for number in range(1, count + 1):
            receipt = Receipt(*answer, number)
            yield Want(receipt, not_before.get(receipt, 0.0))
