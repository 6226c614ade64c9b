"""Where saying a country would take a side in a dispute that a post need not take.

There a place is a town and its region, and no country; where the region's
name itself is one side's, the town alone. A wearer's plan may give the words
to use instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

COUNTRIES = frozenset({"EH", "FK", "PS", "TW", "XK"})
REGIONS: Mapping[str, tuple[str, ...]] = {
    "AZ": ("Xankǝndi", "Xocalı", "Khojavend", "Shusha"),  # noqa: RUF001 - its name
    "CY": ("Keryneia",),
    "GE": ("Abkhazia",),
    "IN": ("Arunachal Pradesh", "Jammu and Kashmir", "Ladakh"),
    "MD": ("Transnistria",),
    "PK": ("Azad Kashmir", "Gilgit-Baltistan"),
    "SO": ("Awdal", "Sanaag", "Sool", "Togdheer", "Woqooyi Galbeed"),
    "UA": ("Crimea", "Donetsk", "Kherson", "Luhansk", "Sevastopol City", "Zaporizhzhia"),
}
_ONE_SIDES: Mapping[str, tuple[str, ...]] = {
    "IL": ("Judea and Samaria Area", "Northern District", "Jerusalem"),
    "MA": ("Dakhla-Oued Ed-Dahab", "Laâyoune-Sakia El Hamra"),
    "CN": ("Tibet", "Xinjiang"),
    "TW": ("Taiwan",),
}


class _Box(NamedTuple):
    """Degrees; generous, for to say less is always right."""

    south: float
    west: float
    north: float
    east: float


_BOXES = (
    _Box(44.3, 32.4, 46.25, 36.7),  # Crimea
    _Box(20.7, -17.2, 27.7, -8.6),  # Western Sahara
    _Box(31.2, 34.9, 32.6, 35.6),  # the West Bank with Jerusalem
    _Box(31.2, 34.2, 31.6, 34.57),  # Gaza
    _Box(32.6, 35.6, 33.4, 35.95),  # the Golan Heights
    _Box(32.4, 73.3, 37.1, 80.4),  # Kashmir, Siachen, Aksai Chin
    _Box(42.0, 43.4, 42.7, 44.6),  # South Ossetia
    _Box(39.2, 46.2, 40.4, 47.2),  # Karabakh
    _Box(35.1, 32.6, 35.75, 34.6),  # the north of Cyprus
    _Box(9.3, 27.8, 10.9, 29.0),  # Abyei
    _Box(21.9, 33.2, 23.2, 37.0),  # Halaib and Bir Tawil
    _Box(8.0, 42.7, 11.5, 49.1),  # Somaliland
)


def is_disputed(latitude: float, longitude: float, country: str, region: str) -> bool:
    """Whether no country is to be named for a position (degrees) whose nearest town is this."""
    return (
        country in COUNTRIES
        or region in REGIONS.get(country, ())
        or any(
            box.south <= latitude <= box.north and box.west <= longitude <= box.east
            for box in _BOXES
        )
    )


def is_one_sides(country: str, region: str) -> bool:
    """Whether this region's name is one side's when it is named in a disputed place."""
    return region in _ONE_SIDES.get(country, ())
