"""The rules as a table: tests of the table itself, and of the stories it tells."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.alarm.model import (
    Alarm,
    Audience,
    BeginDrill,
    CodeTapped,
    EndDrill,
    Event,
    Happening,
    MakeReport,
    Pulse,
    ReceiptCame,
    Rules,
    SendData,
    SendSms,
    State,
    Vibrate,
)
from outcry.daemon.alarm.rules import (
    AFTER_A_WITHDRAWAL,
    IN_A_DRILL,
    IN_A_STRAP_ALARM,
    TRANSITIONS,
    row,
    step,
)
from outcry.report import AlarmKind, MessageType

RULES = Rules(sms_after_s=8.0)
TIMERS = (Event.SMS_DUE, Event.DATA_DUE, Event.REPORT_DUE, Event.SMS_POSITION_DUE)
BEGINS = (Event.HELD, Event.STRAP_OPENED, Event.DRILL_TAPPED, Event.DRILL_ASKED)
OPEN_STATES = [state for state in State if state is not State.IDLE]


class Story:
    """One alarm driven by events on a clock the test moves; remembers every effect."""

    def __init__(self, data_up: bool = True, rules: Rules = RULES) -> None:
        self.rules = rules
        self.now = 1000.0
        self.named = 6
        self.alarm = Alarm(data_up=data_up)
        self.effects: list[object] = []

    def happens(self, happening: Happening) -> list[object]:
        self.named += 1
        self.alarm = replace(self.alarm, next_id=self.named)
        self.alarm, effects = step(self.alarm, happening, self.now, self.rules)
        self.effects += effects
        return list(effects)

    def passes(self, seconds: float) -> list[tuple[float, object]]:
        """Time goes on; every timer rings when it is due."""
        until, seen = self.now + seconds, []
        while (due := self.alarm.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            event = self.alarm.due_event(self.now)
            assert event is not None
            seen += [(self.now - 1000, effect) for effect in self.happens(event)]
        self.now = until
        return seen


def test_every_action_says_in_words_what_it_does():
    rows = [*TRANSITIONS.values(), IN_A_DRILL, AFTER_A_WITHDRAWAL, IN_A_STRAP_ALARM]
    actions = {action for row in rows for _, does in row.values() for action in does}
    assert len(actions) > 20
    assert [action.__name__ for action in actions if len(action.__doc__ or "") < 20] == []


def test_of_a_withdrawn_strap_alarm_the_next_opening_is_a_new_alarm():
    """As docs/alarm.md says of rows that disagree."""
    story = Story()
    story.happens(Event.STRAP_OPENED)
    story.happens(Event.TAPPED)
    before = story.alarm.id
    story.happens(Event.STRAP_OPENED)
    assert story.alarm.id != before
    assert story.alarm.kind is AlarmKind.STRAP


def test_a_code_tapped_in_a_drill_leaves_it_a_drill_that_ends():
    story = Story()
    story.happens(Event.DRILL_ASKED)
    story.happens(Event.TAPPED)
    story.passes(901)
    assert story.alarm.state is State.IDLE


def test_every_state_has_a_row():
    assert TRANSITIONS.keys() == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_answers_a_hold_with_a_report_a_pulse_and_both_paths(state):
    alarm, effects = step(Alarm(state=state, id=7, data_up=False), Event.HELD, 5.0, RULES)
    assert isinstance(effects[0], MakeReport)
    assert Vibrate(Pulse.RAISED) in effects
    assert SendData() in effects
    assert alarm.due[Event.SMS_DUE] == 5.0


@pytest.mark.parametrize("state", OPEN_STATES)
def test_every_open_state_answers_every_restart_and_every_failure(state):
    for event in (Event.RESUMED, Event.POST_FAILED, Event.DATA_UP, Event.REPORT_DUE):
        assert event in TRANSITIONS[state], event


@pytest.mark.parametrize("state", [State.RAISED, State.OVER_SMS])
def test_a_state_in_which_nobody_has_answered_has_a_timer_as_a_way_on(state):
    story = Story()
    story.happens(Event.HELD)
    if state is State.OVER_SMS:
        story.passes(RULES.sms_after_s)
    assert story.alarm.state is state
    assert story.alarm.next_due() is not None


@given(st.lists(st.sampled_from(sorted(Event, key=lambda event: event.name)), max_size=30))
def test_no_order_of_events_stops_an_open_alarm_from_reporting(events):
    story = Story()
    story.happens(Event.HELD)
    for event in events:
        story.happens(event)
        story.now += 0.1
    assert story.alarm.state is not State.IDLE
    assert Event.REPORT_DUE in story.alarm.due
    made = [effect for _, effect in story.passes(1300) if isinstance(effect, MakeReport)]
    assert made
    assert Event.SMS_POSITION_DUE in story.alarm.due


@given(st.lists(st.sampled_from(sorted(Event, key=lambda event: event.name)), max_size=30))
def test_without_a_hold_a_strap_or_a_drill_nothing_is_ever_sent(events):
    story = Story()
    for event in events:
        if event not in BEGINS:
            assert set(story.happens(event)) <= {Vibrate(Pulse.WITHDRAWN)}
    assert story.passes(100_000) == []


def test_with_data_up_a_receipt_in_time_keeps_sms_silent():
    story = Story(data_up=True)
    assert story.happens(Event.HELD) == [
        MakeReport(MessageType.FIRST, 0),
        Vibrate(Pulse.RAISED),
        SendData(),
    ]
    story.now += 7.9
    assert story.happens(Event.RECEIPT_STORED) == [Vibrate(Pulse.STORED)]
    assert not any(isinstance(effect, SendSms) for _, effect in story.passes(60))


def test_without_a_receipt_sms_starts_on_our_own_clock():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    assert (8.0, SendSms(0, Audience.EVERYONE)) in story.passes(8.0)
    assert story.alarm.state is State.OVER_SMS


def test_with_data_down_sms_starts_at_once():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    assert story.passes(0) == [(0.0, SendSms(0, Audience.EVERYONE))]


def test_data_that_goes_down_while_waiting_starts_sms_at_once():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.now += 2
    story.happens(Event.DATA_DOWN)
    assert (2.0, SendSms(0, Audience.EVERYONE)) in story.passes(0)


def test_data_that_comes_and_goes_while_the_wearer_holds_does_not_queue_round_on_round():
    story = Story(data_up=True)
    rounds = 0
    for _ in range(10):
        story.happens(Event.DATA_UP)
        story.happens(Event.HELD)
        story.happens(Event.RECEIPT_STORED)
        story.happens(Event.HELD)
        story.happens(Event.DATA_DOWN)
        rounds += sum(isinstance(effect, SendSms) for _, effect in story.passes(2))
        story.happens(Event.TEXT_LEFT)
    assert rounds == 1


def test_data_that_dies_after_hq_had_the_alarm_does_not_end_the_positions():
    """No text was ever sent; data dies for good a minute later."""
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.RECEIPT_STORED)
    story.passes(60)
    story.happens(Event.DATA_DOWN)
    story.happens(Event.POST_FAILED)
    rounds = [effect for _, effect in story.passes(7200) if isinstance(effect, SendSms)]
    assert [text.audience for text in rounds] == [Audience.HQ] * 4


def test_a_hold_while_an_older_report_is_being_refused_does_not_wait_as_long_as_that_one():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    for _ in range(8):
        story.happens(Event.POST_REFUSED)
        story.passes(60)
    story.happens(Event.HELD)
    story.happens(Event.POST_REFUSED)
    assert story.alarm.due[Event.DATA_DUE] - story.now == RULES.data_retries_s[0]


@pytest.mark.parametrize("answer", [Event.RECEIPT_STORED, Event.RECEIPT_ACKNOWLEDGED])
@pytest.mark.parametrize("then", [(), (Event.RESUMED,)], ids=["", "after a restart"])
def test_a_position_that_went_to_hq_alone_keeps_no_contact_waiting_after_the_next_hold(
    answer: Event, then: tuple[Event, ...]
):
    story = Story(data_up=True)
    for event in (Event.HELD, answer, *then, Event.DATA_DOWN, Event.POST_FAILED):
        story.happens(event)
    position = story.passes(RULES.sms_position_every_s)
    assert [e.audience for _, e in position if isinstance(e, SendSms)] == [Audience.HQ]
    story.happens(Event.TEXT_LEFT)
    story.passes(4)
    story.happens(Event.HELD)
    assert [e.audience for _, e in story.passes(0) if isinstance(e, SendSms)] == [Audience.EVERYONE]


def test_a_round_to_everyone_counts_though_a_position_to_hq_came_before_its_first_text():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.passes(0)
    story.happens(Event.RECEIPT_STORED)
    story.happens(Event.POST_FAILED)
    story.passes(RULES.sms_position_every_s)
    story.happens(Event.TEXT_LEFT)
    story.happens(Event.HELD)
    rounds = [at for at, effect in story.passes(90) if isinstance(effect, SendSms)]
    assert rounds == [RULES.sms_position_every_s + RULES.sms_round_gap_s]


def test_a_position_by_sms_that_falls_due_while_a_hold_is_unanswered_is_not_the_last():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.RECEIPT_STORED)
    story.happens(Event.POST_FAILED)
    story.passes(1797)
    story.happens(Event.HELD)
    story.passes(5)
    story.happens(Event.RECEIPT_STORED)
    story.happens(Event.POST_FAILED)
    assert any(isinstance(effect, SendSms) for _, effect in story.passes(1800))


def test_a_second_hold_that_a_restart_cut_off_is_texted_after_it():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.passes(30)
    story.happens(Event.HELD)
    alarm = replace(story.alarm, due={}, sms_left_at=None)  # what a restart leaves
    _, effects = step(alarm, Event.RESUMED, 5.0, RULES)
    assert SendSms(alarm.next_sequence - 1, Audience.EVERYONE) in effects


def test_contacts_texted_without_a_position_are_texted_again_once_it_is_known():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.passes(12)
    story.happens(Event.TEXT_LEFT)
    story.passes(3)
    assert MakeReport(MessageType.POSITION, 1) in story.happens(Event.FIRST_FIX)
    rounds = [at for at, effect in story.passes(600) if isinstance(effect, SendSms)]
    assert rounds == [72], "a minute after the first text left, not after it was queued"


def test_while_no_text_has_left_a_first_position_waits_for_nothing_and_starts_no_later_round():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.passes(3)
    story.happens(Event.FIRST_FIX)
    assert [at for at, effect in story.passes(27) if isinstance(effect, SendSms)] == [3]
    story.happens(Event.TEXT_LEFT)
    later = [at for at, effect in story.passes(4000) if isinstance(effect, SendSms)]
    assert later == [30 + RULES.sms_position_every_s, 30 + 2 * RULES.sms_position_every_s]


def test_a_text_of_an_earlier_round_puts_off_no_round_that_is_still_to_come():
    """The first round of an alarm is due, and a text of another alarm leaves."""
    story = Story(data_up=True)
    story.happens(Event.HELD)
    due = story.alarm.due[Event.SMS_DUE]
    story.happens(Event.TEXT_LEFT)
    assert story.alarm.due[Event.SMS_DUE] == due


def test_a_hold_long_after_the_last_texts_gives_data_its_time_again():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.passes(3500)
    story.happens(Event.DATA_UP)
    story.happens(Event.HELD)
    assert story.alarm.due[Event.SMS_DUE] == story.now + RULES.sms_after_s


def test_a_receipt_over_data_starts_the_retries_from_the_shortest_wait_again():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    for _ in range(5):
        story.happens(Event.POST_FAILED)
    story.happens(Event.DATA_WORKS)
    story.happens(Event.POST_FAILED)
    assert story.alarm.due[Event.DATA_DUE] == story.now + 1


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_connection_that_comes_up_shortens_no_wait_after_an_answer_that_is_no_receipt(state):
    refused, _ = step(Alarm(state=state, id=7), Event.POST_REFUSED, 50.0, RULES)
    up, effects = step(replace(refused, data_up=False), Event.DATA_UP, 50.5, RULES)
    assert (up.data_up, effects) == (True, ())
    assert up.due[Event.DATA_DUE] == 51
    _, effects = step(up, Event.DATA_DUE, 51.0, RULES)
    assert effects == (SendData(),)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_what_waited_for_a_connection_goes_as_soon_as_there_is_one(state):
    """Also when the post before was refused, and when nothing was tried since."""
    alarm, _ = step(Alarm(state=state, id=7), Event.POST_REFUSED, 50.0, RULES)
    sent, _ = step(alarm, Event.DATA_DUE, 51.0, RULES)
    failed, _ = step(sent, Event.POST_FAILED, 52.0, RULES)
    for waiting in (sent, failed):
        up, effects = step(waiting, Event.DATA_UP, 52.5, RULES)
        assert effects == (SendData(),)
        assert Event.DATA_DUE not in up.due


@pytest.mark.parametrize("receipt", [Event.RECEIPT_STORED, Event.RECEIPT_ACKNOWLEDGED])
def test_a_receipt_stops_the_sms_clock_and_the_next_hold_starts_it_anew(receipt):
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.now += 3
    story.happens(receipt)
    assert Event.SMS_DUE not in story.alarm.due
    story.now += 2
    story.happens(Event.HELD)
    assert story.alarm.due[Event.SMS_DUE] == story.now + RULES.sms_after_s


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_restart_posts_at_once_and_sets_the_schedule_anew(state):
    alarm, effects = step(Alarm(state=state, id=7, next_sequence=1), Event.RESUMED, 50.0, RULES)
    assert SendData() in effects
    assert alarm.due[Event.REPORT_DUE] == 70
    assert alarm.due[Event.SMS_POSITION_DUE] == 50 + RULES.sms_position_every_s


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("event", [Event.DATA_UP, Event.DATA_WORKS, Event.REPORT_DUE])
def test_an_open_alarm_posts_whenever_data_may_work(state, event):
    _, effects = step(Alarm(state=state, id=7, next_sequence=1), event, 50.0, RULES)
    assert effects[-1] == SendData()


def test_positions_are_often_for_ten_minutes_and_not_a_second_longer():
    alarm = Alarm(state=State.STORED, id=7, next_sequence=1, raised_at=100.0)
    for now, wait in ((699.9, 60), (700.0, 600)):
        after, _ = step(alarm, Event.REPORT_DUE, now, RULES)
        assert after.due[Event.REPORT_DUE] == now + wait


def test_of_timers_that_have_rung_the_first_is_heard_first():
    alarm = Alarm(due={Event.REPORT_DUE: 3.0, Event.SMS_DUE: 2.0, Event.DATA_DUE: 4.0})
    assert alarm.due_event(5.0) is Event.SMS_DUE
    assert alarm.due_event(1.0) is None


def test_an_alarm_of_years_keeps_to_the_layouts_numbers():
    alarm = Alarm(state=State.STORED, id=7, next_sequence=0xFFFF)
    for _ in range(3):
        alarm, (made, *_) = step(alarm, Event.HELD, 5.0, RULES)
        assert made == MakeReport(MessageType.STILL_IN_DANGER, 0xFFFF)


def test_a_first_fix_texts_nobody_while_hq_has_the_alarm():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.RECEIPT_STORED)
    story.happens(Event.FIRST_FIX)
    assert not any(isinstance(effect, SendSms) for _, effect in story.passes(600))


def test_the_data_path_is_retried_ever_more_slowly_and_for_ever():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    waits = []
    for _ in range(10):
        story.happens(Event.POST_FAILED)
        waits.append(story.alarm.due[Event.DATA_DUE] - story.now)
        story.now = story.alarm.due[Event.DATA_DUE]
        assert SendData() in story.happens(Event.DATA_DUE)
    assert waits == [1, 2, 4, 8, 15, 30, 60, 60, 60, 60]


def test_positions_go_after_20_s_then_each_minute_then_each_ten_minutes():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.RECEIPT_STORED)
    times = [at for at, effect in story.passes(3600) if isinstance(effect, MakeReport)]
    assert times[:3] == [20, 80, 140]
    assert times[-3:] == pytest.approx([2420, 3020, 3620], abs=60 * 10) or times[-1] <= 3600
    assert sum(at <= 600 for at in times) == 10
    assert sum(at > 600 for at in times) == 5


def test_holding_again_is_still_in_danger_and_never_a_second_alarm():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.RECEIPT_STORED)
    made = story.happens(Event.HELD)
    assert MakeReport(MessageType.STILL_IN_DANGER, 1) in made
    assert story.alarm.id == 7
    assert story.alarm.state is State.RAISED, "it wants an answer of its own"
    assert not story.alarm.is_answered_by(0)
    assert story.alarm.is_answered_by(1)


def test_holding_again_does_not_put_the_sms_clock_back():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    for _ in range(7):
        story.now += 1
        story.happens(Event.HELD)
    assert story.alarm.due[Event.SMS_DUE] == 1008


def test_holding_again_and_again_does_not_queue_round_on_round_of_sms():
    story = Story(data_up=False)
    rounds = 0
    for _ in range(20):
        story.happens(Event.HELD)
        rounds += sum(isinstance(effect, SendSms) for _, effect in story.passes(2))
        story.happens(Event.TEXT_LEFT)
    assert rounds == 1
    assert any(isinstance(effect, SendSms) for _, effect in story.passes(60))


def test_a_better_fix_is_reported_at_once_but_a_jittering_receiver_is_not_followed():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.now += 0.5
    assert MakeReport(MessageType.POSITION, 1) in story.happens(Event.BETTER_FIX)
    story.now += 0.5
    assert story.happens(Event.BETTER_FIX) == []
    story.now += 10
    assert story.happens(Event.BETTER_FIX)


def test_the_first_position_of_all_waits_for_nothing():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.now += 3
    story.happens(Event.HELD)
    story.now += 1
    assert MakeReport(MessageType.POSITION, 2) in story.happens(Event.FIRST_FIX)


def test_while_nobody_answers_everyone_gets_positions_by_sms_rarely():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    rounds = [at for at, effect in story.passes(7200) if isinstance(effect, SendSms)]
    assert rounds == [0, 1800, 3600, 5400, 7200]


def test_once_hq_has_it_and_data_dies_only_hq_gets_positions_by_sms():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.passes(8)
    story.happens(Event.RECEIPT_STORED)
    story.happens(Event.POST_FAILED)
    rounds = [effect for _, effect in story.passes(1800) if isinstance(effect, SendSms)]
    assert [text.audience for text in rounds] == [Audience.HQ]


def test_a_restart_while_nobody_had_answered_goes_by_sms_at_once():
    alarm = Alarm(state=State.RAISED, id=7, kind=AlarmKind.PANIC, next_sequence=1)
    alarm, effects = step(alarm, Event.RESUMED, 50.0, RULES)
    assert effects == (SendSms(0, Audience.EVERYONE), SendData())
    assert alarm.id == 7
    assert alarm.state is State.OVER_SMS


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("timer", TIMERS)
def test_a_timer_that_rang_never_rings_at_once_again(state, timer):
    alarm = Alarm(state=state, id=7, due={timer: 10.0}, data_failures=1)
    alarm, _ = step(alarm, timer, 10.0, RULES)
    assert alarm.due.get(timer, 11.0) > 10.0


# The strap, drills, withdrawals


def standings():
    """Every alarm that can be: state, kind, withdrawn or not."""
    for state in OPEN_STATES:
        for kind in (AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL):
            for withdrawn in (False, True):
                yield Alarm(state=state, id=7, next_id=8, kind=kind, withdrawn=withdrawn)


def named(alarm):
    return f"{alarm.state.value}-{alarm.kind.name}{'-withdrawn' if alarm.withdrawn else ''}"


@pytest.mark.parametrize("alarm", list(standings()), ids=named)
@pytest.mark.parametrize("event", [Event.HELD, Event.STRAP_OPENED])
def test_whatever_goes_on_a_hold_and_an_opened_strap_are_reported_at_once(alarm, event):
    after, effects = step(alarm, event, 5.0, RULES)
    made = [effect for effect in effects if isinstance(effect, MakeReport)]
    assert made[0].type in (MessageType.FIRST, MessageType.STILL_IN_DANGER)
    assert Vibrate(Pulse.RAISED) in effects
    assert SendData() in effects
    assert after.due[Event.SMS_DUE] == 5.0, "data is down"
    assert after.state is State.RAISED
    assert after.kind is not AlarmKind.DRILL


@pytest.mark.parametrize("alarm", list(standings()), ids=named)
def test_a_hold_in_a_drill_or_after_a_withdrawal_is_a_new_alarm_else_never(alarm):
    after, _ = step(alarm, Event.HELD, 5.0, RULES)
    new = alarm.kind is AlarmKind.DRILL or alarm.withdrawn
    assert after.id == (8 if new else 7)
    assert after.kind is (AlarmKind.PANIC if new else alarm.kind)
    assert not after.withdrawn or not new


@pytest.mark.parametrize("alarm", list(standings()), ids=named)
def test_an_opened_strap_raises_an_alarm_of_its_own_but_one_strap_one_alarm(alarm):
    after, _ = step(alarm, Event.STRAP_OPENED, 5.0, RULES)
    same = alarm.kind is AlarmKind.STRAP and not alarm.withdrawn
    assert (after.id, after.kind) == (7 if same else 8, AlarmKind.STRAP)


@pytest.mark.parametrize("alarm", list(standings()), ids=named)
def test_a_code_stops_nothing_and_feels_the_same_whatever_it_is(alarm):
    told = []
    for taps in ((2, 4, 1), (9, 9)):
        ready = replace(alarm, due={Event.SMS_DUE: 9.0, Event.REPORT_DUE: 10.0})
        after, effects = step(ready, CodeTapped(taps), 5.0, RULES)
        assert after.due == ready.due
        assert (after.state, after.id, after.kind) == (alarm.state, 7, alarm.kind)
        assert MakeReport(MessageType.WITHDRAWAL, 0, taps) in effects
        told.append([effect for effect in effects if not isinstance(effect, MakeReport)])
    assert told[0] == told[1]
    assert Vibrate(Pulse.WITHDRAWN) in told[0]


def test_hq_having_the_code_is_not_hq_having_the_alarm():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.TAPPED)
    assert not story.alarm.is_answered_by(1)
    assert story.alarm.is_answered_by(0)


def test_with_data_dead_the_code_goes_to_hq_by_sms_and_to_nobody_else():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.passes(0)
    assert SendSms(1, Audience.HQ) in story.happens(Event.TAPPED)


def test_a_drill_goes_the_way_of_an_alarm_and_ends_by_itself():
    alarm, drill = Story(data_up=False), Story(data_up=False)
    raised, drilled = alarm.happens(Event.HELD), drill.happens(Event.DRILL_ASKED)
    assert drilled.pop(0) == BeginDrill()
    assert [Vibrate(Pulse.RAISED) if e == Vibrate(Pulse.DRILL) else e for e in drilled] == raised
    assert alarm.passes(800) == drill.passes(800)
    assert drill.alarm.kind is AlarmKind.DRILL
    drill.passes(101)
    assert drill.alarm.state is State.IDLE
    assert drill.alarm.next_due() is None
    assert alarm.alarm.state is State.OVER_SMS


def test_nothing_of_a_drill_is_sent_after_it_or_beside_an_alarm():
    drill = Story()
    drill.happens(Event.DRILL_ASKED)
    drill_id = drill.alarm.id
    assert EndDrill(drill_id) in drill.happens(Event.HELD)
    assert drill.alarm.id != drill_id
    drill = Story()
    drill.happens(Event.DRILL_ASKED)
    assert (900.0, EndDrill(drill.alarm.id)) in drill.passes(900)


def test_a_restart_ends_a_drill_and_never_an_alarm():
    for alarm in standings():
        after, _ = step(alarm, Event.RESUMED, 5.0, RULES)
        assert (after.state is State.IDLE) is (alarm.kind is AlarmKind.DRILL)


@pytest.mark.parametrize("alarm", list(standings()), ids=named)
def test_the_drills_code_in_an_alarm_is_a_code_like_any_other(alarm):
    drills, others = (step(alarm, CodeTapped(taps), 5.0, RULES) for taps in ((5, 5), (5, 4)))
    assert MakeReport(MessageType.WITHDRAWAL, 0, (5, 5)) in drills[1]
    assert replace(drills[0], tapped=(), code=()) == replace(others[0], tapped=(), code=())
    assert drills[1][1:] == others[1][1:]


def test_the_drills_code_takes_no_code_from_the_strap_that_it_announces():
    story = Story()
    story.happens(CodeTapped((3, 1, 2)))
    assert BeginDrill() in story.happens(CodeTapped((5, 5)))
    assert MakeReport(MessageType.WITHDRAWAL, 1, (3, 1, 2)) in story.happens(Event.STRAP_OPENED)


def test_which_code_begins_a_drill_is_said_by_the_rules():
    story = Story(rules=Rules(sms_after_s=8.0, drill_taps=(4, 4)))
    assert story.happens(CodeTapped((5, 5))) == [Vibrate(Pulse.WITHDRAWN)]
    assert BeginDrill() in story.happens(CodeTapped((4, 4)))


def test_a_drill_asked_for_during_an_alarm_is_nothing():
    for alarm in standings():
        assert step(alarm, Event.DRILL_ASKED, 5.0, RULES) == (alarm, ())


def test_nothing_turns_a_drill_into_an_alarm_but_a_hold_or_the_strap():
    for alarm in standings():
        for event in set(Event) - {Event.HELD, Event.STRAP_OPENED}:
            after, _ = step(replace(alarm, tapped=(1, 2)), event, 5.0, RULES)
            assert after.kind is alarm.kind or after.state is State.IDLE, event


def test_a_code_before_the_strap_opens_goes_along_if_it_is_fresh():
    for waited_s, goes in ((299, True), (301, False)):
        story = Story()
        assert story.happens(CodeTapped((3, 1, 2))) == [Vibrate(Pulse.WITHDRAWN)]
        story.now += waited_s
        effects = story.happens(Event.STRAP_OPENED)
        assert MakeReport(MessageType.FIRST, 0) in effects
        assert (MakeReport(MessageType.WITHDRAWAL, 1, (3, 1, 2)) in effects) is goes
        assert story.alarm.withdrawn is goes


def test_a_code_announces_one_opening_only():
    story = Story()
    story.happens(CodeTapped((3, 1, 2)))
    story.happens(Event.STRAP_OPENED)
    again = story.happens(Event.STRAP_OPENED)
    assert not any(getattr(e, "type", None) is MessageType.WITHDRAWAL for e in again)


# Receipts


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_receipt_of_what_the_last_hold_said_is_an_answer_to_it(acknowledged):
    story = Story()
    story.happens(Event.HELD)
    story.happens(ReceiptCame(story.alarm.id, 0, acknowledged))
    assert story.alarm.state is (State.ACKNOWLEDGED if acknowledged else State.STORED)


@pytest.mark.parametrize("acknowledged", [False, True])
@pytest.mark.parametrize("of", ["the hold before", "a code", "another alarm"])
def test_a_receipt_of_anything_else_changes_nothing(of, acknowledged):
    story = Story()
    story.happens(Event.HELD)
    story.happens(Event.HELD)
    story.happens(CodeTapped((2, 1)))
    before = story.alarm
    alarm, sequence = {
        "the hold before": (before.id, 0),
        "a code": (before.id, 2),
        "another alarm": (before.id + 1, 1),
    }[of]
    assert story.happens(ReceiptCame(alarm, sequence, acknowledged)) == []
    assert replace(story.alarm, next_id=before.next_id) == before


# What is not in the table


CALM = Alarm(id=0, next_id=8)
NOTHING = {  # what does nothing in which states; everything else is an answer of the table
    Event.DRILL_ASKED: set(OPEN_STATES),
    Event.RECEIPT_STORED: {State.IDLE, State.STORED, State.ACKNOWLEDGED},
    Event.RECEIPT_ACKNOWLEDGED: {State.IDLE, State.ACKNOWLEDGED},
    Event.RECEIPT_OLD: set(State),
    Event.DATA_WORKS: {State.IDLE},
    Event.POST_FAILED: {State.IDLE},
    Event.POST_REFUSED: {State.IDLE},
    Event.FIRST_FIX: {State.IDLE},
    Event.BETTER_FIX: {State.IDLE},
    Event.TEXT_LEFT: {State.IDLE},
    Event.RESUMED: {State.IDLE},
    Event.SMS_DUE: {State.IDLE, State.STORED, State.ACKNOWLEDGED},
    Event.DATA_DUE: {State.IDLE},
    Event.REPORT_DUE: {State.IDLE},
    Event.SMS_POSITION_DUE: {State.IDLE},
    Event.UNREACHED_DUE: {State.IDLE, State.STORED, State.ACKNOWLEDGED},
    Event.DRILL_OVER: set(State),
}


def test_the_table_leaves_out_exactly_what_is_to_do_nothing():
    left_out = {(state, event) for state in State for event in Event} - {
        (state, event) for state, row in TRANSITIONS.items() for event in row
    }
    assert left_out == {(state, event) for event, states in NOTHING.items() for state in states}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("alarm", [CALM, *standings()], ids=named)
def test_every_state_answers_every_event_and_what_is_not_in_its_row_changes_nothing(alarm, event):
    """A timer that has rung is let go of: it must not ring for ever."""
    ready = replace(
        alarm,
        next_sequence=1,
        data_failures=2,
        tapped=(1, 2),
        due={timer: 5.0 for timer in Event if timer.name.endswith(("_DUE", "_OVER"))},
    )
    after, effects = step(ready, event, 5.0, RULES)
    assert after.state in State
    if event not in row(alarm):
        due = {timer: at for timer, at in ready.due.items() if timer is not event}
        assert (after, effects) == (replace(ready, due=due), ())


# Being reached, and moving


def test_a_wearer_whom_nobody_hears_is_told_and_told_again_rarely():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    felt = [at for at, effect in story.passes(1300) if effect == Vibrate(Pulse.UNREACHED)]
    assert felt == [90, 690, 1290]


@pytest.mark.parametrize(
    "event", [Event.TEXT_LEFT, Event.RECEIPT_STORED, Event.RECEIPT_ACKNOWLEDGED]
)
def test_whoever_is_reached_ends_that(event):
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.happens(event)
    assert Vibrate(Pulse.UNREACHED) not in [effect for _, effect in story.passes(3600)]


def reported(story, seconds):
    return [at for at, effect in story.passes(seconds) if isinstance(effect, MakeReport)]


def test_positions_of_a_wearer_who_stays_come_each_half_hour_and_of_one_who_moves_each_ten():
    gaps = {}
    for event in (Event.MOVES, Event.RESTS, None):
        story = Story(data_up=True)
        story.happens(Event.HELD)
        story.happens(Event.RECEIPT_STORED)
        if event:
            story.happens(event)
        times = [at for at in reported(story, 9000) if at > 700]
        gaps[event] = {round(b - a) for a, b in itertools.pairwise(times)}
    assert gaps == {Event.MOVES: {600}, Event.RESTS: {1800}, None: {600}}


def test_who_begins_to_move_is_not_waited_for():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.RECEIPT_STORED)
    story.happens(Event.RESTS)
    last = reported(story, 2000)[-1]
    story.happens(Event.MOVES)
    assert reported(story, 600)[0] <= max(2000, last + 600)


def test_with_the_budget_spent_positions_come_rarely_even_at_first():
    story = Story(data_up=True)
    story.happens(Event.HELD)
    story.happens(Event.RECEIPT_STORED)
    story.alarm = replace(story.alarm, thrifty=True, moving=True)
    assert len(reported(story, 3600)) == 2
    assert story.happens(Event.HELD), "a hold is never thrifty"
