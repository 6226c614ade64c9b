"""The actions of the alarm's rules. Each does one thing; a row of a table lists several.

An action is a pure function: it sets the alarm's timers and returns effects, and
the loop carries the effects out after they are on the card. There is no I/O and no
clock here: ``now`` is passed in, in seconds.
"""

from collections.abc import Callable
from dataclasses import replace

from outcry.daemon.alarm import model
from outcry.report import AlarmKind, MessageType

_SAID_BY_HOLDING = (MessageType.FIRST, MessageType.STILL_IN_DANGER)

Step = tuple[model.Alarm, tuple[model.Effect, ...]]  # the alarm afterwards, and the effects
Action = Callable[[model.Alarm, float, model.Rules], Step]


def _begin(kind: AlarmKind) -> Action:
    def begin(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
        """A new alarm with a new id. If it ends a drill, nothing more of that is sent."""
        effects: tuple[model.Effect, ...] = ()
        if alarm.kind is AlarmKind.DRILL:
            # A real alarm's texts must not wait behind a drill's.
            effects = (model.EndDrill(alarm.id),)
        elif kind is AlarmKind.DRILL:
            effects = (model.BeginDrill(),)
        fresh = model.Alarm(
            state=alarm.state,
            id=alarm.next_id,
            kind=kind,
            code=alarm.code,
            announced_at=alarm.announced_at,
            moving=alarm.moving,
            thrifty=alarm.thrifty,
            data_up=alarm.data_up,
            data_failures=alarm.data_failures,
        )
        return fresh, effects

    begin.__name__ = f"begin_{kind.name.lower()}"
    return begin


begin_panic = _begin(AlarmKind.PANIC)
begin_strap = _begin(AlarmKind.STRAP)
begin_drill = _begin(AlarmKind.DRILL)


def end_drill(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """A drill ends by itself. An alarm never does."""
    calm = model.Alarm(moving=alarm.moving, thrifty=alarm.thrifty, data_up=alarm.data_up)
    return calm, (model.EndDrill(alarm.id),)


def limit_drill(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Set when the drill will be over."""
    return _at(alarm, model.Event.DRILL_OVER, now + rules.drill_lasts_s), ()


def report_withdrawal(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Report the code, for HQ to judge. It stops nothing."""
    return _report_code(replace(alarm, code=alarm.tapped), now)


def text_withdrawal(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Data is dead: the code goes by SMS too, to HQ and to nobody else."""
    return alarm, (model.SendSms(alarm.next_sequence - 1, model.Audience.HQ),)


def announce(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """A code tapped without an alarm belongs to the strap, if that opens soon."""
    return replace(alarm, code=alarm.tapped, announced_at=now), ()


def report_announced(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """The strap opened: report the code tapped just before, if there was one."""
    at = alarm.announced_at
    alarm = replace(alarm, announced_at=None)
    if at is None or now - at > rules.announced_for_s:
        return alarm, ()
    return _report_code(alarm, now)


def note_moves(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Positions come more often again; the next one is brought forward."""
    alarm = replace(alarm, moving=True)
    due = alarm.due.get(model.Event.REPORT_DUE)
    soonest = max(now, alarm.reported_at + rules.position_then_every_s)
    if due is None or due <= soonest or alarm.thrifty:
        return alarm, ()
    return _at(alarm, model.Event.REPORT_DUE, soonest), ()


def note_rests(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Positions may come more rarely."""
    return replace(alarm, moving=False), ()


def await_anyone(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """If nobody is reached for a long time, the wearer is told."""
    return _at(alarm, model.Event.UNREACHED_DUE, now + rules.unreached_after_s), ()


def await_anyone_again(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Still nobody: the wearer is told again, rarely."""
    return _at(alarm, model.Event.UNREACHED_DUE, now + rules.unreached_again_s), ()


def reached(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Somebody was reached: the wearer is not told that nobody was."""
    return without_timer(alarm, model.Event.UNREACHED_DUE), ()


def report_first(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Make the first report, with the best position known now; never wait for a better one."""
    return _report(_schedule(alarm, now, rules), MessageType.FIRST, now)


def report_still(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Report that the wearer held again: still in danger. Never a second alarm.

    If a post is under way that HQ will refuse, this one does not wait as long as that had to.
    """
    return _report(replace(alarm, data_failures=0), MessageType.STILL_IN_DANGER, now)


def report_position(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Report where the wearer is now, and set when to do so again."""
    if now - alarm.raised_at < rules.positions_often_for_s and not alarm.thrifty:
        wait = rules.position_every_s
    elif alarm.moving is not False and not alarm.thrifty:  # moving, or that is not known
        wait = rules.position_then_every_s
    else:
        wait = rules.position_still_every_s
    return _report(_at(alarm, model.Event.REPORT_DUE, now + wait), MessageType.POSITION, now)


def report_first_fix(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Report and post the first position at once."""
    alarm, made = _report(alarm, MessageType.POSITION, now)
    return alarm, (*made, model.SendData())


def report_better_fix(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Report a better position at once, but not each second because the receiver jitters."""
    if now - alarm.reported_at < rules.better_fix_gap_s and alarm.next_sequence > 1:
        return alarm, ()
    return report_first_fix(alarm, now, rules)


def start_sms_clock(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Set when SMS starts: after some seconds without a valid receipt, at once if data is down.

    Holding again does not put a running timer back. By the same timer contacts who were texted
    without a position are texted again once it is known.
    """
    at = now + rules.sms_after_s if alarm.data_up else now
    if alarm.sms_left_at is not None:
        at = max(at, alarm.sms_left_at + rules.sms_round_gap_s)
    return _at(alarm, model.Event.SMS_DUE, min(at, alarm.due.get(model.Event.SMS_DUE, at))), ()


def stop_sms(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """HQ has answered: no new round of SMS. One that has begun is finished."""
    return without_timer(alarm, model.Event.SMS_DUE), ()


def send_sms(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Text the newest report to everyone; then positions by SMS, more rarely than over data."""
    everyone = model.Audience.EVERYONE
    alarm = replace(without_timer(alarm, model.Event.SMS_DUE), sms_waits=everyone)
    alarm = _at(alarm, model.Event.SMS_POSITION_DUE, now + rules.sms_position_every_s)
    return alarm, (model.SendSms(alarm.next_sequence - 1, everyone),)


def text_left(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """The wait for the next round begins when the first text of this one leaves: until then this
    one is kept up to date, and another would say nothing new. One to HQ alone told the contacts
    nothing, and they need not wait for theirs."""
    if alarm.sms_waits is None:
        return alarm, ()
    to_everyone = alarm.sms_waits is model.Audience.EVERYONE
    alarm = replace(alarm, sms_waits=None, sms_left_at=now if to_everyone else alarm.sms_left_at)
    return _at(alarm, model.Event.SMS_POSITION_DUE, now + rules.sms_position_every_s), ()


def send_sms_position(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """HQ has not answered: text everyone where the wearer is now."""
    alarm, made = _report(alarm, MessageType.POSITION, now)
    alarm, _ = send_sms(alarm, now, rules)
    return alarm, (
        *made,
        model.SendSms(alarm.next_sequence - 1, model.Audience.EVERYONE, later=True),
    )


def send_sms_position_to_hq(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """HQ has the alarm and tells the contacts itself. If data is dead, text HQ the position."""
    alarm = _at(alarm, model.Event.SMS_POSITION_DUE, now + rules.sms_position_every_s)
    if alarm.data_failures == 0:
        return alarm, ()
    waits = alarm.sms_waits or model.Audience.HQ
    alarm, made = _report(replace(alarm, sms_waits=waits), MessageType.POSITION, now)
    return alarm, (*made, model.SendSms(alarm.next_sequence - 1, model.Audience.HQ, later=True))


def send_data(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Post now; if that fails, the data path is tried again later."""
    return without_timer(alarm, model.Event.DATA_DUE), (model.SendData(),)


def retry_data(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Set when to try the data path again: each time after a longer wait, without end."""
    last = len(rules.data_retries_s) - 1
    wait = rules.data_retries_s[min(alarm.data_failures, last)]
    alarm = replace(alarm, data_failures=alarm.data_failures + 1, data_refused=False)
    return _at(alarm, model.Event.DATA_DUE, now + wait), ()


def retry_refused(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """The same, and a connection that comes up meanwhile does not shorten the wait."""
    alarm, effects = retry_data(alarm, now, rules)
    return replace(alarm, data_refused=True), effects


def send_data_that_could_not(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """Post what waits for a connection. What was refused waits as long as it would on one that
    lasts: a proxy may end each after its answer."""
    waits = alarm.data_refused and model.Event.DATA_DUE in alarm.due
    return (alarm, ()) if waits else send_data(alarm, now, rules)


def data_works(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """A receipt came: after the next failure the waits start again from the shortest."""
    return replace(alarm, data_failures=0), ()


def note_data_up(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """The next hold may give data a chance before SMS."""
    return replace(alarm, data_up=True), ()


def note_data_down(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """The next hold goes by SMS at once."""
    return replace(alarm, data_up=False), ()


def resume(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
    """After a restart the schedule starts again: the old clock may be gone with the power."""
    everyone = alarm.state.is_unanswered  # else HQ alone is texted from now on
    waits = model.Audience.EVERYONE if everyone else model.Audience.HQ
    return _schedule(replace(alarm, sms_waits=waits), now, rules), ()


def _pulse(pulse: model.Pulse) -> Action:
    def vibrate(alarm: model.Alarm, now: float, rules: model.Rules) -> Step:
        """Let the wearer feel it, if that pulse is wanted."""
        return alarm, (model.Vibrate(pulse),)

    vibrate.__name__ = f"pulse_{pulse.name.lower()}"
    return vibrate


pulse_raised = _pulse(model.Pulse.RAISED)
pulse_stored = _pulse(model.Pulse.STORED)
pulse_acknowledged = _pulse(model.Pulse.ACKNOWLEDGED)
pulse_withdrawn = _pulse(model.Pulse.WITHDRAWN)
pulse_drill = _pulse(model.Pulse.DRILL)
pulse_unreached = _pulse(model.Pulse.UNREACHED)


def _schedule(alarm: model.Alarm, now: float, rules: model.Rules) -> model.Alarm:
    due = {
        model.Event.REPORT_DUE: now + rules.first_position_s,
        model.Event.SMS_POSITION_DUE: now + rules.sms_position_every_s,
    }
    return replace(alarm, raised_at=now, due=due)


def _report_code(alarm: model.Alarm, now: float) -> Step:
    withdrawals = (*alarm.withdrawals, alarm.next_sequence)
    alarm, made = _report(alarm, MessageType.WITHDRAWAL, now)
    return replace(alarm, withdrawn=True, withdrawals=withdrawals), made


def _report(alarm: model.Alarm, type_: MessageType, now: float) -> Step:
    sequence = alarm.next_sequence
    made = model.MakeReport(type_, sequence, alarm.code if type_ is MessageType.WITHDRAWAL else ())
    if type_ in _SAID_BY_HOLDING:
        alarm = replace(alarm, to_be_answered=sequence)
    following = min(sequence + 1, 0xFFFF)  # the layout's two bytes; HQ goes by counter
    return replace(alarm, next_sequence=following, reported_at=now), (made,)


def _at(alarm: model.Alarm, event: model.Event, when: float) -> model.Alarm:
    return replace(alarm, due={**alarm.due, event: when})


def without_timer(alarm: model.Alarm, event: model.Event) -> model.Alarm:
    return replace(alarm, due={key: at for key, at in alarm.due.items() if key is not event})
