"""What is around any position on earth."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcry.report import Position
from outcry.responder.maps import surroundings

pytestmark = pytest.mark.slow


@settings(max_examples=30, deadline=None)
@given(st.integers(-90, 89), st.integers(-180, 179))
def test_everywhere_there_are_outlines_of_a_size_that_can_be_sent(latitude, longitude):
    lines = surroundings.outlines(latitude, longitude)
    assert len(lines) < 400_000
    found = json.loads(lines)
    for kind in ("coasts", "borders", "disputed"):
        for line in found[kind]:
            assert len(line) > 1
            for y, _ in line:
                assert latitude - 4.1 <= y <= latitude + 4.1


@pytest.mark.parametrize(
    ("place", "town"),
    [
        (Position(52.52, 13.405, 5, 5), "Mitte"),
        (Position(-18.1416, 178.4419, 5, 5), "Suva"),
        (Position(90.0, 0.0, 5, 5), None),
        (Position(0.0, -179.99, 5, 5), None),
    ],
)
def test_the_nearest_town_is_named_and_the_picture_drawn(place, town):
    near = surroundings.near(place)
    assert town is None or near.town == town
    assert near.km >= 0
    assert surroundings.drawn(place).startswith(b"\x89PNG")
