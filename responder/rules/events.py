"""What an alarm's history consists of: what arrived, what people decided, what was done.

Each entry is an event of a class of its own; one that says what cannot be is never made. How they
stand in the database is written in ``storage/event_log.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, get_origin, get_type_hints

from outcry.report import MessageType
from outcry.responder.rules.calls import Action, ActionKind


class EventInvalid(ValueError):
    """Nothing like this can happen to an alarm; the message says why."""


class CameBy(StrEnum):
    """Which way a sealed message reached HQ."""

    DATA = "data"
    SMS = "sms"
    LINK = "link"


class Mark(StrEnum):
    """What is odd about a report, for people to see."""

    COUNTER_USED = "counter used before"
    OUT_OF_ORDER = "out of order"
    CLOCK_UNSET = "clock not set"
    LATE = "late"
    CLOCK_AHEAD = "clock ahead"


NOT_OF_NOW = frozenset({Mark.LATE, Mark.OUT_OF_ORDER, Mark.COUNTER_USED})
"""Marks of a report that may have been made long before it arrived."""


class Verdict(StrEnum):
    """What is known of a withdrawal, and of an alarm's withdrawals together: the worst, last."""

    SAFE = "safe"
    OLD = "old"  # the code that means safe, but older than what was heard: it proves nothing
    WAITING = "waiting"  # for its code to be judged
    DURESS = "duress"  # any other code


class AnsweredBy(StrEnum):
    """Which way a contact answered."""

    PAGE = "page"
    SMS = "sms"


class Reason(StrEnum):
    """Why what was published is corrected."""

    FALSE_ALARM = "false_alarm"
    RELEASED = "released"
    OTHER = "other"  # something has changed, and the alarm goes on


class Ground(StrEnum):
    """Why an alarm may be made public."""

    QUORUM = "quorum"
    DUTY_OFFICER = "duty officer"
    CONSENT = "the wearer's consent"


class Outcome(StrEnum):
    """What came of a call."""

    DONE = "done"
    FAILED = "failed"  # certainly nothing happened
    UNKNOWN = "unknown"  # it may have happened
    DROPPED = "dropped"  # it was no longer to be done when its turn came
    DELIVERED = "delivered"  # a text, as its network says
    UNDELIVERED = "undelivered"  # a text that will never be


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. ``at``: Unix seconds by HQ's clock."""

    at: float

    def __post_init__(self) -> None:
        for name, kind in _declared(type(self)):  # type: ignore[arg-type]  # classes are hashable
            _require(isinstance(getattr(self, name), kind), f"this is no {name}")
        _require(math.isfinite(self.at), "it happened at no time")


@dataclass(frozen=True, slots=True)
class ReportArrived(Event):
    """A sealed report, kept as the message of this number."""

    message: int
    type: MessageType
    sequence: int
    path: CameBy
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        _require(self.type is not MessageType.HEARTBEAT, "a heartbeat belongs to no alarm")
        _require(min(self.message, self.sequence) >= 0, "reports are counted from 0")
        _require(all(isinstance(mark, Mark) for mark in self.marks), "there is no such mark")

    @property
    def is_of_now(self) -> bool:
        """Whether it proves that something happens now: fresh, and newer than all before."""
        return NOT_OF_NOW.isdisjoint(self.marks)

    @property
    def is_withdrawal(self) -> bool:
        return self.type is MessageType.WITHDRAWAL

    @property
    def is_still_in_danger(self) -> bool:
        return self.type is MessageType.STILL_IN_DANGER


@dataclass(frozen=True, slots=True)
class ReportRepeated(Event):
    """A message that is here already came again."""

    message: int
    path: CameBy


@dataclass(frozen=True, slots=True)
class WithdrawalJudged(Event):
    """The code in a withdrawal was compared with the one that means safe."""

    message: int
    verdict: Verdict

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        _require(self.verdict is not Verdict.WAITING, "what was judged waits no longer")


@dataclass(frozen=True, slots=True)
class Answer(Event):
    """A person has it: each answer is an acknowledgement too."""


@dataclass(frozen=True, slots=True)
class ContactAnswer(Answer):
    """A contact, by their number in the list, has answered."""

    contact: int
    by: AnsweredBy = AnsweredBy.PAGE


class ContactSaw(ContactAnswer):
    """They have seen it."""

    __slots__ = ()


class Confirmed(ContactAnswer):
    """They confirm: it is real, make it public."""

    __slots__ = ()


class Unsure(ContactAnswer):
    """They cannot tell."""

    __slots__ = ()


class CalledFalse(ContactAnswer):
    """They believe it is false."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class WrongPinTried(Event):
    """A PIN or code that is nobody's; ``link_of``: the contact named by the link or the number."""

    link_of: int | None
    by: AnsweredBy = AnsweredBy.PAGE


@dataclass(frozen=True, slots=True)
class OfficerAct(Answer):
    """A duty officer has done something about it."""

    officer: str


class Acknowledged(OfficerAct):
    """They have it."""

    __slots__ = ()


class OfficerConfirmed(OfficerAct):
    """They confirm: it is real."""

    __slots__ = ()


class Approved(OfficerAct):
    """They say: publish."""

    __slots__ = ()


class Vetoed(OfficerAct):
    """They say: do not publish."""

    __slots__ = ()


