"""What `outcry check` asks of the running daemon, beside its status."""

from dataclasses import replace
from itertools import cycle

import pytest

from outcry.daemon.check.modem_access import DaemonsModem
from outcry.daemon.touch.haptics import TRIAL
from outcry.hw.modem import Condition, ModemStatus
from outcry.report import Flag, MessageType
from simulation.world import World


class Motor:
    def __init__(self):
        self.played = []

    def play(self, pattern):
        self.played.append(pattern)


class Felt(World):
    def make_motor(self):
        return Motor()


@pytest.fixture
def world(tmp_path):
    return Felt(tmp_path)


class Sparing(World):
    """A device with this budget for heartbeats."""

    def __init__(self, folder, kilobytes_per_day):
        self._kilobytes_per_day = kilobytes_per_day
        super().__init__(folder)

    def starts(self):
        self.settings["supervision"]["kilobytes_per_day"] = self._kilobytes_per_day
        super().starts()


def beats(world):
    reports = [world.open(sealed) for _, sealed in world.modem.posts]
    return [report for report in reports if report.type is MessageType.HEARTBEAT]


def test_a_heartbeat_goes_now_and_its_receipt_is_told(world):
    assert world.asks("heartbeat") == {"heartbeat": "sent"}
    assert len(beats(world)) == 1
    world.passes(2.0)
    world.hq_answers()
    told = world.asks("status")["heartbeat"]
    assert (told["answered_s"], told["trouble"]) == (0, "")


def test_the_check_knows_an_answer_however_its_looks_fall(world):
    """A second apart, each a moment after a whole second since the answer."""
    modem = DaemonsModem(world.asks, world.clock)
    assert modem.beat() == ""
    world.passes(0.04)
    world.hq_answers()
    world.passes(1.01)
    assert modem.answer() == (True, "")


def test_the_next_heartbeat_keeps_its_distance_to_the_one_asked_for(world):
    world.passes(500)
    world.asks("heartbeat")
    sent = len(beats(world))
    world.passes(590)
    assert len(beats(world)) == sent
    world.passes(20)
    assert len(beats(world)) == sent + 1


def trouble(world):
    return world.asks("status")["heartbeat"]["trouble"]


def test_what_came_in_place_of_a_receipt_is_told_until_the_next_receipt(world):
    world.asks("heartbeat")
    world.somebody_answers(400, b"")
    assert trouble(world) == "HTTP 400"
    world.asks("heartbeat")
    assert trouble(world) == "HTTP 400", "nothing has come yet"
    world.hq_answers()
    assert trouble(world) == ""


def test_what_a_report_or_a_drill_gets_is_told_as_that_of_a_heartbeat(world):
    world.asks("drill")
    world.somebody_answers(502, b"")
    assert trouble(world) == "HTTP 502"
    world.passes(5)
    world.hq_answers_all()
    assert trouble(world) == ""


def test_the_check_waits_for_the_answer_to_its_own_heartbeat(world):
    world.asks("heartbeat")
    world.somebody_answers(502, b"")
    modem = DaemonsModem(world.asks, world.clock)
    world.passes(1)
    assert modem.beat() == ""
    assert modem.answer() == (False, "")
    world.somebody_answers(400, b"")
    assert modem.answer() == (False, "HTTP 400")
    modem.beat()
    world.hq_answers()
    assert modem.answer() == (True, "")


def test_an_hq_that_did_not_answer_is_asked_once_more_after_a_minute(world):
    world.passes(70)
    world.hq_answers()
    world.passes(600)
    world.somebody_answers(502, b"")
    sent = len(beats(world))
    for minutes in range(1, 9):
        world.passes(60)
        if len(beats(world)) > sent:
            world.somebody_answers(502, b"")
        assert len(beats(world)) == sent + 1, f"and no sooner than ever after {minutes} min"
    world.passes(180)
    assert len(beats(world)) == sent + 2


def test_an_open_alarm_is_not_the_time_to_ask_again(world):
    world.passes(70)
    world.holds()
    sent = len(beats(world))
    world.somebody_answers(502, b"")
    for _ in range(300):
        world.passes(1)
        world.hq_answers_all()
    assert len(beats(world)) == sent


def test_asking_again_leaves_every_heartbeat_its_budget(tmp_path):
    world = Sparing(tmp_path, 99)
    world.modem.snapshot = ModemStatus(state=Condition.REGISTERED, connected_since=world.now)
    answers = cycle([lambda: world.somebody_answers(502, b""), world.hq_answers])
    for _ in range(30 * 60):
        world.passes(60)
        if world.parts.data.under_way is not None:
            next(answers)()
        assert "budget" not in trouble(world)


def test_a_spent_budget_is_told(tmp_path):
    world = Sparing(tmp_path, 0)
    world.asks("heartbeat")
    assert "budget" in world.asks("status")["heartbeat"]["trouble"]


def test_a_buzz_is_short_and_like_nothing_the_wearer_knows(world):
    assert world.asks("buzz") == {"buzz": "played"}
    assert world.motor.played == [TRIAL]
    assert world.asks("status")["motor"] is True


@pytest.mark.parametrize("question", ["heartbeat", "buzz"])
def test_nothing_is_tried_while_an_alarm_is_open(world, question):
    world.holds()
    posts, played = len(world.modem.posts), len(world.motor.played)
    assert "error" in world.asks(question)
    assert (len(world.modem.posts), len(world.motor.played)) == (posts, played)


@pytest.mark.parametrize(("away_s", "lasts"), [(55, False), (70, True)])
def test_data_alone_is_told_hq_once_it_lasts_and_no_longer(world, away_s, lasts):
    """A modem that changes cells is without a network for seconds: no reason for a heartbeat."""
    there = ModemStatus(state=Condition.REGISTERED, data_up=True, connected_since=world.now)
    world.modem.snapshot = there
    world.passes(300)
    world.hq_answers()
    sent = len(beats(world))
    world.modem.snapshot = replace(there, state=Condition.SEARCHING)
    world.passes(away_s)
    assert [Flag.TEXTS_FAULT in each.flags for each in beats(world)[sent:]] == [True] * lasts
    world.modem.snapshot = there
    world.passes(1)
    assert Flag.TEXTS_FAULT not in world.parts.marks.now()
