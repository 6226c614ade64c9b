"""The track: what HQ has not answered waits for the network, bounded, and goes newest first."""

import sys
from dataclasses import replace
from itertools import pairwise

import pytest

from outcry.daemon.alarm.model import Alarm, State
from outcry.daemon.outbox.budget import EXCHANGE_BYTES
from outcry.daemon.outbox.outbox import TRACK_MOST, Outbox
from outcry.daemon.outbox.stored import StoredReport
from outcry.hw.modem import Condition, ModemStatus
from outcry.receipt import Status
from outcry.report import AlarmKind, MessageType
from simulation.world import World

ALARM = Alarm(State.RAISED, id=7, kind=AlarmKind.PANIC, next_sequence=1)
SAID = (0, 1, 700, 4200)  # by holding or tapping; all the others are positions


def report(counter):
    said = counter in SAID
    return StoredReport(counter, 7, counter, b"sealed", b"token", position=not said)


def fill(outbox, count, first=0):
    for begin in range(first, first + count, 50):
        with outbox.step():
            for counter in range(begin, begin + 50):
                outbox.add_report(report(counter))


@pytest.fixture(scope="module")
def long_track(tmp_path_factory):
    """Weeks without a network: the outbox, and its file as a restart finds it."""
    path = tmp_path_factory.mktemp("track") / "outbox.sqlite"
    outbox = Outbox(path, pytest.fail)
    with outbox.step():
        outbox.save_alarm(ALARM)
        outbox.add_report(report(0))
        for recipient in (1, 2, 3):
            outbox.add_text(40, recipient, "link")
    fill(outbox, 5000, first=1)
    return outbox, path


def test_a_track_of_weeks_stays_small_in_memory_and_on_the_card(long_track):
    outbox, path = long_track
    for box in (outbox, Outbox(path, pytest.fail)):
        assert TRACK_MOST // 2 < len(box.unanswered()) <= TRACK_MOST + TRACK_MOST // 4
        assert len(box.reports) == len(box.unanswered())
    assert Outbox(path, pytest.fail).unanswered() == outbox.unanswered()


