"""The vibration motor on a GPIO pin, through gpiozero.

Wiring: the pin (BCM numbering) drives a transistor, never the motor itself. A
pattern is played by gpiozero's own background thread; a new pattern ends the
one that is playing.
"""

from __future__ import annotations

from dataclasses import dataclass

import gpiozero

from outcry.hw.pin_library import why


class VibrationUnusable(Exception):
    """The motor's pin cannot be used; check the pin's number and the pin factory."""


@dataclass(frozen=True)
class Pattern:
    """``pulses`` pulses of ``on_s`` seconds, ``off_s`` seconds apart."""

    pulses: int
    on_s: float
    off_s: float


class Vibration:
    """One motor. Raises :class:`VibrationUnusable` if the pin cannot be had."""

    def __init__(self, pin: int) -> None:
        try:
            self._motor = gpiozero.DigitalOutputDevice(pin)
        except Exception as error:  # each library of pins raises errors of its own
            raise VibrationUnusable(f"motor on GPIO {pin}: {why(error)}") from error

    def play(self, pattern: Pattern) -> None:
        """Begin the pattern and return at once. Raises :class:`VibrationUnusable`."""
        try:
            self._motor.blink(pattern.on_s, pattern.off_s, pattern.pulses, background=True)
        except Exception as error:
            raise VibrationUnusable(f"motor: {why(error)}") from error

    def close(self) -> None:
        """Stop the motor and free the pin."""
        self._motor.close()
