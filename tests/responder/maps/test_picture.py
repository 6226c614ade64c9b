"""The picture of a map: the right size, the same each time, and right where the world is cut."""

from __future__ import annotations

import io
import json
from importlib import resources

import pytest
from PIL import Image

from outcry.responder.maps import land, picture, places
from outcry.responder.maps.picture import HEIGHT, WIDTH, Spot, draw

pytestmark = pytest.mark.slow

WATER, LAND, RED = (201, 223, 236), (246, 242, 230), (196, 22, 28)


def drawn(latitude, longitude, name="", within_m=0.0, wide_km=420.0):
    spot = Spot(latitude, longitude, within_m, name)
    return draw(spot, places.load(), wide_km)


def image(*args, **kwargs):
    return Image.open(io.BytesIO(drawn(*args, **kwargs))).convert("RGB")


def near(seen, wanted):
    return all(abs(a - b) < 12 for a, b in zip(seen, wanted, strict=True))


def test_a_picture_is_a_png_of_the_promised_size_and_small_enough_to_post():
    png = drawn(43.31, 45.69, "Grozny")
    opened = Image.open(io.BytesIO(png))
    assert (opened.format, opened.size) == ("PNG", (WIDTH, HEIGHT))
    assert len(png) < 100_000


def test_the_same_view_gives_the_same_bytes():
    assert drawn(43.31, 45.69, "Grozny") == drawn(43.31, 45.69, "Grozny")


def test_the_spot_is_marked_in_the_middle():
    assert near(image(43.31, 45.69).getpixel((WIDTH // 2, HEIGHT // 2)), RED)


def test_a_larger_uncertainty_is_a_larger_circle():
    def reds(within_m):
        data = image(50, 10, within_m=within_m).tobytes()
        return sum(near(data[n : n + 3], RED) for n in range(0, len(data), 3))

    assert reds(60_000) > 2 * reds(10_000)


def test_land_goes_on_beyond_the_180th_meridian():
    seen = image(66.0, 180.0)
    for x in (200, 500, 700):
        assert near(seen.getpixel((x, 60)), LAND)
    for side in (179.9999, -179.9999):
        assert near(image(66.0, side).getpixel((200, 60)), LAND)


def test_the_file_s_own_edge_is_not_drawn_as_a_coast():
    seen = image(66.5, 180.0)
    column = {seen.getpixel((WIDTH // 2, y)) for y in range(20, 200)}
    assert all(near(pixel, LAND) for pixel in column)


def test_an_inner_sea_is_water_and_an_enclave_is_land():
    assert near(image(41.5, 51.0).getpixel((WIDTH // 2 + 60, HEIGHT // 2 + 60)), WATER)  # Caspian
    assert near(image(-29.6, 28.2).getpixel((WIDTH // 2 + 30, HEIGHT // 2 + 22)), LAND)  # Lesotho


@pytest.mark.parametrize("at", [(90, 0), (-90, 0), (89, 180), (0, 0), (-78, -40)])
def test_every_place_on_earth_can_be_drawn(at):
    assert drawn(*at)


def test_the_pole_that_is_land_is_land():
    assert near(image(-80.0, 100.0).getpixel((300, 300)), LAND)


def test_rivers_and_lakes_are_drawn_where_there_are_some():
    river = (169, 200, 218)
    seen = image(50.35, 7.6, wide_km=60.0)  # Koblenz, on the Rhine
    assert any(near(seen.getpixel((x, 100)), river) for x in range(WIDTH))
    assert near(image(46.45, 6.55, wide_km=60.0).getpixel((WIDTH // 2 + 60, HEIGHT // 2)), WATER)


def test_a_border_in_dispute_is_dashed_and_others_are_not():
    shapes = land.load()
    crimea = (34.3, 46.05)
    assert any(_near(line, crimea) for line in shapes.disputed)
    assert not any(_near(line, crimea) for line in shapes.borders)
    germany_poland = (14.6, 52.5)
    assert any(_near(line, germany_poland) for line in shapes.borders)
    assert not any(_near(line, germany_poland) for line in shapes.disputed)


def test_dashes_leave_gaps_and_keep_to_their_line():
    line = [(0.0, 5.0), (50.0, 5.0), (100.0, 5.0)]
    cut = [(dash[0][0], dash[-1][0]) for dash in picture.dashes(line, 14, 10)]
    assert cut == [(0, 14), (24, 38), (48, 62), (72, 86), (96, 100)]


def test_the_shipped_font_has_every_letter_of_every_town():
    font = resources.files("outcry.responder.maps").joinpath("data/DejaVuSans.ttf")
    from PIL import ImageFont

    drawn_font = ImageFont.truetype(io.BytesIO(font.read_bytes()), 20)
    missing = bytes(drawn_font.getmask("\uffff"))
    letters = set()
    for town in places.load().within(land.Bounds(-180, -90, 180, 90)):
        letters |= set(town.name)
    letters -= {" "}
    without = {c for c in letters if bytes(drawn_font.getmask(c)) == missing}
    assert len(without) <= 2, without


def test_the_makers_of_the_maps_are_named_in_the_picture_and_beside_the_files():
    folder = resources.files("outcry.responder.maps").joinpath("data")
    notes = folder.joinpath("SOURCES.md").read_text()
    for name in ("Natural Earth", "GeoNames", "CC BY 4.0", "DejaVu", "CLDR", "ISC"):
        assert name in notes
    assert "Natural Earth" in picture.ATTRIBUTION
    assert "GeoNames, CC BY 4.0" in picture.ATTRIBUTION


def test_countries_have_a_name_in_each_language():
    names = json.loads(
        resources.files("outcry.responder.maps").joinpath("data/countries.json").read_text()
    )
    assert set(names) == {"ar", "en", "es", "fa", "fr", "ru", "uk"}
    assert names["uk"]["UA"] == "Україна"
    assert {len(each) for each in names.values()} == {len(names["en"])}


def _near(shape, point):
    return any(abs(x - point[0]) < 0.4 and abs(y - point[1]) < 0.3 for x, y in shape.line)
