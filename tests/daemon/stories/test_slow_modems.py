"""A modem that is slow with every command: an answer that comes late is not taken for the next one's.

Twenty to ninety milliseconds are what logs of SIM800s show; the manual allows five seconds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from outcry.hw.board.modem.timing import Span, Timing
from outcry.hw.board.sim800.fault_catalogue import arm
from outcry.hw.power import Wire
from simulation.wearable import SimulatedWorld
from simulation.world import HOLD_S

pytestmark = pytest.mark.slow

LATENCIES = [(0.22, 0.22), (0.3, 0.3), (0.5, 0.5), (0.9, 0.9), (0.1, 0.4), (0.3, 0.9)]
SLOWEST = (1.6, 1.6)
LATE = {"seconds": 4.0, "stage": "answer"}


def first_text_s(world: SimulatedWorld) -> float:
    """From a press while the modem boots until a text is on a phone."""
    world.sim.power_on(world.now)
    pressed_at = world.now + HOLD_S
    world.presses(world.now + 0.5)
    world.run(pressed_at + 240.0)
    assert world.faults == []
    return min((at - pressed_at for at, _ in world.texts_given()), default=float("inf"))


@pytest.mark.parametrize("query", [*LATENCIES, SLOWEST], ids=str)
@pytest.mark.parametrize("wire", [None, *Wire])
def test_an_alarm_leaves(tmp_path: Path, query: Span, wire: Wire | None) -> None:
    world = SimulatedWorld(tmp_path, Timing(query=query), warm=False, wire=wire)
    assert first_text_s(world) <= 75.0


@pytest.mark.parametrize("query", LATENCIES, ids=str)
@pytest.mark.parametrize("step", ["E", "+CFUN", "+CREG"])
@pytest.mark.parametrize("times", [1, 0], ids=["once", "each time"])
def test_so_it_does_where_one_answer_is_later_still(
    tmp_path: Path, query: Span, step: str, times: int
) -> None:
    world = SimulatedWorld(tmp_path, Timing(query=query), warm=False)
    arm(world.sim, "late", step=step, times=times, **LATE)
    assert first_text_s(world) <= 150.0


@pytest.mark.parametrize("query", [(0.5, 0.5), (0.7, 0.7), (0.9, 0.9)], ids=str)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_data_has_its_turn_where_each_text_restarts_the_modem(
    tmp_path: Path, query: Span, seed: int
) -> None:
    """GPRS was dead and comes back with the press: all there is to get the alarm out by."""
    world = SimulatedWorld(tmp_path, Timing(query=query), seed)
    arm(world.sim, "brown-out", step="+CMGS", times=0)
    world.at(540.0, lambda: world.sim.set_gprs("dead", world.now))
    world.at(601.0, lambda: world.sim.set_gprs("on", world.now))
    pressed_at = world.presses(600.0)
    world.run(pressed_at + 200.0)
    assert min(at - pressed_at for at in world.receipts if at > pressed_at) <= 60.0


def test_one_that_was_slow_when_its_sim_got_ready_holds_up_no_text_of_a_later_alarm(
    tmp_path: Path,
) -> None:
    world = SimulatedWorld(tmp_path, warm=False)
    for step in ("+CMGF", "+CGSMS", "+CPMS", "+CSCS", "+CNMI"):
        arm(world.sim, "late", step=step, stage="answer", seconds=1.9)
    world.sim.power_on(world.now)
    world.at(540.0, lambda: world.sim.set_gprs("dead", world.now))
    arm(world.sim, "silent", step="+CMGS", stage="text")
    pressed_at = world.presses(600.0)
    world.run(pressed_at + 100.0)
    assert min(at - pressed_at for at, _ in world.texts_given()) <= 25.0
