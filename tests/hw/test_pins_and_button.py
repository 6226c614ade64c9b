"""The button and the motor at their pins, in the words of whoever wires them.

On a laptop the pins are gpiozero's mock. On the bench, ``pytest --hardware``, they are real: wire
GPIO 27 to the button's pin (17) and GPIO 22 to the motor's (18), or name others by
OUTCRY_BENCH_FINGER and OUTCRY_BENCH_PROBE. The sentences are the same.
"""

import os
import queue
import time

import gpiozero
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from outcry.hw.button import Button, ButtonUnusable
from outcry.hw.vibration import Pattern, Vibration, VibrationUnusable

BUTTON, MOTOR = 17, 18
LIMIT_S = 5.0


class WiredPin(MockPin):
    """A mock pin with a wire: while a finger holds it down, no pull-up lifts it."""

    held = False

    def drive_low(self):
        self.held = True
        super().drive_low()

    def drive_high(self):
        if not self.held:
            super().drive_high()

    def let_go(self):
        self.held = False
        self.drive_high()


class MockBench:
    """Mock pins: the finger drives the button's pin, the probe reads the motor's."""

    def __init__(self):
        self.factory = MockFactory(pin_class=WiredPin)
        self._button = self.factory.pin(BUTTON)
        self._motor = self.factory.pin(MOTOR)

    def press(self):
        self._button.drive_low()

    def release(self):
        self._button.let_go()

    def motor_is_on(self):
        return bool(self._motor.state)

    def close(self):
        self.factory.close()


class RealBench:
    """Real pins and two wires."""

    def __init__(self):
        self.factory = Device.ensure_pin_factory() or Device.pin_factory
        self._finger = gpiozero.DigitalOutputDevice(
            int(os.environ.get("OUTCRY_BENCH_FINGER", "27")), initial_value=True
        )
        self._probe = gpiozero.DigitalInputDevice(int(os.environ.get("OUTCRY_BENCH_PROBE", "22")))

    def press(self):
        self._finger.off()

    def release(self):
        self._finger.on()

    def motor_is_on(self):
        return bool(self._probe.value)

    def close(self):
        self._finger.close()
        self._probe.close()


@pytest.fixture(params=[MockBench, pytest.param(RealBench, marks=pytest.mark.hardware)])
def bench(request, monkeypatch):
    if request.param is MockBench:
        bench = MockBench()
        monkeypatch.setattr(Device, "pin_factory", bench.factory)
    else:
        bench = RealBench()
    yield bench
    bench.close()


@pytest.fixture
def edges():
    return queue.SimpleQueue()


def until(seen, limit_s=LIMIT_S):
    """Wait for the world, not for a guess."""
    end = time.monotonic() + limit_s
    while not seen():
        assert time.monotonic() < end, "never seen"
        time.sleep(0.001)


def test_closing_and_opening_the_contact_are_told_as_edges(bench, edges):
    button = Button(BUTTON, edges.put)
    bench.press()
    assert edges.get(timeout=LIMIT_S) is True
    assert button.closed
    bench.release()
    assert edges.get(timeout=LIMIT_S) is False
    assert not button.closed
    button.close()


def test_a_button_already_down_at_power_on_is_told(bench, edges):
    bench.press()
    button = Button(BUTTON, edges.put)
    assert edges.get(timeout=LIMIT_S) is True
    button.close()
    bench.release()


def test_a_contact_at_rest_is_told_as_nothing(bench, edges):
    button = Button(BUTTON, edges.put)
    assert edges.empty()
    button.close()


def test_every_bounce_is_told_because_judging_them_is_not_the_pins_work(bench, edges):
    button = Button(BUTTON, edges.put)
    for _ in range(5):
        bench.press()
        assert edges.get(timeout=LIMIT_S) is True
        bench.release()
        assert edges.get(timeout=LIMIT_S) is False
    button.close()


def test_after_closing_the_button_is_deaf_and_its_pin_is_free(bench, edges):
    Button(BUTTON, edges.put).close()
    bench.press()
    bench.release()
    again = Button(BUTTON, edges.put)
    again.close()
    assert edges.empty()


def test_a_pin_in_use_is_refused_by_its_number(bench, edges):
    button = Button(BUTTON, edges.put)
    with pytest.raises(ButtonUnusable, match="GPIO 17"):
        Button(BUTTON, edges.put)
    with pytest.raises(VibrationUnusable, match="GPIO 17"):
        Vibration(BUTTON)
    button.close()


def test_the_motor_turns_for_each_pulse_and_then_rests(bench):
    motor = Vibration(MOTOR)
    motor.play(Pattern(pulses=2, on_s=0.03, off_s=0.03))
    for _ in range(2):
        until(bench.motor_is_on)
        until(lambda: not bench.motor_is_on())
    motor.close()
    assert not bench.motor_is_on()


def test_a_new_pattern_ends_the_one_that_is_playing(bench):
    motor = Vibration(MOTOR)
    motor.play(Pattern(pulses=1, on_s=60.0, off_s=0.1))
    until(bench.motor_is_on)
    motor.play(Pattern(pulses=1, on_s=0.02, off_s=0.02))
    until(lambda: not bench.motor_is_on())
    motor.close()


def test_playing_returns_at_once(bench):
    motor = Vibration(MOTOR)
    motor.play(Pattern(pulses=1, on_s=3600.0, off_s=0.1))
    until(bench.motor_is_on)  # an hour has not passed
    motor.close()
