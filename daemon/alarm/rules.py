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

from __future__ import annotations

from dataclasses import replace

from outcry.daemon.alarm.actions import (
    Action,
    announce,
    await_anyone,
    await_anyone_again,
    begin_drill,
    begin_panic,
    begin_strap,
    data_works,
    end_drill,
    limit_drill,
    note_data_down,
    note_data_up,
    note_moves,
    note_rests,
    pulse_acknowledged,
    pulse_drill,
    pulse_raised,
    pulse_stored,
    pulse_unreached,
    pulse_withdrawn,
    reached,
    report_announced,
    report_better_fix,
    report_first,
    report_first_fix,
    report_position,
    report_still,
    report_withdrawal,
    resume,
    retry_data,
    send_data,
    send_sms,
    send_sms_position,
    send_sms_position_to_hq,
    start_sms_clock,
    stop_sms,
    text_withdrawal,
    without_timer,
)
from outcry.daemon.alarm.model import (
    Alarm,
    CodeTapped,
    Effect,
    Event,
    Happening,
    Rules,
    State,
)
from outcry.report import AlarmKind

Row = dict[Event, tuple[State, tuple[Action, ...]]]

_GO = (start_sms_clock, await_anyone, send_data)  # what every hold and opened strap starts
_RAISE = (begin_panic, report_first, pulse_raised, *_GO)
_RAISE_STRAP = (begin_strap, report_first, report_announced, pulse_raised, *_GO)
_STILL = (report_still, pulse_raised, *_GO)
_DRILL = (begin_drill, report_first, pulse_drill, *_GO, limit_drill)
_CODE = (report_withdrawal, pulse_withdrawn, send_data)
_CODE_BY_SMS = (report_withdrawal, text_withdrawal, pulse_withdrawn, send_data)

_OPEN: dict[Event, tuple[Action, ...]] = {  # the same in every state but IDLE
    Event.TAPPED: _CODE,
    Event.DRILL_TAPPED: _CODE,  # no drill begins during an alarm: it is a code like any other
    Event.DATA_UP: (note_data_up, send_data),
    Event.DATA_WORKS: (data_works, send_data),
    Event.POST_FAILED: (retry_data,),
    Event.DATA_DUE: (send_data,),
    Event.FIRST_FIX: (report_first_fix,),
    Event.BETTER_FIX: (report_better_fix,),
    Event.MOVES: (note_moves,),
    Event.RESTS: (note_rests,),
    Event.REPORT_DUE: (report_position, send_data),
}


def _staying(state: State) -> Row:
    return {event: (state, actions) for event, actions in _OPEN.items()}


TRANSITIONS: dict[State, Row] = {
    State.IDLE: {
        Event.HELD: (State.RAISED, _RAISE),
        Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
        Event.TAPPED: (State.IDLE, (announce, pulse_withdrawn)),
        Event.DRILL_TAPPED: (State.RAISED, _DRILL),
        Event.DRILL_ASKED: (State.RAISED, _DRILL),
        Event.DATA_UP: (State.IDLE, (note_data_up,)),
        Event.DATA_DOWN: (State.IDLE, (note_data_down,)),
        Event.MOVES: (State.IDLE, (note_moves,)),
        Event.RESTS: (State.IDLE, (note_rests,)),
    },
    State.RAISED: _staying(State.RAISED)
    | {
        Event.HELD: (State.RAISED, _STILL),
        Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
        Event.RECEIPT_STORED: (State.STORED, (pulse_stored, stop_sms, reached)),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, (pulse_acknowledged, stop_sms, reached)),
        Event.DATA_DOWN: (State.RAISED, (note_data_down, start_sms_clock)),
        Event.TEXT_LEFT: (State.RAISED, (reached,)),
        Event.SMS_DUE: (State.OVER_SMS, (send_sms,)),
        Event.SMS_POSITION_DUE: (State.RAISED, (send_sms_position_to_hq, send_data)),
        Event.UNREACHED_DUE: (State.RAISED, (pulse_unreached, await_anyone_again)),
        Event.RESUMED: (State.OVER_SMS, (resume, send_sms, await_anyone, send_data)),
    },
    State.OVER_SMS: _staying(State.OVER_SMS)
    | {
        Event.HELD: (State.RAISED, _STILL),
        Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
        Event.TAPPED: (State.OVER_SMS, _CODE_BY_SMS),
        Event.DRILL_TAPPED: (State.OVER_SMS, _CODE_BY_SMS),
        Event.RECEIPT_STORED: (State.STORED, (pulse_stored, stop_sms, reached)),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, (pulse_acknowledged, stop_sms, reached)),
        Event.DATA_DOWN: (State.OVER_SMS, (note_data_down,)),
        Event.FIRST_FIX: (State.OVER_SMS, (report_first_fix, start_sms_clock)),
        Event.TEXT_LEFT: (State.OVER_SMS, (reached,)),
        Event.SMS_DUE: (State.OVER_SMS, (send_sms,)),
        Event.SMS_POSITION_DUE: (State.OVER_SMS, (send_sms_position, send_data)),
        Event.UNREACHED_DUE: (State.OVER_SMS, (pulse_unreached, await_anyone_again)),
        Event.RESUMED: (State.OVER_SMS, (resume, await_anyone, send_data)),
    },
    State.STORED: _staying(State.STORED)
    | {
        Event.HELD: (State.RAISED, _STILL),
        Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
        Event.RECEIPT_ACKNOWLEDGED: (State.ACKNOWLEDGED, (pulse_acknowledged,)),
        Event.DATA_DOWN: (State.STORED, (note_data_down,)),
        Event.SMS_POSITION_DUE: (State.STORED, (send_sms_position_to_hq, send_data)),
        Event.RESUMED: (State.STORED, (resume, send_data)),
    },
    State.ACKNOWLEDGED: _staying(State.ACKNOWLEDGED)
    | {
        Event.HELD: (State.RAISED, _STILL),
        Event.STRAP_OPENED: (State.RAISED, _RAISE_STRAP),
        Event.DATA_DOWN: (State.ACKNOWLEDGED, (note_data_down,)),
        Event.SMS_POSITION_DUE: (State.ACKNOWLEDGED, (send_sms_position_to_hq, send_data)),
        Event.RESUMED: (State.ACKNOWLEDGED, (resume, send_data)),
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
    Event.DRILL_OVER: (State.IDLE, (end_drill,)),
    Event.RESUMED: (State.IDLE, (end_drill,)),
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


def step(
    alarm: Alarm, happening: Happening, now: float, rules: Rules
) -> tuple[Alarm, tuple[Effect, ...]]:
    """The alarm after this, and the effects; an event that is not in the row changes nothing."""
    event = alarm.event_of(happening, rules)
    rows = row(alarm)
    if event not in rows:
        return without_timer(alarm, event), ()  # or the timer would be due for ever
    state, actions = rows[event]
    effects: tuple[Effect, ...] = ()
    tapped = happening.groups if isinstance(happening, CodeTapped) else alarm.tapped
    alarm = replace(alarm, state=state, tapped=tapped)
    for action in actions:
        alarm, more = action(alarm, now, rules)
        effects += more
    return alarm, effects
