"""Budgets bound what an alarm's follow-up and supervision cost, and never hold an alarm up."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.outbox.budget import EXCHANGE_BYTES, Budget
from outcry.daemon.outbox.stored import TextOutcome
from outcry.hw.modem import Condition, ModemStatus, Outcome, SmsOutcome
from outcry.receipt import Status
from outcry.report import MessageType
from simulation.world import World

DAY_S = 86_400.0
ROUND = 7


class Clock:
    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


# The budget alone


@given(
    st.integers(0, 30),
    st.floats(0, 1e7),
    st.lists(st.tuples(st.floats(0, 40_000), st.integers(1, 5)), max_size=60),
)
def test_in_no_24_hours_is_more_spent_than_the_limit(limit, start, wishes):
    clock = Clock(start)
    kept = {}
    budget, spent = Budget(limit, clock, keep=kept.update), []
    for n, (wait, amount) in enumerate(wishes):
        clock.now += wait
        if n % 7 == 6:  # the service restarts
            budget = Budget(limit, clock, kept, kept.update)
        if budget.left >= amount:
            budget.spend(amount)
            spent.append((clock.now, amount))
    for at, _ in spent:
        assert sum(amount for when, amount in spent if at - DAY_S < when <= at) <= limit


def test_what_was_spent_is_given_back_a_day_later_and_an_hour_at_most():
    clock = Clock(1234.0)
    budget = Budget(10, clock)
    budget.spend(10)
    assert (budget.left, budget.is_spent) == (0, True)
    clock.now += DAY_S - 1
    assert budget.is_spent
    clock.now += 3601
    assert (budget.left, budget.is_spent) == (10, False)


def test_a_spent_budget_drips():
    clock = Clock()
    budget = Budget(1, clock, drip_s=600)
    assert budget.allows
    budget.spend(1)
    assert not budget.allows
    clock.now += 599
    assert not budget.allows
    clock.now += 1
    assert budget.allows
    budget.spend(1)
    assert not budget.allows
    clock.now += 2 * DAY_S
    assert budget.left == 1


def test_a_budget_of_nothing_allows_nothing():
    assert not Budget(0, Clock(1e6)).allows


def test_hours_of_another_boots_clock_do_not_count():
    assert Budget(5, Clock(100.0), {40: 5, -90: 5}).left == 5


def test_a_count_does_not_grow_with_the_days():
    clock, kept = Clock(), []
    budget = Budget(100, clock, keep=kept.append)
    for _ in range(1000):
        budget.spend(1)
        clock.now += 3000
    assert max(map(len, kept)) <= 25


# Texts with later positions


@pytest.fixture
def world(world):
    """Data is dead, the phones say what they get; each half hour everybody is texted again."""
    world.settings["sms"]["positions_per_day"] = 10
    return world


def lives(world, hours):
    until = world.now + hours * 3600
    while world.now < until:
        world.passes(290)  # the wait for a delivery report is longer
        if world.data.under_way is not None:
            world.post_fails()
        while world.sms.under_way is not None:
            world.network(Outcome.DONE)
        world.phones_have_all()


def spent_lines(world):
    return [line for line in world.journal if "budget is spent" in line]


@pytest.mark.slow
def test_later_positions_keep_to_the_budget_and_that_it_is_spent_is_told_once(world):
    world.starts()
    world.holds()
    lives(world, 10)
    assert len(world.modem.texts) == ROUND + 10
    assert len(spent_lines(world)) == 1
    assert "positions by SMS" in spent_lines(world)[0]
    lives(world, 17)
    assert ROUND + 10 < len(world.modem.texts) <= ROUND + 20


@pytest.mark.slow
def test_positions_texted_to_hq_alone_keep_to_the_budget(world):
    """HQ has the alarm by data; then data dies."""
    world.settings["sms"]["positions_per_day"] = 3
    world.starts()
    world.data_goes(up=True)
    world.holds()
    world.hq_answers()
    lives(world, 8)
    assert Counter(heard.split(" to ")[1] for heard in world.heard()) == {"HQ": 1 + 3}


@pytest.mark.slow
def test_by_default_the_budget_lasts_for_seven_rounds(tmp_path):
    world = World(tmp_path)
    world.holds()
    lives(world, 6)
    assert len(world.modem.texts) == ROUND + 50
    assert world.faults == []


def test_still_in_danger_goes_to_everybody_whatever_is_spent(world):
    world.settings["sms"]["positions_per_day"] = 0
    world.starts()
    world.holds()
    lives(world, 3)
    assert len(world.modem.texts) == ROUND
    world.holds()
    lives(world, 0.1)
    assert Counter(world.heard()[ROUND:])["alert to Chiara"] == 1
    assert len(world.modem.texts) == 2 * ROUND


def test_the_first_position_known_goes_to_everybody_whatever_is_spent(tmp_path):
    world = World(tmp_path)
    world.settings["sms"]["positions_per_day"] = 0
    world.starts()
    world.holds()
    lives(world, 1)
    world.sees()
    lives(world, 0.1)
    assert len(world.modem.texts) == 2 * ROUND
    assert "mlat=43.31780" in world.modem.texts[ROUND][2]


def test_who_was_not_told_yet_is_told_by_a_later_round_whatever_is_spent(world):
    """The phone network was gone for hours: the texts then say where the wearer is now."""
    world.settings["sms"]["positions_per_day"] = 0
    world.starts()
    world.holds()
    for _ in range(30):
        world.network(Outcome.FAILED, code=331)
        world.passes(310)
    lives(world, 0.5)
    told = {text.recipient for text in world.outbox.texts.values() if text.is_taken}
    assert told == {0, 1, 2, 3}


def test_a_second_send_goes_whatever_is_spent_and_is_counted(world):
    world.settings["sms"]["positions_per_day"] = 3
    world.starts()
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    world.passes(1800)
    world.takes_all_texts()
    later = world.modem.texts[ROUND:]
    assert len(later) == 3
    for _ in range(40):
        world.passes(10)
        if world.sms.under_way is not None:
            world.takes_all_texts()
    assert sorted(world.modem.texts[ROUND + 3 :]) == sorted(later)
    assert sum(world.memory.spent("texts").values()) == 6


def test_who_was_texted_in_vain_twice_is_told_by_a_later_round_whatever_is_spent(world):
    world.settings["sms"]["positions_per_day"] = 0
    world.starts()
    world.holds()
    for _ in range(30):
        world.network(Outcome.UNKNOWN)
        world.passes(10)
    assert {text.outcome for text in world.outbox.texts.values()} == {TextOutcome.UNKNOWN}
    lives(world, 0.6)
    assert {text.recipient for text in world.outbox.texts.values() if text.is_taken} == {0, 1, 2, 3}


def test_an_answer_that_comes_late_is_not_paid_twice(world):
    world.starts()
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    world.passes(1800)
    ref = world.modem.texts[-1][0]
    world.leaves()
    world.network(Outcome.UNKNOWN)
    assert sum(world.memory.spent("texts").values()) == 1
    world.happens(SmsOutcome(ref, Outcome.DONE, (1,), None, "answered late"))
    assert sum(world.memory.spent("texts").values()) == 1


def test_what_takes_the_place_of_a_text_that_had_to_go_costs_nothing(world):
    """Still in danger, and no network until the next round: that round tells it."""
    world.starts()
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    world.passes(60)
    world.holds()
    for _ in range(12):
        world.passes(160)
        world.network(Outcome.FAILED, code=331)
    world.takes_all_texts()
    assert len(world.modem.texts) > 2 * ROUND
    assert sum(world.memory.spent("texts").values()) <= 1, "but for the one the modem has already"


def test_what_waits_for_the_network_says_where_the_wearer_is_now_whatever_is_left(world):
    world.settings["sms"]["positions_per_day"] = 2
    world.starts()
    world.sees(43.0, 45.0)
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    for n in range(40):
        world.sees(43.0 + n / 100, 45.0)
        world.passes(600)
        if world.sms.under_way is not None:
            world.network(Outcome.FAILED, code=331)
    world.takes_all_texts()
    last = [text for _, _, text in world.modem.texts if world.kind(text) == "alert"][-1]
    assert "mlat=43.39" in last or "mlat=43.38" in last
    assert sum(world.memory.spent("texts").values()) == 2


def test_rounds_that_find_no_network_cost_nothing(world):
    """Each takes the place of the one before, which has not left."""
    world.settings["sms"]["positions_per_day"] = 20
    world.starts()
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    for _ in range(40):
        world.passes(600)
        if world.sms.under_way is not None:
            world.network(Outcome.FAILED, code=331)
    assert world.memory.spent("texts") == {}
    assert len(world.outbox.open_texts()) == ROUND
    assert spent_lines(world) == []


@pytest.mark.slow
def test_what_is_spent_is_remembered_over_a_restart_and_begins_anew_after_a_power_cut(world):
    world.starts()
    world.holds()
    lives(world, 5)
    world.starts()
    lives(world, 5)
    assert world.modem.texts == []
    world.power_cut()
    lives(world, 5)
    assert len(world.modem.texts) == 10


@pytest.mark.parametrize(
    "spent", [None, 5, [], {"texts": 7}, {"texts": {"x": 1}}, {"texts": {"1": "y"}}]
)
def test_rubbish_in_what_is_spent_costs_no_alarm(world, spent):
    kept = {"texts": {}, "fix": None, "spent": spent}
    (world.folder / "memory.json").write_text(json.dumps(kept))
    world.starts()
    world.holds()
    world.takes_all_texts()
    assert len(world.modem.texts) == ROUND


# Data


def online(world):
    world.modem.snapshot = ModemStatus(state=Condition.REGISTERED, data_up=True)
    world.data_goes(up=True)


@pytest.mark.slow
def test_heartbeats_stop_when_their_budget_is_spent_and_go_on_a_day_later(tmp_path):
    world = World(tmp_path, heartbeat_s=600.0)
    world.settings["supervision"]["kilobytes_per_day"] = 10 * EXCHANGE_BYTES // 1000
    world.starts()
    online(world)
    for _ in range(138):
        world.passes(600)
        if world.data.under_way is not None:
            world.hq_answers()
    assert len(world.modem.posts) == 10
    assert [line for line in spent_lines(world) if "no heartbeats" in line] == spent_lines(world)
    assert len(spent_lines(world)) == 1
    world.starts()
    online(world)
    world.passes(3600)
    assert world.modem.posts == [], "and a restart forgets nothing"
    world.passes(2 * 3600)
    assert world.modem.posts


def test_an_alarm_goes_although_heartbeats_have_spent_theirs_and_positions_theirs(tmp_path):
    world = World(tmp_path)
    world.settings["supervision"]["kilobytes_per_day"] = 0
    world.settings["reports"]["kilobytes_per_day"] = 0
    world.starts()
    online(world)
    world.holds()
    assert world.report().type is MessageType.FIRST
    world.hq_answers()
    world.passes(5)
    world.holds()
    assert world.report().type is MessageType.STILL_IN_DANGER
    world.hq_answers()
    world.passes(5)
    world.taps(2, 4, 1)
    world.hq_answers_all()
    assert world.report().type is MessageType.WITHDRAWAL
    assert [line.partition("spent: ")[2] for line in spent_lines(world)] == [
        "fewer positions by data"
    ]


def positions(world):
    reports = [world.open(sealed) for _, sealed in world.modem.posts]
    return [report for report in reports if report.type is MessageType.POSITION]


def test_positions_are_few_when_their_budget_is_spent_and_the_newest_goes_first(tmp_path):
    world = World(tmp_path, heartbeat_s=1e9)
    world.settings["reports"]["kilobytes_per_day"] = 5 * EXCHANGE_BYTES // 1000
    world.starts()
    online(world)
    world.holds()
    world.hq_answers()
    last = 0
    for _ in range(600):
        world.passes(60)
        while world.data.under_way is not None:
            report = world.report()
            assert report.sequence > last, "no older one in its place"
            last = report.sequence
            world.hq_answers()
    hours = 600 * 60 / 3600
    assert 5 + hours * 2 - 2 <= len(positions(world)) <= 5 + hours * 2 + 1, "each half hour"
    assert len(spent_lines(world)) == 1


def test_a_track_of_hours_is_not_sent_at_once_with_the_budget_spent(tmp_path):
    world = World(tmp_path, heartbeat_s=1e9)
    world.settings["reports"]["kilobytes_per_day"] = 5 * EXCHANGE_BYTES // 1000
    world.starts()
    world.holds()
    for _ in range(40):
        world.passes(300)
        if world.data.under_way is not None:
            world.post_fails()
    online(world)
    while world.data.under_way is not None:
        world.hq_answers()
    assert all(report.position for report in world.outbox.unanswered())
    answered = [report for report in world.outbox.reports.values() if report.answered]
    assert sum(report.position for report in answered) == 5
    assert any(not report.position for report in answered)


def test_a_post_that_found_no_connection_costs_nothing(tmp_path):
    world = World(tmp_path, heartbeat_s=1e9)
    world.holds()
    for _ in range(50):
        world.passes(61)
        if world.data.under_way is not None:
            world.post_fails()
    assert world.memory.spent("positions") == {}
    before = len(positions(world))
    online(world)
    for _ in range(3):
        world.passes(61)
        world.post_fails()
    silent = len(positions(world)) - before
    assert silent >= 3
    assert sum(world.memory.spent("positions").values()) == silent * EXCHANGE_BYTES


def test_a_post_that_found_a_connection_after_all_is_paid_for_when_it_is_answered(tmp_path):
    world = World(tmp_path, heartbeat_s=1e9)
    world.holds()
    world.passes(21)
    world.hq_answers_all()
    assert len(positions(world)) == 1
    assert sum(world.memory.spent("positions").values()) == EXCHANGE_BYTES


def test_an_answer_by_sms_or_by_nobody_costs_no_data(tmp_path):
    world = World(tmp_path, heartbeat_s=1e9)
    world.holds()
    sealed = world.modem.posts[0][1]
    world.hq_texts_a_receipt(Status.STORED, sealed)
    assert world.memory.spent("positions") == {}


def test_texts_of_a_budget_are_marked_on_the_card(world):
    world.starts()
    world.holds()
    lives(world, 2)  # a round counts from the first text that leaves: the third is later than 1 h
    world.starts()
    assert Counter(text.later for text in world.outbox.texts.values()) == {False: 7, True: 10}
    assert {text.outcome for text in world.outbox.texts.values()} == {TextOutcome.REACHED}
