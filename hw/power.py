"""The wire that restarts the modem: a GPIO pin on RST or PWRKEY, through gpiozero.

Wiring: the pin (BCM numbering) drives a transistor that pulls the modem's line
low; never the line itself, whose level is the modem's. RST low for 105 ms or
more restarts it at once. PWRKEY low for a second or more switches it off when
it is on and on when it is off (SIM800L hardware design p.24-27).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

import gpiozero

from outcry.hw.pin_library import pin_faults

RESET_S = 0.2  # 105 ms or more
KEY_S = 1.5  # a second or more
OFF_S = 3.0  # from the key to silence, and the 0.8 s the modem wants to be left alone


class Wire(Enum):
    """Where the wire leads; the value is what the settings say."""

    RESET = "reset"
    POWER_KEY = "power key"


class Power:
    """One wire. Raises ``PinUnusable`` if the pin cannot be used.

    ``sleep`` waits for seconds; it is called on the thread that calls :meth:`cycle`.
    """

    def __init__(self, pin: int, wire: Wire, sleep: Callable[[float], None] = time.sleep) -> None:
        self._wire = wire
        self._sleep = sleep
        self._cycles = 0
        with pin_faults(f"modem's power on GPIO {pin}"):
            self._pin = gpiozero.DigitalOutputDevice(pin)

    def cycle(self, is_on: bool = False) -> None:
        """Restart the modem; takes up to 6 s. Raises ``PinUnusable``.

        The power key is pressed twice, off and on. Where it is not known whether the modem is on,
        it is pressed once the next time, so that one of two cycles in a row leaves it on.
        """
        self._cycles = 1 if is_on else self._cycles + 1
        with pin_faults("modem's power"):
            if self._wire is Wire.RESET:
                self._pull(RESET_S)
                return
            self._pull(KEY_S)
            if self._cycles % 2:
                self._sleep(OFF_S)
                self._pull(KEY_S)

    def _pull(self, seconds: float) -> None:
        self._pin.on()
        try:
            self._sleep(seconds)
        finally:
            self._pin.off()

    def close(self) -> None:
        """Release the wire and free the pin."""
        self._pin.close()
