"""What every part on a pin has in common: a pin that cannot be used, why not, and what to do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from importlib import import_module

import gpiozero

from outcry.hw.system_errors import told

CHIPS = "/dev/gpiochip*"
WORDS_MOST = 120  # characters of a library's own
_RENAMED = {"BIAS_DISABLE": "PULL_NONE", "BIAS_PULL_UP": "PULL_UP", "BIAS_PULL_DOWN": "PULL_DOWN"}
_REMEDIES = (  # by what a library says; the first that fits
    ("no library", "python3-lgpio is missing; Raspberry Pi OS has it, plain Debian has not"),
    # gpiozero #1057, #1151: the kernel gives a line to one program at a time.
    (
        "GPIO busy",
        "another program or a device tree overlay holds the pin: `sudo gpioinfo` names it",
    ),
    # gpiozero #1136, raspberrypi/linux #6037: RPi.GPIO knows no kernel from 6.6 on.
    ("edge detection", "this kernel is too new for RPi.GPIO: GPIOZERO_PIN_FACTORY=lgpio"),
    ("no attribute", "gpiozero and its library do not fit together: gpiozero 2 and lgpio 0.2.2 do"),
    ("ENOENT", "this kernel shows no pins: is it a Raspberry Pi, with its own device tree?"),
    ("Pi revision", "gpiozero does not know this board: is it a Raspberry Pi?"),
    ("EACCES", "the service's user may not use it: `ls -l` it; outcry belongs to group gpio"),
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
        if os.environ.get("GPIOZERO_PIN_FACTORY") == "lgpio":
            _name_as_before()
        yield
    except Exception as error:
        raise PinUnusable(f"{part}: {_words(error)}") from error


def _name_as_before() -> None:
    """lgpio 0.2 has new names for what gpiozero 1.6.2, Debian's, asks for (gpiozero #1038)."""
    names = vars(import_module("lgpio"))
    for old, new in _RENAMED.items():
        names.setdefault(f"SET_{old}", names.get(f"SET_{new}"))


def _words(error: Exception) -> str:
    if isinstance(error, (ImportError, gpiozero.BadPinFactory)):
        wanted = os.environ.get("GPIOZERO_PIN_FACTORY", "any")
        return f"{type(error).__name__}: no library for pins ({wanted})"
    if isinstance(error, OSError):
        return f"{told(error)}: {error.filename}" if error.filename else told(error)
    words = " ".join(str(error).split())[:WORDS_MOST]
    if "can not open gpiochip" in words:  # lgpio drops the errno
        words += f": {_of_the_chip()}"
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _of_the_chip() -> str:
    """Why the kernel's pins cannot be opened."""
    chips = sorted(glob(CHIPS))
    if not chips:
        return f"no {CHIPS} (ENOENT)"
    try:
        os.close(os.open(chips[0], os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"{told(error)}: {chips[0]}"
    return chips[0]
