"""Why a pin cannot be used, in words that a person can act on."""

from __future__ import annotations

import os

import gpiozero


def why(error: Exception) -> str:
    """The error's type, and what is missing if it is the library below gpiozero.

    The error's own words are left out: they differ by library, and some are numbers.
    """
    name = type(error).__name__
    if not isinstance(error, (ImportError, gpiozero.BadPinFactory)):
        return name
    wanted = os.environ.get("GPIOZERO_PIN_FACTORY", "any")
    missing = f"no library for pins ({wanted}): python3-lgpio is missing"
    return f"{name}: {missing}; Raspberry Pi OS has it, plain Debian has not"
