"""MGRS: the grid of maps on paper, also where its zones are not like the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.responder.maps.grid_reference import mgrs

# Made by GEOTRANS, the grid's own makers' program, through PyPI's mgrs 1.6.0.
VECTORS = [
    ("Berlin", 52.52, 13.405, "33UUU9177920072"),
    ("Grozny", 43.31, 45.69, "38TNN5595795471"),
    ("Norway's wide zone", 60.39, 5.32, "32VKN9723000510"),
    ("south of it", 55.99, 5.32, "31UFC4471507395"),
    ("north of it", 64.0, 5.32, "31WFL1345799079"),
    ("Svalbard, 33", 78.22, 15.65, "33XWG1481383004"),
    ("Svalbard, 31", 78.22, 8.99, "31XFG3628789902"),
    ("Svalbard, 37", 73.0, 33.0, "37XCB0449410279"),
    ("south of Svalbard", 71.99, 15.65, "33WWV2243087938"),
    ("west of the date line", -18.1416, 178.4419, "60KXE5253493550"),
    ("east of the date line", -16.8, -179.99, "01KAB8127740164"),
    ("on the date line, from the west", -16.8, 180.0, "01KAB8021040148"),
    ("on the date line, from the east", -16.8, -180.0, "01KAB8021040148"),
    ("on the equator", 0.0, 0.0, "31NAA6602100000"),
    ("a metre south of it", -0.00001, 0.0, "31MAV6602199998"),
    ("a metre west of Greenwich", 0.00001, -0.00001, "30NZF3397700001"),
    ("Sydney", -33.8688, 151.2093, "56HLH3436850948"),
    ("Sanaa's east", 15.5527, 48.5164, "39PTT3362021007"),
    ("Ushuaia", -54.8019, -68.303, "19FEV4480527029"),
    ("the last of UTM in the north", 83.99999, -30.0, "26XMU6500529004"),
    ("the last of UTM in the south", -80.0, 50.0, "39CVM8061518247"),
    ("around the north pole, west", 84.1, -30.0, "YUB7220132236"),
    ("around the north pole, east", 87.5, 120.0, "ZCJ4041038800"),
    ("around the south pole, west", -85.25, -75.5, "ASP8915332113"),
    ("around the south pole, east", -81.0, 33.3, "BHW4967636802"),
    ("the north pole", 90.0, 0.0, "ZAH0000000000"),
    ("the south pole", -90.0, 0.0, "BAN0000000000"),
]


@pytest.mark.parametrize(("where", "latitude", "longitude", "reference"), VECTORS)
def test_a_place_is_in_the_square_that_the_grid_s_makers_say(where, latitude, longitude, reference):
    assert mgrs(latitude, longitude).replace(" ", "") == reference


def test_a_reference_is_written_as_it_is_read_out():
    assert mgrs(52.52, 13.405) == "33U UU 91779 20072"


def test_the_north_of_a_square_is_not_beside_it_by_a_rounding():
    assert mgrs(-81.0, -180.0) == mgrs(-81.0, 180.0)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_has_one(latitude, longitude):
    zone, square, easting, northing = mgrs(latitude, longitude).split()
    assert zone[-1] in "ABCDEFGHJKLMNPQRSTUVWXYZ"
    assert len(square) == 2
    assert easting.isdigit()
    assert northing.isdigit()
    assert len(easting) == len(northing) == 5
