"""The world's land, its countries and their borders: Natural Earth 1:50m, a line every few km.

A TopoJSON file cut down to what is needed. An arc is a line; a ring is a list
of arcs, ``~n`` being arc n backwards; the first ring of a polygon is its
outside, the others are water.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import accumulate, chain, groupby, pairwise
from typing import NamedTuple

Line = list[tuple[float, float]]  # longitude, latitude in degrees
KM_PER_DEGREE = 111.2
TURNS = (-360.0, 0.0, 360.0)  # degrees: how far the same place may be from where a view has it
_SOUTHERNMOST = 89.9  # degrees; beyond is the file's own edge, which belongs to nobody


class Bounds(NamedTuple):
    """Degrees; west may be below -180 and east above 180, for a view across that meridian."""

    west: float
    south: float
    east: float
    north: float

    def meets(self, other: Bounds) -> bool:
        return (
            self.west <= other.east
            and other.west <= self.east
            and self.south <= other.north
            and other.south <= self.north
        )

    def holds(self, longitude: float, latitude: float) -> bool:
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north

    def turns(self, view: Bounds) -> list[float]:
        """How far to move this east, in degrees, to be seen in a view that may cross the date line."""
        return [turn for turn in TURNS if self._moved(turn).meets(view)]

    def _moved(self, east: float) -> Bounds:
        return self._replace(west=self.west + east, east=self.east + east)


class Shape(NamedTuple):
    """A line and what it lies in."""

    line: Line
    bounds: Bounds


class Land:
    """Everything in the file, as longitudes and latitudes."""

    def __init__(self, packed: bytes) -> None:
        data = json.loads(gzip.decompress(packed))
        arcs = [_line(arc, *data["scale"], *data["translate"]) for arc in data["arcs"]]
        self._polygons = [[_shape(_ring(arcs, ring)) for ring in rings] for rings in data["land"]]
        # A lake is cut out before the island in it is drawn: the largest polygons come first.
        self._polygons.sort(key=lambda rings: -extent(rings[0].line))
        self._countries: dict[str, list[Shape]] = {
            code: [_shape(_ring(arcs, ring)) for ring in rings]
            for code, rings in data["countries"].items()
        }
        self.coasts = [
            _shape(part) for arc in data["coast"] for part in _without_edges(_unwrapped(arcs[arc]))
        ]
        self.borders = [_shape(arcs[arc]) for arc in data["border"]]
        self.disputed = [_shape(arcs[arc]) for arc in data["disputed"]]

    def polygons(self, view: Bounds) -> Iterator[tuple[float, Sequence[Shape]]]:
        """Each piece of land in a view, largest first, and by how many degrees it is moved east."""
        for rings in self._polygons:
            for degrees in rings[0].bounds.turns(view):
                yield degrees, rings

    def country_at(self, latitude: float, longitude: float) -> str | None:
        """The ISO 3166 code of the country this is in; None: on water, or nobody's."""
        latitude = max(-_SOUTHERNMOST, latitude)
        for x in (longitude + turn for turn in TURNS):
            for code, rings in self._countries.items():
                near = (ring.line for ring in rings if ring.bounds.holds(x, latitude))
                if sum(_surrounds(line, x, latitude) for line in near) % 2:
                    return code
        return None

    def km_to_coast(self, latitude: float, longitude: float, at_most: float) -> float:
        """Kilometres to the nearest coast, exact where they are few; ``at_most`` if it is far."""
        narrow = max(0.05, math.cos(math.radians(latitude)))
        reach = at_most / KM_PER_DEGREE
        wide = reach / narrow
        nearest = at_most
        for x in (longitude + turn for turn in TURNS):
            here = Bounds(x - wide, latitude - reach, x + wide, latitude + reach)
            for coast in self.coasts:
                if coast.bounds.meets(here):
                    flat = [((a - x) * narrow, b - latitude) for a, b in coast.line]
                    nearest = min(nearest, KM_PER_DEGREE * _from_origin(flat))
        return nearest


@cache
def load() -> Land:
    """The file shipped with the package, read once."""
    return Land(resources.files(__package__).joinpath("data/land.json.gz").read_bytes())


def _line(arc: list[int], x_scale: float, y_scale: float, west: float, south: float) -> Line:
    """Points that are each given as the way from the one before."""
    xs = (west + x * x_scale for x in accumulate(arc[0::2]))
    ys = (south + y * y_scale for y in accumulate(arc[1::2]))
    return list(zip(xs, ys, strict=True))


def _ring(arcs: Sequence[Line], ring: Sequence[int]) -> Line:
    """Arcs end to end; each begins where the last has ended, if need be round the world."""
    parts = (arcs[n] if n >= 0 else arcs[~n][::-1] for n in ring)
    line = _unwrapped(
        list(chain.from_iterable(part[1:] if n else part for n, part in enumerate(parts)))
    )
    if abs(line[0][0] - line[-1][0]) > 180:  # once round the pole, which is inside
        line += [(line[-1][0], -90.0), (line[0][0], -90.0)]
    return line


def _unwrapped(line: Line) -> Line:
    """The same line without leaps from one edge of the file to the other."""
    turn = 0.0
    before = line[0][0]
    out = []
    for x, y in line:
        if abs(x - before) > 180:
            turn += 360.0 if x < before else -360.0
        before = x
        out.append((x + turn, y))
    return out


def around(line: Line) -> Bounds:
    """What a line lies in."""
    xs = [x for x, _ in line]
    ys = [y for _, y in line]
    return Bounds(min(xs), min(ys), max(xs), max(ys))


def extent(line: Line) -> float:
    """How much a line goes round, in square degrees: of what lies in it."""
    bounds = around(line)
    return (bounds.east - bounds.west) * (bounds.north - bounds.south)


def _shape(line: Line) -> Shape:
    return Shape(line, around(line))


def _without_edges(line: Line) -> Iterator[Line]:
    """The parts of a coast that are not the file's own edge, where it cuts the round world."""
    for edge, steps in groupby(pairwise(line), lambda step: _is_edge(*step)):
        if not edge:
            (first, second), *more = steps
            yield [first, second, *(point for _, point in more)]


def _is_edge(one: tuple[float, float], other: tuple[float, float]) -> bool:
    on_meridian = abs(abs(one[0]) - 180) < 0.01 and abs(abs(other[0]) - 180) < 0.01
    return on_meridian or (one[1] < -_SOUTHERNMOST and other[1] < -_SOUTHERNMOST)


def _surrounds(line: Line, x: float, y: float) -> bool:
    """Whether a ring goes round a point: a ray from it crosses an odd number of edges."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise(chain(line[-1:], line)):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def _from_origin(line: Line) -> float:
    nearest = math.inf
    for (x1, y1), (x2, y2) in pairwise(line):
        dx, dy = x2 - x1, y2 - y1
        length = dx * dx + dy * dy
        along = 0.0 if length == 0 else max(0.0, min(1.0, -(x1 * dx + y1 * dy) / length))
        nearest = min(nearest, math.hypot(x1 + along * dx, y1 + along * dy))
    return nearest
