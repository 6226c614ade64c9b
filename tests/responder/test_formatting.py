"""How positions are written, and the links to them."""

from __future__ import annotations

import pytest

from outcry.report import Position
from outcry.responder.formatting import decimal_degrees, decimal_minutes, geo


@pytest.mark.parametrize(
    ("latitude", "longitude", "degrees", "minutes"),
    [
        (52.52, 13.405, "52.52000, 13.40500", "52° 31.200' N, 13° 24.300' E"),
        (-33.8688, -70.0, "-33.86880, -70.00000", "33° 52.128' S, 70° 00.000' W"),
        (0.0, -179.999999, "0.00000, -180.00000", "0° 00.000' N, 180° 00.000' W"),
        (51.9999999, 1.99999, "52.00000, 1.99999", "52° 00.000' N, 1° 59.999' E"),
        (-90.0, 180.0, "-90.00000, 180.00000", "90° 00.000' S, 180° 00.000' E"),
    ],
)
def test_minutes_never_reach_sixty(latitude, longitude, degrees, minutes):
    assert decimal_degrees(latitude, longitude) == degrees
    assert decimal_minutes(latitude, longitude) == minutes


@pytest.mark.parametrize(
    ("accuracy", "link"),
    [(12, "geo:52.52000,-13.40500;u=12"), (None, "geo:52.52000,-13.40500")],
)
def test_a_map_app_is_told_how_uncertain_a_place_is(accuracy, link):
    assert geo(Position(52.52, -13.405, accuracy, 5)) == link
