"""Random troubles of the modem and its network around a press, over the simulated SIM800."""

import os
from random import Random

import pytest

from outcry.daemon.alarm.model import State
from simulation.wearable import SimulatedWorld

pytestmark = pytest.mark.slow

SEEDS = 200 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 12
PRESS_AT = 400.0
WELL_AT = 1000.0
ENOUGH_AT = (
    WELL_AT + 900.0
)  # the longest wait of an idle owner, a start of the modem, and the track


def trouble(world, random):
    """One thing that goes wrong, or right."""
    kind = random.choice(["gprs", "mute", "reset", "network", "well"])
    if kind == "gprs":
        world.sim.set_gprs(random.choice(["dead", "refused", "silent", "rubbish"]), world.now)
    elif kind == "mute":
        world.sim.set_mute(random.random() < 0.5, world.now)
    elif kind == "reset":
        world.sim.reset(world.now)
    elif kind == "network":
        world.sim.set_network(random.random() < 0.5, world.now)
    else:
        well(world)


def well(world):
    world.sim.set_mute(False, world.now)
    world.sim.set_network(True, world.now)
    world.sim.set_gprs("on", world.now)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_the_network_does_the_alarm_is_at_hq_when_it_is_well_again(tmp_path, seed):
    random = Random(seed)
    world = SimulatedWorld(tmp_path, seed=seed)
    for _ in range(random.randrange(1, 12)):
        world.at(random.uniform(300, 900), lambda: trouble(world, random))
    for _ in range(random.randrange(1, 4)):
        world.presses(PRESS_AT + random.uniform(0, 400))
    world.at(WELL_AT, lambda: well(world))
    world.run(ENOUGH_AT)
    assert world.faults == []
    assert world.loop.alarm.state is State.STORED
    assert world.motor.pulses[-1] == "HQ has it"
    assert len(world.outbox.unanswered()) <= 1, "the track too, but for a report just made"
    alarms = {world.open(sealed).alarm_id for _, sealed in world.arrived}
    assert len(alarms - {0}) == 1
