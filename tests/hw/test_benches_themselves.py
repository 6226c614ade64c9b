"""The benches for real parts, run without them in real time, so that they do not rot unseen."""

import threading

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin
from pin_benches import BUTTON, MOTOR, STRAP, PersonsBench, WiredBench
from pin_hands import Buckle, PersonsThumb, Thumb

pytestmark = pytest.mark.slow
WIRES = {23: BUTTON, 24: STRAP, MOTOR: 22}


class CrossWiredPin(MockPin):
    """An output that drives the input its wire leads to."""

    def _change_state(self, value):
        changed = super()._change_state(value)
        if changed and self._function == "output" and self._number in WIRES:
            other = self.factory.pin(WIRES[self._number])
            other.drive_high() if value else other.drive_low()
        return changed


@pytest.fixture
def factory(monkeypatch):
    factory = MockFactory(pin_class=CrossWiredPin)
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory
    factory.close()


def test_a_bench_of_wires_presses_and_cuts(factory):
    bench = WiredBench()
    thumb, buckle = Thumb(bench), Buckle(bench)
    buckle.fasten()
    thumb.press(1.8)
    buckle.cut()
    assert thumb.said == ["held"]
    assert buckle.said == ["strapclosed", "strapopened"]
    for each in (thumb, buckle, bench):
        each.close()


def test_a_bench_with_a_person_says_what_to_do_and_waits_for_it(factory):
    bench = PersonsBench()
    thumb, pin = PersonsThumb(bench), factory.pin(BUTTON)
    heard = []

    def somebody(words):
        heard.append(words)
        does = pin.drive_high if "LET GO" in words else pin.drive_low
        threading.Timer(0.1, does).start()

    thumb.say = somebody
    thumb.press(2.0)
    assert thumb.said == ["held"]
    assert len(heard) == 2
    thumb.close()
