"""The alarm's rules: what happens when. All of them are in these tables, and nothing else is.

For each state and each event: the next state, and the actions on the way. What
is not in a row changes nothing. :data:`TRANSITIONS` holds for every alarm; a
drill, a withdrawn alarm and a strap alarm answer a few events by rows of their
own. Which event a code or a receipt is, :meth:`Alarm.event_of` says.

The picture in docs/alarm.md is drawn from the tables by ``make docs``, and
tests/daemon/alarm/test_rules_table.py holds them to this: every state answers a hold
and an opened strap, while nobody has answered there is a timer as a way on, and
what is left out changes nothing.
"""

from dataclasses import replace

from outcry.daemon.alarm import actions as do
from outcry.daemon.alarm.actions import Action, Step
from outcry.daemon.alarm.model import Alarm, CodeTapped, Effect, Event, Happening, Rules, State
from outcry.report import AlarmKind

Row = dict[Event, tuple[State, tuple[Action, ...]]]

_GO = (do.start_sms_clock, do.await_anyone, do.send_data)  # what every hold and opened strap starts
_RAISE = (do.begin_panic, do.report_first, do.pulse_raised, *_GO)
_RAISE_STRAP = (do.begin_strap, do.report_first, do.report_announced, do.pulse_raised, *_GO)
_STILL = (do.report_still, do.pulse_raised, *_GO)
_ANSWERED = (do.pulse_stored, do.stop_sms, do.reached)
_SEEN = (do.pulse_acknowledged, do.stop_sms, do.reached)
_DRILL = (do.begin_drill, do.report_first, do.pulse_drill, *_GO, do.limit_drill)
_CODE = (do.report_withdrawal, do.pulse_withdrawn, do.send_data)
_CODE_BY_SMS = (do.report_withdrawal, do.text_withdrawal, do.pulse_withdrawn, do.send_data)

_OPEN: dict[Event, tuple[Action, ...]] = {  # as a rule the same in every state but IDLE
    Event.TAPPED: _CODE,
    Event.DRILL_TAPPED: _CODE,  # no drill begins during an alarm: it is a code like any other
    Event.DATA_UP: (do.note_data_up, do.send_data_that_could_not),
    Event.DATA_DOWN: (do.note_data_down,),
    Event.DATA_WORKS: (do.data_works, do.send_data),
    Event.POST_FAILED: (do.retry_data,),
    Event.POST_REFUSED: (do.retry_refused,),
    Event.DATA_DUE: (do.send_data,),
    Event.FIRST_FIX: (do.report_first_fix,),
    Event.BETTER_FIX: (do.report_better_fix,),
    Event.MOVES: (do.note_moves,),
    Event.RESTS: (do.note_rests,),
    Event.TEXT_LEFT: (do.reached, do.text_left),
    Event.REPORT_DUE: (do.report_position, do.send_data),
}


def _staying(state: State) -> Row:
    """What is the same in each: the alarm stays as it is, and a hold raises it again."""
    held = {Event.HELD: _STILL, Event.STRAP_OPENED: _RAISE_STRAP}
    raised: Row = {event: (State.RAISED, actions) for event, actions in held.items()}
    return raised | {event: (state, actions) for event, actions in _OPEN.items()}


