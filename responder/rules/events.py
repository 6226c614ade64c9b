"""What an alarm's history consists of: what arrived, what people decided, what was done.

Each entry is an event of a class of its own; one that makes no sense cannot be made. How they
stand in the database is written in ``storage/event_log.py``.
"""

import math
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, NamedTuple, get_origin, get_type_hints

from outcry.report import MessageType
from outcry.responder.rules.calls import PUBLICATIONS, TEXTS, Action


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
    TIME_UNKNOWN = "time not known"  # nor can its arrival date it


NOT_OF_NOW = frozenset({Mark.LATE, Mark.OUT_OF_ORDER, Mark.COUNTER_USED})
"""Marks of a report that was made long before it arrived, or before others that are here."""
NOT_FRESH = NOT_OF_NOW | {Mark.TIME_UNKNOWN}
"""Marks of a report that may have been."""


class Verdict(StrEnum):
    """What is known of a withdrawal, the worst last; of several withdrawals the worst counts."""

    SAFE = "safe"
    OLD = "old"  # the safe code, but older than what was heard: it proves nothing
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


@dataclass(frozen=True)
class Event:
    """Something happened. ``at``: Unix seconds by HQ's clock."""

    at: float

    def __post_init__(self) -> None:
        for name, kind in _declared(type(self)):  # type: ignore[arg-type]  # classes are hashable
            _require(isinstance(getattr(self, name), kind), f"this is no {name}")
        _require(math.isfinite(self.at), "it happened at no time")


@dataclass(frozen=True)
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
    def is_fresh(self) -> bool:
        """Whether it proves that something happens now: made just before, newer than all others."""
        return NOT_FRESH.isdisjoint(self.marks)

    @property
    def is_dated(self) -> bool:
        """Whether it is known when it was made: by its device's clock, or by its arrival."""
        return Mark.TIME_UNKNOWN not in self.marks

    @property
    def is_withdrawal(self) -> bool:
        return self.type is MessageType.WITHDRAWAL

    @property
    def is_still_in_danger(self) -> bool:
        return self.type is MessageType.STILL_IN_DANGER


@dataclass(frozen=True)
class ReportRepeated(Event):
    """A message that is here already came again."""

    message: int
    path: CameBy


@dataclass(frozen=True)
class WithdrawalJudged(Event):
    """The code in a withdrawal was compared with the safe code."""

    message: int
    verdict: Verdict

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        _require(self.verdict is not Verdict.WAITING, "what was judged waits no longer")


@dataclass(frozen=True)
class Answer(Event):
    """A person has it: each answer is an acknowledgement too."""


@dataclass(frozen=True)
class ContactAnswer(Answer):
    """A contact, by their number in the list, has answered."""

    contact: int
    by: AnsweredBy = AnsweredBy.PAGE


class ContactSaw(ContactAnswer):
    """They have seen it."""


class Confirmed(ContactAnswer):
    """They confirm: it is real, make it public."""


class Unsure(ContactAnswer):
    """They cannot tell."""


class Unclear(Unsure):
    """They texted a code, and something else than the card asks for: that counts as unsure."""


class CalledFalse(ContactAnswer):
    """They believe it is false."""


@dataclass(frozen=True)
class WrongPinTried(Event):
    """A PIN or code that is nobody's; ``link_of``: the contact named by the link or the number."""

    link_of: int | None
    by: AnsweredBy = AnsweredBy.PAGE

    @property
    def contact(self) -> int | None:
        return self.link_of


class Dropped(StrEnum):
    """Why a text that may be an answer says nothing."""

    USED = "used"  # its code was used before
    OVER = "over"  # a code that is still good, and no alarm is open
    REAL = "real"  # the same, and it says: it is real
    WORDS = "words"  # no code of the contact stands in it
    STRANGER = "stranger"  # it has a code, and comes from nobody's number
    FLOOD = "flood"  # it has a code, after too many wrong ones from the same number


@dataclass(frozen=True)
class AnswerDropped(Event):
    """A text that may be an answer was dropped; ``contact`` None: nobody knows whose it is."""

    contact: int | None
    why: Dropped


@dataclass(frozen=True)
class OfficerAct(Answer):
    """A duty officer has done something about it."""

    officer: str


class Acknowledged(OfficerAct):
    """They have it."""


@dataclass(frozen=True)
class TakenOver(OfficerAct):
    """They have it from now on, and ``holder``, who had it, no more."""

    holder: str


@dataclass(frozen=True)
class HandedOver(OfficerAct):
    """They had it, and ``to`` has it from now on."""

    to: str

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        _require(self.to != self.officer, "nobody hands over to themselves")


class GivenBack(OfficerAct):
    """They had it, and nobody has it from now on."""


