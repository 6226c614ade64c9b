"""The wire that restarts the modem, when its pin stops working while the daemon runs."""

import errno
import queue
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from outcry.daemon.journal import Journal
from outcry.daemon.service import adapters
from outcry.daemon.service.adapters import Adapters
from outcry.hw.pin_library import PinUnusable
from outcry.hw.power import Power


class Taken:
    """A pin that somebody else takes after the start."""

    def __call__(self, pin):
        return self

    def on(self):
        raise OSError(errno.EBUSY, "Device or resource busy")


def test_a_wire_that_fails_is_told_with_the_systems_words_and_its_remedy(monkeypatch):
    made, told = [], []
    modem = SimpleNamespace(stop=lambda timeout_s: None)
    monkeypatch.setattr(adapters, "Modem", lambda *parts: made.extend(parts) or modem)
    monkeypatch.setattr(adapters, "Power", lambda pin, wire: Power(pin, wire, output=Taken()))
    monkeypatch.setattr(Power, "close", lambda self: None)
    settings = SimpleNamespace(text=lambda *key: "supply", whole=lambda *key: 17)
    with ExitStack() as life:
        journal = Journal(lambda level, words, fields: told.append(words))
        Adapters(settings, queue.SimpleQueue(), life, None, journal=journal).modem(None, None)
        with pytest.raises(PinUnusable):
            made[-1](False)
    (fault,) = told
    assert "modem's power" in fault
    assert "EBUSY" in fault
    assert fault.endswith(f" -> {PinUnusable(fault).remedy}")
    assert journal.part_faults == told


@pytest.mark.parametrize("part", ["strap", "vibration", "_power"])
def test_a_pin_that_is_taken_at_the_start_wants_a_restart_too(monkeypatch, part):
    def taken(*_):
        raise PinUnusable("the part: Device or resource busy (EBUSY)")

    for name in ("Strap", "Vibration", "Power"):
        monkeypatch.setattr(adapters, name, taken)
    said = {"text": lambda *_: "supply", "whole": lambda *_: 17, "flag": lambda *_: True}
    journal = Journal(lambda *_: None)
    parts = Adapters(SimpleNamespace(**said), None, None, None, journal=journal)
    assert getattr(parts, part)() is None
    (fault,) = journal.part_faults
    assert fault.endswith("`sudo gpioinfo` names it; then restart outcry")
