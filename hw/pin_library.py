"""What every part on a pin has in common: a pin that cannot be used, and why not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import gpiozero


class PinUnusable(Exception):
    """A part's pin cannot be used; check the pin's number and the pin factory."""


@contextmanager
def pin_faults(part: str) -> Iterator[None]:
    """Any fault inside is told as :class:`PinUnusable`, in words a person can act on.

    Each library of pins raises errors of its own. Their words are left out: they differ by library,
    and some are numbers.
    """
    try:
        yield
    except Exception as error:
        name = type(error).__name__
        if isinstance(error, (ImportError, gpiozero.BadPinFactory)):
            wanted = os.environ.get("GPIOZERO_PIN_FACTORY", "any")
            name += f": no library for pins ({wanted}): python3-lgpio is missing"
            name += "; Raspberry Pi OS has it, plain Debian has not"
        raise PinUnusable(f"{part}: {name}") from error
