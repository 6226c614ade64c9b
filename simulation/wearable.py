"""The wearable's loop and modem owner, the simulated SIM800 and HQ, on one clock and one thread.

Everything between the button's edges and HQ's receipt is the real code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from outcry.enrolment import Enrolment
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.process.board import Board
from outcry.hw.board.sim800.sim800 import Sim800
from simulation.clockwork import HQ, ClockedWorld, HqListener
from simulation.virtual_network import VirtualNetwork
from simulation.world import ENROLMENT, NAMES, WALL


class _Line:
    """The wearer's modem, which moves with the whole board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.due = board.due
        self.advance = board.advance

    def feed(self, data: bytes, now: float) -> None:
        self._board.modems["wearer"].feed(data, now)

    def output(self, now: float) -> bytes:
        return self._board.modems["wearer"].output(now)


class SimulatedWorld(ClockedWorld):
    """As ClockedWorld, with the simulated SIM800.

    ``settings`` are fields of ModemSettings; ``power_wire`` lets the owner switch the modem off
    and on. The modem is up and registered unless ``warm`` is False: then nobody has switched it on.
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
        power_wire: bool = False,
        settings: Mapping[str, Any] | None = None,
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
        self.line = _Line(self.board)
        if power_wire:
            self.power_cycle = lambda: self.sim.reset(self.now)
        if warm:
            self.sim.warm(100.0)
        super().__init__(folder, seed, enrolment=enrolment, settings=settings)

    @property
    def sim(self) -> Sim800:
        return self.board.modems["wearer"]

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
