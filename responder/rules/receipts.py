"""Rules: receipts by SMS, which tell a wearer that they are heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from outcry.receipt import Status
from outcry.report import MessageType
from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.events import ANSWERS, Entry, What
from outcry.responder.rules.model import Plan, Want
from outcry.responder.rules.retries import tries

NEXT_RECEIPT_S = 90  # a device that is heard over data reports every minute at first
ARRIVED_AFTER_S = 180  # a text arrives in 10 s as a rule; not every network says that it did


def receipt_target(message: int, status: Status, round_: int) -> str:
    """The target of a receipt by SMS: which message, saying what, and for the how-manieth time."""
    return f"{message}:{status.value}:{round_}"


def receipt_of(target: str) -> tuple[int, Status]:
    """The message and status of :func:`receipt_target`."""
    message, status, _ = target.split(":")
    return int(message), Status(int(status))


def answer_wearer(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """What came by SMS or a contact's link is answered by SMS; over data the receipt went at once.

    That a person has it rides in the next receipt over data. By SMS it goes if the wearer is heard
    some other way, or no more, and once again unless the network says that it arrived.
    """
    if not (plan.can_text and plan.wearer_number):
        return
    rounds = _asked_for(history)
    not_before: dict[str, float] = {}
    for answer, at in _owed(history):
        if answer not in rounds:
            rounds[answer] = 1
            not_before[receipt_target(*answer, 1)] = at
        last = Want(ActionKind.RECEIPT, receipt_target(*answer, rounds[answer]))
        came = [*tries(history, last).values()][-1:]
        if came and came[0].what is What.DONE:
            rounds[answer] += 1
            not_before[receipt_target(*answer, rounds[answer])] = came[0].at + ARRIVED_AFTER_S
    for answer, count in rounds.items():
        for round_ in range(1, count + 1):
            target = receipt_target(*answer, round_)
            yield Want(ActionKind.RECEIPT, target, not_before.get(target, 0.0))


def _asked_for(history: Sequence[Entry]) -> dict[tuple[int, Status], int]:
    """The receipts of what came by SMS or a link, and how many times each is to be sent."""
    rounds: dict[tuple[int, Status], int] = {}
    sent: dict[tuple[int, Status], int] = {}
    status = Status.STORED
    for entry in history:
        if entry.what in ANSWERS:
            status = Status.ACKNOWLEDGED
        elif entry.what is What.PLANNED and entry.data["kind"] == ActionKind.RECEIPT:
            target = entry.data["target"]
            sent[receipt_of(target)] = int(target.rpartition(":")[2])
        elif entry.what in (What.REPORT, What.REPEAT):
            answer = int(entry.data["message"]), status
            if entry.data["path"] == "sms":  # the device asks: what was sent may be lost
                rounds[answer] = sent.get(answer, 0) + 1
            elif entry.data["path"] == "link":  # a contact opened it, however often
                rounds.setdefault(answer, 1)
    return rounds


def _owed(history: Sequence[Entry]) -> Iterator[tuple[tuple[int, Status], float]]:
    """The receipt saying that a person has it, if no receipt over data has said so; not before when.

    It is that of the newest report, for the receipt of one before the last hold is not felt.
    """
    answered = [n for n, entry in enumerate(history) if entry.what in ANSWERS]
    heard = [n for n, entry in enumerate(history) if entry.what in (What.REPORT, What.REPEAT)]
    felt = [history[n] for n in heard if _is_felt(history[n])]
    if not (answered and felt):
        return
    paths = {n: history[n].data["path"] for n in heard}
    if any(paths[n] == "data" for n in heard if n > answered[0]):
        return
    newest = max(reversed(felt), key=_sequence)
    over_data = paths[heard[-1]] == "data"
    not_before = history[answered[0]].at + NEXT_RECEIPT_S if over_data else 0.0
    yield (int(newest.data["message"]), Status.ACKNOWLEDGED), not_before


def _is_felt(entry: Entry) -> bool:
    """Whether the wearer feels this message's receipt: that of a withdrawal says nothing."""
    return entry.what is What.REPORT and entry.data["type"] != MessageType.WITHDRAWAL.name


def _sequence(entry: Entry) -> int:
    """The receipt of a report older than the wearer's last hold says nothing to them either."""
    return int(entry.data.get("sequence", 0))  # entries of before it was written down have none
