"""A device with its people, its network and HQ, simulated around the real code."""

import pytest

from simulation.world import World


@pytest.fixture
def world(tmp_path):
    """On a clock that tests move; nothing in it fails unless a test means it to."""
    world = World(tmp_path)
    yield world
    assert world.faults == [] or world.breaks_on_purpose
