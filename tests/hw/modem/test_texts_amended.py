"""A text that waits gets other words or is taken back; one of which a part may have left does not."""

import re

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import Outcome, SmsLeaving, SmsOutcome

ANA, BEN = "+447700900101", "+447700900102"
LONG = "word " * 50  # two parts


def offline(world, seconds=100):
    """The network is gone and comes back."""
    world.at(0.5, lambda: world.sim.set_network(False, world.now))
    world.at(seconds, lambda: world.sim.set_network(True, world.now))


def amends(world, seconds, ref, text):
    done = []
    world.at(seconds, lambda: done.append(world.modem.amend_sms(ref, text)))
    return done


def test_what_waits_for_the_network_leaves_in_its_last_words(world):
    world = world()
    offline(world)
    world.at(20, lambda: world.modem.send_sms("t1", ANA, "no position"))
    first, second = amends(world, 21, "t1", "somewhere"), amends(world, 22, "t1", "here")
    world.run(300)
    assert first == second == [True]
    assert world.texts(ANA) == ["here"]
    assert [type(event) for event in world.got(SmsLeaving | SmsOutcome)] == [SmsLeaving, SmsOutcome]


def test_what_is_taken_back_never_leaves_and_holds_up_no_other(world):
    world = world()
    offline(world)
    world.at(20, lambda: world.modem.send_sms("t1", ANA, "help"))
    world.at(20, lambda: world.modem.send_sms("t2", BEN, "help"))
    assert amends(world, 21, "t1", None) == []
    world.run(300)
    assert world.texts(ANA) == []
    assert world.texts(BEN) == ["help"]
    assert {event.ref for event in world.got(SmsOutcome)} == {"t2"}
    assert world.modem.status().queued_texts == 0


def test_one_that_has_left_or_never_was_is_not_amended(world):
    world = world()
    world.at(5, lambda: world.modem.send_sms("t1", ANA, "help"))
    left, unknown = amends(world, 60, "t1", "here"), amends(world, 60, "t2", "here")
    world.run(100)
    assert left == unknown == [False]
    assert world.texts(ANA) == ["help"]


@pytest.mark.parametrize("stage", ["prompt", "answer"])
def test_while_any_of_it_may_be_leaving_the_words_stay(world, stage):
    """Part one has left, and the modem takes long over part two."""
    world = world()
    world.sim.faults.on("+CMGS", Fault(Kind.LATE, seconds=3.0, stage=stage), skip=1)
    world.at(5, lambda: world.modem.send_sms("t1", ANA, LONG))
    tried = [amends(world, 5 + n / 4, "t1", "other " * 50) for n in range(1, 12)]
    world.run(100)
    assert all(done == [False] for done in tried)
    assert world.texts(ANA) == [LONG]
    (outcome,) = world.got(SmsOutcome)
    assert outcome.outcome is Outcome.DONE


def test_one_whose_prompt_never_came_has_not_left_and_may_be_amended_after_a_restart(world):
    world = world()
    world.sim.faults.on("+CMGS", Fault(Kind.RESET, stage="prompt"))
    world.at(5, lambda: world.modem.send_sms("t1", ANA, LONG))
    done = [amends(world, 5 + n / 10, "t1", "here") for n in range(1, 30)]
    world.run(200)
    assert [True] in done
    assert world.texts(ANA) == ["here"]


def parts_given(world):
    """Of each part that was handed over: the number it is put together by, and its place."""
    given = [data.decode() for _, data in world.written if data.endswith(b"\x1a")]
    return [re.search("050003(..)02(..)", pdu).groups() for pdu in given]


def test_after_a_kill_other_words_never_complete_what_was_half_sent(world):
    """A phone puts together what it gets in any order, by that number alone."""
    world = world(timing=Timing())
    world.at(5, lambda: world.modem.send_sms("t1", ANA, "old " * 60))

    def kill_between_the_parts():
        if any(what == "sms-submitted" for _, what, _ in world.seen):
            world.modem.stop(0)
        else:
            world.at(0.1, kill_between_the_parts)

    world.at(5, kill_between_the_parts)
    world.modem.run_until_stopped()
    assert world.got(SmsLeaving) == [], "part two was not begun"
    ((old, _),) = parts_given(world)
    world.modem = world.starts_again()
    world.at(1, lambda: world.modem.send_sms("t1", ANA, "new " * 60))
    world.run(200)
    assert world.texts(ANA) == ["new " * 60]
    _, (new, _), (same, _) = parts_given(world)
    assert new == same != old
