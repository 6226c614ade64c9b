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
from simulation.world import ENROLMENT, HOLD_S

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


def first_texts_s(world: SimulatedWorld) -> dict[str, float]:
    """From a press while the modem boots until each has a text."""
    world.sim.power_on(world.now)
    valid = world.presses(world.now + 0.5)
    world.run(valid + 100.0)
    return {name: at - valid for at, name in reversed(world.texts_given())}


@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
@pytest.mark.parametrize("connect", [(12.0, 15.0), (40.0, 45.0)], ids=["15 s", "45 s"])
def test_connecting_that_holds_the_line_does_not_slip_in_between_two_texts(
    tmp_path: Path, connect: tuple[float, float], wire: Wire | None
) -> None:
    """They are handed over one by one, and until then none waits."""
    timing = Timing(connect=connect)
    options, settings = Options(serves_while_connecting=False), {"sms_while_connecting": False}
    world = SimulatedWorld(
        tmp_path, timing, warm=False, wire=wire, options=options, settings=settings
    )
    first = first_texts_s(world)
    assert first.keys() >= {"Ana", "Boris", "Chiara", "HQ"}
    assert max(first.values()) <= 30.0


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("stage", ["command", "result"])
def test_nor_does_connecting_that_has_just_ended_the_modem(
    tmp_path: Path, stage: str, seed: int
) -> None:
    world = SimulatedWorld(tmp_path, warm=False, seed=seed)
    arm(world.sim, "reset", step="+CIPSTART", stage=stage, times=0)
    first = first_texts_s(world)
    assert max(first[name] for name in ("Ana", "Boris", "Chiara")) <= 40.0


@pytest.mark.parametrize("dead_s", [5.0, 200.0])
def test_one_restart_over_the_connection_costs_an_alarm_that_has_only_data_one_restart(
    tmp_path: Path, dead_s: float
) -> None:
    enrolment = replace(ENROLMENT, contacts=(), hq=replace(ENROLMENT.hq, number=None))
    world = SimulatedWorld(tmp_path, enrolment=enrolment)

    def mends() -> None:
        world.sim.set_gprs("on", world.now)
        arm(world.sim, "reset", step="+CIPSTART", stage="command", times=1)

    world.at(300.0, lambda: world.sim.set_gprs("dead", world.now))
    world.at(300.0 + dead_s, mends)
    valid = world.presses(302.0 + dead_s)
    world.run(valid + 60.0)
    assert min(at - valid for at in world.receipts if at > valid) <= 45.0


@pytest.mark.parametrize("well_s", [22.0, 34.0, 40.0, 46.0, 58.0])
@pytest.mark.parametrize("stage", ["prompt", "text"])
@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
def test_after_data_had_its_turn_a_text_has_its_try_before_a_restart(
    tmp_path: Path, stage: str, well_s: float, wire: Wire | None
) -> None:
    """Data is dead, and texts end in nothing until then."""
    world = SimulatedWorld(tmp_path, wire=wire)
    world.at(150.0, lambda: world.sim.set_gprs("dead", world.now))
    arm(world.sim, "silent", step="+CMGS", stage=stage, times=0)
    valid = world.presses(200.0)
    well_at = valid + well_s
    world.at(well_at, world.sim.faults.clear)
    world.run(well_at + 60.0)
    assert min(at - well_at for at, _ in world.texts_given() if at > well_at) <= 30.0


@pytest.mark.parametrize("again_s", [13.0, 15.0, 17.0, 19.0])
@pytest.mark.parametrize("query", [(0.02, 0.09), (0.3, 0.9)], ids=["quick", "late"])
def test_a_network_found_late_is_tried_before_a_restart_loses_it(
    tmp_path: Path, query: tuple[float, float], again_s: float
) -> None:
    """The modem restarts twice by chance, and each time a network is found after 30 to 45 s."""
    timing = Timing(query=query, registration=(30.0, 45.0), boot_ready=(18.0, 22.0))
    world = SimulatedWorld(tmp_path, timing)
    valid = world.presses(400.0)
    for after_s in (0.5, again_s):
        world.at(valid + after_s, lambda: world.sim.reset(world.now))
    world.run(valid + 110.0)
    boots = [at - valid for at, what, _ in world.seen if what == "boot" and at > valid]
    assert boots == pytest.approx([0.5, again_s], abs=0.1), "none is the driver's own"
    assert min(at - valid for at, _ in world.texts_given() if at > valid) <= again_s + 55.0


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("timing", "back_s"),
    [
        (Timing(connect=(4.5, 5.5), one_way=(3.6, 4.4)), 0.0),
        (Timing(connect=(4.5, 5.5), query=(0.3, 0.9)), 0.0),
        (Timing(), 38.0),
        (Timing(), 46.0),
    ],
    ids=["slow network", "slow modem", "back at 38 s", "back at 46 s"],
)
def test_a_restart_that_is_due_does_not_take_the_turn_of_data_that_would_have_carried_the_alarm(
    tmp_path: Path, timing: Timing, back_s: float, seed: int
) -> None:
    """Texts vanish, and there is no connection at the press."""
    world = SimulatedWorld(tmp_path, timing, seed)
    world.at(280.0, lambda: world.sim.set_gprs("dead", world.now))
    world.at(300.0, lambda: arm(world.sim, "silent", step="+CMGS", stage="text", times=0))
    valid = world.presses(310.0)
    world.at(310.0 + back_s, lambda: world.sim.set_gprs("on", world.now))
    world.run(valid + 100.0)
    assert min(at - valid for at in world.receipts if at > valid) <= 65.0


@pytest.mark.parametrize("found_s", [46.0, 52.0, 58.0, 64.0])
@pytest.mark.parametrize("stage", ["prompt", "text"])
@pytest.mark.parametrize("wire", [None, Wire.SUPPLY])
def test_nor_where_the_network_is_found_when_it_is_due_already(
    tmp_path: Path, wire: Wire | None, stage: str, found_s: float
) -> None:
    """A text goes first, and vanishes; then data has its turn."""
    world = SimulatedWorld(tmp_path, wire=wire)
    world.at(300.0, lambda: arm(world.sim, "silent", step="+CMGS", stage=stage, times=0))
    world.at(310.0, lambda: world.sim.set_network(False, world.now))
    valid = world.presses(400.0)
    world.at(valid + found_s, lambda: world.sim.set_network(True, world.now))
    world.run(valid + 120.0)
    assert min(at - valid for at in world.receipts if at > valid) <= found_s + 28.0
