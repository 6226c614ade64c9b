"""What is around any position on earth."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcry.report import Position
from outcry.responder.maps import surroundings
from outcry.responder.maps.squares import NoSuchSquare

pytestmark = pytest.mark.slow


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([90, 30, 5, 1]), st.floats(-90, 89.9), st.floats(-180, 179.9))
def test_everywhere_there_are_the_largest_towns_of_a_square(size, latitude, longitude):
    south, west = (
        int((x + edge) // size * size - edge) for x, edge in ((latitude, 90), (longitude, 180))
    )
    sent = surroundings.towns(size, south, west)
    assert len(sent.encode()) < 40_000
    towns = json.loads(sent)
    assert [each[3] for each in towns] == sorted((each[3] for each in towns), reverse=True)
    for y, x, _, _ in towns:
        assert south <= y <= south + size
        assert west <= x <= west + size


def test_small_towns_are_there_when_one_looks_closely():
    near, far = (
        [each[2] for each in json.loads(surroundings.towns(*at))]
        for at in ((1, 52, 13), (30, 30, 0))
    )
    assert {"Berlin", "Teupitz"} <= set(near)
    assert "Berlin" in far
    assert "Teupitz" not in far


@pytest.mark.parametrize("corner", [(5, 51, 10), (5, 50, 11), (2, 50, 10), (5, 90, 0), (1, 0, 180)])
def test_squares_begin_at_their_own_multiples(corner):
    with pytest.raises(NoSuchSquare):
        surroundings.towns(*corner)


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
