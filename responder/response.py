"""The response: what HQ does about an alarm, decided from its history alone.

``decide`` is pure. Each rule below says what ought to be done; one engine
compares that with what was tried and says what to do now and when to look
again. Nothing here performs anything: ``workflow.py`` does, and writes what
came of it into the history that is read here next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from outcry.receipt import Status
from outcry.report import AlarmKind
from outcry.responder.history import ANSWERS, Entry, What

RETRY_AFTER_S = (5, 15, 60, 300, 900)  # then every 900 s: a busy network, then a modem to be fixed
TRIES = 100  # with the waits above: about a day
UNKNOWN_TRIES = 1  # a text whose outcome was lost is sent once more, never zero times
OWN_PAGE = "own page"


class ActionKind(StrEnum):
    """What HQ can do."""

    TELL = "tell"  # target: a contact's number in the list
    RECEIPT = "receipt"  # target: message:status:round
    PUBLISH = "publish"  # target: where


LOOKED_UP = (ActionKind.PUBLISH,)
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
    """Something that ought to be done once."""

    kind: ActionKind
    target: str


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
    """What has a recorded ground is made public."""
    if any(entry.what is What.GROUND for entry in history):
        yield Want(ActionKind.PUBLISH, OWN_PAGE)


def answer_wearer(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """What came by SMS or a contact's link is answered by SMS; over data the receipt went at once.

    When a person has it, that is said once more, if SMS is how the wearer was last heard.
    """
    if not (plan.can_text and plan.wearer_number):
        return
    person = False
    rounds: dict[tuple[int, Status], int] = {}
    last_heard: tuple[int, str] | None = None
    for entry in history:
        person = person or entry.what in ANSWERS
        if entry.what not in (What.REPORT, What.REPEAT):
            continue
        message, path = int(entry.data["message"]), str(entry.data["path"])
        last_heard = message, path
        answer = message, Status.ACKNOWLEDGED if person else Status.STORED
        if path == "sms":  # the device asks: its last receipt may be lost
            rounds[answer] = rounds.get(answer, 0) + 1
        elif path == "link":  # a contact opened it, however often
            rounds.setdefault(answer, 1)
    if person and last_heard is not None and last_heard[1] in ("sms", "link"):
        rounds.setdefault((last_heard[0], Status.ACKNOWLEDGED), 1)
    for (message, status), count in rounds.items():
        for round_ in range(1, count + 1):
            yield Want(ActionKind.RECEIPT, receipt_target(message, status, round_))


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
            if at <= now:
                actions.append(Action(want.kind, want.target, len(tries) + 1))
            else:
                later.append(at)
    return Decision(new_ground, tuple(actions), min(later, default=None))


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
