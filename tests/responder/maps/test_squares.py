"""The world by squares: whole, in its place, and of a size that can be sent."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest

from outcry.responder.maps.land import Bounds
from outcry.responder.maps.squares import MARGINS, UNITS, NoSuchSquare, packed, within

pytestmark = pytest.mark.slow

SIZES = sorted(UNITS)


def around(latitude, longitude, size):
    """The one square that has this place in its middle part, and how far it is moved."""
    view = Bounds(longitude, latitude, longitude, latitude)
    return next(each for turn, each in within(view, size) if turn == 0)


def surrounds(rings, latitude, longitude):
    crossed = 0
    for ring in rings:
        for (x1, y1), (x2, y2) in pairwise([*ring, ring[0]]):
            if (y1 > latitude) != (y2 > latitude):
                crossed += longitude < x1 + (latitude - y1) * (x2 - x1) / (y2 - y1)
    return crossed % 2 == 1


def on(areas, latitude, longitude):
    return any(surrounds(rings, latitude, longitude) for rings in areas)


def passes(lines, latitude, longitude, within_=0.3):
    return any(
        abs(x - longitude) < within_ and abs(y - latitude) < within_
        for line in lines
        for x, y in line
    )


@pytest.mark.parametrize("size", SIZES)
def test_every_square_can_be_sent_and_lies_where_its_name_says(size):
    count = 0
    for south in range(-90, 90, size):
        for west in range(-180, 180, size):
            sent = packed(size, south, west)
            assert len(sent) < 130_000
            far = MARGINS[size] + 2 / UNITS[size]
            for kind in json.loads(sent).values():
                count += len(kind)
            square = around(south + size / 2, west + size / 2, size)
            lines = [*square.coasts, *square.rivers, *square.borders, *square.disputed]
            lines += [ring for area in (*square.land, *square.lakes) for ring in area]
            for line in lines:
                for x, y in line:
                    assert west - far <= x <= west + size + far
                    assert south - far <= y <= south + size + far
    assert count > 100


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("latitude", "longitude", "is_land"),
    [
        (52.52, 13.405, True), (43.31, 45.69, True), (15.35, 44.2, True), (-33.0, -65.0, True),
        (66.0, -175.0, True), (68.0, 179.0, True), (-85.0, 10.0, True), (-88.0, 170.0, True),
        (56.0, 3.0, False), (-16.0, -170.0, False), (0.0, -30.0, False), (88.0, 0.0, False),
        (42.0, 50.8, False),
    ],
)  # fmt: skip
def test_land_is_land_and_sea_is_sea(size, latitude, longitude, is_land):
    assert on(around(latitude, longitude, size).land, latitude, longitude) == is_land


def test_what_is_finer_than_before_is_there():
    """Islands near Bergen, the lake of Geneva, the Rhine, at 1:10 million."""
    assert on(around(60.47, 5.15, 5).land, 60.47, 5.15)
    assert on(around(46.45, 6.6, 5).lakes, 46.45, 6.6)
    assert passes(around(50.0, 8.0, 5).rivers, 50.0, 8.0, 0.1)


@pytest.mark.parametrize("size", [5, 30])
def test_a_line_in_dispute_is_no_border(size):
    crimea, oder = around(46.1, 34.2, size), around(52.5, 14.6, size)
    assert passes(crimea.disputed, 46.05, 34.3, 0.4)
    assert not passes(crimea.borders, 46.05, 34.3, 0.4)
    assert passes(oder.borders, 52.5, 14.6)
    assert not passes(oder.disputed, 52.5, 14.6)
    nicosia = around(35.16, 33.3, size)
    assert passes(nicosia.disputed, 35.16, 33.3, 0.5)
    assert not passes(nicosia.borders, 35.16, 33.3, 0.5)


def off(line, x, y):
    """Degrees from a place to a line."""
    found = []
    for (x1, y1), (x2, y2) in pairwise(line):
        length = math.hypot(x2 - x1, y2 - y1) or 1e-9
        along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length**2
        share = max(0.0, min(1.0, along))
        found.append(math.hypot(x1 + share * (x2 - x1) - x, y1 + share * (y2 - y1) - y))
    return min(found)


@pytest.mark.parametrize("west", [175, -180])
@pytest.mark.parametrize("south", [-20, 65, 70])
def test_a_shore_is_drawn_on_both_sides_of_the_date_line(south, west):
    square = around(south + 2.5, west + 2.5, 5)
    edges = [
        (x, y)
        for rings in square.land
        for ring in rings
        for x, y in ring
        if west + 0.02 < x < west + 4.98 and south + 0.02 < y < south + 4.98
    ]
    assert len(edges) > 20
    for x, y in edges:
        assert min(off(line, x, y) for line in square.coasts) < 0.005


def test_a_view_across_the_date_line_has_the_squares_of_both_sides():
    turns = {turn for turn, _ in within(Bounds(178.0, -18.0, 182.0, -16.0), 5)}
    assert turns == {0.0, 360.0}


@pytest.mark.parametrize(
    "corner", [(5, 51, 10), (5, 50, 11), (1, 50, 10), (5, 90, 0), (30, 0, 180)]
)
def test_no_other_squares_can_be_asked_for(corner):
    with pytest.raises(NoSuchSquare):
        packed(*corner)
