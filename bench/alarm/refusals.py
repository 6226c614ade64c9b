"""A modem that refuses for ever, or loses its answers to texts. In simulated time."""

from __future__ import annotations

import math
import tempfile
from functools import cache
from pathlib import Path

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.gprs import How
from simulation import refusals
from simulation.refusals import RESTART_S, Case, RefusedWorld

SEED = "bench"
WAYS: tuple[How, ...] = ("dead", "refused", "connecting", "silent", "rubbish")


@cache
def lived(sampled: int | None) -> tuple[tuple[Case, RefusedWorld], ...]:
    """Each place with a code that chance decides, for ever and until restarted."""
    cases = [
        refusals.draw(SEED, place, cured)
        for place in refusals.places()[:sampled]
        for cured in (False, True)
    ]
    return tuple((case, case.live()) for case in cases)


def refusals_recovered_pct(sampled: int | None = None) -> float:
    """Cases in which the alarm left, or the modem was restarted in time, %."""
    all_lived = lived(sampled)
    return 100 * sum(_recovered(case, world) for case, world in all_lived) / len(all_lived)


def refusal_restart_worst_s(sampled: int | None = None) -> float:
    """Press until the modem was restarted, s, where nothing left before.

    Where texts left, a data path that stays dead has a restart of its own, minutes later.
    """
    restarted = (
        (min(world.boots, default=math.inf), world.first_text or math.inf)
        for _, world in lived(sampled)
    )
    return max(boot_s for boot_s, text_s in restarted if boot_s <= text_s)


def after_recovery_first_text_worst_s(sampled: int | None = None) -> float:
    """From when a restarted modem could until the first text was given, s."""
    return max(
        (math.inf if world.first_text is None else world.first_text) - (world.ready_at or 0.0)
        for case, world in lived(sampled)
        if case.cured and world.boots
    )


def cmgs_lost_answer_worst_s() -> float:
    """From one text whose answer is lost to the next text, s."""
    return _until_the_next(lost=1)


def cmgs_two_lost_worst_s() -> float:
    """The same where two answers in a row are lost."""
    return _until_the_next(lost=2)


def _recovered(case: Case, world: RefusedWorld) -> bool:
    if case.cured and world.first_text is None:
        return False
    return min((*world.boots, world.first_text or math.inf)) <= RESTART_S


def _until_the_next(lost: int) -> float:
    return max(_lost_answers(how, lost) for how in WAYS)


def _lost_answers(how: How, lost: int) -> float:
    """Between the first AT+CMGS and the one after so many that the modem takes and never answers."""
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as folder:
        world = RefusedWorld(Path(folder))
        world.at(world.valid - 2, lambda: world.sim.set_gprs(how, world.now))
        fault = Fault(Kind.SILENT, stage="text")  # and no delivery report tells of it
        world.sim.faults.on("+CMGS", fault, times=lost)
        world.lives(90.0)
    tried = [t for t in world.commands("AT+CMGS") if t >= world.valid]
    return tried[lost] - tried[0]
