"""Whole alarms over the simulated SIM800, in simulated time: the bounds that are promised."""

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.receipt import Status
from outcry.report import Flag
from simulation.wearable import SimulatedWorld
from simulation.world import WALL

FIRST_CMGS_LIMIT_S = 12.0
PRESS_AT = 400.0  # the modem is up, connected, and its connection is old
RINGS = ["dead", "refused", "connecting", "silent", "rubbish"]


@pytest.fixture
def world(tmp_path):
    return SimulatedWorld(tmp_path)


def first_cmgs(world, valid):
    times = [at for at in world.commands("AT+CMGS") if at >= valid]
    assert times, "no text was ever tried"
    return times[0] - valid


def test_with_everything_working_hq_has_it_within_three_seconds(world):
    valid = world.presses(PRESS_AT)
    world.run(PRESS_AT + 19)
    assert world.motor.pulses == ["raised", "HQ has it"]
    assert world.arrived[-1][0] - valid <= 3
    assert world.commands("AT+CMGS") == []


def test_with_an_instant_modem_hq_has_it_within_a_second(tmp_path):
    world = SimulatedWorld(tmp_path, Timing.instant())
    valid = world.presses(PRESS_AT)
    world.run(PRESS_AT + 19)
    assert world.arrived[-1][0] - valid <= 1
    assert world.motor.pulses == ["raised", "HQ has it"]


@pytest.mark.parametrize("old_only", [False, True], ids=["every", "old-only"])
@pytest.mark.parametrize("when", [-60.0, -1.0, 0.2, 1.0], ids=lambda when: f"at{when:+g}s")
@pytest.mark.parametrize("how", RINGS)
def test_whatever_gprs_does_the_first_text_is_tried_within_twelve_seconds(
    world, how, when, old_only
):
    valid = world.presses(PRESS_AT)
    world.at(valid + when, lambda: world.sim.set_gprs(how, world.now, old_only=old_only))
    world.run(PRESS_AT + 60)
    if not world.motor.pulses[1:]:
        assert first_cmgs(world, valid) <= FIRST_CMGS_LIMIT_S
    else:
        assert world.arrived, "felt a receipt, so HQ must have it"


def test_a_context_lost_while_hq_is_awaited_sends_the_texts_at_once(world):
    """+PDP: DEACT says that data is down; the eight seconds are for silence, not for that."""
    valid = world.presses(PRESS_AT)
    world.at(valid + 0.2, lambda: world.sim.set_gprs("dead", world.now))
    world.run(PRESS_AT + 60)
    assert first_cmgs(world, valid) <= 2


@pytest.mark.parametrize(
    "answer",
    [
        lambda world, sealed: world.forged(sealed),
        lambda world, sealed: world.http(b"<html>sign in to use this network</html>"),
        lambda world, sealed: b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n",
        lambda world, sealed: b"\x00\xff" * 400,
        lambda world, sealed: b"",
        lambda world, sealed: world.http(b"x" * 100_000),
    ],
    ids=["forged receipt", "captive portal", "redirect", "rubbish", "nothing", "100 kB"],
)
def test_whoever_answers_in_hqs_place_the_texts_go_in_time(world, answer):
    world.hq_says = lambda sealed: answer(world, sealed)
    valid = world.presses(PRESS_AT)
    world.run(PRESS_AT + 60)
    assert first_cmgs(world, valid) <= FIRST_CMGS_LIMIT_S
    assert "HQ has it" not in world.motor.pulses
    assert len(world.arrived) > 2, "the data path is tried in between"


def test_with_gprs_dead_everyone_is_told_first_contact_first(world):
    world.sim.set_gprs("dead", world.now)
    world.presses(PRESS_AT)
    world.run(PRESS_AT + 120)
    told = [name for _, name in world.texts_given()]
    assert told[:4] == ["Ana", "HQ", "Boris", "Chiara"]
    assert sorted(told[4:7]) == ["Ana", "Boris", "Chiara"]
    assert len(told) == 7, "each once"


def test_a_modem_silent_at_start_delays_the_alarm_and_does_not_lose_it(world):
    world.sim.set_mute(True, world.now)
    world.presses(200.0)
    world.at(900.0, lambda: world.sim.set_mute(False, world.now))
    world.run(1100.0)
    assert world.motor.pulses[0] == "raised"
    assert "HQ has it" in world.motor.pulses or world.texts_given()


