"""The drawn track: any track becomes well-formed SVG in which everything can be seen."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.report import MAX_ACCURACY_M, Position
from outcry.responder.maps.track_svg import HEIGHT, WIDTH, track_svg

POINTS = st.lists(
    st.builds(
        Position,
        st.floats(-90, 90),
        st.floats(-180, 180),
        st.none() | st.integers(0, MAX_ACCURACY_M),
        st.just(0),
    ),
    min_size=1,
    max_size=300,
)


@given(POINTS, st.text())
def test_any_track_fits_the_picture(points, title):
    title = "".join(c for c in title if c.isprintable())
    drawn = ET.fromstring(track_svg(points, title))
    assert drawn.get("aria-label") == title
    assert drawn.get("role") == "img"
    last = drawn.findall("circle")[-1]
    assert -1 <= float(last.get("cx")) <= WIDTH + 1
    assert -1 <= float(last.get("cy")) <= HEIGHT + 1
    for line in drawn.findall("polyline"):
        for pair in line.get("points").split():
            x, y = map(float, pair.split(","))
            assert -1 <= x <= WIDTH + 1
            assert -1 <= y <= HEIGHT + 1


@given(POINTS)
def test_no_label_is_cut_off_by_the_pictures_edge(points):
    drawn = ET.fromstring(track_svg(points, "t"))
    assert drawn.get("direction") == "ltr"
    for label in drawn.findall("text"):
        size = float(label.get("font-size"))
        x, y, room = float(label.get("x")), float(label.get("y")), len(label.text) * size * 0.65
        left = x - room if label.get("text-anchor") == "end" else x
        assert 0 <= left <= WIDTH - room
        assert size * 0.75 <= y <= HEIGHT


@given(POINTS)
def test_nothing_in_it_needs_a_style_and_it_stays_small(points):
    drawn = track_svg(points, "t")
    assert "style" not in drawn
    assert len(drawn) < 4500


def test_without_a_place_there_is_nothing_to_draw():
    assert track_svg([], "t") == ""


def test_north_is_above_and_east_is_right():
    drawn = ET.fromstring(track_svg([Position(52.0, 13.0, 5, 0), Position(52.1, 13.1, 5, 0)], "t"))
    (x1, y1), (x2, y2) = (
        map(float, pair.split(",")) for pair in drawn.find("polyline").get("points").split()
    )
    assert x2 > x1
    assert y2 < y1


def test_a_way_over_the_date_line_is_short():
    drawn = track_svg([Position(0.0, 179.999, 5, 0), Position(0.0, -179.999, 5, 0)], "t")
    assert "100 m" in drawn


@pytest.mark.parametrize(
    ("points", "bar"),
    [
        ([Position(52.52, 13.405, 12, 0)], "100 m"),
        ([Position(52.52, 13.405, 12, 0), Position(52.62, 13.405, 12, 0)], "5 km"),
        ([Position(52.52, 13.405, 5000, 0)], "5 km"),
    ],
)
def test_the_scale_is_said(points, bar):
    assert f">{bar}<" in track_svg(points, "t")
