"""Positions become places: the nearest town, and no country where naming one could be wrong."""

from __future__ import annotations

import gzip
import math

import pytest

from outcry.responder.maps import land, places
from outcry.responder.maps.land import Bounds

NAMES = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")

# latitude, longitude: town, region, country, what else is true of the place
POINTS = [
    (43.23, 45.80, "Chechen-Aul", "Chechnya", "RU", ""),
    (69.49, 88.40, "Talnakh", "Krasnoyarsk Krai", "RU", ""),
    (24.55, 9.48, "Djanet", "Djanet", "DZ", ""),
    (50.45, 30.52, "Kyiv", "Kyiv City", "UA", ""),
    (35.70, 51.40, "Tehran", "Tehran", "IR", ""),
    (53.90, 27.56, "Minsk", "Minsk City", "BY", ""),
    (39.47, 75.99, "Kashgar", "Xinjiang", "CN", ""),
    (29.65, 91.10, "Lhasa", "Tibet", "CN", ""),
    (12.13, -86.25, "Managua", "Managua Department", "NI", ""),
    (-29.60, 28.20, "Marakabeis", "Thaba-Tseka", "LS", ""),
    # at a border: the country is named only where the outline agrees with the town
    (-1.68, 29.22, "Goma", "Nord Kivu", "CD", "border"),
    (59.377, 28.19, "Narva", "", None, "border"),
    (31.735, -106.485, "El Paso", "", None, "border"),
    (42.33, -83.05, "Detroit", "Michigan", "US", "border"),
    (41.903, 12.453, "Vatican City", "", None, "border"),
    # in dispute: town and region, no country
    (44.95, 34.10, "Simferopol", "Crimea", None, ""),
    (47.10, 37.55, "Mariupol", "Donetsk", None, ""),
    (27.15, -13.20, "Laayoune", "", None, ""),
    (31.78, 35.24, "Old City", "West Bank", None, ""),
    (33.10, 35.80, "Al Qunayţirah", "Quneitra", None, ""),
    (42.66, 21.17, "Pristina", "Pristina", None, ""),
    (25.04, 121.56, "Taipei", "", None, ""),
    (34.08, 74.80, "Srinagar", "Jammu and Kashmir", None, ""),
    (9.56, 44.06, "Hargeysa", "Woqooyi Galbeed", None, ""),
    (43.00, 41.02, "Sokhumi", "Abkhazia", None, ""),
    # far out
    (23.00, 5.00, "Tamanghasset", "Tamanrasset", "DZ", "remote"),
    (0.00, -30.00, "Fernando de Noronha (Distrito Estadual)", "Pernambuco", "BR", "sea remote"),
    (41.50, 50.80, "Pirallahı", "Baki", "AZ", "sea remote"),  # noqa: RUF001 - its name
    (66.00, 180.00, "Egvekinot", "Chukotka", "RU", "remote"),
    (-16.80, 179.99, "Labasa", "Northern", "FJ", "remote"),
    (-16.80, -179.99, "Labasa", "Northern", "FJ", "remote"),
]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point[2]} {point[0]} {point[1]}")
def test_a_known_position_is_called_what_people_there_call_it(point):
    latitude, longitude, town, region, country, also = point
    place = places.load().find(latitude, longitude)
    true = [
        word
        for word, said in (
            ("border", place.near_border),
            ("sea", place.at_sea),
            ("remote", place.remote),
        )
        if said
    ]
    assert (place.town.name, place.region, place.country) == (town, region, country)
    assert " ".join(true) == also


@pytest.mark.parametrize(
    ("north", "east", "said"),
    [(5, 0, "N"), (5, 5, "NE"), (0, 5, "E"), (-5, 5, "SE"), (-5, 0, "S"), (-5, -5, "SW"),
     (0, -5, "W"), (5, -5, "NW")],
)  # fmt: skip
def test_the_direction_is_the_way_from_the_town_to_the_person(north, east, said):
    only = places.Places(_towns((50.0, 10.0, "Middle")), land.load())
    place = only.find(50 + north / 100, 10 + east / 100 / math.cos(math.radians(50)))
    assert NAMES[place.direction] == said
    assert place.distance_m == pytest.approx(1112 * math.hypot(north, east), rel=0.01)


def test_the_nearest_town_may_be_on_the_other_side_of_the_180th_meridian():
    both = places.Places(_towns((-17.0, 179.0, "Far"), (-17.0, -179.9, "Near")), land.load())
    place = both.find(-17.0, 179.95)
    assert (place.town.name, NAMES[place.direction]) == ("Near", "W")
    assert place.distance_m < 20_000


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(-90, 0), (90, 0), (0, 180), (0, -180), (89.9999, 179.9999)]
)
def test_the_ends_of_the_world_have_an_answer_too(latitude, longitude):
    assert places.load().find(latitude, longitude).remote


@pytest.mark.slow
def test_the_search_agrees_with_looking_at_every_town():
    known = places.load()
    rows = [line.split("\t") for line in gzip.decompress(_shipped()).decode().splitlines()]
    positions = [(float(row[0]), float(row[1])) for row in rows]
    for n in range(10):
        latitude, longitude = (n * 37.7) % 150 - 70, (n * 101.3) % 360 - 180
        nearest = min(places.metres(latitude, longitude, *each) for each in positions)
        assert known.find(latitude, longitude).distance_m == pytest.approx(nearest)


def test_towns_in_a_view_are_found_across_the_180th_meridian():
    both = places.Places(_towns((-17.0, 179.0, "West"), (-17.0, -179.0, "East")), land.load())
    found = {town.name for town in both.within(Bounds(178, -18, 182, -16))}
    assert found == {"West", "East"}


def test_close_to_a_shore_nobody_is_said_to_be_at_sea():
    coast = places.load().find(43.58, 39.70)  # Sochi's harbour, outside the coarse outline
    assert not coast.at_sea
    assert places.load().find(43.3, 34.0).at_sea


def _towns(*towns: tuple[float, float, str]) -> bytes:
    lines = [
        f"{lat:.4f}\t{lon:.4f}\tDE\t\t{name}\t5000\tEurope/Berlin\n"
        for lat, lon, name in sorted(towns)
    ]
    return gzip.compress("".join(lines).encode())


def _shipped() -> bytes:
    from importlib import resources

    data = resources.files("outcry.responder.maps").joinpath("data/towns.tsv.gz")
    return data.read_bytes()
