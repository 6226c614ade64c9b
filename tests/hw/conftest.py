"""The pin tests' fixtures: the same sentences on mock pins, on the bench's wires, and by hand.

``relay`` and ``loop`` are exact to the millisecond; ``thumb`` and ``buckle`` may be a person's.
How the bench is wired: tests/support/pin_benches.py.
"""

import os
from collections import defaultdict

import pytest
from gpiozero import Device
from gpiozero.pins.local import LocalPiFactory
from pin_benches import BENCHES, PersonsBench
from pin_hands import Buckle, PersonsBuckle, PersonsThumb, Thumb
from pin_registers import RegisterBench

REAL = os.environ.get("OUTCRY_BENCH", "wires")
BY_PERSON = REAL == "person"
ANYBODY = ("mock", pytest.param(REAL, marks=pytest.mark.hardware))
EXACT = ("mock",) if BY_PERSON else ANYBODY


@pytest.fixture(autouse=True)
def pins_of_its_own(monkeypatch):
    """A test meets no pin of another one: gpiozero 1.6.2 keeps them all in the class."""
    monkeypatch.setattr(LocalPiFactory, "pins", {})
    monkeypatch.setattr(LocalPiFactory, "_reservations", defaultdict(list))


@pytest.fixture(params=EXACT)
def bench(request, monkeypatch):
    """Pins and what is wired to them."""
    yield from _bench(request.param, monkeypatch)


def _bench(kind, monkeypatch):
    bench = {**BENCHES, "registers": RegisterBench}[kind]()
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
