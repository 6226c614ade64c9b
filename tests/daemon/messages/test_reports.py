"""What a report says of the device, when a position is better, and when a thread counts as alive."""

import pytest

from outcry.beats import Beats
from outcry.daemon.messages.reports import is_better, place
from outcry.hw import gps
from outcry.hw.modem import Cell, ModemStatus
from outcry.receipt import Status
from outcry.report import MAX_ACCURACY_M, MAX_AGE_S, Flag, NoFixReason, NoPosition, Position
from outcry.report import Cell as ReportedCell
from simulation.world import WALL, World

NO_FIX = gps.NoFix(gps.NoFixReason.NO_GPSD)
BLIND = NoPosition(NoFixReason.NO_GPSD)


@pytest.fixture
def world(world):
    world.data_goes(up=True)
    return world


def at(accuracy_m=None, age_s=0):
    return Position(1.0, 2.0, accuracy_m, age_s)


def test_the_first_report_tells_cell_signal_and_time(world):
    world.modem.snapshot = ModemStatus(signal=17, cell=Cell(250, 1, 4711, 90210))
    world.holds()
    report = world.report()
    assert (report.signal, report.cell) == (17, ReportedCell(250, 1, 4711, 90210))
    assert report.sent_at == int(WALL + 1.5), "when the hold was long enough"
    assert report.flags == Flag.CLOCK_VOUCHED


@pytest.mark.parametrize("wall", [-5.0, 0.0, 1.7e9, 5e9, 9.2e9])
def test_whatever_the_clock_says_the_report_and_the_texts_go(tmp_path, wall):
    world = World(tmp_path, wall=wall)
    world.data_goes(up=False)
    world.holds()
    world.takes_all_texts()
    assert len(world.heard()) == 7
    known = 1.76e9 < wall < 2.2e9
    said = world.report().flags & (Flag.CLOCK_UNSET | Flag.CLOCK_VOUCHED)
    assert said == (Flag.CLOCK_VOUCHED if known else Flag.CLOCK_UNSET)


def test_a_signal_and_a_cell_that_cannot_be_are_not_told(world):
    world.modem.snapshot = ModemStatus(signal=99, cell=Cell(1000, 1, 1, 1))
    world.holds()
    assert (world.report().signal, world.report().cell) == (None, None)


def test_every_message_has_a_token_of_its_own(world):
    world.holds()
    world.hq_answers()
    world.passes(100)
    world.hq_answers()
    reports = list(world.outbox.reports.values())
    assert len({report.token for report in reports}) == len(reports) > 1


def test_an_accuracy_and_an_age_are_rounded_to_the_worse():
    known = place(gps.Fix(1.0, 2.0, 4.2, 10.0), NO_FIX, 13.9)
    assert known == Position(1.0, 2.0, 5, 4)


@pytest.mark.parametrize("accuracy_m", [MAX_ACCURACY_M + 0.1, 70_000.0, 2e7])
def test_an_accuracy_too_bad_to_be_said_is_not_told_as_a_better_one(accuracy_m):
    assert place(gps.Fix(1.0, 2.0, accuracy_m, 10.0), NO_FIX, 11.0).accuracy_m is None
    most = place(gps.Fix(1.0, 2.0, MAX_ACCURACY_M - 0.1, 10.0), NO_FIX, 11.0)
    assert most.accuracy_m == MAX_ACCURACY_M


@pytest.mark.parametrize(
    ("true_s", "told_s"),
    [
        (-1, 0),
        (0, 0),
        (0.01, 1),
        (59.01, 60),
        (60, 60),
        (MAX_AGE_S - 0.5, MAX_AGE_S),
        (1e9, MAX_AGE_S),
    ],
)
def test_an_age_is_rounded_up(true_s, told_s):
    assert place(gps.Fix(1.0, 2.0, None, 0.0), NO_FIX, true_s).age_s == told_s


@pytest.mark.parametrize(
    ("known", "reported", "better"),
    [
        (at(5), BLIND, True),
        (at(), BLIND, True),
        (BLIND, BLIND, False),
        (BLIND, at(5), False),
        (at(5), None, False),
        (at(age_s=30), at(5, age_s=31), True),
        (at(age_s=30), at(5, age_s=30), False),
        (at(age_s=31), at(5, age_s=400), False),
        (at(5), at(), True),
        (at(), at(), False),
        (at(20), at(51), True),
        (at(20), at(50), False),
        (at(50), at(100), False),
        (at(50), at(101), True),
    ],
)
def test_a_position_is_better_when_it_tells_a_helper_more(known, reported, better):
    assert is_better(known, reported) is better


def test_the_watchdog_is_fed_only_while_every_thread_beats():
    now = 100.0
    beats = Beats(lambda: now, interval_s=10.0, limit_s=20.0)
    modem, receiver = beats.watch("modem"), beats.watch("gps")
    now = 120.0
    assert not beats.silent(now)
    modem()
    now = 120.5
    assert beats.silent(now), "the other one is silent"
    receiver()
    assert not beats.silent(now)
    now = 140.5
    assert beats.silent(now)


def test_nothing_is_fed_while_a_thread_is_stuck_and_again_once_it_turns(world):
    fed = []
    world.parts.service.alive = lambda: fed.append(world.now)
    world.threads_turn = False
    world.passes(60)
    assert max(fed) <= 100 + 20
    world.threads_turn = True
    world.passes(10)
    assert max(fed) > 150
    assert world.loop.next_due() <= world.now + 10


def test_refusals_are_told_by_their_number_and_a_heartbeat_keeps_its_interval(world):
    world.passes(1250)
    assert len(world.modem.posts) == 2
    world.holds()
    world.somebody_answers(503, world.receipt(world.modem.posts[-1][1], 1))
    assert any("HTTP 503" in line for line in world.journal)
    assert "HQ has it" not in world.motor.pulses


def test_a_heartbeat_waits_while_a_report_is_under_way(world):
    world.passes(57)
    world.holds()
    world.passes(10)
    assert len(world.modem.posts) == 1
    assert world.modem.urgent
    assert world.gps.eager


@pytest.mark.parametrize("data_up", [True, False])
def test_after_a_restart_receiver_and_modem_are_as_eager_as_before(world, data_up):
    world.data_goes(up=data_up)
    world.holds()
    world.starts()
    assert world.gps.eager
    assert world.modem.urgent


def test_a_receipt_by_sms_says_nothing_of_the_data_path(world):
    world.holds()
    for _ in range(5):
        world.post_fails()
        world.passes(15)
    failures = world.loop.alarm.data_failures
    world.hq_texts_a_receipt(Status.STORED, world.modem.posts[0][1])
    assert world.loop.alarm.data_failures == failures > 2


def test_a_device_that_starts_again_and_again_is_no_silent_one(world):
    """Restarted every nine minutes, it would never come to a heartbeat due after ten."""
    for _ in range(6):
        world.passes(540)
        assert len(world.modem.posts) == 1
        world.starts()
