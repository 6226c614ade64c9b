"""A modem that restarts after whatever a start says, or seems to: the command running is not to blame."""

from __future__ import annotations

from pathlib import Path

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld

pytestmark = pytest.mark.slow

SETS = ["E", "+CMEE", "+CFUN", "+CBATCHK", "+CLTS", "+CENG", "+CGSMS", "+CPMS", "+CSCS", "+CNMI"]
ASKS = ["+CPIN", "+CREG", "+CMGF", "+CSCA", "+CSQ"]
CONNECTS = ["+CIPMUX", "+CIPMODE", "+CIPSPRT", "+CIPQSEND", "+CIPRXGET", "+CIPCSGP"]
SAID = [*SETS, *ASKS, *CONNECTS]


def first_text_s(folder: Path, step: str, fault: Fault, wire: Wire | None = None) -> float:
    """From a press until a text is on a phone; the modem restarts once, and then as ``fault`` says."""
    world = SimulatedWorld(folder, wire=wire)
    world.sim.set_gprs("dead", world.now)
    world.sim.faults.on(step, fault, times=None)
    world.at(201.0, lambda: world.sim.reset(world.now))
    valid = world.presses(200.0)
    world.run(valid + 120.0)
    assert world.faults == []
    return min((at - valid for at, _ in world.texts_given()), default=float("inf"))


@pytest.mark.parametrize("sign", ["+CFUN: 1", "RDY"])
@pytest.mark.parametrize("step", SAID)
def test_a_sign_of_a_restart_behind_each_answer(tmp_path: Path, step: str, sign: str) -> None:
    fault = Fault(Kind.ERROR, text=f"OK\r\n\r\n{sign}")
    assert first_text_s(tmp_path, step, fault) <= 45.0


@pytest.mark.parametrize("after_s", [0.0, 2.0])
@pytest.mark.parametrize("step", SAID)
def test_a_restart_some_time_after_each_answer(tmp_path: Path, step: str, after_s: float) -> None:
    fault = Fault(Kind.RESET, stage="after", seconds=after_s)
    assert first_text_s(tmp_path, step, fault) <= 60.0


@pytest.mark.parametrize(
    ("step", "value"), [("+CFUN", "+CFUN: 1"), ("+CPIN", "+CPIN: READY"), ("+CREG", "+CREG: 2,1")]
)
@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
def test_an_answer_behind_its_ok(tmp_path: Path, step: str, value: str, wire: Wire | None) -> None:
    fault = Fault(Kind.ERROR, text=f"OK\r\n\r\n{value}")
    assert first_text_s(tmp_path, step, fault, wire) <= 45.0
