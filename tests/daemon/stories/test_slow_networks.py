"""A network slower than any time written in the code: data still has a turn long enough to be of use.

How long GPRS takes to connect and to answer is a belief, and a text that ends in nothing must not
come before data could have been through each time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.sim800.fault_catalogue import arm
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld
from simulation.world import HOLD_S

pytestmark = pytest.mark.slow

LEFT_S = 150.0
SLOW = Timing(connect=(3.0, 5.0), one_way=(1.0, 1.5), sms_submit=(4.0, 8.0))
SLOWER = Timing(connect=(6.0, 9.0), one_way=(2.0, 2.5), sms_submit=(8.0, 12.0))
ENDS = [
    ("reset", "command"),
    ("reset", "text"),
    ("reset", "answer"),
    ("silent", "answer"),
    ("late", "prompt"),
    ("deact", "command"),
]


def receipt_s(
    folder: Path, timing: Timing, fault: str, stage: str, pin: str | None, wire: Wire | None
) -> float:
    """From a press while the modem boots until HQ's receipt, where each text ends so."""
    options, settings = Options(pin=pin), {"pin": pin}
    world = SimulatedWorld(
        folder, timing, options=options, warm=False, wire=wire, settings=settings
    )
    details = {"seconds": 20.0} if fault == "late" else {}
    if fault in ("reset", "silent", "late"):
        details["stage"] = stage
    arm(world.sim, fault, step="+CMGS", times=0, **details)
    world.sim.power_on(world.now)
    pressed_at = world.now + HOLD_S
    world.presses(world.now + 0.5)
    world.run(pressed_at + 2 * LEFT_S)
    assert world.faults == []
    return min((at - pressed_at for at in world.receipts if at > pressed_at), default=float("inf"))


@pytest.mark.parametrize("timing", [SLOW, SLOWER], ids=["slow", "slower"])
@pytest.mark.parametrize(("fault", "stage"), ENDS)
@pytest.mark.parametrize("pin", [None, "2468"], ids=["no PIN", "PIN"])
def test_data_is_through_while_each_text_ends_in_nothing(
    tmp_path: Path, timing: Timing, fault: str, stage: str, pin: str | None
) -> None:
    assert receipt_s(tmp_path, timing, fault, stage, pin, None) <= LEFT_S


@pytest.mark.parametrize("timing", [SLOW, SLOWER], ids=["slow", "slower"])
@pytest.mark.parametrize("fault", ["hang", "baud", "reset"])
@pytest.mark.parametrize("wire", Wire)
def test_so_it_is_where_a_wire_restarts_it(
    tmp_path: Path, timing: Timing, fault: str, wire: Wire
) -> None:
    assert receipt_s(tmp_path, timing, fault, "answer", None, wire) <= 2 * LEFT_S


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_modem_that_hangs_as_it_connects_is_not_held_against_the_text(
    tmp_path: Path, seed: int
) -> None:
    """Data, which had its turn each time, ended the modem each time, and no text was tried again."""
    timing = replace(SLOW, boot_ready=(14.0, 20.0), registration=(15.0, 25.0), connect=(2.0, 4.0))
    world = SimulatedWorld(tmp_path, timing, warm=False, wire=Wire.SUPPLY, seed=seed)
    arm(world.sim, "hang", step="+CIPSTART", stage="result", times=0)
    world.sim.power_on(world.now)
    valid = world.presses(world.now + 0.5)
    world.run(valid + 250.0)
    assert {"Ana", "Boris", "Chiara"} <= {name for _, name in world.texts_given()}
