"""The world as it is drawn, by squares of whole degrees: what a map loads of the part it shows.

Natural Earth at 1:10 million for squares of 5 degrees, at 1:50 million for those of 30, at 1:110
million for those of 90. A square has a margin, so that none is seen between two. Lines and rings
are whole numbers, longitude and latitude by turns in parts of a degree, each the way from the one
before. A polygon is its outer ring, then its holes.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import accumulate
from typing import NamedTuple

from outcry.responder.maps.land import TURNS, Bounds, Line

UNITS = {5: 1000, 30: 100, 90: 50}  # by size in degrees: parts of a degree
MARGINS = {5: 0.01, 30: 0.1, 90: 0.2}  # degrees
_NOTHING = b'{"land":[],"lakes":[],"coasts":[],"rivers":[],"borders":[],"disputed":[]}'


class NoSuchSquare(Exception):
    """No square of this size begins there."""


class Square(NamedTuple):
    """What lies in a square, as longitude and latitude."""

    land: Sequence[Sequence[Line]]
    lakes: Sequence[Sequence[Line]]
    coasts: Sequence[Line]
    rivers: Sequence[Line]
    borders: Sequence[Line]
    disputed: Sequence[Line]


def packed(size: int, south: int, west: int) -> bytes:
    """A square as JSON, by its size and its corner in the south-west, in degrees.

    Raises :class:`NoSuchSquare` unless squares of this size begin there.
    """
    if not is_corner(size, south, west) or size not in UNITS:
        raise NoSuchSquare
    try:
        return _archive().read(f"{size}/{south}/{west}.json")
    except KeyError:
        return _NOTHING  # the sea


def is_corner(size: int, south: int, west: int) -> bool:
    """Whether a square of this many degrees begins there."""
    begins = (south + 90) % size == 0 and (west + 180) % size == 0
    return begins and -90 <= south < 90 and -180 <= west < 180


def within(view: Bounds, size: int) -> Iterator[tuple[float, Square]]:
    """The squares in a view, and by how many degrees each is moved east to be seen there."""
    south, north = max(-90.0, view.south), min(89.9, view.north)
    for row in range(math.floor((south + 90) / size), math.floor((north + 90) / size) + 1):
        for column in range(360 // size):
            y, x = row * size - 90, column * size - 180
            for turn in TURNS:
                if x + turn <= view.east and x + turn + size >= view.west:
                    yield turn, _square(size, y, x)


@lru_cache(64)
def _square(size: int, south: int, west: int) -> Square:
    data = json.loads(packed(size, south, west))
    unit = UNITS[size]
    land, lakes = (
        [[_line(ring, unit) for ring in rings] for rings in data[kind]]
        for kind in ("land", "lakes")
    )
    lines = ([_line(each, unit) for each in data[kind]] for kind in Square._fields[2:])
    return Square(land, lakes, *lines)


def _line(steps: Sequence[int], unit: int) -> Line:
    xs, ys = accumulate(steps[0::2]), accumulate(steps[1::2])
    return [(x / unit, y / unit) for x, y in zip(xs, ys, strict=True)]


@cache
def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(resources.files(__package__).joinpath("data/squares.zip").open("rb"))
