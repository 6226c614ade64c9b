"""Whatever goes wrong in one thing, the loop goes on with all the others."""

import pytest

from outcry.daemon.alarm.model import Rules
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.service.control_socket import Asked
from outcry.daemon.service.loop import Loop
from outcry.daemon.service.parts import Stop
from outcry.daemon.touch.edges import Edge, StrapEdge
from simulation.world import World


@pytest.fixture
def world(world):
    """Most of these break a part of it."""
    world.breaks_on_purpose = True
    return world


def lives_through(world, *messages):
    """The real loop takes these from its queue, on a clock that stands still."""
    for message in messages:
        world.messages.put(message)
    world.messages.put(Stop("end of the test"))
    world.loop.run()


def breaks(*_args, **_kwargs):
    raise RuntimeError("secret +447700900101")


@pytest.mark.parametrize("lasted_s", [0.2, 1.4])
def test_a_tap_while_the_daemon_was_busy_is_still_a_tap(world, lasted_s):
    """At boot, or while the card is slow, both edges wait in the queue for seconds."""
    lives_through(world, Edge(True, world.now - 5), Edge(False, world.now - 5 + lasted_s))
    assert world.motor.pulses == []


def test_a_hold_while_the_daemon_was_busy_is_a_hold(world):
    lives_through(world, Edge(True, world.now - 5), Edge(False, world.now - 3))
    assert world.motor.pulses == ["raised"]


def test_a_button_still_down_when_the_daemon_is_ready_is_a_hold(world):
    lives_through(world, Edge(True, world.now - 5))
    assert world.motor.pulses == ["raised"]


class Chattering:
    """A queue into which a strap's contact puts an edge every 2.3 ms: 217 Hz, a phone's own beat."""

    EVERY_S = 0.0023

    def __init__(self, world, until):
        self._world = world
        self._waiting = [Edge(True, world.now)]
        self._next_at = world.now
        self._until = until

    def qsize(self):
        while self._next_at <= self._world.now:
            self._waiting.append(StrapEdge(len(self._waiting) % 2 == 0, self._next_at))
            self._next_at += self.EVERY_S
        return len(self._waiting)

    def empty(self):
        return self.qsize() == 0

    def get(self, timeout=0.0):
        if self._world.now > self._until:
            return Stop("end of the test")
        if self.empty():
            self._world.now = min(self._next_at, self._world.now + timeout)
        return self._waiting.pop(0) if self.qsize() else None


def test_a_strap_that_chatters_does_not_hide_a_button_that_is_held(world, monkeypatch):
    """Each look at everything takes longer than the next edge does to come."""
    begun = world.now
    loop = Loop(
        world.parts, Rules(sms_after_s=8.0), Chattering(world, begun + 3), world.clock, world.random
    )
    handle, tick = loop.handle, loop.tick

    def costs(work, seconds):
        def done(*arguments):
            work(*arguments)
            world.now += seconds

        return done

    monkeypatch.setattr(loop, "handle", costs(handle, 0.0002))
    monkeypatch.setattr(loop, "tick", costs(tick, 0.005))
    raised = []
    monkeypatch.setattr(world.motor, "play", lambda pattern: raised.append(world.now - begun))
    loop.run()
    assert raised
    assert raised[0] < 1.6


def test_a_motor_that_fails_in_its_own_way_does_not_hold_up_the_report(world):
    world.data_goes(up=True)
    world.motor.play = breaks
    world.holds()
    assert len(world.modem.posts) == 1
    world.passes(9)
    assert world.heard() == ["alert to Ana"]


@pytest.mark.parametrize("broken", ["save_alarm", "commit"])
def test_a_card_that_fails_in_its_own_way_does_not_hold_up_the_report(world, broken):
    world.data_goes(up=True)
    setattr(world.outbox, broken, breaks)
    world.holds()
    assert len(world.modem.posts) == 1
    assert world.motor.pulses == ["raised"]
    world.passes(9)
    assert world.heard() == ["alert to Ana"]


def test_a_data_path_that_raises_does_not_hold_up_the_texts(world):
    world.modem.post = breaks
    world.holds()
    world.takes_all_texts()
    assert len(world.heard()) == 7


def test_texts_that_raise_do_not_hold_up_data_nor_the_watchdog(world):
    fed = []
    world.sms.send = breaks
    world.parts.service.alive = lambda: fed.append(world.now)
    world.holds()
    assert len(world.modem.posts) == 1
    world.passes(100)
    assert world.now - fed[-1] < 15


def test_a_journal_that_cannot_be_written_costs_its_entries_and_nothing_else(tmp_path):
    journal = Journal(breaks)
    journal.tell(Entry.HELD, alarm=7)
    world = World(tmp_path)
    world.keep = breaks
    world.starts()
    world.holds()
    world.takes_all_texts()
    assert len(world.heard()) == 7
    assert len(world.modem.posts) == 1


def test_when_even_the_next_timer_cannot_be_told_the_loop_neither_dies_nor_runs_hot(world):
    world.sms.next_due = breaks
    asked = []
    real = world.messages

    class Waits:
        def get(self, timeout):
            asked.append(timeout)
            return Stop("enough") if len(asked) == 5 else real.get(timeout=0)

        def empty(self):
            return real.empty()

        def qsize(self):
            return real.qsize()

    Loop(world.parts, Rules(sms_after_s=8.0), Waits(), world.clock, world.random).run()
    assert min(asked) >= 0.5


def test_a_fault_while_handling_one_message_is_told_and_the_loop_goes_on(world):
    lives_through(world, Asked("status", lambda facts: 1 / 0), Edge(True, world.now - 5))
    assert any("ZeroDivisionError" in line for line in world.faults)
    assert world.motor.pulses == ["raised"]


def test_no_fault_is_told_in_words_that_may_hold_a_secret(world):
    world.modem.post = breaks
    world.holds()
    assert world.faults
    assert not any("447700" in line for line in world.journal)
