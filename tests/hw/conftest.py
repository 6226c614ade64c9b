"""The bench that the pin tests stand on, in the words of whoever wires it.

On a laptop the pins are gpiozero's mock, and the clock is the test's. On the bench,
``pytest --hardware``, pins and time are real, and the sentences are the same:

- by wire (the default): GPIO 23 to the button's pin (17), GPIO 24 to the strap's (27), and the
  motor's pin (18) to GPIO 22. Others by OUTCRY_BENCH_FINGER, _BUCKLE and _PROBE.
- by hand (``OUTCRY_BENCH=person pytest --hardware tests/hw``): a button and a strap at their pins,
  and somebody who does what the terminal says. What takes a machine's exactness is left out.
"""

import os
import queue
import time

import gpiozero
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin

from outcry.daemon import gestures, strap
from outcry.daemon.gestures import Times
from outcry.hw.button import Button
from outcry.hw.strap import Strap

BUTTON, MOTOR, STRAP = 17, 18, 27
LIMIT_S = 60.0
REACTION_S = 0.3  # between a word on a terminal and a thumb


class WiredPin(MockPin):
    """A mock pin with a wire: while that pulls it down, no pull-up lifts it."""

    grounded = False
    deaf = False  # the pin's edges are lost

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

    def next_edge(self, edges, until):
        if edges.empty():
            self.factory.now = max(self.factory.now, until)
            return None
        return edges.get()

    def close(self):
        self.factory.close()


class WiredBench:
    """Real pins and three wires."""

    clock = staticmethod(time.monotonic)

    def __init__(self):
        self._outputs = {
            pin: gpiozero.DigitalOutputDevice(
                int(os.environ.get(f"OUTCRY_BENCH_{name}", default)), initial_value=True
            )
            for pin, name, default in ((BUTTON, "FINGER", "23"), (STRAP, "BUCKLE", "24"))
        }
        self._probe = gpiozero.DigitalInputDevice(int(os.environ.get("OUTCRY_BENCH_PROBE", "22")))

    def ground(self, pin):
        self._outputs[pin].off()

    def let_go(self, pin):
        self._outputs[pin].on()

    def volts(self, pin):
        if pin == MOTOR:
            return 3.3 * self._probe.value
        return 3.3 if Device.pin_factory.pin(pin).state else 0.0

    def next_edge(self, edges, until):
        try:
            return edges.get(timeout=max(until - time.monotonic(), 0))
        except queue.Empty:
            return None

    def close(self):
        for device in (*self._outputs.values(), self._probe):
            device.close()


class Ear:
    """A switch and what the daemon's loop would hear from it: ``said`` has the words so far."""

    switch, judge, pin, times = Button, gestures, BUTTON, Times()

    def __init__(self, bench):
        self.bench = bench
        self.said = []
        self._state = self.at_first()
        self._edges = queue.SimpleQueue()
        self.device = self.switch(self.pin, lambda *edge: self._edges.put(edge), clock=bench.clock)
        self.rest(0.2)

    def at_first(self):
        return gestures.Button()

    def rest(self, seconds):
        """Let time pass; the loop takes edges as they come and looks when it has to."""
        self._listen(self.bench.clock() + seconds, lambda: False)

    def volts(self):
        """What a meter shows between the pin and ground."""
        return self.bench.volts(self.pin)

    def closes(self, seconds):
        """The contact is closed for so long."""
        self.bench.ground(self.pin)
        self.rest(seconds)
        self.bench.let_go(self.pin)

    def close(self):
        self.bench.let_go(self.pin)
        self.device.close()

    def _listen(self, end, enough):
        while not enough():
            now = self.bench.clock()
            due = self.device.due(self.judge.due(self._state, self.times))
            wake = end if due is None else min(due, end)
            edge = self.bench.next_edge(self._edges, max(wake, now))
            if edge is not None:
                self._take(self.judge.edge(self._state, *edge, self.times))
            elif self.device.is_told() and self._edges.empty():
                self._take(self.judge.look(self._state, self.bench.clock(), self.times))
            if edge is None and self.bench.clock() >= end:
                return

    def _take(self, answer):
        self._state, events = answer
        for event in events:
            code = " ".join(map(str, getattr(event, "groups", ())))
            self.said.append(f"{type(event).__name__.lower()} {code}".rstrip())


class Thumb(Ear):
    """A thumb on the button, as exact as a relay."""

    def press(self, seconds):
        """Press for so long, and then leave it alone for a moment."""
        self.closes(seconds)
        self.rest(0.2)

    def tap(self, *groups):
        """Tap this code, and wait until it is over."""
        for count in groups:
            for _ in range(count):
                self.closes(0.15)
                self.rest(0.25)
            self.rest(1.0)
        self.rest(self.times.code_end_s)

    def bounce(self, times, ms):
        """The contact closes and opens for so many milliseconds each, so often."""
        for _ in range(times):
            self.closes(ms / 1000)
            self.rest(ms / 1000)

    def struggle(self, seconds, slips, slip_ms):
        """Press for so long, letting go for moments, evenly spread."""
        stretch = (seconds - slips * slip_ms / 1000) / (slips + 1)
        for _ in range(slips):
            self.closes(stretch)
            self.rest(slip_ms / 1000)
        self.press(stretch)


