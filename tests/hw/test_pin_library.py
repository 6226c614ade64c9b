"""A pin that cannot be used says so in its library's own words, and what to do about it."""

import errno
import os

import gpiozero
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from outcry.hw import gpiochip
from outcry.hw.gpiochip import ChipFactory
from outcry.hw.pin_library import PinUnusable, on_pin, pin_faults
from outcry.hw.switch import Button


def told(error):
    with pytest.raises(PinUnusable) as caught, pin_faults("button on GPIO 17"):
        raise error
    assert str(caught.value) == f"{caught.value.words} -> {caught.value.remedy}"
    return caught.value


@pytest.fixture(autouse=True)
def no_pins_yet(monkeypatch):
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")


@pytest.mark.parametrize(
    ("error", "words", "remedy"),
    [
        (OSError(errno.EBUSY, "Device or resource busy"), "busy (EBUSY)", "gpioinfo"),
        (
            PermissionError(13, "Permission denied", "/dev/gpiochip0"),
            "Permission denied (EACCES): /dev/gpiochip0",
            "group gpio",
        ),
        (PermissionError(1, "Operation not permitted", "/dev/gpiochip0"), "EPERM", "DeviceAllow="),
        (ModuleNotFoundError("No module named 'lgpio'"), "no library", "GPIOZERO_PIN_FACTORY"),
        (gpiozero.BadPinFactory("Unable to load"), "no library", "GPIOZERO_PIN_FACTORY"),
        (ValueError(), "ValueError", "the pin's number"),
    ],
    ids=["busy", "no rights", "not allowed", "missing", "none", "other"],
)
def test_a_fault_is_quoted_and_has_its_remedy(error, words, remedy):
    fault = told(error)
    assert fault.words.startswith("button on GPIO 17: ")
    assert words in fault.words
    assert remedy in fault.remedy


def test_a_library_that_goes_on_and_on_is_cut_short():
    fault = told(RuntimeError("line\n" * 500))
    assert "\n" not in fault.words
    assert len(fault.words) < 200


@pytest.mark.parametrize("choice", [None, ""])
def test_the_pins_are_the_kernels_unless_others_are_chosen(monkeypatch, choice):
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY")
    if choice is not None:
        monkeypatch.setenv("GPIOZERO_PIN_FACTORY", choice)
    monkeypatch.setattr(gpiochip.os, "open", lambda *_: os.dup(0))
    assert on_pin(int, 17) == 17
    assert isinstance(Device.pin_factory, ChipFactory)
    Device.pin_factory.close()


def test_chosen_pins_are_left_to_gpiozero():
    Button(17, lambda closed, at: None).close()
    assert isinstance(Device.pin_factory, MockFactory)
    Device.pin_factory.close()


def test_a_machine_without_pins_says_so(monkeypatch):
    if os.path.exists(gpiochip.CHIP):
        pytest.skip("this machine has pins")
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY")
    with pytest.raises(PinUnusable) as caught:
        Button(17, lambda closed, at: None)
    assert caught.value.words.endswith("No such file or directory (ENOENT): /dev/gpiochip0")
    assert "device tree" in caught.value.remedy
    assert Device.pin_factory is None, "the next try looks again"