def test_a_modem_reset_in_the_middle_of_a_text_loses_nobody(world):
    world.sim.set_gprs("dead", world.now)
    valid = world.presses(PRESS_AT)
    world.at(valid + 3, lambda: world.sim.reset(world.now))
    world.run(PRESS_AT + 200)
    assert {name for _, name in world.texts_given()} == {"Ana", "HQ", "Boris", "Chiara"}


def test_gprs_coming_back_brings_the_alarm_to_hq(world):
    world.sim.set_gprs("dead", world.now)
    world.presses(PRESS_AT)
    world.at(PRESS_AT + 100, lambda: world.sim.set_gprs("on", world.now))
    world.run(PRESS_AT + 260)
    assert "HQ has it" in world.motor.pulses
    assert world.outbox.unanswered() == []


@pytest.mark.slow
def test_without_any_network_for_hours_nothing_is_lost(world):
    world.at(PRESS_AT - 10, lambda: world.sim.set_network(False, world.now))
    world.presses(PRESS_AT)
    world.at(PRESS_AT + 3 * 3600, lambda: world.sim.set_network(True, world.now))
    world.run(PRESS_AT + 3 * 3600 + 400)
    assert "HQ has it" in world.motor.pulses
    assert {"Ana", "Boris", "Chiara"} <= {name for _, name in world.texts_given()}
    assert world.outbox.unanswered() == []
    track = [world.open(sealed).sequence for _, sealed in world.arrived]
    assert set(track) == {report.sequence for report in world.outbox.reports.values()}


def test_a_person_seeing_it_is_felt_with_the_next_report(world):
    world.presses(PRESS_AT)
    world.at(
        PRESS_AT + 10,
        lambda: setattr(
            world, "hq_says", lambda sealed: world.receipt_of(sealed, Status.ACKNOWLEDGED)
        ),
    )
    world.run(PRESS_AT + 40)
    assert world.motor.pulses == ["raised", "HQ has it", "a person has it"]


@pytest.mark.parametrize(
    "command",
    [
        *("E0", "+CMEE", "+CPIN", "+CMGF", "+CPMS", "+CSCS", "+CNMI", "+CREG", "+CENG", "+CSQ"),
        *("+CBC", "+CMGL", "+CIPMUX", "+CIPQSEND", "+CIPRXGET", "+CIPCSGP", "+CIPSTART"),
        *("+CLTS", "+CCLK"),
    ],
)
def test_a_modem_that_never_learns_one_command_still_carries_the_alarm(world, command):
    """Another make, another firmware: what it lacks must cost no more than what it is for."""
    world.sim.faults.on(command, Fault(Kind.ERROR, stage="command"), times=10**6)
    world.presses(PRESS_AT)
    world.run(PRESS_AT + 60)
    assert "HQ has it" in world.motor.pulses or world.texts_given()


def alarms(world):
    """The reports that reached HQ, heartbeats apart."""
    reports = [world.open(sealed) for _, sealed in world.arrived]
    return [report for report in reports if report.alarm_id]


@pytest.mark.parametrize("wall", [WALL - 30 * 86_400, WALL + 10 * 31_557_600, 60.0])
@pytest.mark.parametrize("zone", [4, -20, 22, 23])
def test_a_wrong_clock_is_put_right_by_the_modem_long_before_a_fix(tmp_path, wall, zone):
    options = Options(network_zone=zone)
    world = SimulatedWorld(tmp_path, options=options, warm=False, unset_clock=wall)
    world.at(110.0, lambda: world.sim.power_on(world.now))
    valid = world.presses(160.0)
    world.run(200.0)
    (first, *_) = alarms(world)
    assert Flag.CLOCK_UNSET not in first.flags
    assert first.sent_at == pytest.approx(WALL + valid, abs=2)


def test_without_the_networks_time_a_wrong_clock_is_told_to_nobody(tmp_path):
    options = Options(network_time=False)
    month_ago = WALL - 30 * 86_400
    world = SimulatedWorld(tmp_path, options=options, warm=False, unset_clock=month_ago)
    world.at(110.0, lambda: world.sim.power_on(world.now))
    world.presses(160.0)
    world.run(200.0)
    assert Flag.CLOCK_UNSET in alarms(world)[0].flags
