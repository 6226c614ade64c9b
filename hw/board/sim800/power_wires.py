"""The modem's supply, RST and PWRKEY, when the wearer's process has a GPIO on them.

Between them is a transistor, because the lines' level is the modem's and not the Pi's: a high pin
pulls the line low or opens the switch in VBAT, and a pin that nobody drives leaves all as it is.
While RST is low the modem stays down. A supply that comes back starts it, for its PWRKEY is tied to
ground (on 1 s after both are as they should: SIM800L(MT6261) Hardware Design V1.01 p. 23).
"""

from collections.abc import Callable
from dataclasses import dataclass

from outcry.hw.board.modem.schedule import Planned, Schedule
from outcry.hw.board.sim800.sim800 import Sim800

WIRES = ("reset_pin", "power_key_pin", "supply_pin")
RESET_S = 0.105  # hardware design V1.00 p. 27
POWER_KEY_ON_S = 1.0  # hardware design V1.01 p. 23
POWER_KEY_OFF_S = 1.5  # hardware design V1.01 p. 23; 1 s in V1.00
SUPPLY_S = 1.0  # belief: until the capacitor is empty; shorter, and the modem has not noticed


@dataclass(eq=False, repr=False)
class PowerWires:
    """Listens to the pins' outputs."""

    _schedule: Schedule
    _modem: Sim800
    reset_pin: int | None = None
    power_key_pin: int | None = None
    supply_pin: int | None = None

    def __post_init__(self) -> None:
        self.key_off_s = POWER_KEY_OFF_S
        reset, supply, modem = self.reset_pin, self.supply_pin, self._modem
        self._acts: dict[int | None, tuple[Callable[[], float], Callable[[], None]]] = {
            reset: (lambda: RESET_S, lambda: self._holds_down(reset, modem.powered)),
            supply: (lambda: SUPPLY_S, lambda: self._holds_down(supply, True)),
            self.power_key_pin: (self._key_s, self._power_key),
        }
        self._held_down_by: set[int | None] = set()
        self._planned: dict[int, Planned] = {}

    def level(self, pin: int, level: int | None) -> None:
        """An output of the wearer's process has changed."""
        if pin not in self._acts:
            return
        if planned := self._planned.pop(pin, None):
            planned.cancel()
        if level == 1:
            seconds, act = self._acts[pin]
            self._planned[pin] = self._schedule.after(seconds(), act)
        elif pin in self._held_down_by:
            self._held_down_by.remove(pin)
            self._modem.power_on(self._schedule.now)

    def _holds_down(self, pin: int | None, comes_up: bool) -> None:
        """Off; let go, it starts. Belief: one that was off stays off when RST is let go."""
        if comes_up:
            self._held_down_by.add(pin)
        self._modem.power_off(self._schedule.now)

    def _key_s(self) -> float:
        return self.key_off_s if self._modem.powered else POWER_KEY_ON_S

    def _power_key(self) -> None:
        if self._modem.powered:
            self._modem.power_down(self._schedule.now)
        elif not self._held_down_by:
            self._modem.power_on(self._schedule.now)
