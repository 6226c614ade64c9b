"""A map of the surroundings of a town, drawn without a network: PNG, 1200 x 675, or reduced.

Land, lakes, rivers, borders, towns by size, a scale and where the map comes from. A line in
dispute is dashed. Everything is drawn at twice the size and reduced, which
smooths it; the same view gives the same bytes with the same Pillow.
"""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from outcry.responder.maps.land import KM_PER_DEGREE, Bounds, Line, extent
from outcry.responder.maps.places import Places
from outcry.responder.maps.squares import within

WIDTH, HEIGHT = 1200, 675
REDUCED = (640, 320)
"""The other widths in which a picture is shown."""
ATTRIBUTION = "Map: Natural Earth. Towns: GeoNames, CC BY 4.0"
_TWICE = 2
_WIDE, _HIGH = WIDTH * _TWICE, HEIGHT * _TWICE
_WATER, _LAND, _COAST, _BORDER = "#c9dfec", "#f6f2e6", "#8aa5b5", "#a08f78"
_RIVER = "#a9c8da"
_SQUARES = 5  # degrees: those with the most detail
_INK, _HALO, _MARK, _DOT = "#26292c", "#ffffff", "#c4161c", "#5b6066"
_WIDE_KM = (
    420.0  # what a picture shows from west to east: its lines are as coarse as a kilometre or two
)
_FARTHEST = 84.0  # degrees; a Mercator map has no poles
_MOST_LABELS = 14
_DASH, _GAP = 14.0, 10.0
_LEAST_CIRCLE = 26.0  # pixels; a smaller one could not be seen

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Spot:
    """What is marked: a position in degrees, how far around it is meant (metres), its name."""

    latitude: float
    longitude: float
    within_m: float
    name: str = ""


class _View:
    """Where a position is in the picture; pixels at twice the size."""

    def __init__(self, latitude: float, longitude: float, wide_km: float) -> None:
        self.latitude = max(-_FARTHEST, min(_FARTHEST, latitude))
        narrow = math.cos(math.radians(self.latitude))
        half = min(180.0, wide_km / KM_PER_DEGREE / narrow / 2)
        self._scale = _WIDE / (2 * half)
        self._middle = longitude
        self._top = _mercator(self.latitude) + _HIGH / self._scale / 2
        self.px_per_km = self._scale / KM_PER_DEGREE / narrow
        bottom = self._top - _HIGH / self._scale
        self.bounds = Bounds(
            longitude - half, _latitude(bottom), longitude + half, _latitude(self._top)
        )

    def at(self, latitude: float, longitude: float) -> tuple[float, float]:
        """The pixel of a position whose longitude is as in the view."""
        y = (self._top - _mercator(latitude)) * self._scale
        return (longitude - self.bounds.west) * self._scale, y

    def nearest_turn(self, longitude: float) -> float:
        """The longitude, turned so that it is on this view's side of the world."""
        return self._middle + (longitude - self._middle + 180) % 360 - 180

    def line(self, line: Line, degrees: float) -> list[tuple[float, float]]:
        return [self.at(y, x + degrees) for x, y in line]


def draw(spot: Spot, places: Places, wide_km: float = _WIDE_KM) -> bytes:
    """The surroundings of a spot, which is in the middle, as a PNG."""
    view = _View(spot.latitude, spot.longitude, wide_km)
    image = Image.new("RGB", (_WIDE, _HIGH), _WATER)
    pen = ImageDraw.Draw(image)
    _ground(pen, view)
    taken = _mark(pen, view, spot)
    taken += _scale_bar(pen, view)
    _towns(pen, view, places, spot, taken)
    return _png(image, WIDTH)


def height_of(width: int) -> int:
    """The height that belongs to a picture's width, pixels."""
    return width * HEIGHT // WIDTH


@lru_cache(16)
def reduced(png: bytes, width: int) -> bytes:
    """A picture made smaller: half as wide it has half the bytes."""
    return _png(Image.open(io.BytesIO(png)).convert("RGB"), width)


def _png(image: Image.Image, width: int) -> bytes:
    small = image.resize((width, height_of(width)), Image.Resampling.BOX)
    out = io.BytesIO()
    small.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _ground(pen: ImageDraw.ImageDraw, view: _View) -> None:
    """Land and water, then the lines, so that no square covers its neighbour's."""
    around = list(within(view.bounds, _SQUARES))
    for degrees, square in around:
        for areas, outside, hole in ((square.land, _LAND, _WATER), (square.lakes, _WATER, _LAND)):
            # A lake is cut out before the island in it is drawn: the largest areas come first.
            for rings in sorted(areas, key=lambda rings: -extent(rings[0])):
                for n, ring in enumerate(rings):
                    pen.polygon(view.line(ring, degrees), fill=hole if n else outside)
    for degrees, square in around:
        for lines, ink, wide in (
            (square.rivers, _RIVER, 2), (square.coasts, _COAST, 2), (square.borders, _BORDER, 3),
        ):  # fmt: skip
            for line in lines:
                pen.line(view.line(line, degrees), fill=ink, width=wide, joint="curve")
        for line in square.disputed:
            for dash in dashes(view.line(line, degrees), _DASH, _GAP):
                pen.line(dash, fill=_BORDER, width=3)


