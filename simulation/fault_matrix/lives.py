"""Lives of a wearable around a press: what the modem is at when the button is held."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from outcry.hw.board.modem.gprs import How
from outcry.hw.board.modem.options import Options
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld
from simulation.world import HOLD_S, WALL

DAY_S = 86_400.0
CLOCKS: dict[str, tuple[float, float]] = {
    "a month behind": (WALL - 30 * DAY_S, 0.0),
    "a day ahead": (WALL + DAY_S, 0.0),
    "ten years ahead": (WALL + 3652 * DAY_S, 0.0),
    "in 1970": (60.0, 0.0),
    "set back at the press": (WALL, -400 * DAY_S),
    "set on at the press": (WALL, 400 * DAY_S),
}
"""What the system's clock says, which nothing vouches for, and by how much it is set at the press."""
BEGIN_S = 100.0  # the clock at the start of every life


@dataclass(frozen=True)
class Life:
    """One life, in seconds of the world's clock.

    ``valid_at`` is when the hold is valid; None: the press is put onto each step in turn. Steps
    are those from ``since`` until ``until``.
    """

    name: str
    since: float
    until: float
    valid_at: float | None = None
    gprs: tuple[tuple[float, How, bool], ...] = ()
    """When the data path becomes what; True spares new connections."""
    warm: bool = True
    wire: Wire | None = None
    holds_the_line: bool = False
    """The modem serves nothing else while it connects, and its owner has been told so."""
    pin: str | None = None
    """The SIM's, which the settings know."""

    def world(
        self, folder: Path, valid_at: float | None, seed: int = 1, clock: str = ""
    ) -> SimulatedWorld:
        """A world about to live this life, pressed so that the hold is valid at ``valid_at``.

        ``clock``: one of :data:`CLOCKS`; without it NTP has set the system's clock.
        """
        wall, step_s = CLOCKS.get(clock, (None, 0.0))
        world = SimulatedWorld(
            folder,
            seed=seed,
            options=Options(serves_while_connecting=not self.holds_the_line, pin=self.pin),
            warm=self.warm,
            wire=self.wire,
            settings={"sms_while_connecting": not self.holds_the_line, "pin": self.pin},
            unset_clock=wall,
        )
        if not self.warm:
            world.sim.power_on(BEGIN_S)
        for at, how, old_only in self.gprs:
            world.at(at, partial(_becomes, world, how, old_only))
        if valid_at is not None:
            world.presses(valid_at - HOLD_S)
            world.at(valid_at - HOLD_S / 2, partial(_steps_clock, world, step_s))
        return world


def _steps_clock(world: SimulatedWorld, seconds: float) -> None:
    world.wall += seconds


def _becomes(world: SimulatedWorld, how: How, old_only: bool) -> None:
    world.sim.set_gprs(how, world.now, old_only=old_only)


_DOWN = (130.0, "dead", False)
_LOST: tuple[tuple[float, How, bool], ...] = ((180.0, "dead", False),)

LIVES = (
    Life("pressed while it boots", 100, 140, 102, warm=False),
    Life("pressed before it is ready for texts", 100, 140, 108, warm=False),
    Life("pressed while it boots, SIM with a PIN", 100, 140, 105, warm=False, pin="2468"),
    Life("pressed at each step from power-on", 100, 175, warm=False),
    Life("pressed, connection fresh", 128, 170, 130),
    Life("pressed, connection old", 298, 340, 300),
    Life("pressed, connection forgotten", 298, 340, 300, ((295, "silent", True),)),
    Life("pressed, data down", 198, 250, 200, _LOST),
    Life("pressed, data silent", 198, 250, 200, ((199, "silent", False),)),
    Life("pressed, rubbish answers", 198, 250, 200, ((199, "rubbish", False),)),
    Life("pressed at each step of connecting again", 130, 175, gprs=(_DOWN, (131, "on", False))),
    Life("pressed at each step while refused", 130, 200, gprs=(_DOWN, (131, "refused", False))),
    Life(
        "pressed at each step while never connected",
        130,
        200,
        gprs=(_DOWN, (131, "connecting", False)),
    ),
    *(
        Life(f"pressed while it boots, {wire.value} wire", 100, 140, 102, warm=False, wire=wire)
        for wire in Wire
    ),
    *(
        Life(f"pressed, data down, {wire.value} wire", 198, 250, 200, _LOST, wire=wire)
        for wire in Wire
    ),
    Life("pressed at each step, connecting holds the line", 100, 150, holds_the_line=True),
    Life(
        "pressed at each step, never connected, which holds the line",
        130,
        200,
        gprs=(_DOWN, (131, "connecting", False)),
        wire=Wire.SUPPLY,  # nothing else reaches a modem that serves nothing
        holds_the_line=True,
    ),
)
