"""The response: what HQ does about an alarm, decided from its history alone.

``decide`` is pure. Each rule below says what ought to be done; one engine
compares that with what was tried and says what to do now and when to look
again. Nothing here performs anything: ``workflow.py`` does, and writes what
came of it into the history that is read here next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from outcry.receipt import Status
from outcry.report import AlarmKind, MessageType
from outcry.responder.history import ANSWERS, Entry, What

RETRY_AFTER_S = (5, 15, 60, 300, 900)  # then every 900 s: a busy network, then a modem to be fixed
TRIES = 100  # with the waits above: about a day
UNKNOWN_TRIES = 1  # a text whose outcome was lost is sent once more, never zero times
NEXT_RECEIPT_S = 90  # a device that is heard over data reports every minute at first
ARRIVED_AFTER_S = 180  # a text arrives in 10 s as a rule; not every network says that it did
RECEIPTS_AN_HOUR = 30  # of one alarm; a device reports by SMS more rarely than every two minutes
HOUR_S = 3600.0
OWN_PAGE = "own page"


class ActionKind(StrEnum):
    """What HQ can do."""

    TELL = "tell"  # a text; target: a contact's number in the list
    NOTIFY = "notify"  # by Apprise; target: "contact:<n>:<channel>" or "officer:<channel>"
    RECEIPT = "receipt"  # target: message:status:round
    PUBLISH = "publish"  # target: a network's name
    FOLLOW_UP = "follow up"  # target: "<network>:<message>", the report it tells of
    CORRECT = "correct"  # target: "<network>:<n>", the n-th correction


LOOKED_UP = (ActionKind.PUBLISH, ActionKind.FOLLOW_UP, ActionKind.CORRECT)
"""Where a try is preceded by a look at what is there: repeating an unknown is harmless."""


class Ground(StrEnum):
    """Why an alarm may be made public."""

    QUORUM = "quorum"


@dataclass(frozen=True)
class Plan:
    """What was agreed beforehand for this wearer, and what HQ has at hand.

    ``contacts`` are numbers in the list, told in this order; ``can_text``: HQ
    has a modem; ``wearer_number``: the wearer's device can be sent a receipt.
    """

    kind: AlarmKind
    contacts: tuple[int, ...]
    quorum: int
    can_text: bool
    wearer_number: bool


@dataclass(frozen=True)
class Want:
    """Something that ought to be done once, and not before a time (Unix seconds)."""

    kind: ActionKind
    target: str
    not_before: float = 0.0


@dataclass(frozen=True)
class Action:
    """One try at a :class:`Want`, counted from 1."""

    kind: ActionKind
    target: str
    attempt: int

    @property
    def key(self) -> str:
        """Unique within its alarm."""
        return f"{self.kind} {self.target} {self.attempt}"


@dataclass(frozen=True)
class Decision:
    """What to write down, what to do, and when (Unix seconds) to look again by oneself."""

    ground: Ground | None
    actions: tuple[Action, ...]
    look_again_at: float | None


def receipt_target(message: int, status: Status, round_: int) -> str:
    """The target of a receipt by SMS: which message, saying what, and for the how-manieth time."""
    return f"{message}:{status.value}:{round_}"


def receipt_of(target: str) -> tuple[int, Status]:
    """The message and status of :func:`receipt_target`."""
    message, status, _ = target.split(":")
    return int(message), Status(int(status))


def tell_contacts(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """Each contact is told of every alarm, drills included, in the agreed order."""
    if plan.can_text and any(entry.what is What.REPORT for entry in history):
        for contact in plan.contacts:
            yield Want(ActionKind.TELL, str(contact))


def publish(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """What has a recorded ground is made public; a drill never, whatever was recorded."""
    if plan.kind is not AlarmKind.DRILL and any(entry.what is What.GROUND for entry in history):
        yield Want(ActionKind.PUBLISH, OWN_PAGE)


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
        came = [*_tries(history, last).values()][-1:]
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


RULES: tuple[Callable[[Sequence[Entry], Plan], Iterator[Want]], ...] = (
    tell_contacts,
    publish,
    answer_wearer,
)


def confirmations(history: Sequence[Entry]) -> int:
    """How many different contacts have confirmed."""
    return len({e.data["contact"] for e in history if e.what is What.CONFIRMED})


def ground(history: Sequence[Entry], plan: Plan) -> Ground | None:
    """The ground on which this alarm may be published. The one place where that is decided.

    A drill never has one, whatever people confirm.
    """
    if plan.kind is AlarmKind.DRILL:
        return None
    return Ground.QUORUM if confirmations(history) >= plan.quorum else None


def decide(history: Sequence[Entry], plan: Plan, now: float) -> Decision:
    """What to do now (Unix seconds) about an alarm with this history."""
    recorded = any(entry.what is What.GROUND for entry in history)
    new_ground = None if recorded else ground(history, plan)
    actions = []
    later = []
    for rule in RULES:
        for want in rule(history, plan):
            tries = _tries(history, want)
            at = _next_try(want.kind, tuple(tries.values()))
            if at is None:
                continue
            at = max(at, want.not_before)
            if at <= now:
                actions.append(Action(want.kind, want.target, len(tries) + 1))
            else:
                later.append(at)
    return _within_rate(
        Decision(new_ground, tuple(actions), min(later, default=None)), history, now
    )


def _within_rate(decision: Decision, history: Sequence[Entry], now: float) -> Decision:
    """At most so many receipts by SMS an hour; when there are more to send, the newest go."""
    receipts = [action for action in decision.actions if action.kind is ActionKind.RECEIPT]
    sent = [
        entry.at
        for entry in history
        if entry.what is What.PLANNED
        and entry.data["kind"] == ActionKind.RECEIPT
        and entry.at > now - HOUR_S
    ]
    too_many = len(receipts) - max(0, RECEIPTS_AN_HOUR - len(sent))
    if too_many <= 0:
        return decision
    waiting = receipts[:too_many]
    times = [min([now, *sent]) + HOUR_S, decision.look_again_at]
    return replace(
        decision,
        actions=tuple(action for action in decision.actions if action not in waiting),
        look_again_at=min(time for time in times if time is not None),
    )


def _tries(history: Sequence[Entry], want: Want) -> dict[str, Entry]:
    """Every try at this, by key, oldest first, each with the last that was heard of it."""
    tries: dict[str, Entry] = {}
    for entry in history:
        if (entry.data.get("kind"), entry.data.get("target")) == (want.kind, want.target):
            tries[entry.data["key"]] = entry
    return tries


def _next_try(kind: ActionKind, tries: Sequence[Entry]) -> float | None:
    """When to try (again), 0 meaning at once; None: it is done, under way or given up."""
    if not tries:
        return 0.0
    came = [entry.what for entry in tries]
    if {What.PLANNED, What.DONE, What.DELIVERED} & set(came) or len(tries) >= TRIES:
        return None
    last = tries[-1]
    if last.what is What.UNKNOWN and kind not in LOOKED_UP:
        return last.at if came.count(What.UNKNOWN) <= UNKNOWN_TRIES else None
    return last.at + RETRY_AFTER_S[min(len(tries), len(RETRY_AFTER_S)) - 1]
