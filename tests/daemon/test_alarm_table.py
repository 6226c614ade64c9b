"""The rules as a table: tests of the table itself, and of the stories it tells."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.alarm import (
    TRANSITIONS,
    Alarm,
    Audience,
    Event,
    MakeReport,
    Pulse,
    Rules,
    SendData,
    SendSms,
    State,
    Vibrate,
    step,
)
from outcry.report import AlarmKind, MessageType

RULES = Rules(sms_after_s=8.0)
TIMERS = (Event.SMS_DUE, Event.DATA_DUE, Event.REPORT_DUE, Event.SMS_POSITION_DUE)
OPEN_STATES = [state for state in State if state is not State.IDLE]


class Story:
    """One alarm driven by events on a clock the test moves; remembers every effect."""

    def __init__(self, data_up: bool = True, rules: Rules = RULES) -> None:
        self.rules = rules
        self.now = 1000.0
        self.alarm = Alarm(id=7, kind=AlarmKind.PANIC, data_up=data_up)
        self.effects: list[object] = []

    def happens(self, event: Event) -> list[object]:
        self.alarm, effects = step(self.alarm, event, self.now, self.rules)
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
def test_without_a_hold_nothing_is_ever_sent(events):
    story = Story()
    for event in events:
        if event is not Event.HELD:
            assert story.happens(event) == []
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
    alarm = replace(story.alarm, due={}, sms_sent_at=None)  # what a restart leaves
    _, effects = step(alarm, Event.RESUMED, 5.0, RULES)
    assert SendSms(alarm.next_sequence - 1, Audience.EVERYONE) in effects


def test_contacts_texted_without_a_position_are_texted_again_once_it_is_known():
    story = Story(data_up=False)
    story.happens(Event.HELD)
    story.passes(15)
    assert MakeReport(MessageType.POSITION, 1) in story.happens(Event.FIRST_FIX)
    rounds = [at for at, effect in story.passes(600) if isinstance(effect, SendSms)]
    assert rounds == [60]


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
