"""An alarm over a modem that a wire, or none, can bring back: what it can do and what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import SmsOutcome
from outcry.hw.modem.data_turn import CONNECTS_S
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld

pytestmark = pytest.mark.slow

PRESS_AT = 140.0


class Pressed(SimulatedWorld):
    """GPRS is dead; the button is held at 140 s."""

    def __init__(self, folder: Path, wire: Wire | None) -> None:
        super().__init__(folder, wire=wire)
        self.at(PRESS_AT - 10, lambda: self.sim.set_gprs("dead", self.now))
        self.valid = self.presses(PRESS_AT)

    def switches_itself_off(self, at: float, says_so: bool = True) -> None:
        def off() -> None:
            self.sim.power_off(self.now)

        if says_so:
            self.at(at, lambda: self.sim.terminal.urc("UNDER-VOLTAGE POWER DOWN"))
        self.at(at + 0.01, off)

    @property
    def first_text(self) -> float | None:
        return min((t - self.valid for t, _ in self.texts_given()), default=None)


class Starting(SimulatedWorld):
    """The modem starts a second before the button is held."""

    def __init__(self, folder: Path, wire: Wire | None, timing: Timing | None = None) -> None:
        super().__init__(folder, timing, wire=wire, warm=False)
        self.sim.power_on(self.now)
        self.valid = self.presses(self.now + 1)

    def every_text_meets(self, fault: Fault) -> None:
        self.sim.faults.on("+CMGS", fault, times=None)


@pytest.mark.parametrize("wire", [Wire.SUPPLY, Wire.POWER_KEY])
@pytest.mark.parametrize("says_so", [True, False])
@pytest.mark.parametrize("before_s", [20.0, 0.5])
def test_a_modem_that_switched_itself_off_is_brought_back_for_an_alarm(
    tmp_path: Path, wire: Wire, says_so: bool, before_s: float
) -> None:
    world = Pressed(tmp_path, wire)
    world.switches_itself_off(PRESS_AT - before_s, says_so)
    world.run(world.valid + 90)
    assert world.first_text is not None
    assert world.first_text <= 60


@pytest.mark.parametrize("wire", [Wire.RESET, None])
def test_where_nothing_can_bring_it_back_it_is_told_what_to_do(
    tmp_path: Path, wire: Wire | None
) -> None:
    world = Pressed(tmp_path, wire)
    world.switches_itself_off(PRESS_AT - 20)
    world.at(world.valid + 120, lambda: world.sim.power_on(world.now))
    world.run(world.valid + 200)
    told = [line for line in world.journal if "it switched itself off" in line]
    assert len(told) == 1
    assert "under-voltage power down" in told[0]
    assert "take that away for a moment" in told[0]
    assert world.first_text is not None, "once somebody has done so"
    assert 120 < world.first_text <= 160


@pytest.mark.parametrize("wire", Wire)
def test_a_modem_that_hangs_is_brought_back_by_any_wire(tmp_path: Path, wire: Wire) -> None:
    world = Pressed(tmp_path, wire)
    world.at(PRESS_AT - 5, world.sim.hang)
    world.run(world.valid + 90)
    assert world.pulls
    assert world.first_text is not None
    assert world.first_text <= 45


@pytest.mark.parametrize("hangs_before", [1, 2, 3])
@pytest.mark.parametrize("wire", Wire)
def test_so_is_one_that_has_hung_before(tmp_path: Path, wire: Wire, hangs_before: int) -> None:
    """PWRKEY is pressed twice: the modem, which has answered since the last time, is on."""
    world = SimulatedWorld(tmp_path, wire=wire)
    for nth in range(hangs_before):
        world.at(400 + 600 * nth, world.sim.hang)
    press_at = 700.0 + 600 * hangs_before
    world.at(press_at - 1, world.sim.hang)
    valid = world.presses(press_at)
    world.run(valid + 90)
    assert len([at for at in world.pulls if at < press_at]) == hangs_before
    assert min(t for t, _ in world.texts_given() if t > valid) - valid <= 45


@pytest.mark.parametrize("wire", Wire)
def test_a_modem_that_hangs_in_every_text_is_used_for_data_after_the_first(
    tmp_path: Path, wire: Wire
) -> None:
    """Each text would cost a restart by wire, and data works."""
    world = Starting(tmp_path, wire)
    world.every_text_meets(Fault(Kind.LATE, stage="prompt", effect=world.sim.hang))
    world.run(world.valid + 90)
    assert world.receipts
    assert world.receipts[0] - world.valid <= 45


@pytest.mark.parametrize("wire", Wire)
def test_data_that_goes_first_has_its_whole_try_once_there_is_a_network(
    tmp_path: Path, wire: Wire
) -> None:
    """Here the modem is ready for texts four seconds before it has a network."""
    world = Starting(tmp_path, wire, Timing(boot_ready=(8, 8), registration=(12, 12)))
    world.every_text_meets(Fault(Kind.LATE, stage="text", effect=world.sim.hang))
    world.run(world.valid + 90)
    assert world.receipts
    assert world.receipts[0] - world.valid <= 60
    assert len(world.pulls) == 1


@pytest.mark.parametrize("wire", Wire)
def test_after_a_hang_texts_wait_for_data_no_longer_than_it_could_still_be_in_time(
    tmp_path: Path, wire: Wire
) -> None:
    """GPRS is dead: nothing comes of the connection that goes first."""
    world = Pressed(tmp_path, wire)
    world.sim.faults.on("+CMGS", Fault(Kind.LATE, stage="text", effect=world.sim.hang))
    world.run(world.valid + 60)
    (pulled,) = world.pulls
    connecting = min(t for t in world.commands("AT+CIPSTART") if t > pulled)
    text = min(t for t in world.commands("AT+CMGS") if t > pulled)
    assert CONNECTS_S - 0.5 <= text - connecting <= CONNECTS_S + 0.5
    sent = min(t for t, event in world.told if isinstance(event, SmsOutcome) and t > text)
    assert sent - world.valid <= 45


def test_without_a_wire_a_modem_deaf_in_every_text_is_used_for_data_after_the_first(
    tmp_path: Path,
) -> None:
    """Data had no try yet: the press came while the modem started."""
    world = Starting(tmp_path, None)
    world.every_text_meets(Fault(Kind.LATE, stage="prompt", seconds=20))
    world.run(world.valid + 90)
    assert world.receipts
    assert world.receipts[0] - world.valid <= 45
    assert len([t for t in world.commands("AT+CMGS") if t < world.receipts[0]]) == 1


@pytest.mark.parametrize("noise", [b"\xff", 40 * b"\xf8"], ids=["a byte", "much"])
@pytest.mark.parametrize("wire", [None, *Wire])
def test_noise_while_a_network_takes_half_a_minute_for_each_text_cuts_one_off_at_most(
    tmp_path: Path, wire: Wire | None, noise: bytes
) -> None:
    """AT is not answered beside a text; the noise is no restart."""
    world = SimulatedWorld(tmp_path, Timing(sms_submit=(28.0, 32.0)), wire=wire)
    world.at(PRESS_AT - 10, lambda: world.sim.set_gprs("dead", world.now))
    valid = world.presses(PRESS_AT)
    output, heard = world.line.output, [0]

    def noisy(now: float) -> bytes:
        tried = [at for at in world.commands("AT+CMGS") if at < now - 1.0]
        is_new, heard[0] = len(tried) > heard[0], len(tried)
        return output(now) + noise * is_new

    world.line.output = noisy  # type: ignore[method-assign]
    for tick in range(1000):
        world.at(valid + tick / 2, lambda: None)
    world.run(valid + 500.0)
    assert {name for _, name in world.texts_given()} == {"Ana", "Boris", "Chiara", "HQ"}
    assert len(world.pulls) <= 1
