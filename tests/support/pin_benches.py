"""Benches for the pin tests: what is wired to the button's, the motor's and the strap's pin.

On a laptop the pins are gpiozero's mock, and the clock is the test's. On the bench,
``pytest --hardware``, pins and time are real:

- by wire (the default): GPIO 23 to the button's pin (17), GPIO 24 to the strap's (27), and the
  motor's pin (18) to GPIO 22. Others by OUTCRY_BENCH_FINGER, _BUCKLE and _PROBE.
- by hand (``OUTCRY_BENCH=person pytest --hardware tests/hw``): a button and a strap at their pins,
  and somebody who does what the terminal says. What takes a machine's exactness is left out.
"""

import os
import queue
import time

import gpiozero
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin

from outcry.hw.pin_library import on_pin

BUTTON, MOTOR, STRAP = map(int, os.environ.get("OUTCRY_BENCH_PINS", "17 18 27").split())


class WiredPin(MockPin):
    """A mock pin with a wire: while that pulls it down, no pull-up lifts it."""

    grounded = False
    deaf = False  # the pin's edges are lost

    def __init__(self, *arguments, **more):
        self.changes = []
        super().__init__(*arguments, **more)

    def _change_state(self, value):
        changed = super()._change_state(value)
        if changed:
            self.changes.append((time.monotonic(), bool(value)))
        return changed

    def ground(self):
        self.grounded = True
        self.drive_low()

    def let_go(self):
        self.grounded = False
        self.drive_high()

    def drive_high(self):
        if not self.grounded:
            super().drive_high()

    def _call_when_changed(self, *_):
        if not self.deaf:
            PiPin._call_when_changed(self, self.factory.stamp(), self._state)


class MovedClockFactory(MockFactory):
    """Mock pins whose edges carry the time of a clock that the test moves."""

    def __init__(self):
        super().__init__(pin_class=WiredPin)
        self.now = 100.0
        self.stamp = lambda: self.now

    def ticks(self):
        return self.now


class MockBench:
    """Mock pins: wires pull them down, the probe reads the motor's."""

    def __init__(self):
        self.factory = MovedClockFactory()
        self.pins = {number: self.factory.pin(number) for number in (BUTTON, MOTOR, STRAP)}

    def clock(self):
        return self.factory.now

    def ground(self, pin):
        self.pins[pin].ground()

    def let_go(self, pin):
        self.pins[pin].let_go()

    def volts(self, pin):
        return 3.3 if self.pins[pin].state else 0.0

    def changes(self, pin):
        """Each change of the pin from now on: when, and whether it was to high."""
        self.pins[pin].changes.clear()
        return self.pins[pin].changes

    def next_edge(self, edges, until):
        if edges.empty():
            self.factory.now = max(self.factory.now, until)
            return None
        return edges.get()

    def close(self):
        self.factory.close()


class RealTime:
    """What benches of real pins have in common: nobody moves their clock."""

    clock = staticmethod(time.monotonic)

    def next_edge(self, edges, until):
        try:
            return edges.get(timeout=max(until - time.monotonic(), 0))
        except queue.Empty:
            return None


class WiredBench(RealTime):
    """Real pins and three wires."""

    def __init__(self):
        self._outputs = {
            pin: on_pin(
                gpiozero.DigitalOutputDevice,
                int(os.environ.get(f"OUTCRY_BENCH_{name}", default)),
                initial_value=True,
            )
            for pin, name, default in ((BUTTON, "FINGER", "23"), (STRAP, "BUCKLE", "24"))
        }
        self._probe = on_pin(
            gpiozero.DigitalInputDevice, int(os.environ.get("OUTCRY_BENCH_PROBE", "22"))
        )

    def ground(self, pin):
        self._outputs[pin].off()

    def let_go(self, pin):
        self._outputs[pin].on()

    def volts(self, pin):
        if pin == MOTOR:
            return 3.3 * self._probe.value
        return 3.3 if Device.pin_factory.pins[pin].state else 0.0

    def changes(self, pin):
        assert pin == MOTOR, "the probe is at the motor's pin"
        changes = []
        self._probe.when_activated = lambda: changes.append((time.monotonic(), True))
        self._probe.when_deactivated = lambda: changes.append((time.monotonic(), False))
        return changes

    def close(self):
        for device in (*self._outputs.values(), self._probe):
            device.close()


class PersonsBench(WiredBench):
    """Real parts at their pins, and somebody who reads the terminal."""

    def __init__(self):
        pass  # no wires

    def ground(self, pin):
        pass  # a person does

    let_go = ground

    def close(self):
        pass


BENCHES = {"mock": MockBench, "wires": WiredBench, "person": PersonsBench}
