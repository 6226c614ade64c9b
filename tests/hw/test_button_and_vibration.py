"""The button and the motor at their pins: edges and pulses, nothing yet of what they mean.

The same sentences hold on the bench with real parts: see tests/support/pin_benches.py.
"""

import queue
import time

import pytest
from pin_benches import BUTTON, MOTOR

from outcry.hw.pin_library import PinUnusable
from outcry.hw.switch import Button
from outcry.hw.vibration import BETWEEN_S, Pattern, Vibration

LIMIT_S = 30.0


class Edges(queue.SimpleQueue):
    """Edges as they are told, without their times."""

    def tell(self, closed, at):
        self.put(closed)


@pytest.fixture
def edges():
    return Edges()


def turns(bench):
    return bench.volts(MOTOR) > 2.0


def until(seen, limit_s=LIMIT_S):
    """Wait for the world, not for a guess."""
    end = time.monotonic() + limit_s
    while not seen():
        assert time.monotonic() < end, "never seen"
        time.sleep(0.001)


def test_closing_and_opening_the_contact_are_told_as_edges(bench, edges):
    button = Button(BUTTON, edges.tell)
    bench.ground(BUTTON)
    assert edges.get(timeout=LIMIT_S) is True
    assert button.closed
    bench.let_go(BUTTON)
    assert edges.get(timeout=LIMIT_S) is False
    assert not button.closed
    button.close()


def test_a_button_already_down_at_power_on_is_told(bench, edges):
    bench.ground(BUTTON)
    button = Button(BUTTON, edges.tell)
    assert edges.get(timeout=LIMIT_S) is True
    button.close()
    bench.let_go(BUTTON)


def test_a_contact_at_rest_is_told_as_nothing(bench, edges):
    button = Button(BUTTON, edges.tell)
    assert edges.empty()
    button.close()


def test_every_bounce_is_told_because_judging_them_is_not_the_pins_work(bench, edges):
    button = Button(BUTTON, edges.tell)
    for _ in range(5):
        bench.ground(BUTTON)
        assert edges.get(timeout=LIMIT_S) is True
        bench.let_go(BUTTON)
        assert edges.get(timeout=LIMIT_S) is False
    button.close()


def test_after_closing_the_button_is_deaf_and_its_pin_is_free(bench, edges):
    Button(BUTTON, edges.tell).close()
    bench.ground(BUTTON)
    bench.let_go(BUTTON)
    again = Button(BUTTON, edges.tell)
    again.close()
    assert edges.empty()


def test_a_pin_in_use_is_refused_by_its_number(bench, edges):
    button = Button(BUTTON, edges.tell)
    with pytest.raises(PinUnusable, match=f"GPIO {BUTTON}\\b"):
        Button(BUTTON, edges.tell)
    with pytest.raises(PinUnusable, match=f"GPIO {BUTTON}\\b"):
        Vibration(BUTTON)
    button.close()


def test_the_motor_turns_for_each_pulse_and_then_rests(bench):
    motor = Vibration(MOTOR)
    motor.play(Pattern(pulses=2, on_s=0.03, off_s=0.03))
    for _ in range(2):
        until(lambda: turns(bench))
        until(lambda: not turns(bench))
    motor.close()
    assert not turns(bench)


def test_a_pattern_that_goes_at_once_ends_the_one_that_is_playing(bench):
    motor = Vibration(MOTOR)
    motor.play(Pattern(pulses=1, on_s=60.0, off_s=0.1))
    until(lambda: turns(bench))
    motor.play(Pattern(pulses=1, on_s=0.02, off_s=0.02, at_once=True))
    until(lambda: not turns(bench))
    motor.close()


def felt(bench, patterns):
    """How often it was felt, by a hand that counts, after all of these at the same moment."""
    motor, changes = Vibration(MOTOR), bench.changes(MOTOR)
    for pattern in patterns:
        motor.play(pattern)
    until(lambda: changes and time.monotonic() - changes[-1][0] > 2 * BETWEEN_S, 6 * LIMIT_S)
    motor.close()
    groups, stilled = [], None
    for at, on in changes:
        if not on:
            stilled = at
        elif groups and at - stilled < BETWEEN_S / 2:
            groups[-1] += 1
        else:
            groups.append(1)
    return groups


@pytest.mark.slow
def test_patterns_that_come_together_are_felt_apart_and_whole(bench):
    five, two, three = (Pattern(pulses, 0.06, 0.06) for pulses in (5, 2, 3))
    assert felt(bench, [five, two, three]) == [5, 2, 3]


@pytest.mark.slow
def test_what_waits_is_forgotten_when_something_goes_at_once(bench):
    five, two = Pattern(5, 0.06, 0.06), Pattern(2, 0.06, 0.06)
    one = Pattern(1, 0.2, 0.06, at_once=True)
    assert felt(bench, [five, two, one]) == [1]


@pytest.mark.slow
def test_a_pattern_that_waits_already_does_not_wait_twice(bench):
    three, two = Pattern(3, 0.06, 0.06), Pattern(2, 0.06, 0.06)
    assert felt(bench, [three, two, two, two]) == [3, 2]


@pytest.mark.slow
def test_a_motor_closed_while_a_pattern_waits_stays_still(bench):
    motor = Vibration(MOTOR)
    for _ in range(2):
        motor.play(Pattern(1, 0.05, 0.05))
    motor.close()
    time.sleep(2 * BETWEEN_S)
    assert not turns(bench)


def test_playing_returns_at_once(bench):
    motor = Vibration(MOTOR)
    motor.play(Pattern(pulses=1, on_s=3600.0, off_s=0.1))
    until(lambda: turns(bench))  # an hour has not passed
    motor.close()
