"""The alarm's rules. All of them are in this file, and nothing else is.

An alarm moves through what is *known* about it:

``IDLE``          no alarm.
``RAISED``        the wearer has held the button; nobody has answered; it travels by data.
``OVER_SMS``      nobody answered in time, or data is known to be down: SMS goes too, and on
                  the card are the texts that tell of the last hold.
``STORED``        HQ has it: a valid receipt came back.
``ACKNOWLEDGED``  a person has seen it.

:data:`TRANSITIONS` is the whole behaviour: for each state and each thing that
can happen, the next state and the actions on the way. What is not in a row
changes nothing. An action is a pure function; it sets the alarm's timers and
names effects, and the loop carries the effects out after they are on disk.
There is no I/O and no clock in here: ``now`` is passed in, in seconds.

The picture in docs/alarm.md is drawn from the table by ``make docs``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from outcry.report import AlarmKind, MessageType


class State(Enum):
    """What is known about the alarm; the value is what the card stores."""

    IDLE = "idle"
    RAISED = "raised"
    OVER_SMS = "over_sms"
    STORED = "stored"
    ACKNOWLEDGED = "acknowledged"


class Event(Enum):
    """What can happen to an alarm."""

    HELD = "the button was held"
    RECEIPT_STORED = "a valid receipt: HQ has it"
    RECEIPT_ACKNOWLEDGED = "a valid receipt: a person has it"
    DATA_UP = "the data path came up"
    DATA_DOWN = "the data path is known to be down"
    DATA_WORKS = "a valid receipt came over data"
    POST_FAILED = "a report got no valid receipt over data"
    FIRST_FIX = "the position is known at last"
    BETTER_FIX = "the position is now known better than last reported"
    RESUMED = "the daemon started and found an alarm open"
    SMS_DUE = "nobody answered in time"
    DATA_DUE = "time to try the data path again"
    REPORT_DUE = "time for a position report"
    SMS_POSITION_DUE = "time for a position by SMS, if data is still dead"


class Pulse(Enum):
    """What the wearer feels."""

    RAISED = "raised"
    STORED = "HQ has it"
    ACKNOWLEDGED = "a person has it"


class Audience(Enum):
    """Who gets an SMS."""

    EVERYONE = "the contacts and HQ"
    HQ = "HQ"


@dataclass(frozen=True)
class MakeReport:
    """Seal a report and put it on the card."""

    type: MessageType
    sequence: int


@dataclass(frozen=True)
class SendSms:
    """Put the texts of this report on the card, to be sent."""

    sequence: int
    audience: Audience


@dataclass(frozen=True)
class SendData:
    """Post what HQ has not answered, newest first."""


@dataclass(frozen=True)
class Vibrate:
    """Let the wearer feel it."""

    pulse: Pulse


Effect = MakeReport | SendSms | SendData | Vibrate


@dataclass(frozen=True)
class Rules:
    """The numbers, from the settings. Times in seconds."""

    sms_after_s: float
    data_retries_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60)  # the last one repeats
    first_position_s: float = 20.0
    position_every_s: float = 60.0
    positions_often_for_s: float = 600.0
    position_then_every_s: float = 600.0
    sms_position_every_s: float = 1800.0
    sms_round_gap_s: float = 60.0  # a hand that holds again and again must not queue round on round
    better_fix_gap_s: float = 10.0


@dataclass(frozen=True)
class Alarm:
    """One alarm, and when it wants to be looked at again (seconds of the clock passed in)."""

    state: State = State.IDLE
    id: int = 0
    kind: AlarmKind = AlarmKind.NONE
    raised_at: float = 0.0
    next_sequence: int = 0
    to_be_answered: int = 0  # the sequence of the newest first or still-in-danger report
    reported_at: float = 0.0
    sms_sent_at: float | None = None
    data_up: bool = False
    data_failures: int = 0
    due: dict[Event, float] = field(default_factory=dict)

    def is_answered_by(self, sequence: int) -> bool:
        """Whether a receipt for this report answers what the wearer last said by holding."""
        return sequence >= self.to_be_answered

    def next_due(self) -> float | None:
        """When a timer of this alarm rings next, if any."""
        return min(self.due.values(), default=None)

    def due_event(self, now: float) -> Event | None:
        """The timer that has rung first of those that have rung, if any."""
        rung = [(at, event.value, event) for event, at in self.due.items() if at <= now]
        return min(rung)[2] if rung else None


Action = Callable[[Alarm, float, Rules], tuple[Alarm, tuple[Effect, ...]]]


# Actions. Each does one thing; a row of the table strings them together.


def report_first(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """The first report, with the best position known now; it never waits for a better one."""
    return _report(_schedule(alarm, now, rules), MessageType.FIRST, now)


def report_still(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """Held again: still in danger. Never a second alarm."""
    return _report(alarm, MessageType.STILL_IN_DANGER, now)


def report_position(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """Where the wearer is now; then the next one by the schedule."""
    often = now - alarm.raised_at < rules.positions_often_for_s
    wait = rules.position_every_s if often else rules.position_then_every_s
    return _report(_at(alarm, Event.REPORT_DUE, now + wait), MessageType.POSITION, now)


def report_better_fix(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """A better position goes at once, but a jittering receiver does not send one each second."""
    if now - alarm.reported_at < rules.better_fix_gap_s and alarm.next_sequence > 1:
        return alarm, ()
    alarm, made = _report(alarm, MessageType.POSITION, now)
    return alarm, (*made, SendData())


def start_sms_clock(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """When SMS starts: after ``sms_after_s`` without a valid receipt, at once if data is down.

    A clock already running is not put back by holding again. Contacts who were texted without a
    position are texted again by the same clock once it is known.
    """
    at = now + rules.sms_after_s if alarm.data_up else now
    if alarm.sms_sent_at is not None:
        at = max(at, alarm.sms_sent_at + rules.sms_round_gap_s)
    return _at(alarm, Event.SMS_DUE, min(at, alarm.due.get(Event.SMS_DUE, at))), ()


def stop_sms(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """HQ has answered: no new round of SMS. One already begun is finished, it costs little."""
    return _without(alarm, Event.SMS_DUE), ()


def send_sms(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """The newest report to everyone; then positions by SMS, rarer than over data."""
    alarm = replace(_without(alarm, Event.SMS_DUE), sms_sent_at=now)
    alarm = _at(alarm, Event.SMS_POSITION_DUE, now + rules.sms_position_every_s)
    return alarm, (SendSms(alarm.next_sequence - 1, Audience.EVERYONE),)


def send_sms_position(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """While HQ has not answered, everyone hears where the wearer is."""
    alarm, made = _report(alarm, MessageType.POSITION, now)
    alarm, sent = send_sms(alarm, now, rules)
    return alarm, made + sent


def send_sms_position_to_hq(
    alarm: Alarm, now: float, rules: Rules
) -> tuple[Alarm, tuple[Effect, ...]]:
    """HQ knows of the alarm and tells the contacts itself; with data dead it needs positions."""
    alarm = _at(alarm, Event.SMS_POSITION_DUE, now + rules.sms_position_every_s)
    if alarm.data_failures == 0:
        return alarm, ()
    alarm, made = _report(alarm, MessageType.POSITION, now)
    return alarm, (*made, SendSms(alarm.next_sequence - 1, Audience.HQ))


def send_data(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """Post now; if it fails, :func:`retry_data` sets the next time."""
    return _without(alarm, Event.DATA_DUE), (SendData(),)


def retry_data(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """The data path is tried again, ever more slowly, while the battery lasts."""
    last = len(rules.data_retries_s) - 1
    wait = rules.data_retries_s[min(alarm.data_failures, last)]
    alarm = replace(alarm, data_failures=alarm.data_failures + 1)
    return _at(alarm, Event.DATA_DUE, now + wait), ()


def data_works(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """A receipt came: the next failure starts the retries from the shortest wait."""
    return replace(alarm, data_failures=0), ()


def note_data_up(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """The next hold may give data a chance before SMS."""
    return replace(alarm, data_up=True), ()


def note_data_down(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """The next hold goes by SMS at once."""
    return replace(alarm, data_up=False), ()


def resume(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """After a restart the schedule begins anew: the old clock may be gone with the power."""
    return _schedule(alarm, now, rules), ()


def _pulse(pulse: Pulse) -> Action:
    def vibrate(alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
        return alarm, (Vibrate(pulse),)

    vibrate.__name__ = f"pulse_{pulse.name.lower()}"
    return vibrate


pulse_raised = _pulse(Pulse.RAISED)
pulse_stored = _pulse(Pulse.STORED)
pulse_acknowledged = _pulse(Pulse.ACKNOWLEDGED)


def _schedule(alarm: Alarm, now: float, rules: Rules) -> Alarm:
    due = {
        Event.REPORT_DUE: now + rules.first_position_s,
        Event.SMS_POSITION_DUE: now + rules.sms_position_every_s,
    }
    return replace(alarm, raised_at=now, due=due)


def _report(alarm: Alarm, type_: MessageType, now: float) -> tuple[Alarm, tuple[Effect, ...]]:
    sequence = alarm.next_sequence
    return (
        replace(
            alarm,
            next_sequence=min(sequence + 1, 0xFFFF),  # the layout's two bytes; HQ goes by counter
            to_be_answered=alarm.to_be_answered if type_ is MessageType.POSITION else sequence,
            reported_at=now,
        ),
        (MakeReport(type_, sequence),),
    )


def _at(alarm: Alarm, event: Event, when: float) -> Alarm:
    return replace(alarm, due={**alarm.due, event: when})


def _without(alarm: Alarm, event: Event) -> Alarm:
    return replace(alarm, due={key: at for key, at in alarm.due.items() if key is not event})


# The behaviour. Every state has a row; every row answers HELD; every state in which nobody has
# answered has a timer as a way out. tests/daemon/test_alarm_table.py holds it to that.

_OPEN: dict[Event, tuple[Action, ...]] = {  # alike in every state but IDLE: nobody need wait for it
    Event.DATA_UP: (note_data_up, send_data),
    Event.DATA_WORKS: (data_works, send_data),
    Event.POST_FAILED: (retry_data,),
    Event.DATA_DUE: (send_data,),
    Event.FIRST_FIX: (report_better_fix,),
    Event.BETTER_FIX: (report_better_fix,),
    Event.REPORT_DUE: (report_position, send_data),
}

Row = dict[Event, tuple[State, tuple[Action, ...]]]


def _staying(state: State) -> Row:
    return {event: (state, actions) for event, actions in _OPEN.items()}


TRANSITIONS: dict[State, Row] = {
    State.IDLE: {
        Event.HELD: (State.RAISED, (report_first, pulse_raised, start_sms_clock, send_data)),
        Event.DATA_UP: (State.IDLE, (note_data_up,)),
        Event.DATA_DOWN: (State.IDLE, (note_data_down,)),
    },
    State.RAISED: _staying(State.RAISED)
    | {
        Event.HELD: (State.RAISED, (report_still, pulse_raised, start_sms_clock, send_data)),
        Event.RECEIPT_STORED: (State.STORED, (pulse_stored, stop_sms)),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, (pulse_acknowledged, stop_sms)),
        Event.DATA_DOWN: (State.RAISED, (note_data_down, start_sms_clock)),
        Event.SMS_DUE: (State.OVER_SMS, (send_sms,)),
        Event.SMS_POSITION_DUE: (State.RAISED, (send_sms_position_to_hq, send_data)),
        Event.RESUMED: (State.OVER_SMS, (resume, send_sms, send_data)),
    },
    State.OVER_SMS: _staying(State.OVER_SMS)
    | {
        Event.HELD: (State.RAISED, (report_still, pulse_raised, start_sms_clock, send_data)),
        Event.RECEIPT_STORED: (State.STORED, (pulse_stored, stop_sms)),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, (pulse_acknowledged, stop_sms)),
        Event.DATA_DOWN: (State.OVER_SMS, (note_data_down,)),
        Event.FIRST_FIX: (State.OVER_SMS, (report_better_fix, start_sms_clock)),
        Event.SMS_DUE: (State.OVER_SMS, (send_sms,)),
        Event.SMS_POSITION_DUE: (State.OVER_SMS, (send_sms_position, send_data)),
        Event.RESUMED: (State.OVER_SMS, (resume, send_data)),
    },
    State.STORED: _staying(State.STORED)
    | {
        Event.HELD: (State.RAISED, (report_still, pulse_raised, start_sms_clock, send_data)),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, (pulse_acknowledged,)),
        Event.DATA_DOWN: (State.STORED, (note_data_down,)),
        Event.SMS_POSITION_DUE: (State.STORED, (send_sms_position_to_hq, send_data)),
        Event.RESUMED: (State.STORED, (resume, send_data)),
    },
    State.ACKNOWLEDGED: _staying(State.ACKNOWLEDGED)
    | {
        Event.HELD: (State.RAISED, (report_still, pulse_raised, start_sms_clock, send_data)),
        Event.DATA_DOWN: (State.ACKNOWLEDGED, (note_data_down,)),
        Event.SMS_POSITION_DUE: (State.ACKNOWLEDGED, (send_sms_position_to_hq, send_data)),
        Event.RESUMED: (State.ACKNOWLEDGED, (resume, send_data)),
    },
}


def step(alarm: Alarm, event: Event, now: float, rules: Rules) -> tuple[Alarm, tuple[Effect, ...]]:
    """The alarm after this event, and what is to be done; an event not in the row does nothing."""
    row = TRANSITIONS[alarm.state]
    if event not in row:
        return _without(alarm, event), ()  # a timer nobody wants any more must not ring for ever
    state, actions = row[event]
    effects: tuple[Effect, ...] = ()
    alarm = replace(alarm, state=state)
    for action in actions:
        alarm, more = action(alarm, now, rules)
        effects += more
    return alarm, effects
