"""What `outcry check` asks of the running daemon, beside its status."""

import pytest

from outcry.daemon.touch.haptics import TRIAL
from outcry.report import MessageType
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


def test_the_next_heartbeat_keeps_its_distance_to_the_one_asked_for(world):
    world.passes(500)
    world.asks("heartbeat")
    sent = len(beats(world))
    world.passes(590)
    assert len(beats(world)) == sent
    world.passes(20)
    assert len(beats(world)) == sent + 1


def test_what_came_in_place_of_a_receipt_is_told_until_the_next_is_out(world):
    world.asks("heartbeat")
    world.somebody_answers(400, b"")
    assert world.asks("status")["heartbeat"]["trouble"] == "HTTP 400"
    world.asks("heartbeat")
    assert world.asks("status")["heartbeat"]["trouble"] == ""


def test_a_spent_budget_is_told(tmp_path):
    class Poor(World):
        def starts(self):
            self.settings["supervision"]["kilobytes_per_day"] = 0
            super().starts()

    world = Poor(tmp_path)
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
