"""What time it is: only what something in this boot vouched for, whatever the clocks do."""

from dataclasses import replace

import pytest

from outcry.daemon.service import true_time
from outcry.hw.gps import CLOCK_SET_AFTER, CREDIBLE_UNTIL
from outcry.report import Flag
from simulation.world import WALL, World

DAY_S = 86_400.0
YEAR_S = 365.25 * DAY_S


@pytest.fixture
def world(tmp_path):
    """Nothing has set its clock in this boot, which is right all the same."""
    world = World(tmp_path, synchronised=False)
    world.data_goes(up=True)
    yield world
    assert world.faults == []


def told(world):
    """The time in an alarm's report, None if that says that it is not known."""
    world.holds()
    report = world.report()
    return None if Flag.CLOCK_UNSET in report.flags else report.sent_at


WRONG = {
    "30 days behind": WALL - 30 * DAY_S,
    "ten years ahead": WALL + 10 * YEAR_S,
    "1970": 60.0,
    "right": WALL,
}


@pytest.mark.parametrize("wall", WRONG.values(), ids=WRONG)
def test_a_clock_that_nothing_vouched_for_is_not_told_to_anybody(world, wall):
    world.wall = wall
    assert told(world) is None
    world.post_fails()
    world.passes(8)
    assert "time not known" in world.modem.texts[0][2]


