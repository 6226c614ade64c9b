"""Drills, codes and the strap, lived on the real loop, outbox and delivery."""

import pytest

from outcry.daemon.alarm.model import State
from outcry.daemon.touch.button import Times
from outcry.daemon.touch.edges import Edge
from outcry.daemon.touch.inputs import Senses
from outcry.receipt import Status
from outcry.report import AlarmKind, Flag, MessageType
from simulation.world import WALL, World

YEAR_S = 365.25 * 86_400


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, strap=True)
    world.data_goes(up=True)
    return world


# Drills


def test_the_drill_code_begins_a_drill_and_the_wearer_feels_it(world):
    world.taps(5, 5)
    assert world.motor.pulses == ["a drill has begun"]
    assert world.report().kind is AlarmKind.DRILL


def test_another_code_begins_nothing(world):
    world.taps(5, 4)
    assert world.motor.pulses == ["the code is on its way"]
    assert world.all_reports() == []


def test_the_hops_of_a_drill_are_told_and_kept_over_a_restart(world):
    assert world.asks("drill") == {"drill": "begun"}
    world.passes(2)
    world.hq_answers(Status.STORED)
    world.passes(30)
    world.hq_answers_all(Status.ACKNOWLEDGED)
    hops = world.asks("status")["drill"]["hops"]
    assert hops["HQ has it"] == pytest.approx(2.0, abs=0.1)
    assert hops["a person has it"] > hops["HQ has it"]
    world.passes(900)
    assert any("the drill is over: report sealed" in line for line in world.journal)
    world.starts()
    kept = world.asks("status")["drill"]
    assert kept["over"] is True
    assert kept["hops"] == hops


def test_a_heartbeat_says_how_long_ago_the_last_drill_was(world):
    world.asks("drill")
    world.hq_answers_all()
    world.passes(901)
    world.hq_answers_all()
    world.wall += 3 * 3600
    world.passes(700)
    heartbeat = world.report()
    assert heartbeat.type is MessageType.HEARTBEAT
    assert heartbeat.drill_hours == 3


def test_a_drill_dated_by_a_clock_years_ahead_has_no_known_age(tmp_path):
    world = World(tmp_path, wall=WALL + 19.6 * YEAR_S)  # 1024 weeks
    world.asks("drill")
    world.passes(901)
    world.wall = WALL
    world.starts()
    assert world.asks("status")["drill"]["ago_s"] is None
    world.passes(61)
    assert world.report().drill_hours is None


def test_a_clock_set_by_seconds_during_a_drill_does_not_hide_it(world):
    world.asks("drill")
    world.wall -= 5
    assert world.asks("status")["drill"]["ago_s"] == 0


def test_a_real_press_in_a_drill_is_a_real_alarm_and_waits_for_nothing_of_the_drill(tmp_path):
    world = World(tmp_path)  # data is down: the drill's texts wait in the modem
    world.asks("drill")
    world.holds()
    world.takes_all_texts()
    words = [text for _, _, text in world.modem.texts]
    assert not any(text.startswith("DRILL") for text in words), "the one in the modem is taken back"
    alerts = [text for text in words if world.kind(text) == "alert" and "DRILL" not in text]
    assert len(alerts) == len(world.identity.contacts)
    assert world.outbox.alarm.kind is AlarmKind.PANIC


def test_after_a_drill_nothing_of_it_is_sent_and_the_device_is_armed(tmp_path):
    world = World(tmp_path)
    world.asks("drill")
    world.passes(901)
    assert world.outbox.alarm.state is State.IDLE
    assert world.outbox.open_texts() == [] or all(
        text.id == 1 for text in world.outbox.open_texts()
    )
    assert world.outbox.unanswered() == []
    posted = len(world.modem.posts)
    world.passes(3600)
    later = [world.open(sealed) for _, sealed in world.modem.posts[posted:]]
    assert all(report.type is MessageType.HEARTBEAT for report in later)


def test_a_drill_ends_with_a_restart_even_after_a_power_cut(world):
    world.asks("drill")
    world.power_cut()
    assert world.loop.alarm.state is State.IDLE


def test_no_drill_is_begun_while_an_alarm_is_open(world):
    world.holds()
    assert "error" in world.asks("drill")
    assert world.outbox.alarm.kind is AlarmKind.PANIC


# Codes


def test_a_code_during_an_alarm_travels_sealed_and_feels_the_same_whatever_it_is(tmp_path):
    felt = []
    for name, code in (("safe", (2, 4, 1)), ("duress", (3, 3))):
        folder = tmp_path / name
        folder.mkdir()
        world = World(folder)
        world.data_goes(up=True)
        world.holds()
        world.hq_answers_all()
        world.taps(*code)
        assert world.report().type is MessageType.WITHDRAWAL
        assert world.report().taps == code
        felt.append(list(world.motor.pulses))
    assert felt[0] == felt[1]


def test_the_code_that_begins_drills_is_a_code_like_any_other_in_an_alarm(world):
    world.holds()
    world.hq_answers_all()
    world.taps(5, 5)
    assert world.outbox.alarm.kind is AlarmKind.PANIC
    assert world.report().taps == (5, 5)


