"""A track as files for other programs: GeoJSON (RFC 7946) and GPX 1.1."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

GEOJSON, GPX = "application/geo+json", "application/gpx+xml"
_DECIMALS = 5  # of degrees: as finely as a report has it
# GPX has no place for an accuracy in metres: hdop is another thing, and a guess at it would be read as one.
_OWN = "urn:outcry:track:1"


class Spot(NamedTuple):
    """Where a wearer was seen, when (Unix seconds, if that is known), and within how many metres."""

    latitude: float
    longitude: float
    at: float | None
    accuracy_m: int | None


def geojson(spots: Sequence[Spot], title: str) -> str:
    """The track as one feature, oldest spot first, then each spot as another."""
    lines = _cut([(spot.longitude, spot.latitude) for spot in spots])
    features = []
    if lines:
        many = len(lines) > 1
        kind = "MultiLineString" if many else "LineString"
        geometry = {"type": kind, "coordinates": lines if many else lines[0]}
        features.append(_feature(geometry, {"title": title}))
    for spot in spots:
        place = _rounded(spot.longitude, spot.latitude)
        said = {"time": _time(spot.at), "accuracy_m": spot.accuracy_m}
        features.append(_feature({"type": "Point", "coordinates": place}, said))
    whole = {"type": "FeatureCollection", "features": features}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def gpx(spots: Sequence[Spot], title: str) -> str:
    """The track as one track of one segment, oldest spot first."""
    name = escape("".join(each for each in title if each.isprintable()))
    points = "".join(_point(spot) for spot in spots)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="Outcry" xmlns="http://www.topografix.com/GPX/1/1" '
        f'xmlns:outcry="{_OWN}">\n'
        f"<trk>\n<name>{name}</name>\n<trkseg>\n{points}</trkseg>\n</trk>\n</gpx>\n"
    )


def _point(spot: Spot) -> str:
    longitude, latitude = _rounded(spot.longitude, spot.latitude)
    time = "" if spot.at is None else f"<time>{_time(spot.at)}</time>"
    within = (
        ""
        if spot.accuracy_m is None
        else f"<extensions><outcry:accuracy_m>{spot.accuracy_m}</outcry:accuracy_m></extensions>"
    )
    return f'<trkpt lat="{latitude:.5f}" lon="{longitude:.5f}">{time}{within}</trkpt>\n'


def _time(at: float | None) -> str | None:
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _feature(geometry: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": said}


def _cut(places: Sequence[tuple[float, float]]) -> list[list[list[float]]]:
    """The way, in parts of which none goes across the 180th meridian (RFC 7946 3.1.9)."""
    if not places:
        return []
    lines = [[_rounded(*places[0])]]
    for before, place in pairwise(places):
        for edge in _edges(before, place):
            lines[-1].append(_rounded(*edge))
            lines.append([_rounded(-edge[0], edge[1])])
        lines[-1].append(_rounded(*place))
    return [line for line in lines if len(line) > 1]


def _edges(
    before: tuple[float, float], place: tuple[float, float]
) -> Iterator[tuple[float, float]]:
    """Where a step leaves the map at its edge, if the short way round the world is across it."""
    (x1, y1), (x2, y2) = before, place
    if abs(x2 - x1) <= 180:
        return
    edge = 180.0 if x1 > 0 else -180.0
    whole = x2 + 2 * edge - x1
    yield edge, y1 if whole == 0 else y1 + (y2 - y1) * (edge - x1) / whole


def _rounded(longitude: float, latitude: float) -> list[float]:
    return [round(longitude, _DECIMALS), round(latitude, _DECIMALS)]
