"""A network, or a SIM, that is lost until the modem restarts: nobody holds the button for that.

A belief, for the bench to settle: that a rejected SIM counts as invalid until it is switched off, as
3GPP TS 24.008 is remembered. Public reports tell of modules that lose their SIM until AT+CFUN.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld

pytestmark = pytest.mark.slow

PRESSED_AT = 140.0
LOST_AT = 260.0  # the first texts have left


class Losing(SimulatedWorld):
    """Loses its network at a moment, as ``how`` says, until the modem boots."""

    def __init__(self, folder: Path, how: str, lost_at: float, wire: Wire | None = None) -> None:
        super().__init__(folder, wire=wire)
        self._how, self._lost_at = how, lost_at
        self.at(lost_at, self._loses)

    @property
    def boots(self) -> list[float]:
        """Seconds after the loss."""
        return [
            at - self._lost_at for at, what, _ in self.seen if what == "boot" and at > self._lost_at
        ]

    def _loses(self) -> None:
        if self._how == "denied":
            self.sim.set_welcome("denied", self.now)
        else:
            self.sim.set_network(False, self.now)
        if self._how == "no SIM":
            gone = Fault(Kind.ERROR, text="+CME ERROR: 10")
            self.sim.faults.on("+CPIN", gone, times=None)
            self.sim.terminal.urc("+CPIN: NOT READY")
        self.at(self.now + 1.0, self._look)

    def _look(self) -> None:
        if not self.boots:
            self.at(self.now + 0.5, self._look)
            return
        self.sim.faults.clear()
        self.sim.registration.welcome = "home"
        self.sim.set_network(True, self.now)

    def hq_hangs(self) -> None:
        self.hq_says = lambda sealed: b""


HOWS = pytest.mark.parametrize("how", ["denied", "searching", "no SIM"])


@HOWS
@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
def test_in_an_open_alarm_whose_texts_have_left(
    tmp_path: Path, how: str, wire: Wire | None
) -> None:
    world = Losing(tmp_path, how, LOST_AT, wire)
    world.at(PRESSED_AT - 40, world.hq_hangs)
    world.presses(PRESSED_AT)
    world.run(LOST_AT + 120)
    assert world.boots
    assert world.boots[0] <= 90.0
    assert bool(world.pulls) is (wire is not None)


@HOWS
def test_after_hqs_receipt(tmp_path: Path, how: str) -> None:
    """The wearer is driven away: the track goes on as soon as the modem can."""
    world = Losing(tmp_path, how, LOST_AT)
    world.presses(PRESSED_AT)
    world.run(LOST_AT + 900)
    assert world.boots
    assert world.boots[0] <= 360.0
    assert world.outbox.unanswered() == []


@HOWS
def test_before_anybody_needs_it(tmp_path: Path, how: str) -> None:
    world = Losing(tmp_path, how, 200.0)
    valid = world.presses(1100.0)
    world.run(valid + 60)
    assert world.boots
    assert world.boots[0] <= 360.0
    assert world.receipts
    assert min(at - valid for at in world.receipts if at > valid) <= 12.0


def test_each_time_is_the_first_after_a_network_that_lasted_though_a_drill_was_in_vain(
    tmp_path: Path,
) -> None:
    """Its texts never left, and the pauses between restarts went on growing for good."""
    world = SimulatedWorld(tmp_path)
    world.at(150.0, lambda: world.sim.set_gprs("dead", world.now))
    refused = Fault(Kind.ERROR, stage="text", text="+CMS ERROR: 38")
    world.at(150.0, lambda: world.sim.faults.on("+CMGS", refused, times=None))
    world.at(200.0, lambda: world.asks("drill"))
    world.at(2500.0, lambda: world.sim.set_gprs("on", world.now))
    world.at(2500.0, world.sim.faults.clear)
    lost_at = [4000.0 + 2400.0 * nth for nth in range(4)]

    def found() -> None:
        """A restart brings the network back."""
        if any(what == "boot" and at > world.now - 0.6 for at, what, _ in world.seen[-50:]):
            world.sim.set_network(True, world.now)
        world.at(world.now + 0.5, found)

    for at in lost_at:
        world.at(at, lambda: world.sim.set_network(False, world.now))
    world.at(4000.0, found)
    world.run(lost_at[-1] + 2400.0)
    boots = [at for at, what, _ in world.seen if what == "boot"]
    away_s = [min(at for at in boots if at > lost) - lost for lost in lost_at]
    assert max(away_s) <= 310.0
