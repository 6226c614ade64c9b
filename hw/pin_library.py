"""What every part on a pin has in common: a pin that cannot be used, why not, and what to do."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gpiozero

from outcry.hw.gpiochip import ChipFactory
from outcry.hw.system_errors import told

CHOICE = "GPIOZERO_PIN_FACTORY"
WORDS_MOST = 120  # characters of a library's own
_BOARD = "restart the device; if it stays so, its board is broken"
_NO_PINS = "this kernel shows no pins: is it a Raspberry Pi, with its own device tree?"
_RIGHTS = "the service's user may not use it: `ls -l` it; outcry belongs to group gpio"
_REMEDIES = (  # by what a library says; the first that fits
    ("no library", f"without {CHOICE} in the unit no library is needed"),
    ("AttributeError", f"it does not fit gpiozero; without {CHOICE} in the unit none is needed"),
    ("busy", "another program or a device tree overlay holds the pin: `sudo gpioinfo` names it"),
    ("ENOENT", _NO_PINS),
    ("can not open gpiochip", _NO_PINS),
    ("EACCES", _RIGHTS),
    ("no permissions", _RIGHTS),
    ("as root", f"that library is for root alone; without {CHOICE} in the unit none is needed"),
    ("(EIO)", _BOARD),
    ("(ENODEV)", _BOARD),
    ("EPERM", "the unit does not allow it: DeviceAllow= in its file says which chip it may use"),
)
_ELSE = "check the pin's number in the settings, and that no other program uses it"


class PinUnusable(Exception):
    """A part's pin cannot be used: ``words`` say why, ``remedy`` what to do."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.remedy = next((what for said, what in _REMEDIES if said in words), _ELSE)
        super().__init__(f"{words} -> {self.remedy}")


@contextmanager
def pin_faults(part: str) -> Iterator[None]:
    """Any fault inside is told as :class:`PinUnusable`, in the library's own words.

    Each library of pins raises errors of its own. Their words are of pins and chips alone.
    """
    try:
        yield
    except Exception as error:
        raise PinUnusable(f"{part}: {_words(error)}") from error


def on_pin(device: Callable[..., Any], pin: int, **more: Any) -> Any:
    """A device of gpiozero's on the kernel's pin, unless ``GPIOZERO_PIN_FACTORY`` chooses others."""
    if gpiozero.Device.pin_factory is None and not os.environ.get(CHOICE):
        gpiozero.Device.pin_factory = ChipFactory()
    return device(pin, **more)


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{told(error)}: {error.filename}" if error.filename else told(error)
    words = " ".join(str(error).split())[:WORDS_MOST]
    if isinstance(error, (ImportError, gpiozero.BadPinFactory)):
        words = f"no library for pins ({os.environ.get(CHOICE)}): {words}"
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
