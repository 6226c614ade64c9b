"""The nearest town, with distance and direction: GeoNames' towns of more than 1000 people.

The towns are sorted by latitude: a search begins at the right one and walks
both ways until latitude alone is farther than the nearest town found.
"""

import gzip
import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from outcry.responder.maps import land
from outcry.responder.maps.disputed import is_disputed, is_one_sides
from outcry.responder.maps.land import TURNS, Bounds, Land

EARTH_RADIUS_M = 6_371_009.0
REMOTE_M = 50_000.0  # farther from every town than this, nobody would say "near"
BORDER_M = 10_000.0  # the land's outline is as coarse as that here and there
LAST_CLOCK_M = 500_000.0  # farther from every town than this, none of them says the time
SHORE_KM = 5.0  # nearer to a coast than this, the outline cannot tell land from water


@dataclass(frozen=True)
class Town:
    """A town; ``country`` is its ISO 3166 code, ``region`` may be empty, ``zone`` an IANA name."""

    name: str
    region: str
    country: str
    latitude: float
    longitude: float
    population: int
    zone: str


@dataclass(frozen=True)
class Place:
    """Where a position is, seen from the nearest town.

    ``direction`` counts in eighths of a turn from north: 0 is N, 1 NE, 7 NW.
    ``country`` is None where naming one could be wrong or take a side, and
    ``region`` is empty where it would say the same.
    """

    town: Town
    distance_m: float
    direction: int
    region: str
    country: str | None
    near_border: bool
    at_sea: bool

    @property
    def remote(self) -> bool:
        return self.distance_m > REMOTE_M


class Places:
    """All towns. Finding the nearest takes well under a millisecond in settled lands."""

    def __init__(self, packed: bytes, shapes: Land) -> None:
        self._lines = gzip.decompress(packed).splitlines()
        self._latitudes: list[float] = []
        self._longitudes: list[float] = []
        for line in self._lines:
            latitude, longitude, _ = line.split(b"\t", 2)
            self._latitudes.append(float(latitude))
            self._longitudes.append(float(longitude))
        self._land = shapes

    def find(self, latitude: float, longitude: float) -> Place:
        """Where a position (degrees, WGS 84) is."""
        n, distance = self._nearest(latitude, longitude)
        town = self._town(n)
        direction = _direction(town.latitude, town.longitude, latitude, longitude)
        here = self._land.country_at(latitude, longitude)
        at_sea = here is None and self._land.km_to_coast(latitude, longitude, SHORE_KM) >= SHORE_KM
        disputed = is_disputed(latitude, longitude, town.country, town.region)
        strange = here is not None and here != town.country
        settled = not at_sea and distance <= REMOTE_M
        at_border = settled and (strange or self._foreign_near(latitude, longitude, town))
        region = town.region
        if is_one_sides(town.country, region) if disputed else strange:
            region = ""
        country = None if disputed or strange else town.country
        near_border = at_border and not disputed
        return Place(town, distance, direction, region, country, near_border, at_sea)

    def zone(self, latitude: float, longitude: float) -> str | None:
        """The IANA name of the nearest town's time zone; None far from every town."""
        n, distance = self._nearest(latitude, longitude)
        return self._town(n).zone if distance <= LAST_CLOCK_M else None

    def within(self, view: Bounds) -> Iterator[Town]:
        """The towns in a view, in no particular order; longitudes as in the view."""
        begin = bisect_left(self._latitudes, view.south)
        end = bisect_left(self._latitudes, view.north)
        for n in range(begin, end):
            if any(view.west <= self._longitudes[n] + turn <= view.east for turn in TURNS):
                yield self._town(n)

    def _nearest(self, latitude: float, longitude: float) -> tuple[int, float]:
        middle = bisect_left(self._latitudes, latitude)
        found, nearest = 0, math.inf
        for way in (range(middle, len(self._lines)), range(middle - 1, -1, -1)):
            for n in way:
                north = math.radians(abs(self._latitudes[n] - latitude)) * EARTH_RADIUS_M
                if north >= nearest:
                    break
                distance = metres(latitude, longitude, self._latitudes[n], self._longitudes[n])
                if distance < nearest:
                    found, nearest = n, distance
        return found, nearest

    def _foreign_near(self, latitude: float, longitude: float, town: Town) -> bool:
        """Whether the land just beyond here is another country's."""
        around = (moved(latitude, longitude, eighth, BORDER_M) for eighth in range(8))
        return any(self._land.country_at(*there) not in (None, town.country) for there in around)

    def _town(self, n: int) -> Town:
        _, _, country, region, name, population, zone = self._lines[n].decode().split("\t")
        here = self._latitudes[n], self._longitudes[n]
        return Town(name, region, country, *here, int(population), zone)


@cache
def load() -> Places:
    """The file shipped with the package, read once: a quarter of a second."""
    packed = resources.files(__package__).joinpath("data/towns.tsv.gz").read_bytes()
    return Places(packed, land.load())


def metres(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """The way over a round earth between two positions in degrees."""
    south, north = math.radians(latitude1), math.radians(latitude2)
    half_up = math.sin((north - south) / 2)
    half_round = math.sin(math.radians(longitude2 - longitude1) / 2)
    square = half_up * half_up + math.cos(south) * math.cos(north) * half_round * half_round
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(square)))


def moved(latitude: float, longitude: float, eighth: int, by_m: float) -> tuple[float, float]:
    """A position a few kilometres on, in eighths of a turn from north."""
    north = by_m * math.cos(eighth * math.pi / 4) / EARTH_RADIUS_M
    east = by_m * math.sin(eighth * math.pi / 4) / EARTH_RADIUS_M
    there = max(-89.9, min(89.9, latitude + math.degrees(north)))
    turned = longitude + math.degrees(east) / math.cos(math.radians(there))
    return there, (turned + 540) % 360 - 180


def _direction(
    from_latitude: float, from_longitude: float, to_latitude: float, to_longitude: float
) -> int:
    south, north = math.radians(from_latitude), math.radians(to_latitude)
    turned = math.radians(to_longitude - from_longitude)
    east = math.sin(turned) * math.cos(north)
    up = math.cos(south) * math.sin(north) - math.sin(south) * math.cos(north) * math.cos(turned)
    return round(math.atan2(east, up) / (math.pi / 4)) % 8
