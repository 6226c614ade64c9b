"""A track as GeoJSON and GPX, read again by what knows only their rules."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from outcry.responder.maps.track_files import Spot, geojson, gpx
from stage.reports import NOON

TRACK = [
    Spot(52.52, 13.405, NOON + 0.0, 12),
    Spot(52.524, 13.409, None, None),
    Spot(52.526123456, 13.411, NOON + 60.0, 9),
]
_GPX = "{http://www.topografix.com/GPX/1/1}"


def test_geojson_has_longitude_first_and_every_spot_with_what_is_known_of_it():
    whole = json.loads(geojson(TRACK, "Ana"))
    assert whole["type"] == "FeatureCollection"
    way, *spots = whole["features"]
    assert way["geometry"] == {
        "type": "LineString",
        "coordinates": [[13.405, 52.52], [13.409, 52.524], [13.411, 52.52612]],
    }
    assert [each["geometry"]["type"] for each in spots] == ["Point"] * 3
    assert [each["properties"] for each in spots] == [
        {"time": "2026-11-22T12:00:00Z", "accuracy_m": 12},
        {"time": None, "accuracy_m": None},
        {"time": "2026-11-22T12:01:00Z", "accuracy_m": 9},
    ]


@pytest.mark.parametrize(("spots", "features"), [([], 0), (TRACK[:1], 1)])
def test_a_way_needs_two_spots(spots, features):
    found = json.loads(geojson(spots, "Ana"))["features"]
    assert [each["geometry"]["type"] for each in found] == ["Point"] * features


@pytest.mark.parametrize(
    ("longitudes", "lines"),
    [
        ((179.0, -179.0), [[[179.0, 0], [180.0, 5]], [[-180.0, 5], [-179.0, 10]]]),
        ((-179.0, 179.0), [[[-179.0, 0], [-180.0, 5]], [[180.0, 5], [179.0, 10]]]),
        ((-80.0, 80.0), [[[-80.0, 0], [80.0, 10]]]),
    ],
)
def test_a_way_is_cut_where_it_goes_across_the_date_line(longitudes, lines):
    spots = [Spot(10.0 * n, each, None, None) for n, each in enumerate(longitudes)]
    geometry = json.loads(geojson(spots, "Ana"))["features"][0]["geometry"]
    found = geometry["coordinates"]
    assert (found if geometry["type"] == "MultiLineString" else [found]) == lines


def test_gpx_has_each_spot_in_order_by_utc_and_says_accuracy_in_metres():
    tree = ElementTree.fromstring(gpx(TRACK, 'A & <B> "\x00"'))
    assert (tree.tag, tree.get("version")) == (f"{_GPX}gpx", "1.1")
    assert tree.findtext(f"{_GPX}trk/{_GPX}name") == 'A & <B> ""'
    spots = tree.findall(f"{_GPX}trk/{_GPX}trkseg/{_GPX}trkpt")
    assert [(each.get("lat"), each.get("lon")) for each in spots] == [
        ("52.52000", "13.40500"),
        ("52.52400", "13.40900"),
        ("52.52612", "13.41100"),
    ]
    times = [each.findtext(f"{_GPX}time") for each in spots]
    assert times == ["2026-11-22T12:00:00Z", None, "2026-11-22T12:01:00Z"]
    within = [each.findtext(f"{_GPX}extensions/") for each in spots]
    assert within == ["12", None, "9"]
    assert "hdop" not in gpx(TRACK, "Ana")
