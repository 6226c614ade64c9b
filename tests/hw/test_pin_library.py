"""A pin that cannot be used says so in its library's own words, and what to do about it."""

import ast
import importlib
import os
import subprocess
import sys
from types import ModuleType

import gpiozero
import pytest

from outcry.hw import pin_library
from outcry.hw.pin_library import PinUnusable, pin_faults


class LgpioError(Exception):
    """As lgpio 0.2.2's own: its text is the repr of its words."""

    def __init__(self, value):
        self.value = value

    def __str__(self):
        return repr(self.value)


OPENS_A_CHIP = """
import lgpio
try:
    lgpio.gpiochip_open(0)
except lgpio.error as error:
    print(error)
"""


def said_by_lgpio(folder):
    for python in (sys.executable, "/usr/bin/python3"):
        done = subprocess.run(
            [python, "-c", OPENS_A_CHIP],
            cwd=folder,  # it makes a FIFO there
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout.strip()
    pytest.skip("lgpio is not installed")


def told(error):
    with pytest.raises(PinUnusable) as caught, pin_faults("button on GPIO 17"):
        raise error
    assert str(caught.value) == f"{caught.value.words} -> {caught.value.remedy}"
    return caught.value


# What public reports show, word for word: gpiozero #1057 and #1136, raspberrypi/linux #6037.
@pytest.mark.parametrize(
    ("error", "words", "remedy"),
    [
        (LgpioError("GPIO busy"), "'GPIO busy'", "gpioinfo"),
        (
            RuntimeError("Failed to add edge detection"),
            "RuntimeError: Failed to add edge detection",
            "GPIOZERO_PIN_FACTORY=lgpio",
        ),
        (
            AttributeError("module 'lgpio' has no attribute 'SET_BIAS_DISABLE'"),
            "no attribute 'SET_BIAS_DISABLE'",
            "do not fit together",
        ),
        (
            PermissionError(13, "Permission denied", "/dev/mem"),
            "Permission denied (EACCES): /dev/mem",
            "group gpio",
        ),
        (
            gpiozero.PinUnknownPi("unable to locate Pi revision in /proc/device-tree"),
            "Pi revision",
            "Raspberry Pi?",
        ),
        (ModuleNotFoundError("No module named 'lgpio'"), "no library for pins", "python3-lgpio"),
        (gpiozero.BadPinFactory("Unable to load any"), "no library for pins", "python3-lgpio"),
        (ValueError(), "ValueError", "the pin's number"),
    ],
    ids=["busy", "edge detection", "renamed", "no rights", "no Pi", "missing", "none", "other"],
)
def test_a_library_is_quoted_and_has_its_remedy(error, words, remedy):
    fault = told(error)
    assert fault.words.startswith("button on GPIO 17: ")
    assert words in fault.words
    assert remedy in fault.remedy


def test_a_library_that_goes_on_and_on_is_cut_short():
    fault = told(RuntimeError("line\n" * 500))
    assert "\n" not in fault.words
    assert len(fault.words) < 200


@pytest.mark.parametrize(
    ("mode", "words", "remedy"),
    [(None, "ENOENT", "device tree"), (0o600, "EACCES", "group gpio"), (0o666, "", "pin's number")],
    ids=["no chip", "another user's", "neither"],
)
def test_a_chip_that_lgpio_cannot_open_is_asked_why(tmp_path, monkeypatch, mode, words, remedy):
    """lgpio says 'can not open gpiochip', whatever the reason."""
    chip = tmp_path / "gpiochip0"
    monkeypatch.setattr(pin_library, "CHIPS", str(tmp_path / "gpiochip*"))
    if mode is not None:
        chip.touch()
        chip.chmod(mode)
    if mode == 0o600:  # root may open anything
        denied = PermissionError(13, "Permission denied", str(chip))
        monkeypatch.setattr(pin_library.os, "open", lambda *_: (_ for _ in ()).throw(denied))
    fault = told(LgpioError("can not open gpiochip"))
    assert "can not open gpiochip" in fault.words
    assert words in fault.words
    assert remedy in fault.remedy


@pytest.mark.slow
def test_lgpio_itself_says_so_where_there_is_no_chip(tmp_path):
    """The real library, this Python's or Debian's: nobody here wrote its words."""
    if os.path.exists("/dev/gpiochip0"):
        pytest.skip("this machine has pins")
    fault = told(LgpioError(ast.literal_eval(said_by_lgpio(tmp_path))))
    assert "can not open gpiochip" in fault.words
    assert "ENOENT" in fault.words


def test_gpiozeros_own_factory_with_a_library_that_has_other_names(monkeypatch):
    """gpiozero 2 minds lgpio's new names, and fails with the very words of Debian's pair if both
    the old and the new ones are missing."""
    lgpio = ModuleType("lgpio")
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    with pytest.raises(PinUnusable) as caught, pin_faults("button on GPIO 17"):
        importlib.import_module("gpiozero.pins.lgpio")
    assert "AttributeError: module 'lgpio' has no attribute" in caught.value.words
    assert "do not fit together" in caught.value.remedy


@pytest.mark.parametrize(
    ("has", "old", "flag"),
    [("SET_PULL_UP", "SET_BIAS_PULL_UP", 32), ("SET_BIAS_PULL_UP", "SET_BIAS_PULL_UP", 32)],
    ids=["new names", "old names"],
)
def test_todays_lgpio_has_the_names_that_debians_gpiozero_asks_for(monkeypatch, has, old, flag):
    """On a real chip: tests/package/test_real_gpiochip.py."""
    lgpio = ModuleType("lgpio")
    setattr(lgpio, has, flag)
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio")
    with pin_faults("button on GPIO 17"):
        assert getattr(lgpio, old) == flag


@pytest.mark.parametrize("factory", ["mock", "board", None])
def test_lgpio_is_not_loaded_for_other_pins(monkeypatch, factory):
    """It starts threads and makes a FIFO where it is."""
    monkeypatch.setitem(sys.modules, "lgpio", None)  # importing it would raise
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    if factory:
        monkeypatch.setenv("GPIOZERO_PIN_FACTORY", factory)
    with pin_faults("button on GPIO 17"):
        pass
