"""The wire that restarts the modem: a GPIO pin on its supply, PWRKEY or RST, through gpiozero.

Wiring: the pin (BCM numbering) drives a transistor, never the modem's line itself, whose level is
the modem's. A high pin switches the supply off, or pulls PWRKEY or RST low; a low one leaves the
modem alone. docs/hardware.md has the circuits.

The supply is the sure one: without it the modem is off and with it again it starts (its PWRKEY is
tied to ground). PWRKEY switches off a modem that is on, and on one that is off. RST restarts one
that is on; no paper says that it switches on one that is off, as after an under-voltage.
"""

import time
from collections.abc import Callable
from enum import Enum
from typing import Any

import gpiozero

from outcry.hw.pin_library import on_pin, pin_faults


class Wire(Enum):
    """Where the wire leads; the value is what the settings say."""

    SUPPLY = "supply"
    POWER_KEY = "pwrkey"
    RESET = "reset"


PULSES = {
    Wire.SUPPLY: ((3.0, 0.0),),  # belief: the capacitor is empty by then (docs/hardware.md)
    # Off: 1.5 to 33 s, then up to 3 s to silence, and 0.8 s to be left alone. On: a second or
    # more (SIM800L hardware design V1.01 p.23; SIM800's V1.09 p.24), and too short for off.
    Wire.POWER_KEY: ((1.6, 3.8), (1.2, 0.0)),
    Wire.RESET: ((0.2, 0.0),),  # 105 ms or more (SIM800L hardware design V1.00 p.27)
}
"""For how many seconds the pin is high, and left alone afterwards."""


class Power:
    """One wire. Raises ``PinUnusable`` if the pin cannot be used.

    ``sleep`` waits for seconds; it is called on the thread that calls :meth:`cycle`. ``output`` makes
    what drives a pin, if that is not gpiozero.
    """

    def __init__(
        self,
        pin: int,
        wire: Wire,
        sleep: Callable[[float], None] = time.sleep,
        output: Callable[[int], Any] | None = None,
    ) -> None:
        self._wire = wire
        self._sleep = sleep
        self._cycles = 0
        with pin_faults(f"modem's power on GPIO {pin}"):
            self._pin = output(pin) if output else on_pin(gpiozero.DigitalOutputDevice, pin)

    def cycle(self, is_on: bool = False) -> None:
        """Restart the modem; takes up to 7 s. Raises ``PinUnusable``.

        The power key is pressed twice, off and on. Where it is not known whether the modem is on,
        it is pressed once the next time, so that one of two cycles in a row leaves it on.
        """
        self._cycles = 1 if is_on else self._cycles + 1
        with pin_faults("modem's power"):
            for high_s, rest_s in PULSES[self._wire][: 1 + self._cycles % 2]:
                self._pin.on()
                try:
                    self._sleep(high_s)
                finally:
                    self._pin.off()
                self._sleep(rest_s)

    def close(self) -> None:
        """Release the wire and free the pin."""
        self._pin.close()
