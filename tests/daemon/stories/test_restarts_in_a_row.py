"""A modem that restarts after whatever a start says, or seems to: the command running is not to blame."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld

pytestmark = pytest.mark.slow

SETS = ["E", "+CMEE", "+CFUN", "+CBATCHK", "+CLTS", "+CENG", "+CGSMS", "+CPMS", "+CSCS", "+CNMI"]
ASKS = ["+CPIN", "+CREG", "+CMGF", "+CSCA", "+CSQ"]
CONNECTS = ["+CIPMUX", "+CIPMODE", "+CIPSPRT", "+CIPQSEND", "+CIPRXGET", "+CIPCSGP"]
SAID = [*SETS, *ASKS, *CONNECTS]
CALM = ["+CMGL", "+CBC", "+CCLK", "+CGREG", "+SJDR", "+CIPSTATUS", "+CIPSHUT", "+CIPSTART"]


def first_text_s(
    folder: Path,
    steps: str | tuple[str, ...],
    fault: Fault,
    wire: Wire | None = None,
    press: float = 200.0,
    first: float = 201.0,
) -> float:
    """From a press until a text is on a phone; the modem restarts ``first``, then as ``fault`` says."""
    world = SimulatedWorld(folder, wire=wire)
    world.sim.set_gprs("dead", world.now)
    for step in (steps,) if isinstance(steps, str) else steps:
        world.sim.faults.on(step, fault, times=None)
    world.at(first, lambda: world.sim.reset(world.now))
    valid = world.presses(press)
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


@pytest.mark.parametrize("after_s", [0.3, 2.0, 6.0])
@pytest.mark.parametrize("step", [*SAID, *CALM])
def test_a_restart_some_time_after_each_answer_alive_until_then(
    tmp_path: Path, step: str, after_s: float
) -> None:
    """What is said meanwhile is answered, and not to blame. Each is pressed at another time."""
    chance = Random(f"{step} {after_s}")
    fault = Fault(Kind.CRASH, stage="answer", seconds=after_s)
    wire = chance.choice((None, Wire.SUPPLY))
    press = chance.uniform(150.0, 900.0)
    assert first_text_s(tmp_path, step, fault, wire, press, first=130.0) <= 60.0


@pytest.mark.parametrize("press", [204.9, 345.0, 523.5, 733.0])
@pytest.mark.parametrize(("step", "after_s"), [("+CMGL", 0.3), ("+CMGL", 2.0), ("+CREG", 6.0)])
def test_what_has_cost_every_alarm(tmp_path: Path, step: str, after_s: float, press: float) -> None:
    """None left: what was left out had another command said before each text; or a start that came
    to its end kept the modem's state from being left unasked."""
    fault = Fault(Kind.CRASH, stage="answer", seconds=after_s)
    assert first_text_s(tmp_path, step, fault, None, press, first=130.0) <= 60.0


@pytest.mark.parametrize(
    "steps",
    [("+CMEE", "+CMGF"), ("+CREG", "+CLTS"), ("+CREG", "+CNMI")],
    ids=" and ".join,
)
@pytest.mark.parametrize("press", [204.9, 307.0, 733.0])
def test_two_commands_are_to_blame(tmp_path: Path, steps: tuple[str, ...], press: float) -> None:
    fault = Fault(Kind.CRASH, stage="answer", seconds=2.0)
    assert first_text_s(tmp_path, steps, fault, None, press, first=130.0) <= 100.0


@pytest.mark.parametrize(
    ("step", "value"), [("+CFUN", "+CFUN: 1"), ("+CPIN", "+CPIN: READY"), ("+CREG", "+CREG: 2,1")]
)
@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
def test_an_answer_behind_its_ok(tmp_path: Path, step: str, value: str, wire: Wire | None) -> None:
    fault = Fault(Kind.ERROR, text=f"OK\r\n\r\n{value}")
    assert first_text_s(tmp_path, step, fault, wire) <= 45.0


@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
@pytest.mark.parametrize("press", [420.6, 586.4, 700.0, 815.0, 969.7])
@pytest.mark.parametrize("after_s", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("step", ["+CMGF", "+CSCA"])
def test_restarts_soon_after_a_start_has_ended(
    tmp_path: Path, step: str, after_s: float, press: float, wire: Wire | None
) -> None:
    """They began long before the press."""
    fault = Fault(Kind.RESET, stage="after", seconds=after_s)
    assert first_text_s(tmp_path, step, fault, wire, press, first=130.0) <= 60.0
