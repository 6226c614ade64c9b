"""What comes in is read between two texts that go out, and holds none of them up."""

from itertools import pairwise

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import SmsOutcome, SmsReceived
from outcry.hw.modem.texts import SWEEP_S

ANA, HQ_NUMBER, STRANGER = "+447700900101", "+447700900002", "+447700900199"
ROUND = 7


def a_round(world, at=5):
    """Seven texts wait, one after the other as the owner gets them."""
    for number in range(ROUND):
        world.at(at, lambda n=number: world.modem.send_sms(f"t{n}", ANA, f"text {n}"))


def comes_in(world, at, words="receipt", sender=HQ_NUMBER):
    world.at(at, lambda: world.board.centre.text(sender, "+447700900001", words))


def times(world, kind):
    return [t for t, event in world.stamped if isinstance(event, kind)]


def test_a_receipt_that_comes_while_texts_wait_is_read_before_the_next(world):
    world = world(timing=Timing())
    a_round(world)
    comes_in(world, 9)
    world.run(120)
    (read,) = times(world, SmsReceived)
    left = times(world, SmsOutcome)
    assert len(left) == ROUND
    assert sum(t > read for t in left) >= ROUND - 3, "read between two of the first texts"


def test_however_many_come_in_the_texts_go_on(world):
    """A stranger floods the device: each text waits for one of theirs at most."""
    world = world(timing=Timing())
    for n in range(60):
        comes_in(world, 5 + n / 4, "x" * 100, STRANGER)
    a_round(world)
    world.run(200)
    left = times(world, SmsOutcome)
    assert len(left) == ROUND
    between = [sum(a < t < b for t in times(world, SmsReceived)) for a, b in pairwise(left)]
    assert max(between) <= 1
    assert left[-1] - left[0] < 60


def test_one_that_cannot_be_read_costs_two_seconds(world):
    world = world(timing=Timing())
    world.sim.faults.on("+CMGR", Fault(Kind.SILENT), times=None)
    a_round(world)
    comes_in(world, 9)
    world.run(120)
    left = times(world, SmsOutcome)
    assert len(left) == ROUND
    assert max(b - a for a, b in pairwise(left)) < 15


@pytest.mark.parametrize("kind", [Kind.SILENT, Kind.ERROR, Kind.GARBAGE, Kind.PARTIAL])
def test_one_whose_reading_failed_once_is_not_left_on_the_sim(world, kind):
    """It may be HQ's receipt, for which the wearer waits."""
    world = world(timing=Timing())
    world.sim.faults.on("+CMGR", Fault(kind))
    comes_in(world, 9)
    world.run(60)
    assert [event.text for _, event in world.stamped if isinstance(event, SmsReceived)] == [
        "receipt"
    ]
    assert world.said("AT+CMGD=1")


def test_one_whose_arrival_nobody_heard_of_is_read_all_the_same(world):
    world = world(timing=Timing())
    world.at(8, lambda: world.sim.wire.lose(1.0, "to-host"))
    comes_in(world, 9)
    world.at(20, world.sim.wire.clear)
    world.run(2 * SWEEP_S)
    assert len(times(world, SmsReceived)) == 1


def received(world):
    return [event for _, event in world.stamped if isinstance(event, SmsReceived)]


def test_one_that_nobody_has_kept_stays_on_the_sim_and_is_told_once(world):
    """HQ's database is away, or its power goes: what it has deleted nobody could tell it again."""
    world = world(timing=Timing())
    world.keeps = False
    comes_in(world, 9)
    world.at(3 * SWEEP_S, lambda: received(world)[0].kept())
    world.run(3 * SWEEP_S + 10)
    assert len(received(world)) == 1
    assert len(world.said("AT+CMGL")) > 2, "it has been seen there again and again"
    (deleted,) = world.said("AT+CMGD=1")
    assert deleted >= 1000 + 3 * SWEEP_S


def test_after_a_restart_of_the_modem_it_is_told_again(world):
    world = world(timing=Timing())
    world.keeps = False
    comes_in(world, 9)
    world.at(20, lambda: world.sim.reset(world.now))
    # That of the life before: in its place may lie another text by now.
    world.at(100, lambda: received(world)[0].kept())
    world.at(200, lambda: received(world)[1].kept())
    world.run(300)
    first, again = received(world)
    assert first == again
    (deleted,) = world.said("AT+CMGD=1")
    assert deleted >= 1200


def test_what_was_read_is_deleted_once_the_texts_are_gone(world):
    world = world(timing=Timing())
    a_round(world)
    comes_in(world, 9)
    world.run(120)
    assert world.said("AT+CMGD=1")
    assert min(world.said("AT+CMGD=1")) >= times(world, SmsOutcome)[-1]