class OfficerConfirmed(OfficerAct):
    """They confirm: it is real."""


class Approved(OfficerAct):
    """They say: publish."""


class Vetoed(OfficerAct):
    """They say: do not publish."""


class VetoLifted(OfficerAct):
    """They take the veto back."""


@dataclass(frozen=True)
class Corrected(OfficerAct):
    """They correct what was published. ``spoke``: who has spoken with the wearer, as they wrote it."""

    reason: Reason
    spoke: str | None = None

    @property
    def forbids(self) -> bool:
        """Whether it says that the alarm is not true any more."""
        return self.reason is not Reason.OTHER


@dataclass(frozen=True)
class Closed(OfficerAct):
    """They close the alarm; ``reason`` in their own words."""

    reason: str | None = None


class Reopened(OfficerAct):
    """They open it again: closing it, or correcting it as false or over, was a mistake."""


NOTE_LENGTH = 1000
"""How many letters a note may have."""


@dataclass(frozen=True)
class OfficerWork(Event):
    """A duty officer works on it: that decides nothing, and does not say that they have it."""

    officer: str


class StillOnIt(OfficerWork):
    """They have it, and nothing to write down."""


@dataclass(frozen=True)
class Noted(OfficerWork):
    """They write something down for the others, in up to :data:`NOTE_LENGTH` letters."""

    text: str

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        _require(0 < len(self.text) <= NOTE_LENGTH, "a note has some letters, and not too many")


@dataclass(frozen=True)
class Item(OfficerWork):
    """An item of the plan's checklist, in its words."""

    item: str


class Ticked(Item):
    """It is done."""


class Unticked(Item):
    """It is not done after all."""


class Said(StrEnum):
    """What came of a call to a contact."""

    REACHED = "reached"
    NO_ANSWER = "no answer"
    REAL = "real"  # they say so; it is no confirmation of theirs
    NOT_REAL = "not real"
    OTHER = "other"


RING_LENGTH = 200
"""How many letters may be written beside what came of a call."""


@dataclass(frozen=True)
class Rang(OfficerWork):
    """They have rung a contact, by their number in the list. It counts as no answer of theirs."""

    contact: int
    said: Said
    note: str = ""

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        _require(len(self.note) <= RING_LENGTH, "there are too many words beside a call")


@dataclass(frozen=True)
class WentSilent(Event):
    """Nothing was heard of the device for too long.

    ``marks``: what it last said of itself, in words; ``vanished``: that it moved, or was jammed.
    """

    heard_at: float
    marks: tuple[str, ...] = ()
    vanished: bool = False


@dataclass(frozen=True)
class HeardAgain(Event):
    """The device was heard again, which ends its silence."""


@dataclass(frozen=True)
class GroundFound(Event):
    """It may be made public, on this ground."""

    ground: Ground


@dataclass(frozen=True)
class CallPlanned(Event):
    """A call is to be made."""

    outcome: ClassVar[None] = None
    action: Action


SLIPPED = "it left before people decided otherwise, and it is out"
"""Why of a post that is out and may not be."""


class Came(NamedTuple):
    """What came of a call, and why: words that hold no secret. ``url`` and ``id``: of a post.

    ``text`` and ``pictured``: that post as it left; None: not known, such as of one that was found.
    """

    outcome: Outcome
    why: str | None = None
    url: str | None = None
    id: str | None = None
    wait_s: float | None = None  # for how long the service asks not to be called
    text: str | None = None
    pictured: bool | None = None


@dataclass(frozen=True)
class CallEnded(Event):
    """This came of a call; of a text that has left it may be heard later whether it arrived."""

    action: Action
    came: Came

    def __post_init__(self) -> None:
        Event.__post_init__(self)
        kind, (outcome, _, url, id_, _, text, _) = self.action.kind, self.came
        _require(isinstance(outcome, Outcome), "there is no such outcome")
        if outcome in (Outcome.DELIVERED, Outcome.UNDELIVERED):
            _require(kind in TEXTS, "only a text is delivered")
        if not (url is id_ is text is None):
            _require(outcome is Outcome.DONE, "no post is out")
            _require(kind in PUBLICATIONS, "only what is published has an address")

    @property
    def outcome(self) -> Outcome:
        return self.came.outcome


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise EventInvalid(otherwise)


@cache
def _declared(event: type[Event]) -> tuple[tuple[str, Any], ...]:
    """Each field of this class of events, and what its value may be an instance of."""
    hints, kinds = get_type_hints(event), {float: float | int}
    return tuple(
        (name, kinds.get(hints[name], tuple if get_origin(hints[name]) is tuple else hints[name]))
        for name in (field.name for field in fields(event))
    )