def test_after_a_withdrawal_positions_go_on_and_a_hold_is_a_new_alarm(world):
    world.holds()
    world.hq_answers(Status.STORED)
    first = world.outbox.alarm.id
    world.taps(2, 2)
    world.hq_answers_all()
    before = len(world.modem.posts)
    world.passes(90)
    assert len(world.modem.posts) > before
    world.holds()
    assert world.outbox.alarm.id != first
    assert world.outbox.alarm.state is State.RAISED


def test_a_withdrawal_is_remembered_over_a_kill_and_a_power_cut(world):
    for ends in (world.starts, world.power_cut):
        world.holds()
        world.taps(2, 2)
        before = world.outbox.alarm.id
        ends()
        assert world.outbox.alarm.withdrawn
        world.holds()
        assert world.outbox.alarm.id != before


def test_no_text_of_the_device_says_safe_after_a_withdrawal(tmp_path):
    world = World(tmp_path)
    world.holds()
    world.takes_all_texts()
    world.taps(2, 2)
    world.takes_all_texts()
    assert all("safe" not in text.lower() for _, _, text in world.modem.texts)


# The strap


def test_an_opened_strap_is_an_alarm_of_its_own_with_words_of_its_own(tmp_path):
    world = World(tmp_path, strap=True)
    world.fastens()
    world.is_torn()
    assert world.report().kind is AlarmKind.STRAP
    assert world.motor.pulses == ["raised"]
    world.takes_all_texts()
    (first, *_) = [text for _, _, text in world.modem.texts]
    assert "strap" in first.lower()


def test_a_stuck_button_masks_no_strap(world):
    world.fastens()
    world.holds(seconds=120)
    world.hq_answers(Status.STORED)
    assert Flag.BUTTON_STUCK in world.parts.senses.marks
    panic = world.outbox.alarm.id
    world.is_torn()
    assert world.outbox.alarm.kind is AlarmKind.STRAP
    assert world.outbox.alarm.id != panic


def test_the_alarm_before_the_strap_is_not_forgotten_not_even_by_a_kill(tmp_path):
    world = World(tmp_path, strap=True)
    world.data_goes(up=True)
    world.fastens()
    world.holds()
    panic = world.outbox.alarm.id
    world.post_fails()
    world.is_torn()
    for ends in (world.starts, world.power_cut):
        ends()
        waiting = {report.alarm for report in world.outbox.unanswered()}
        assert panic in waiting
        assert world.outbox.alarm.kind is AlarmKind.STRAP


def test_a_strap_taken_off_on_purpose_is_announced_and_judged_at_hq(world):
    world.fastens()
    world.taps(3, 1, 2)
    world.is_torn()
    world.hq_answers_all()
    kinds = [(report.kind, report.type) for report in world.all_reports()]
    assert (AlarmKind.STRAP, MessageType.FIRST) in kinds
    assert (AlarmKind.STRAP, MessageType.WITHDRAWAL) in kinds


def test_a_strap_torn_while_the_daemon_restarts_is_told(world):
    world.fastens()
    world.strap_closed = False
    world.starts()
    world.passes(3)
    assert world.outbox.alarm.kind is AlarmKind.STRAP


def test_a_strap_nobody_wears_is_silent(world):
    world.passes(3600)
    assert world.outbox.alarm.state is State.IDLE
    assert Flag.STRAP_OPEN in world.report().flags


# Nobody reached


def test_a_wearer_nobody_hears_feels_it_and_no_more_once_a_text_left(tmp_path):
    world = World(tmp_path)
    world.holds()
    world.passes(100)
    assert "cannot reach anyone yet" in world.motor.pulses
    world.takes_all_texts()
    felt = len(world.motor.pulses)
    world.passes(1500)
    assert "cannot reach anyone yet" not in world.motor.pulses[felt:]


# Trouble before it matters


def test_a_trouble_brings_the_heartbeat_forward_but_not_one_a_second(world):
    world.passes(300)
    before = len(world.modem.posts)
    snapshot = world.modem.snapshot
    for _ in range(10):
        world.modem.snapshot = type(snapshot)(battery_mv=3300)
        world.passes(1)
        world.modem.snapshot = type(snapshot)(battery_mv=3900)
        world.passes(1)
    world.modem.snapshot = type(snapshot)(battery_mv=3300)
    world.passes(60)
    assert 1 <= len(world.modem.posts) - before <= 2
    assert Flag.BATTERY_LOW in world.report().flags


def test_an_edge_told_while_the_contact_is_asked_is_heard_before_anything_is_decided():
    """The button was let go after 1.4 s; nobody ran until much later."""
    waiting = []

    class Late:
        fault = None

        def is_told(self):
            waiting.append(Edge(False, 101.4))
            return True

        def due(self, wanted):
            return wanted

    senses = Senses(Times(), Late())
    senses.hear(Edge(True, 100.0))
    assert senses.look(110.0, lambda: not waiting) == ()
    assert senses.hear(waiting[0]) == ()
