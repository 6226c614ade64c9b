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


def received(world):
    return [event for _, event in world.stamped if isinstance(event, SmsReceived)]


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


@pytest.mark.parametrize("seed", range(40))
def test_whichever_bytes_the_line_loses_the_text_comes_whole(world, seed):
    """A text cut short must not be taken for it, nor must one that made no sense be deleted."""
    world = world(timing=Timing())
    words = "it is real " * 9
    world.at(9, lambda: world.sim.wire.lose(0.02, "to-host", count=4, seed=seed))
    comes_in(world, 9, words)
    world.at(60, world.sim.wire.clear)
    world.run(2 * SWEEP_S)
    assert [event.text for event in received(world)] == [words]
    assert not world.sim.sms.storage.messages


@pytest.mark.parametrize("length", ["", "27", "x"])
def test_a_modem_that_counts_otherwise_is_believed_the_second_time(world, length):
    world = world(timing=Timing())
    pdu = "07914477000000F0040B914477009001F10000621122120000000AE8329BFD4697D9EC37"
    for command, head in (("+CMGR", "+CMGR: 0,"), ("+CMGL", "+CMGL: 1,0,")):
        said = f'{head}"",{length}\r\n{pdu}\r\n\r\nOK'
        world.sim.faults.on(command, Fault(Kind.ERROR, text=said), times=None)
    comes_in(world, 9)
    world.run(60)
    assert [event.text for event in received(world)][:1] == ["hellohello"]
    assert world.said("AT+CMGD=1")


def test_an_empty_place_is_not_marked_for_deletion(world):
    """The modem told of a text twice: what comes to lie there meanwhile has not been read."""
    world = world(timing=Timing())
    world.at(9, lambda: world.sim.faults.on("+CSQ", Fault(Kind.ERROR, text='+CMTI: "SM",1')))
    world.run(100)
    assert world.said("AT+CMGR=1")
    assert not world.said("AT+CMGD")


def test_one_whose_arrival_nobody_heard_of_is_read_all_the_same(world):
    world = world(timing=Timing())
    world.at(8, lambda: world.sim.wire.lose(1.0, "to-host"))
    comes_in(world, 9)
    world.at(20, world.sim.wire.clear)
    world.run(2 * SWEEP_S)
    assert len(times(world, SmsReceived)) == 1


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
