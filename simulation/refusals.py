"""Alarms over a modem that refuses something for ever, and what was done to it.

For every command of the fault matrix's lives, and every code of +CME and +CMS ERROR. A refusal lasts
for ever, or until the modem has been restarted.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from outcry.hw.board.modem.faults import Fault, Kind, Stage
from outcry.hw.board.modem.options import Options
from outcry.hw.power import Wire
from simulation.fault_matrix.cells import LIVES, MEMORY, steps
from simulation.wearable import SimulatedWorld

PRESS_AT = 140.0
RESTART_S = 90.0
POWER_CYCLE_S = 300.0
FIRST_TEXT_S = 30.0
CME = (*range(51), 100, *range(103, 113), *range(132, 135), *range(148, 151), 160, 161, 180, 797)
CMS = (1, 8, 10, *range(21, 51), 69, 81, *range(95, 128), 255, *range(300, 333), *range(500, 533))
CODES = ("ERROR", *(f"+CME ERROR: {n}" for n in CME), *(f"+CMS ERROR: {n}" for n in CMS))
WIRES = (*Wire, None, None, None)  # as often one as none
Place = tuple[str, Stage]
DECISIVE: tuple[Place, ...] = (("+CPIN", "command"), ("+CMGS", "command"), ("+CMGS", "text"))


@cache
def places() -> tuple[Place, ...]:
    """Each command that is asked in any life, and where else a text can be refused."""
    asked = sorted({step.command for life in LIVES for step in steps(life)})
    return (("+CMGS", "text"), *((command, "command") for command in ("", *asked)))


@dataclass(frozen=True)
class Refusal:
    """At this stage of this command, from the first time on, after so many seconds."""

    command: str
    stage: Stage
    text: str
    seconds: float = 0.1

    def begins(self, world: RefusedWorld) -> None:
        """Before anything is asked of a modem that boots, else shortly before the press."""
        fault = Fault(Kind.ERROR, stage=self.stage, text=self.text, seconds=self.seconds)
        at = world.now if world.boots_at_press else PRESS_AT - 5
        world.at(at, lambda: world.sim.faults.on(self.command, fault, times=None))


class RefusedWorld(SimulatedWorld):
    """GPRS is dead; what was done to the modem since the press, in seconds after it."""

    def __init__(
        self,
        folder: Path,
        *,
        wire: Wire | None = None,
        cured: bool = False,
        boots_at_press: bool = False,
        options: Options | None = None,
    ) -> None:
        super().__init__(folder, wire=wire, warm=not boots_at_press, options=options)
        if boots_at_press:
            self.at(PRESS_AT - 2, lambda: self.sim.power_on(self.now))
        self.boots_at_press = boots_at_press
        self.cured = cured
        self.boots: list[float] = []
        self.ready_at: float | None = None
        self.at(PRESS_AT - 5, lambda: self.sim.set_gprs("dead", self.now))
        self.valid = self.presses(PRESS_AT)
        self.at(self.valid, self._look)

    def _look(self) -> None:
        """Several times a second: a modem that has booted may be cured by that."""
        self.boots = [t - self.valid for t, what, _ in self.seen if what == "boot"]
        self.boots = [t for t in self.boots if t > 0]
        if self.boots and self.cured:
            self.sim.faults.clear()
        ready = self.sim.registration.registered and self.sim.registration.sms_ready
        if ready and not len(self.sim.faults) and self.ready_at is None:
            self.ready_at = self.now - self.valid
        self.at(self.now + 0.25, self._look)

    def lives(self, seconds: float) -> None:
        self.run(self.valid + seconds)
        assert self.faults == []

    @property
    def pulled(self) -> list[float]:
        """When the wire was pulled, in seconds after the press."""
        return [t - self.valid for t in self.pulls]

    @property
    def first_text(self) -> float | None:
        return min((t - self.valid for t, _ in self.texts_given() if t > self.valid), default=None)


@dataclass(frozen=True)
class Case:
    """One refusal in one life; ``boots``: pressed while the modem boots."""

    refusal: Refusal
    wire: Wire | None
    boots: bool
    cured: bool

    def live(self) -> RefusedWorld:
        """A world that has lived it."""
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            world = RefusedWorld(
                Path(folder), wire=self.wire, cured=self.cured, boots_at_press=self.boots
            )
            self.refusal.begins(world)
            world.lives(RESTART_S + 60 if self.cured else POWER_CYCLE_S + 10)
            return world


def draw(seed: str, place: Place, cured: bool) -> Case:
    """A case at this place, with a code, a wire and a moment of the press that chance decides."""
    random = Random(f"{seed} {place} {cured}")
    code, wire = random.choice(CODES), random.choice(WIRES)
    boots = random.random() < 0.5
    return Case(Refusal(*place, code), wire, boots, cured)