TRANSITIONS: dict[State, Row] = {
    State.IDLE: {
        Event.HELD: (State.RAISED, _RAISE),
        Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
        Event.TAPPED: (State.IDLE, (do.announce, do.pulse_withdrawn)),
        Event.DRILL_TAPPED: (State.RAISED, _DRILL),
        Event.DRILL_ASKED: (State.RAISED, _DRILL),
        Event.DATA_UP: (State.IDLE, (do.note_data_up,)),
        Event.DATA_DOWN: (State.IDLE, (do.note_data_down,)),
        Event.MOVES: (State.IDLE, (do.note_moves,)),
        Event.RESTS: (State.IDLE, (do.note_rests,)),
    },
    State.RAISED: _staying(State.RAISED)
    | {
        Event.RECEIPT_STORED: (State.STORED, _ANSWERED),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, _SEEN),
        Event.DATA_DOWN: (State.RAISED, (do.note_data_down, do.start_sms_clock)),
        Event.SMS_DUE: (State.OVER_SMS, (do.send_sms,)),
        Event.SMS_POSITION_DUE: (State.RAISED, (do.send_sms_position_to_hq, do.send_data)),
        Event.UNREACHED_DUE: (State.RAISED, (do.pulse_unreached, do.await_anyone_again)),
        Event.RESUMED: (State.OVER_SMS, (do.resume, do.send_sms, do.await_anyone, do.send_data)),
    },
    State.OVER_SMS: _staying(State.OVER_SMS)
    | {
        Event.TAPPED: (State.OVER_SMS, _CODE_BY_SMS),
        Event.DRILL_TAPPED: (State.OVER_SMS, _CODE_BY_SMS),
        Event.RECEIPT_STORED: (State.STORED, _ANSWERED),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, _SEEN),
        Event.FIRST_FIX: (State.OVER_SMS, (do.report_first_fix, do.start_sms_clock)),
        Event.SMS_DUE: (State.OVER_SMS, (do.send_sms,)),
        Event.SMS_POSITION_DUE: (State.OVER_SMS, (do.send_sms_position, do.send_data)),
        Event.UNREACHED_DUE: (State.OVER_SMS, (do.pulse_unreached, do.await_anyone_again)),
        Event.RESUMED: (State.OVER_SMS, (do.resume, do.await_anyone, do.send_data)),
    },
    State.STORED: _staying(State.STORED)
    | {
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, (do.pulse_acknowledged,)),
        Event.SMS_POSITION_DUE: (State.STORED, (do.send_sms_position_to_hq, do.send_data)),
        Event.RESUMED: (State.STORED, (do.resume, do.send_data)),
    },
    State.ACKNOWLEDGED: _staying(State.ACKNOWLEDGED)
    | {
        Event.SMS_POSITION_DUE: (State.ACKNOWLEDGED, (do.send_sms_position_to_hq, do.send_data)),
        Event.RESUMED: (State.ACKNOWLEDGED, (do.resume, do.send_data)),
    },
}

IN_A_STRAP_ALARM: Row = {  # one alarm for one strap, however often its cut ends touch
    Event.STRAP_OPENED: (State.RAISED, _STILL),
}

AFTER_A_WITHDRAWAL: Row = {  # the wearer may be in danger again, or was forced to withdraw
    Event.HELD: (State.RAISED, _RAISE),
    Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
}

IN_A_DRILL: Row = {  # an alarm never waits for a drill, and a drill ends
    Event.HELD: (State.RAISED, _RAISE),
    Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
    Event.DRILL_OVER: (State.IDLE, (do.end_drill,)),
    Event.RESUMED: (State.IDLE, (do.end_drill,)),
}


def row(alarm: Alarm) -> Row:
    """The events that this alarm answers, and how."""
    rows = TRANSITIONS[alarm.state]
    if alarm.state is State.IDLE:
        return rows
    if alarm.kind is AlarmKind.STRAP:
        rows = rows | IN_A_STRAP_ALARM
    if alarm.withdrawn:
        rows = rows | AFTER_A_WITHDRAWAL
    if alarm.kind is AlarmKind.DRILL:
        rows = rows | IN_A_DRILL
    return rows


def step(alarm: Alarm, happening: Happening, now: float, rules: Rules) -> Step:
    """The alarm after this, and the effects; an event that is not in the row changes nothing."""
    event = alarm.event_of(happening, rules)
    rows = row(alarm)
    if event not in rows:
        return do.without_timer(alarm, event), ()  # or the timer would be due for ever
    state, actions = rows[event]
    effects: tuple[Effect, ...] = ()
    tapped = happening.groups if isinstance(happening, CodeTapped) else alarm.tapped
    alarm = replace(alarm, state=state, tapped=tapped)
    for action in actions:
        alarm, more = action(alarm, now, rules)
        effects += more
    return alarm, effects
