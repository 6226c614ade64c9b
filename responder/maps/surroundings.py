"""What is around a position, for the people who have to help: the nearest town, and a picture."""

import json
import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from outcry.report import Position
from outcry.responder.maps import land, picture, places
from outcry.responder.maps.land import Bounds, Shape

_CLOSE_KM, _WIDE_KM = 60.0, 420.0  # from west to east
_REMOTE_M = 25_000.0  # with no town as near as this, a close picture would be empty
_DECIMALS = 3  # of degrees: 110 m, two pixels of a close picture
_REACH = 4.0  # degrees of latitude, to north and to south
_MOST_TOWNS = 30  # the largest, and as many of the nearest
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


@lru_cache(64)
def outlines(latitude: int, longitude: int) -> str:
    """Coasts, borders and towns around a whole degree, as JSON for a map that is moved about in.

    Each line is a list of latitude and longitude; a town has its name after them.
    """
    view = _view(latitude, longitude)
    shapes = land.load()
    kinds = {"coasts": shapes.coasts, "borders": shapes.borders, "disputed": shapes.disputed}
    lines = {kind: _lines(shapes, view) for kind, shapes in kinds.items()}
    towns = sorted(places.load().within(view), key=lambda town: -town.population)
    middle = latitude + 0.5, longitude + 0.5
    near = sorted(towns, key=lambda t: places.metres(*middle, t.latitude, t.longitude))
    chosen = dict.fromkeys((*towns[:_MOST_TOWNS], *near[:_MOST_TOWNS]))
    named = [[round(t.latitude, 3), round(t.longitude, 3), t.name] for t in chosen]
    return json.dumps({**lines, "towns": named}, ensure_ascii=False, separators=(",", ":"))


def _view(latitude: int, longitude: int) -> Bounds:
    wide = min(180.0, _REACH / max(0.1, math.cos(math.radians(latitude))))
    middle = longitude + 0.5
    return Bounds(middle - wide, latitude - _REACH, middle + wide, latitude + _REACH)


def _lines(shapes: Sequence[Shape], view: Bounds) -> list[list[tuple[float, float]]]:
    """The parts of these lines that are in the view, as latitude and longitude."""
    found = []
    for shape in shapes:
        for turn in shape.bounds.turns(view):
            moved = [(x + turn, y) for x, y in shape.line]
            for inside, part in groupby(moved, lambda point: view.holds(*point)):
                if inside:
                    found.append([(round(y, _DECIMALS), round(x, _DECIMALS)) for x, y in part])
    return [part for part in found if len(part) > 1]


@lru_cache(64)
def _drawn(latitude: float, longitude: float) -> bytes:
    towns = places.load()
    remote = towns.find(latitude, longitude).distance_m > _REMOTE_M
    spot = picture.Spot(latitude, longitude, 0.0)
    return picture.draw(spot, land.load(), towns, _WIDE_KM if remote else _CLOSE_KM)
