"""Where saying a country would take a side in a dispute that a post need not take.

There a place is a town and its region, and no country; where the region's
name itself is one side's, the town alone. A wearer's plan may give the words
to use instead.
"""

from collections.abc import Mapping

from outcry.responder.maps.land import Bounds

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


_BOXES = (  # generous, for to say less is always right
    Bounds(32.4, 44.3, 36.7, 46.25),  # Crimea
    Bounds(-17.2, 20.7, -8.6, 27.7),  # Western Sahara
    Bounds(34.9, 31.2, 35.6, 32.6),  # the West Bank with Jerusalem
    Bounds(34.2, 31.2, 34.57, 31.6),  # Gaza
    Bounds(35.6, 32.6, 35.95, 33.4),  # the Golan Heights
    Bounds(73.3, 32.4, 80.4, 37.1),  # Kashmir, Siachen, Aksai Chin
    Bounds(43.4, 42.0, 44.6, 42.7),  # South Ossetia
    Bounds(46.2, 39.2, 47.2, 40.4),  # Karabakh
    Bounds(32.6, 35.1, 34.6, 35.75),  # the north of Cyprus
    Bounds(27.8, 9.3, 29.0, 10.9),  # Abyei
    Bounds(33.2, 21.9, 37.0, 23.2),  # Halaib and Bir Tawil
    Bounds(42.7, 8.0, 49.1, 11.5),  # Somaliland
)


def is_disputed(latitude: float, longitude: float, country: str, region: str) -> bool:
    """Whether no country is to be named for a position (degrees) whose nearest town is this."""
    return (
        country in COUNTRIES
        or region in REGIONS.get(country, ())
        or any(box.holds(longitude, latitude) for box in _BOXES)
    )


def is_one_sides(country: str, region: str) -> bool:
    """Whether this region's name is one side's when it is named in a disputed place."""
    return region in _ONE_SIDES.get(country, ())
