"""What is around a position, for the people who have to help: the nearest town, and a picture."""

import json
import threading
from functools import lru_cache
from typing import NamedTuple

from outcry.report import Position
from outcry.responder.maps import picture, places
from outcry.responder.maps.land import Bounds
from outcry.responder.maps.squares import NoSuchSquare, is_corner

_CLOSE_KM, _WIDE_KM = 60.0, 420.0  # from west to east
_REMOTE_M = 25_000.0  # with no town as near as this, a close picture would be empty
_DECIMALS = 3  # of degrees: 110 m, two pixels of a close picture
_MOST_TOWNS = {90: 20, 30: 100, 5: 200, 1: 400}  # by the square's degrees
_drawing = threading.Lock()  # one at a time: it is 150 ms of a processor that takes alarms too


class Near(NamedTuple):
    """The nearest town, and how far it is."""

    town: str
    km: int


def near(place: Position) -> Near:
    """The town nearest to this place, as people there call it in Latin letters."""
    found = places.load().find(place.latitude, place.longitude)
    return Near(found.town.name, round(found.distance_m / 1000))


def drawn(place: Position) -> bytes:
    """A map of the surroundings as a PNG of some 20 kB, drawn from what is shipped."""
    with _drawing:
        return _drawn(round(place.latitude, _DECIMALS), round(place.longitude, _DECIMALS))


@lru_cache(256)
def towns(size: int, south: int, west: int) -> str:
    """The largest towns of a square of so many degrees, as JSON, by its corner in the south-west.

    Each is latitude, longitude, name and population. Raises :class:`NoSuchSquare`.
    """
    if size not in _MOST_TOWNS or not is_corner(size, south, west):
        raise NoSuchSquare
    view = Bounds(west, south, west + size, south + size)
    found = sorted(places.load().within(view), key=lambda town: (-town.population, town.name))
    named = [
        [round(t.latitude, _DECIMALS), round(t.longitude, _DECIMALS), t.name, t.population]
        for t in found[: _MOST_TOWNS[size]]
    ]
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


@lru_cache(64)
def _drawn(latitude: float, longitude: float) -> bytes:
    towns = places.load()
    remote = towns.find(latitude, longitude).distance_m > _REMOTE_M
    spot = picture.Spot(latitude, longitude, 0.0)
    return picture.draw(spot, towns, _WIDE_KM if remote else _CLOSE_KM)
