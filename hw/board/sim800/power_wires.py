"""The modem's RST and PWRKEY, when the wearer's process has a GPIO on them.

Between them is a transistor, because the lines' level is the modem's and not the Pi's: a high pin
pulls the line low, and a pin that nobody drives leaves it alone. RST low for 105 ms or more is an
emergency reset, and the modem stays down as long as it is low; PWRKEY low for a second switches
the modem on, or off (SIM800L Hardware Design V1.00 p. 24 to 27).
"""

from collections.abc import Callable

from outcry.hw.board.modem.schedule import Planned, Schedule
from outcry.hw.board.sim800.sim800 import Sim800

RESET_S = 0.105
POWER_KEY_S = 1.0


class PowerWires:
    """Listens to the pins' outputs."""

    def __init__(
        self,
        schedule: Schedule,
        modem: Sim800,
        *,
        reset_pin: int | None = None,
        power_key_pin: int | None = None,
    ) -> None:
        self._schedule = schedule
        self._modem = modem
        self._acts: dict[int, tuple[float, Callable[[], None]]] = {}
        if reset_pin is not None:
            self._acts[reset_pin] = (RESET_S, self._held_in_reset)
        if power_key_pin is not None:
            self._acts[power_key_pin] = (POWER_KEY_S, self._power_key)
        self._reset_pin = reset_pin
        self._in_reset = False
        self._planned: dict[int, Planned] = {}

    def level(self, pin: int, level: int | None) -> None:
        """An output of the wearer's process has changed."""
        if pin not in self._acts:
            return
        if planned := self._planned.pop(pin, None):
            planned.cancel()
        if level == 1:
            seconds, act = self._acts[pin]
            self._planned[pin] = self._schedule.after(seconds, act)
        elif pin == self._reset_pin and self._in_reset:
            self._in_reset = False
            self._modem.power_on(self._schedule.now)

    def _held_in_reset(self) -> None:
        self._in_reset = self._modem.powered  # one that is off stays off
        self._modem.power_off(self._schedule.now)

    def _power_key(self) -> None:
        if self._modem.powered:
            self._modem.power_down(self._schedule.now)
        else:
            self._modem.power_on(self._schedule.now)
