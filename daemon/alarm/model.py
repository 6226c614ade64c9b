"""An alarm: its states, the events it answers, and the effects it can have.

A state is what is *known*:

``IDLE``          no alarm.
``RAISED``        the wearer has held the button; nobody has answered; reports go by data.
``OVER_SMS``      nobody answered in time, or data is known to be down: SMS goes too, and the
                  texts about the last hold are on the card.
``STORED``        HQ has it: a valid receipt came back.
``ACKNOWLEDGED``  a person has seen it.

A drill has the same states. :mod:`outcry.daemon.alarm.rules` says what leads from
one state to another, and what is done on the way.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from outcry.report import AlarmKind, MessageType


class State(Enum):
    """What is known about the alarm; the value is what the card stores."""

    IDLE = "idle"
    RAISED = "raised"
    OVER_SMS = "over_sms"
    STORED = "stored"
    ACKNOWLEDGED = "acknowledged"

    @property
    def is_unanswered(self) -> bool:
        """Whether nobody has answered what the wearer last said."""
        return self in (State.RAISED, State.OVER_SMS)


class Event(Enum):
    HELD = "the button was held"
    STRAP_OPENED = "the strap was opened"
    TAPPED = "a code was tapped"
    DRILL_TAPPED = "the drill's code was tapped"
    DRILL_ASKED = "a drill is asked for"
    RECEIPT_STORED = "a valid receipt: HQ has it"
    RECEIPT_ACKNOWLEDGED = "a valid receipt: a person has it"
    RECEIPT_OLD = "a valid receipt, not of what the last hold said"
    DATA_UP = "the data path came up"
    DATA_DOWN = "the data path is known to be down"
    DATA_WORKS = "a valid receipt came over data"
    POST_FAILED = "a report got no answer over data"
    POST_REFUSED = "a report got an answer over data that is no valid receipt"
    FIRST_FIX = "the position is known for the first time"
    BETTER_FIX = "the position is known better than last reported"
    MOVES = "the wearer has begun to move"
    RESTS = "the wearer stays where they are"
    TEXT_LEFT = "the network took a text"
    RESUMED = "the daemon started and found an alarm open"
    SMS_DUE = "nobody answered in time"
    DATA_DUE = "time to try the data path again"
    REPORT_DUE = "time for a position report"
    SMS_POSITION_DUE = "time for a position by SMS, if data is still dead"
    UNREACHED_DUE = "nobody could be reached for a long time"
    DRILL_OVER = "the drill has lasted long enough"


class CodeTapped(NamedTuple):
    """A code was tapped: the drill's, or one for HQ to judge."""

    groups: tuple[int, ...]

    def __repr__(self) -> str:  # which code means safe must not reach a log
        return "CodeTapped(<hidden>)"


class ReceiptCame(NamedTuple):
    """HQ has this report of this alarm, or ``acknowledged``: a person has."""

    alarm: int
    sequence: int
    acknowledged: bool


Happening = Event | CodeTapped | ReceiptCame
"""What the rules are told. Which event a code or a receipt is depends on the alarm."""


class Pulse(Enum):
    """What the wearer feels."""

    RAISED = "raised"
    STORED = "HQ has it"
    ACKNOWLEDGED = "a person has it"
    WITHDRAWN = "the code is on its way"
    DRILL = "a drill has begun"
    UNREACHED = "cannot reach anyone yet"


class Audience(Enum):
    """Who gets an SMS."""

    EVERYONE = "the contacts and HQ"
    HQ = "HQ"


@dataclass(frozen=True)
class MakeReport:
    """Seal a report and put it on the card."""

    type: MessageType
    sequence: int
    taps: tuple[int, ...] = ()


@dataclass(frozen=True)
class SendSms:
    """Put the texts of this report on the card, to be sent.

    ``later``: they only say where the wearer is now, and come from the budget of texts.
    """

    sequence: int
    audience: Audience
    later: bool = False


