"""The wearable's loop and modem owner, the simulated SIM800 and HQ, on one clock and one thread.

Everything between the button's edges and HQ's receipt is the real code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from outcry.enrolment import Enrolment
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.process.board import Board
from outcry.hw.board.sim800.power_wires import PowerWires
from outcry.hw.board.sim800.sim800 import Sim800
from outcry.hw.power import Power, Wire
from simulation.clockwork import HQ, ClockedWorld, HqListener
from simulation.virtual_network import VirtualNetwork
from simulation.world import ENROLMENT, NAMES, WALL

POWER_PIN = 22


class _Pin:
    """The pin that drives the modem's wire, soldered to the simulated modem."""

    def __init__(self, wires: PowerWires, pin: int) -> None:
        self._wires = wires
        self._pin = pin

    def on(self) -> None:
        self._wires.level(self._pin, 1)

    def off(self) -> None:
        self._wires.level(self._pin, 0)

    def close(self) -> None: ...


class _Line:
    """The wearer's modem, which moves with the whole board."""

    def __init__(self, board: Board, baud: Callable[[], int]) -> None:
        self._board = board
        self._baud = baud
        self.due = board.due
        self.advance = board.advance

    def feed(self, data: bytes, now: float) -> None:
        self._modem().feed(data, now)

    def output(self, now: float) -> bytes:
        return self._modem().output(now)

    def _modem(self) -> Sim800:
        modem = self._board.modems["wearer"]
        modem.wire.host_baud = self._baud()
        return modem


class SimulatedWorld(ClockedWorld):
    """As ClockedWorld, with the simulated SIM800.

    ``settings`` are fields of ModemSettings; ``wire`` is what the owner can restart the modem by:
    the driver's own pulses on its pin. The modem is up and registered unless ``warm`` is False: then nobody has switched it on.
    """

    def __init__(
        self,
        folder: Path,
        timing: Timing | None = None,
        seed: int = 1,
        *,
        enrolment: Enrolment | None = ENROLMENT,
        options: Options | None = None,
        warm: bool = True,
        wire: Wire | None = None,
        settings: Mapping[str, Any] | None = None,
        unset_clock: float | None = None,
    ) -> None:
        self.seen: list[tuple[float, str, dict[str, object]]] = []
        self.network = VirtualNetwork()
        self.network.listen(*HQ, lambda: HqListener(self))
        self.board = Board(
            {"wearer": "+447700900001"},
            self.network,
            timing=timing or Timing(),
            random=Random(seed),
            options=options,
            witness=lambda t, what, **facts: self.seen.append((t, what, facts)),
            wall=lambda now: datetime.fromtimestamp(WALL + now, UTC),
            now=100.0,
        )
        self.line = _Line(self.board, lambda: self.baud)
        self.pulls: list[float] = []
        """When the wire was pulled."""
        if wire is not None:
            self.power_cycle = self._pulling(wire)
        if warm:
            self.sim.warm(100.0)
        super().__init__(
            folder, seed, enrolment=enrolment, settings=settings, unset_clock=unset_clock
        )

    @property
    def sim(self) -> Sim800:
        return self.board.modems["wearer"]

    def _pulling(self, wire: Wire) -> Callable[[bool], None]:
        kind = {Wire.SUPPLY: "supply_pin", Wire.POWER_KEY: "power_key_pin", Wire.RESET: "reset_pin"}
        wires = PowerWires(self.board.schedule, self.sim, **{kind[wire]: POWER_PIN})
        power = Power(POWER_PIN, wire, self.sleeps, lambda pin: _Pin(wires, pin))

        def pulled(is_on: bool) -> None:
            self.pulls.append(self.now)
            power.cycle(is_on)

        return pulled

    def commands(self, name: str) -> list[float]:
        """When the modem received this command."""
        return [t for t, what, facts in self.seen if what == "at" and facts["command"] == name]

    def texts_given(self) -> list[tuple[float, str]]:
        """When the network took a text, and for whom."""
        return [
            (t, NAMES[str(facts["to"])])
            for t, what, facts in self.seen
            if what == "sms-submitted" and facts["part"] == 1
        ]