def dashes(
    line: Sequence[tuple[float, float]], dash: float, gap: float
) -> Iterator[list[tuple[float, float]]]:
    """A line cut into dashes; what is far outside the picture is passed over."""
    drawing, left = True, dash
    part = [line[0]]
    for (x1, y1), (x2, y2) in pairwise(line):
        length = math.hypot(x2 - x1, y2 - y1)
        around = min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
        if not _meet(around, (0, 0, _WIDE, _HIGH)):
            part, drawing, left = [(x2, y2)], True, dash
            continue
        done = 0.0
        while length - done > left:
            done += left
            point = (x1 + (x2 - x1) * done / length, y1 + (y2 - y1) * done / length)
            if drawing:
                yield [*part, point]
            part = [point]
            drawing = not drawing
            left = dash if drawing else gap
        left -= length - done
        if drawing:
            part.append((x2, y2))
    if drawing and len(part) > 1:
        yield part


def _mark(pen: ImageDraw.ImageDraw, view: _View, spot: Spot) -> list[Box]:
    """The circle around what is meant, and its name in bold; what room they take."""
    x, y = view.at(view.latitude, spot.longitude)
    radius = max(_LEAST_CIRCLE, spot.within_m / 1000 * view.px_per_km)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_MARK, width=6)
    pen.ellipse((x - 7, y - 7, x + 7, y + 7), fill=_MARK)
    taken: list[Box] = [(x - radius, y - radius, x + radius, y + radius)]
    if spot.name:
        taken += [_label(pen, (x, y - min(radius, 200.0) - 30), spot.name, 46, "mm", _MARK)]
    return taken


def _towns(
    pen: ImageDraw.ImageDraw, view: _View, places: Places, spot: Spot, taken: list[Box]
) -> None:
    """The largest towns first, each if its name does not run into another."""
    shown = 0
    towns = places.within(view.bounds)
    for town in sorted(towns, key=lambda t: (-t.population, t.latitude, t.longitude)):
        if shown == _MOST_LABELS:
            return
        x, y = view.at(town.latitude, view.nearest_turn(town.longitude))
        box = _room(pen, (x + 14, y), town.name, 32, "lm")
        box = (x - 8, box[1], box[2], box[3])
        if town.name == spot.name or not _is_inside(box) or any(_meet(box, one) for one in taken):
            continue
        pen.ellipse((x - 6, y - 6, x + 6, y + 6), fill=_DOT)
        taken.append(box)
        _label(pen, (x + 14, y), town.name, 32, "lm", _INK)
        shown += 1


def _scale_bar(pen: ImageDraw.ImageDraw, view: _View) -> list[Box]:
    """A round number of kilometres, and whose map it is."""
    steps = (500, 200, 100, 50, 20, 10, 5, 2, 1, 0)
    km = next(step for step in steps if step * view.px_per_km < _WIDE / 4)
    left, bottom, long = 40.0, _HIGH - 44.0, km * view.px_per_km
    pen.line([(left, bottom - 16), (left, bottom), (left + long, bottom)], fill=_INK, width=5)
    pen.line([(left + long, bottom), (left + long, bottom - 16)], fill=_INK, width=5)
    text = _label(pen, (left + long / 2, bottom - 26), f"{km} km", 30, "mm", _INK)
    note = _label(pen, (_WIDE - 24.0, _HIGH - 24.0), ATTRIBUTION, 24, "rm", _INK)
    return [(left, text[1], left + long, bottom), note]


def _label(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, anchor: str, ink: str
) -> Box:
    pen.text(at, text, fill=ink, font=_font(size), anchor=anchor, stroke_width=4, stroke_fill=_HALO)
    return _room(pen, at, text, size, anchor)


def _room(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, anchor: str
) -> Box:
    return pen.textbbox(at, text, font=_font(size), anchor=anchor, stroke_width=4)


def _is_inside(box: Box) -> bool:
    return box[0] > 0 and box[1] > 0 and box[2] < _WIDE and box[3] < _HIGH


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = resources.files(__package__).joinpath("data/DejaVuSans.ttf").read_bytes()
    # Basic layout: towns' names are in Latin letters, and Raqm is not in every Pillow.
    return ImageFont.truetype(io.BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)


def _mercator(latitude: float) -> float:
    """Degrees on the map for degrees on the globe."""
    clamped = math.radians(max(-89.5, min(89.5, latitude)))
    return math.degrees(math.asinh(math.tan(clamped)))


def _latitude(mercator: float) -> float:
    return math.degrees(math.atan(math.sinh(math.radians(mercator))))
