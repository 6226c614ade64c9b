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


@pytest.mark.parametrize("theirs", [None, ModuleType("pkg_resources")], ids=["absent", "loaded"])
def test_the_boards_pins_are_found_without_loading_setuptools(monkeypatch, theirs):
    """gpiozero 1.6.2 asks it for plug-ins in two places: where it looks, and in its mock pins."""
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "board")
    monkeypatch.delenv("OUTCRY_BOARD", raising=False)
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setattr(gpiozero.Device, "_default_pin_factory", None)  # it would look there
    for name in ("pkg_resources", "outcry.hw.board.pins.factory"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    if theirs is not None:
        monkeypatch.setitem(sys.modules, "pkg_resources", theirs)
    with pin_faults("button on GPIO 17"):
        button = gpiozero.Button(17)
    assert type(button.pin_factory).__name__ == "BoardFactory"
    assert sys.modules.get("pkg_resources") is theirs
    button.close()