@dataclass(frozen=True)
class SendData:
    """Post what HQ has not answered, newest first."""


@dataclass(frozen=True)
class Vibrate:
    pulse: Pulse


@dataclass(frozen=True)
class BeginDrill:
    """Note how far the drill comes from now on."""


@dataclass(frozen=True)
class EndDrill:
    """Send nothing more of this drill, and keep how far it came."""

    id: int


Effect = MakeReport | SendSms | SendData | Vibrate | BeginDrill | EndDrill


@dataclass(frozen=True)
class Rules:
    """The numbers, from the settings. Times in seconds."""

    sms_after_s: float
    data_retries_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60)  # the last one repeats
    first_position_s: float = 20.0
    position_every_s: float = 60.0
    positions_often_for_s: float = 600.0
    position_then_every_s: float = 600.0
    position_still_every_s: float = 1800.0
    sms_position_every_s: float = 1800.0
    sms_round_gap_s: float = 60.0  # a wearer who holds again and again must not queue many rounds
    better_fix_gap_s: float = 10.0
    unreached_after_s: float = 90.0
    unreached_again_s: float = 600.0
    drill_lasts_s: float = 900.0
    announced_for_s: float = 300.0  # a code tapped before the strap opens belongs to that opening
    drill_taps: tuple[int, ...] = (5, 5)  # the code that begins a drill while there is no alarm


@dataclass(frozen=True)
class Alarm:
    """One alarm and its timers, in seconds of the clock passed in.

    ``next_id`` is the id of the next alarm. ``tapped`` is the code just tapped, ``code`` the last
    one for HQ to judge, and ``announced_at`` when that was tapped without an alarm. ``moving`` is
    ``None`` while that is not known; ``thrifty``: the data budget for positions is spent.
    ``sms_left_at`` is when the last round of texts to everyone began to leave; ``sms_waits``: whom
    the newest round is for while none of it has left. ``data_refused``: HQ, or a proxy, answered
    the last post, and with no receipt.
    """

    state: State = State.IDLE
    id: int = 0
    next_id: int = 0
    kind: AlarmKind = AlarmKind.NONE
    raised_at: float = 0.0
    next_sequence: int = 0
    to_be_answered: int = 0  # the sequence of the newest first or still-in-danger report
    reported_at: float = 0.0
    sms_left_at: float | None = None
    sms_waits: Audience | None = None
    withdrawn: bool = False
    withdrawals: tuple[int, ...] = ()  # the sequences of the reports that carry codes
    tapped: tuple[int, ...] = ()
    code: tuple[int, ...] = ()
    announced_at: float | None = None
    moving: bool | None = None
    thrifty: bool = False
    data_up: bool = False
    data_failures: int = 0
    data_refused: bool = False
    due: dict[Event, float] = field(default_factory=dict)

    def is_answered_by(self, sequence: int) -> bool:
        """Whether a receipt for this report answers the wearer's last hold.

        If HQ has a code, it need not have the alarm.
        """
        return sequence >= self.to_be_answered and sequence not in self.withdrawals

    def event_of(self, happening: Happening, rules: Rules) -> Event:
        """Which event this is to this alarm."""
        match happening:
            case CodeTapped(groups):
                return Event.DRILL_TAPPED if groups == rules.drill_taps else Event.TAPPED
            case ReceiptCame(alarm, sequence, acknowledged):
                if alarm != self.id or not self.is_answered_by(sequence):
                    return Event.RECEIPT_OLD
                return Event.RECEIPT_ACKNOWLEDGED if acknowledged else Event.RECEIPT_STORED
        return happening

    def next_due(self) -> float | None:
        """When the next timer of this alarm is due, if there is one."""
        return min(self.due.values(), default=None)

    def due_event(self, now: float) -> Event | None:
        """The timer that is overdue the longest, if any is due."""
        overdue = [(at, event.value, event) for event, at in self.due.items() if at <= now]
        return min(overdue)[2] if overdue else None
