"""A track drawn as SVG, on nothing but its own graticule: needs no tiles, no script, no network.

Only presentation attributes are used, so that the strictest content policy
lets it be seen; a screen reader hears one sentence.
"""

import math
from collections.abc import Sequence
from html import escape

from outcry.report import Position

WIDTH, HEIGHT = 340, 260  # in SVG's own units; the page scales it to its column
_MARGIN = 34
_MOST_POINTS = 60  # of the track; a hundred bytes each would be felt on a slow network
_M_PER_DEGREE = 111_320.0  # of latitude; WGS 84 varies by half a per cent
_LEAST_SPAN_M = 300.0  # nearer than this the accuracy of a fix is all there would be to see
_STEPS = (1, 2, 5)
_LTR = 'direction="ltr"'  # a page from right to left would set each label left of its place
_LEFT_OF_IT = 'text-anchor="end"'
_LETTER = 7  # no wider is a figure of the graticule in any usual font


def track_svg(points: Sequence[Position], title: str) -> str:
    """The way through these points, oldest first, the last one marked; empty without any."""
    if not points:
        return ""
    plane = _Plane(points)
    shown = _thinned(points)
    way = [plane.at(point.latitude, point.longitude) for point in shown]
    last = way[-1]
    radius = plane.length(points[-1].accuracy_m or 0)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" {_LTR} role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#f3f1ea"/>',
        *plane.graticule(),
    ]
    if radius > 8:
        parts.append(
            f'<circle cx="{last[0]:.0f}" cy="{last[1]:.0f}" r="{radius:.0f}" fill="#a00000" '
            'fill-opacity=".12" stroke="#a00000"/>'
        )
    if len(way) > 1:
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in way)
        parts.append(f'<polyline points="{line}" fill="none" stroke="#0b3d91" stroke-width="3"/>')
        dots = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in way[:-1])
        parts.append(f'<path d="{dots}" stroke="#0b3d91" stroke-width="7" stroke-linecap="round"/>')
    parts += [
        f'<circle cx="{last[0]:.0f}" cy="{last[1]:.0f}" r="7" fill="#a00000" stroke="#fff"/>',
        *plane.scale_bar(),
        f'<text x="{WIDTH - 8}" y="20" font-size="14" font-weight="bold" {_LEFT_OF_IT}>N↑</text>',
        "</svg>",
    ]
    return "".join(parts)


class _Plane:
    """Degrees to the picture's units; true to shape near the middle, which is all that is shown."""

    def __init__(self, points: Sequence[Position]) -> None:
        self._zero = points[-1].longitude  # longitudes are counted from here, across the date line
        latitudes = [point.latitude for point in points]
        longitudes = [self._east(point.longitude) for point in points]
        south, north = min(latitudes), max(latitudes)
        west, east = min(longitudes), max(longitudes)
        self._middle = (south + north) / 2, (west + east) / 2
        self._narrow = max(0.01, math.cos(math.radians(self._middle[0])))
        accuracy = points[-1].accuracy_m or 0
        tall = (north - south) * _M_PER_DEGREE
        wide = (east - west) * _M_PER_DEGREE * self._narrow
        room = WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN
        least = max(_LEAST_SPAN_M, 2.2 * min(accuracy, 50_000))
        self._m_per_unit = max(wide / room[0], tall / room[1], least / room[1])

    def at(self, latitude: float, longitude: float) -> tuple[float, float]:
        east = (self._east(longitude) - self._middle[1]) * _M_PER_DEGREE * self._narrow
        north = (latitude - self._middle[0]) * _M_PER_DEGREE
        return WIDTH / 2 + east / self._m_per_unit, HEIGHT / 2 - north / self._m_per_unit

    def length(self, metres: float) -> float:
        return metres / self._m_per_unit

    def graticule(self) -> list[str]:
        """Round degrees, written at the picture's edge."""
        step = _round_down(WIDTH / 2.4 * self._m_per_unit / _M_PER_DEGREE / self._narrow)
        places = max(0, -math.floor(math.log10(step)))
        lines = []
        half = WIDTH / 2 * self._m_per_unit / _M_PER_DEGREE / self._narrow
        for degree in _multiples(self._middle[1] + self._zero, half, step):
            x = self.at(0, degree)[0]
            said = (degree + 180) % 360 - 180
            lines.append(_line(f"M{x:.0f} 0V{HEIGHT}", x + 3, HEIGHT - 5, f"{said:.{places}f}°"))
        half = HEIGHT / 2 * self._m_per_unit / _M_PER_DEGREE
        for degree in _multiples(self._middle[0], half, step):
            y = self.at(degree, self._zero)[1]
            lines.append(_line(f"M0 {y:.0f}H{WIDTH}", 3, y - 3, f"{degree:.{places}f}°"))
        return lines

    def scale_bar(self) -> list[str]:
        metres = _round_down(WIDTH / 3 * self._m_per_unit)
        said = f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"
        x, y, length = 12, 16, self.length(metres)
        return [
            f'<path d="M{x} {y - 5}v8h{length:.0f}v-8" fill="none" stroke="#111" stroke-width="2"/>',
            f'<text x="{x + 5}" y="{y - 1}" font-size="12">{said}</text>',
        ]

    def _east(self, longitude: float) -> float:
        return (longitude - self._zero + 180) % 360 - 180


def _line(path: str, x: float, y: float, words: str) -> str:
    """A line of the graticule, and its degrees beside it, in the picture wherever it runs."""
    x = min(x, WIDTH - 3 - len(words) * _LETTER)
    y = max(y, 10)
    return (
        f'<path d="{path}" stroke="#c9c4b4"/>'
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="10" fill="#555">{words}</text>'
    )


def _thinned(points: Sequence[Position]) -> list[Position]:
    """At most so many, the first and the last among them."""
    if len(points) <= _MOST_POINTS:
        return list(points)
    every = (len(points) - 1) / (_MOST_POINTS - 1)
    return [points[round(n * every)] for n in range(_MOST_POINTS)]


def _round_down(value: float) -> float:
    """The largest of 1, 2, 5, 10, 20 … that is not above this."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in _STEPS if step * power <= value * (1 + 1e-9))


def _multiples(middle: float, half: float, step: float) -> list[float]:
    """All that are at most ``half`` away from the middle."""
    first, last = math.ceil((middle - half) / step), math.floor((middle + half) / step)
    return [n * step for n in range(first, last + 1)]