class VetoLifted(OfficerAct):
    """They take the veto back."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Corrected(OfficerAct):
    """They correct what was published."""

    reason: Reason

    @property
    def forbids(self) -> bool:
        """Whether it says that the alarm is not true any more."""
        return self.reason is not Reason.OTHER


@dataclass(frozen=True, slots=True)
class Closed(OfficerAct):
    """They close the alarm; ``reason`` in their own words."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WentSilent(Event):
    """Nothing was heard of the device for too long.

    ``marks``: what it last said of itself, in words; ``vanished``: that it moved, or was jammed.
    """

    heard_at: float
    marks: tuple[str, ...] = ()
    vanished: bool = False


@dataclass(frozen=True, slots=True)
class HeardAgain(Event):
    """The device was heard again, which ends its silence."""


@dataclass(frozen=True, slots=True)
class GroundFound(Event):
    """It may be made public, on this ground."""

    ground: Ground


@dataclass(frozen=True, slots=True)
class CallPlanned(Event):
    """A call is to be made."""

    action: Action


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """What came of a call. ``url`` and ``id``: of a post that is out; ``why``: in words."""

    action: Action
    outcome: Outcome
    url: str | None = None
    id: str | None = None
    why: str | None = None

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        if self.outcome in (Outcome.DELIVERED, Outcome.UNDELIVERED):
            _require(self.action.kind in TEXTS, "only a text is delivered")
        if self.url is not None or self.id is not None:
            _require(self.outcome is Outcome.DONE, "no post is out")
            _require(self.action.kind in PUBLICATIONS, "only what is published has an address")


TEXTS = (ActionKind.TELL, ActionKind.RECEIPT)
PUBLICATIONS = (ActionKind.PUBLISH, ActionKind.FOLLOW_UP, ActionKind.CORRECT)

CONTACT_EVENTS = (ContactSaw, Confirmed, Unsure, CalledFalse)
"""What a contact can say."""

OFFICER_EVENTS = (
    Acknowledged,
    OfficerConfirmed,
    Approved,
    Vetoed,
    VetoLifted,
    Corrected,
    Closed,
)
"""What a duty officer can do."""


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise EventInvalid(otherwise)


@cache
def _declared(event: type[Event]) -> tuple[tuple[str, Any], ...]:
    """Each field of this class of events, and what its value may be an instance of."""
    kinds = {float: float | int}
    return tuple(
        (name, kinds.get(hint, tuple if get_origin(hint) is tuple else hint))
        for name, hint in get_type_hints(event).items()
    )


# Until every reader of a history knows the events above: entries as they were.


class What(StrEnum):
    """What an entry says, and the keys of its data."""

    REPORT = "a report arrived"  # message, type, sequence, path, marks
    REPEAT = "a report arrived again"  # message, path
    JUDGED = "a withdrawal's code was judged"  # message, verdict
    SEEN = "a contact has seen it"  # contact
    CONFIRMED = "a contact confirms: real, publish"  # contact, by: "page" or "sms"
    UNSURE = "a contact cannot tell"  # contact
    FALSE = "a contact says it is false"  # contact
    WRONG_PIN = "a wrong PIN was tried"  # contact, if the link named one
    ACKNOWLEDGED = "a duty officer has it"  # officer
    OFFICER_CONFIRMED = "a duty officer confirms: real"  # officer
    APPROVED = "a duty officer says: publish"  # officer
    VETOED = "a duty officer says: do not publish"  # officer
    VETO_LIFTED = "a duty officer takes the veto back"  # officer
    CORRECTED = "a duty officer corrects what was published"  # officer, reason
    CLOSED = "a duty officer closes the alarm"  # officer, reason
    SILENT = "nothing was heard of the device for too long"  # heard_at, marks, vanished
    HEARD = "the device was heard again"
    GROUND = "publication has a ground"  # ground
    PLANNED = "planned"  # key, kind, target
    DONE = "done"  # key, kind, target, url of a post
    FAILED = "failed"  # key, kind, target, why
    UNKNOWN = "unknown: it may have happened"  # key, kind, target, why
    DROPPED = "no longer to be done when its turn came"  # key, kind, target, why
    DELIVERED = "the text was delivered"  # key, kind, target
    UNDELIVERED = "the text will never be delivered"  # key, kind, target


CONTACT_ANSWERS = (What.SEEN, What.CONFIRMED, What.UNSURE, What.FALSE)
"""What a contact can say; the entry names the contact."""

OFFICER_ANSWERS = (
    What.ACKNOWLEDGED,
    What.OFFICER_CONFIRMED,
    What.APPROVED,
    What.VETOED,
    What.VETO_LIFTED,
    What.CORRECTED,
    What.CLOSED,
)
"""What a duty officer can do; the entry names the officer."""

ANSWERS = CONTACT_ANSWERS + OFFICER_ANSWERS
"""A person has it: each of these is an acknowledgement too."""

NO_LONGER = (What.CLOSED, What.HEARD)
"""The alarm is over, unless its wearer holds the button again."""


@dataclass(frozen=True)
class Entry:
    """One line of a history. ``at`` is Unix seconds by HQ's clock."""

    at: float
    what: What
    data: Mapping[str, Any] = field(default_factory=dict)


def withdrawal(entries: Sequence[Entry]) -> Verdict | None:
    """What an alarm's withdrawals come to; None without any.

    The worst counts, and a later safe one takes nothing back: whoever holds the device can try
    codes. Anything but safe forbids publishing on the wearer's own consent.
    """
    verdicts = {
        entry.data["message"]: Verdict.WAITING
        for entry in entries
        if entry.what is What.REPORT and entry.data["type"] == MessageType.WITHDRAWAL.name
    }
    for entry in entries:
        if entry.what is What.JUDGED:
            verdicts[entry.data["message"]] = Verdict(entry.data["verdict"])
    return max(verdicts.values(), key=list(Verdict).index, default=None)
