"""The vibration motor on a GPIO pin, through gpiozero.

Wiring: the pin (BCM numbering) drives a transistor, never the motor itself. A
pattern is played by gpiozero's own background thread. Patterns are told apart
by counting, so one that comes while another plays waits its turn, unless it is
one that does not wait.
"""

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import gpiozero

from outcry.hw.pin_library import PinUnusable, on_pin, pin_faults

log = logging.getLogger(__name__)

BETWEEN_S = 0.6  # of rest between two patterns; within one it is 0.3 at most


@dataclass(frozen=True)
class Pattern:
    """``pulses`` pulses of ``on_s`` seconds, ``off_s`` seconds apart.

    ``at_once``: it ends the one that is playing and drops those that wait.
    """

    pulses: int
    on_s: float
    off_s: float
    at_once: bool = False

    @property
    def lasts_s(self) -> float:
        """From its start until another may follow."""
        return self.pulses * (self.on_s + self.off_s) + BETWEEN_S


class Vibration:
    """One motor. Raises ``PinUnusable`` if the pin cannot be used."""

    def __init__(self, pin: int) -> None:
        with pin_faults(f"motor on GPIO {pin}"):
            self._motor = on_pin(gpiozero.DigitalOutputDevice, pin)
        self._turn = threading.RLock()
        self._waiting: list[Pattern] = []
        self._free_at = 0.0
        self._next: threading.Timer | None = None

    def play(self, pattern: Pattern) -> None:
        """Start or queue the pattern, and return at once. Raises ``PinUnusable``."""
        with self._turn:
            if pattern.at_once:
                self._forget()
            elif self._next is not None or time.monotonic() < self._free_at:
                if pattern not in self._waiting:
                    self._waiting.append(pattern)
                self._await_turn()
                return
            self._begin(pattern)

    def close(self) -> None:
        with self._turn:
            self._forget()
            with suppress(Exception):  # the pin is freed in any case
                self._motor.off()
            self._motor.close()

    def _begin(self, pattern: Pattern) -> None:
        self._free_at = time.monotonic() + pattern.lasts_s
        with pin_faults("motor"):
            self._motor.blink(pattern.on_s, pattern.off_s, pattern.pulses, background=True)

    def _await_turn(self) -> None:
        if self._next is None:
            wait_s = self._free_at - time.monotonic()
            self._next = threading.Timer(max(wait_s, 0.0), self._take_turn)
            self._next.daemon = True
            self._next.start()

    def _take_turn(self) -> None:
        with self._turn:
            if self._next is not threading.current_thread():
                return  # dropped meanwhile
            self._next = None
            try:
                self._begin(self._waiting.pop(0))
            except PinUnusable as error:
                log.warning("%s", error)
            if self._waiting:
                self._await_turn()

    def _forget(self) -> None:
        self._waiting.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None