def test_nothing_that_was_said_is_let_go_nor_the_newest_positions(long_track):
    kept = [report.counter for report in long_track[0].unanswered()]
    assert set(SAID) <= set(kept)
    assert kept[: TRACK_MOST // 4] == list(range(5000, 5000 - TRACK_MOST // 4, -1))


def test_a_report_that_a_text_tells_of_is_not_let_go(long_track):
    assert 40 in long_track[0].reports


def test_all_of_the_way_is_told_the_older_the_coarser(long_track):
    kept = sorted(report.counter for report in long_track[0].unanswered())
    gaps = [after - before for before, after in pairwise(kept)]
    assert max(gaps) <= 40, "of weeks, no stretch is lost"
    assert max(gaps[-TRACK_MOST // 4 :]) == 1
    tenths = [sum(n * 500 <= counter < (n + 1) * 500 for counter in kept) for n in range(10)]
    assert min(tenths[:4]) >= 10
    assert tenths[-1] > 400


def test_it_goes_newest_first_and_what_is_answered_goes_no_more(long_track):
    _, path = long_track
    box = Outbox(path, pytest.fail)
    newest = box.unanswered()[:3]
    with box.step():
        box.answer_report(newest[1])
    assert next(box.newest_unanswered()) == newest[0]
    assert box.unanswered()[:2] == [newest[0], newest[2]]
    assert box.newest_report() == newest[0]
    with box.step():
        box.answer_report(newest[0])
    assert next(box.newest_unanswered()) == newest[2]
    assert box.newest_report() == replace(newest[0], answered=True)


def lines_run(work):
    """How many lines of Outcry's own code this takes: a cost that no busy machine alters."""
    count = 0

    def traced(frame, event, arg):
        nonlocal count
        count += event == "line"
        return traced

    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


@pytest.fixture
def cost(tmp_path):
    """The lines run by the steps of an alarm with so many reports unanswered."""

    def measure(unanswered):
        folder = tmp_path / str(unanswered)
        folder.mkdir()
        world = World(folder, heartbeat_s=1e9)
        world.holds()
        world.takes_all_texts()
        world.phones_have_all()
        alarm, sealed = world.loop.alarm.id, world.modem.posts[0][1]
        with world.outbox.step():
            for _ in range(unanswered):
                counter = world.outbox.take_counter()
                place = replace(report(counter), alarm=alarm, sealed=sealed, position=True)
                world.outbox.add_report(place)
        world.hq_answers()
        world.post_fails()
        world.passes(700)
        return {
            "tick": lines_run(world.loop.tick),
            "failure": lines_run(world.post_fails),
            "next one": lines_run(lambda: world.passes(61)),
            "answer": lines_run(world.hq_answers),
            "hold": lines_run(lambda: world.holds(2.0)),
        }

    return measure


def test_a_step_costs_the_same_with_ten_unanswered_reports_and_with_nine_hundred(cost):
    few, many = cost(10), cost(900)
    for step, lines in few.items():
        assert many[step] <= lines * 1.02 + 20, step


def with_the_track_left_to_send(folder, **reports):
    """A world in an alarm of which all contacts have been texted."""
    world = World(folder, heartbeat_s=1e9)
    world.settings["reports"] |= reports
    world.settings["sms"]["positions_per_day"] = 0
    world.starts()
    world.sees()
    world.holds()
    world.takes_all_texts()
    world.phones_have_all()
    return world


@pytest.mark.slow
def test_after_three_days_without_network_hq_gets_all_of_the_track_newest_first(tmp_path):
    world = with_the_track_left_to_send(tmp_path)
    for n in range(3 * 24 * 3):
        world.passes(1200)
        if n % 30 == 29:
            world.starts()
        if world.data.under_way is not None:
            world.post_fails()
    waiting = [report.sequence for report in world.outbox.unanswered()]
    assert len(waiting) > 140
    assert waiting == list(range(waiting[0], -1, -1)), "none is missing"
    world.modem.snapshot = ModemStatus(state=Condition.REGISTERED, data_up=True)
    world.data_goes(up=True)
    first = len(world.modem.posts) - 1
    while world.data.under_way is not None:
        world.hq_answers()
    got = [world.open(sealed) for _, sealed in world.modem.posts[first:]]
    assert [report.sequence for report in got] == waiting
    assert got[-1].type is MessageType.FIRST
    assert world.outbox.unanswered() == []


@pytest.mark.slow
def test_after_an_outage_the_track_is_complete_within_the_budget_and_nothing_stored_goes_again(
    tmp_path,
):
    """A day without data, the smallest budget there is, and each fifth receipt is lost."""
    world = with_the_track_left_to_send(tmp_path, kilobytes_per_day=50)
    for _ in range(144):
        world.passes(600)
        if world.data.under_way is not None:
            world.post_fails()
    track = {each.sequence for each in world.outbox.unanswered()}
    assert len(track) > 100
    by_sms = world.outbox.unanswered()[40]
    world.hq_texts_a_receipt(Status.STORED, by_sms.sealed)
    world.modem.snapshot = ModemStatus(state=Condition.REGISTERED, data_up=True)
    world.data_goes(up=True)
    answered, posted, older = {by_sms.sequence}, [], []
    while not track <= answered:
        assert world.now < 12 * 86_400, "complete within days"
        if world.data.under_way is None:
            world.passes(600)
            continue
        report = world.report()
        assert report.sequence not in answered, "HQ has it"
        posted.append((world.now, report))
        if len(posted) % 5 == 0:
            world.post_fails()
            continue
        if report.sequence in track and report.type is MessageType.POSITION:
            older.append(report.sequence)
        world.hq_answers()
        answered.add(report.sequence)
    assert older == sorted(older, reverse=True), "newest first"
    spent = [at for at, report in posted if report.type is MessageType.POSITION]
    drips = 86_400 // 600  # when all is spent, one goes in ten minutes at most
    for at in spent:
        assert (
            sum(at - 86_400 < each <= at for each in spent) <= -(-50_000 // EXCHANGE_BYTES) + drips
        )