class Buckle(Ear):
    """The strap's loop of wire, as exact as a relay. ``times`` is how long open is removed."""

    switch, judge, pin, times = Strap, strap, STRAP, 1.0

    def at_first(self):
        return strap.Strap()

    def fasten(self):
        """Close the loop and leave it closed for a while."""
        self.bench.ground(self.pin)
        self.rest(3.0)

    def cut(self):
        """The loop is open from now on."""
        self.bench.let_go(self.pin)
        self.rest(2.0)

    def flicker(self, times, open_ms, closed_ms):
        """The loop opens and closes for so many milliseconds each, so often."""
        for _ in range(times):
            self.bench.let_go(self.pin)
            self.rest(open_ms / 1000)
            self.bench.ground(self.pin)
            self.rest(closed_ms / 1000)


class PersonsBench(WiredBench):
    """Real parts at their pins, and somebody who reads the terminal."""

    def __init__(self):
        pass  # no wires

    def ground(self, pin):
        pass  # a person does

    let_go = ground

    def close(self):
        pass


class PersonsThumb(Thumb):
    """Somebody's thumb: told when to press and when to let go."""

    say = staticmethod(print)

    def press(self, seconds):
        self.say("press the button and HOLD it")
        self._until(closed=True)
        self.rest(max(seconds - REACTION_S, 0))
        self.say("LET GO")
        self._until(closed=False)
        self.rest(0.2)

    def tap(self, *groups):
        self.say(f"TAP {' then '.join(map(str, groups))} times, a breath in between")
        self._until(closed=True)
        self.rest(sum(groups) * 0.6 + len(groups) * 2.0 + self.times.code_end_s)

    def _until(self, closed):
        end = self.bench.clock() + LIMIT_S
        self._listen(end, lambda: self.device.closed is closed)
        assert self.device.closed is closed, "nobody did it"


class PersonsBuckle(Buckle):
    """Somebody who fastens and opens the strap when told."""

    say = staticmethod(print)
    _until = PersonsThumb._until

    def fasten(self):
        self.say("FASTEN the strap")
        self._until(closed=True)
        self.rest(3.0)

    def cut(self):
        self.say("OPEN the strap, or pull its wire")
        self._until(closed=False)
        self.rest(2.0)


BY_PERSON = os.environ.get("OUTCRY_BENCH") == "person"
ANYBODY = ("mock", pytest.param("person" if BY_PERSON else "wires", marks=pytest.mark.hardware))
EXACT = ("mock",) if BY_PERSON else ANYBODY
BENCHES = {"mock": MockBench, "wires": WiredBench, "person": PersonsBench}


@pytest.fixture(params=EXACT)
def bench(request, monkeypatch):
    """Pins and what is wired to them."""
    yield from _bench(request.param, monkeypatch)


def _bench(kind, monkeypatch):
    bench = BENCHES[kind]()
    if kind == "mock":
        monkeypatch.setattr(Device, "pin_factory", bench.factory)
    yield bench
    bench.close()


@pytest.fixture
def relay(bench):
    """The button, pressed to the millisecond."""
    thumb = Thumb(bench)
    yield thumb
    thumb.close()


@pytest.fixture
def loop(bench):
    """The strap's loop, opened and closed to the millisecond."""
    buckle = Buckle(bench)
    yield buckle
    buckle.close()


@pytest.fixture(params=ANYBODY)
def anybodys_bench(request, monkeypatch):
    yield from _bench(request.param, monkeypatch)


@pytest.fixture
def aloud(request):
    """A ``print`` that pytest does not keep to itself."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(words):
        with capture.global_and_fixture_disabled():
            print(f"\n>>> {words}", flush=True)

    return say


@pytest.fixture
def thumb(anybodys_bench, aloud):
    """The button, pressed by a person or as a person would."""
    person = isinstance(anybodys_bench, PersonsBench)
    thumb = (PersonsThumb if person else Thumb)(anybodys_bench)
    thumb.say = aloud
    yield thumb
    thumb.close()


@pytest.fixture
def buckle(anybodys_bench, aloud):
    """The strap, fastened and opened by a person or as a person would."""
    person = isinstance(anybodys_bench, PersonsBench)
    buckle = (PersonsBuckle if person else Buckle)(anybodys_bench)
    buckle.say = aloud
    yield buckle
    buckle.close()
