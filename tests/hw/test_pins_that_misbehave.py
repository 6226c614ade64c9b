"""The button's and the motor's pins, when their library does what no other does."""

import re
import threading
from contextlib import ExitStack
from queue import SimpleQueue

import gpiozero
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from outcry.daemon.service import status
from outcry.daemon.service.adapters import Adapters
from outcry.daemon.settings import read
from outcry.hw.modem import Condition, ModemStatus
from outcry.hw.pin_library import PinUnusable
from outcry.hw.switch import Button, Strap
from outcry.hw.vibration import Pattern, Vibration
from outcry.report import Flag
from simulation.world import World


class PinLibraryError(Exception):
    """A library's own error (lgpio's): an Exception, and neither gpiozero's nor an OSError."""


class FingerOnPin(MockPin):
    """A mock pin that a finger holds down: no pull-up lifts it until the finger lets go."""

    held = True

    def drive_high(self):
        if not self.held:
            super().drive_high()

    def let_go(self):
        self.held = False
        self.drive_high()


def refuses(*_args, **_kwargs):
    raise PinLibraryError("GPIO busy")


@pytest.fixture
def factory(monkeypatch):
    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory
    factory.close()


def test_a_pin_refused_in_the_librarys_own_words_is_an_unusable_button(factory, monkeypatch):
    monkeypatch.setattr(gpiozero.DigitalInputDevice, "__init__", refuses)
    with pytest.raises(PinUnusable):
        Button(17, lambda closed, at: None)


def test_a_pin_refused_in_the_librarys_own_words_is_an_unusable_motor(factory, monkeypatch):
    motor = Vibration(18)
    monkeypatch.setattr(gpiozero.DigitalOutputDevice, "blink", refuses)
    with pytest.raises(PinUnusable):
        motor.play(Pattern(1, 0.1, 0.1))
    monkeypatch.setattr(gpiozero.DigitalOutputDevice, "__init__", refuses)
    with pytest.raises(PinUnusable):
        Vibration(18)


def test_a_strap_that_cannot_be_watched_is_told_by_every_report_and_on_the_screen(
    factory, monkeypatch, tmp_path
):
    settings = read("[strap]\nenabled = true\n", tmp_path / "outcry.toml")
    monkeypatch.setattr(gpiozero.DigitalInputDevice, "__init__", refuses)
    with ExitStack() as stack:
        adapters = Adapters(settings, SimpleQueue(), stack, None)
        assert adapters.strap() is None
    assert "strap on GPIO 27" in adapters.journal.part_faults[0]
    world = World(tmp_path, strap=True)
    world.strap_usable = False
    world.starts()
    world.holds()
    assert Flag.STRAP_FAULT in world.report().flags
    shown = status.screen(world.asks("status"))
    assert "strap      not watched" in shown
    assert "check strap.pin in the settings" in shown


def test_a_button_let_go_while_it_is_being_looked_at_does_not_stay_down(factory):
    factory.pin_class = FingerOnPin
    pin = factory.pin(17)
    pin.drive_low()
    edges = []
    finger = threading.Thread(target=pin.let_go)

    def on_edge(closed, at):
        if closed:
            finger.start()  # gpiozero's own thread tells the release, and must wait its turn
            finger.join(0.05)
        edges.append(closed)

    button = Button(17, on_edge)
    finger.join()
    assert edges == [True, False]
    button.close()


def test_a_pin_that_cannot_be_read_leaves_it_to_the_edges_and_the_journal_says_so_once(
    factory, monkeypatch, caplog
):
    edges = []
    button = Button(17, lambda closed, at: edges.append(closed))
    factory.pin(17).drive_low()
    monkeypatch.setattr(MockPin, "_get_state", refuses)
    for _ in range(3):
        assert button.is_told()
    assert edges == [True]
    assert len(caplog.messages) == 1
    button.close()


@pytest.mark.parametrize("kind", [Button, Strap])
def test_a_pin_that_cannot_be_read_is_told_everywhere_until_it_can(
    factory, monkeypatch, tmp_path, kind
):
    switch = kind(27, lambda closed, at: None)
    flag = {Button: Flag.BUTTON_FAULT, Strap: Flag.STRAP_FAULT}[kind]

    class Watched(World):
        button = switch if kind is Button else None

        def make_strap(self):
            return switch if kind is Strap else None

    world = Watched(tmp_path, strap=kind is Strap)
    world.modem.snapshot = ModemStatus(state=Condition.REGISTERED, connected_since=world.now)
    world.passes(120)
    assert flag not in world.report().flags

    def line():
        return status.line(world.parts, world.loop.alarm, world.clock())

    assert line().startswith("armed;")
    with monkeypatch.context() as broken:
        broken.setattr(MockPin, "_get_state", refuses)
        world.passes(120)
        assert flag in world.report().flags
        assert re.match(f"armed, but .*{kind.name} on GPIO 27: .*GPIO busy -> another", line())
        shown = status.screen(world.asks("status"))
        assert re.search(f"{kind.name} +not watched", shown)
        assert f"failed    {kind.name} " in shown
    world.passes(120)
    assert flag not in world.report().flags
    assert line().startswith("armed;")
    switch.close()