@pytest.mark.parametrize("wall", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("by", ["network", "receiver"])
def test_with_the_networks_or_a_receivers_time_the_report_carries_true_time(world, wall, by):
    world.wall = wall
    if by == "network":
        world.network_tells(WALL)
    else:
        world.gps.zero = WALL - world.clock()
    world.passes(1000)
    assert told(world) == pytest.approx(WALL + 1000, abs=3)
    world.post_fails()
    world.passes(8)
    assert "2026-09-21 14:30 UTC" in world.modem.texts[0][2]


@pytest.mark.parametrize("synchronised", [False, True])
@pytest.mark.parametrize("step_s", [30 * DAY_S, -30 * DAY_S, 3600, -3600, 10 * YEAR_S, -WALL])
def test_a_step_of_the_systems_clock_in_an_alarm_moves_no_time(world, step_s, synchronised):
    if synchronised:  # once; what steps it afterwards is not NTP
        world.synchronised_at = WALL
    else:
        world.network_tells(WALL)
    assert told(world) == pytest.approx(WALL, abs=3)
    world.hq_answers()
    world.wall += step_s
    world.passes(60)
    world.sees()
    world.passes(60)
    assert world.all_reports()[-1].sent_at == pytest.approx(WALL + 60, abs=65)
    assert Flag.CLOCK_UNSET not in world.all_reports()[-1].flags


@pytest.mark.parametrize("step_s", [30 * DAY_S, -30 * DAY_S])
def test_a_clock_stepped_since_ntp_set_it_is_not_believed_by_a_new_run(world, step_s):
    world.synchronised_at = WALL
    world.wall = WALL + step_s
    world.starts()
    world.data_goes(up=True)
    assert told(world) is None


@pytest.mark.parametrize("step_s", [3600, 60, -60])
def test_a_receiver_knows_better_than_a_clock_that_may_have_been_stepped(world, step_s):
    """By less than the uptime, and before this run: nothing on the device shows it."""
    world.passes(7200)
    world.synchronised_at = WALL + 7100
    world.wall = WALL + 7200 + step_s
    world.starts()
    world.gps.zero = WALL + 7200 - world.clock()
    assert told(world) == pytest.approx(WALL + 7200, abs=3)
    world.wall = world.synchronised_at = WALL + 7500
    assert world.loop.parts.time.told()[1] == "NTP"


def test_when_ntp_sets_the_clock_anew_that_counts(world):
    world.synchronised_at = WALL
    assert world.loop.parts.time.now() == WALL
    world.wall += 50
    assert world.loop.parts.time.now() == WALL, "somebody else has set it"
    world.wall = world.synchronised_at = WALL + 500
    assert world.loop.parts.time.now() == WALL + 500


def test_ntp_that_ends_has_vouched_all_the_same(world):
    """systemd takes the mark away when timesyncd stops."""
    world.synchronised_at = WALL
    assert told(world) is not None
    world.synchronised_at = None
    world.wall = 60.0
    assert world.loop.parts.time.now() == pytest.approx(WALL, abs=3)


def test_of_sources_that_disagree_ntp_wins_then_a_receiver_then_the_network(world):
    time, now = world.loop.parts.time, world.clock()
    assert time.told() == (None, None)
    world.network_tells(WALL - 7200)  # its zone has the wrong sign
    assert time.told() == (WALL - 7200, "the mobile network")
    world.gps.zero = WALL - now
    assert time.told() == (WALL, "GPS")
    world.wall = world.synchronised_at = WALL + 1
    assert time.told() == (WALL + 1, "NTP")


@pytest.mark.parametrize(
    "wrong",
    [
        WALL - 1024 * 7 * DAY_S,
        WALL + 1024 * 7 * DAY_S,
        0.0,
        CLOCK_SET_AFTER - 1,
        CREDIBLE_UNTIL + 1,
    ],
)
def test_a_time_out_of_bounds_yields_to_the_next_source(world, wrong):
    world.gps.zero = wrong - world.clock()
    assert world.loop.parts.time.now() is None
    world.network_tells(WALL)
    assert world.loop.parts.time.told()[1] == "the mobile network"


def test_a_restart_of_the_daemon_keeps_the_time_and_a_power_cut_does_not(world):
    world.network_tells(WALL)
    world.passes(300)  # and nothing else happens that is kept
    for _ in range(2):
        world.starts()
        assert world.loop.parts.time.told()[1] == "the mobile network, before the service started"
        assert world.loop.parts.time.now() == pytest.approx(WALL + 300, abs=3)
    world.power_cut()
    assert world.loop.parts.time.now() is None


@pytest.mark.parametrize("by", ["GPS", "NTP"])
def test_a_restart_lets_no_worse_source_outrank_what_was_known(world, by):
    if by == "GPS":
        world.gps.zero = WALL - world.clock()
    else:
        world.synchronised_at = WALL
    assert world.loop.parts.time.told() == (WALL, by)
    world.passes(300)
    world.gps.zero = world.synchronised_at = None  # indoors, and timesyncd has ended
    for _ in range(2):
        world.starts()
        world.network_tells(WALL + 300 - 7200)
        assert world.loop.parts.time.told()[1] == f"{by}, before the service started"
        assert world.loop.parts.time.now() == pytest.approx(WALL + 300, abs=3)


def test_after_a_restart_each_source_yields_to_the_same_one_of_now_and_to_a_better(world):
    time = kept(world, lambda: world.network_tells(WALL - 7200))
    world.network_tells(WALL)
    assert time.told() == (WALL, "the mobile network")
    time = kept(world, lambda: setattr(world.gps, "zero", WALL - 5 - world.clock()))
    world.gps.zero = WALL - world.clock()
    assert time.told() == (WALL, "GPS")


def kept(world, tells):
    """The time of a new run, to which nothing has told it yet."""
    tells()
    world.loop.parts.time.told()
    world.gps.zero = None
    world.modem.snapshot = replace(world.modem.snapshot, network_zero=None)
    world.starts()
    return world.loop.parts.time


def test_a_clock_stepped_before_a_restart_moves_no_receivers_time(world):
    world.passes(7200)
    world.gps.zero = WALL + 7200 - world.clock()
    world.passes(300)
    world.gps.zero = None
    world.synchronised_at, world.wall = WALL + 7100, WALL + 7500 + 3600
    world.starts()
    assert world.loop.parts.time.now() == pytest.approx(WALL + 7500, abs=3)


def test_status_says_what_vouches_for_the_time(world):
    assert world.asks("status")["time_by"] is None
    world.network_tells(WALL)
    assert world.asks("status")["time_by"] == "the mobile network"


def test_the_mark_of_timesyncd_is_read_where_systemd_says_it_is(tmp_path, monkeypatch):
    mark = tmp_path / "synchronized"
    monkeypatch.setattr(true_time, "SYNCHRONISED", mark)
    assert true_time.synchronised_at() is None
    mark.touch()
    assert true_time.synchronised_at() == mark.stat().st_mtime
