"""Duty officers at their browsers."""

from __future__ import annotations

import pytest
from console_hand import Hand


@pytest.fixture
def hand(people, world):
    """Makes officers who have settled in, each with a browser of their own."""
    made = []

    def make(name):
        one = Hand(people, world.clock)
        made.append(one)
        one.settle(f"/console/welcome/{world.hq.parts.officers.add(name)}")
        assert one.login(name).status_code == 303
        return one

    yield make
    for one in made:
        one.close()
