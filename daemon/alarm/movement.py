"""Whether the wearer moves, decided from fixes and their accuracy alone.

The fixes of a receiver that lies still wander by tens of metres. So a fix counts as
movement only if it is farther from where the wearer last stayed than the errors of both
fixes together, and the wearer stays only after some minutes without that.
"""

import math
from dataclasses import dataclass, replace

EARTH_M = 6_371_000.0  # mean radius (IUGG)
LEAST_M = 50.0  # nearer than this is the same place, whatever accuracy the receiver claims
POOREST_M = 200.0  # a fix worse than this says nothing about movement
UNKNOWN_M = 30.0  # the accuracy of a fix that has none
REST_S = 300.0  # in one place for this long: the wearer stays


@dataclass(frozen=True, repr=False)
class Movement:
    """What the fixes so far have shown. ``moving`` is ``None`` while that is not known."""

    moving: bool | None = None
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float = UNKNOWN_M
    since: float = 0.0

    def __repr__(self) -> str:  # a place must not reach a log
        return f"Movement(moving={self.moving})"


def see(
    movement: Movement, latitude: float, longitude: float, accuracy_m: float | None, at: float
) -> Movement:
    """The movement after a fix: degrees, metres, seconds of one clock.

    A fix that is poor, not on Earth, or older than the last one changes nothing.
    """
    accuracy = UNKNOWN_M if accuracy_m is None else accuracy_m
    usable = abs(latitude) <= 90 and abs(longitude) <= 180 and 0 <= accuracy <= POOREST_M
    if not usable or at < movement.since:
        return movement
    here = replace(movement, latitude=latitude, longitude=longitude, accuracy_m=accuracy, since=at)
    if movement.latitude is None or movement.longitude is None:
        return here
    away_m = distance_m(movement.latitude, movement.longitude, latitude, longitude)
    if away_m > max(LEAST_M, accuracy + movement.accuracy_m):
        return replace(here, moving=True)
    if at - movement.since >= REST_S:
        return replace(movement, moving=False)
    return movement


def distance_m(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Metres along the surface between two places (haversine), degrees in."""
    phi, other_phi = math.radians(latitude), math.radians(other_latitude)
    half_phi = (other_phi - phi) / 2
    half_lambda = math.radians(other_longitude - longitude) / 2
    narrowed = math.cos(phi) * math.cos(other_phi) * math.sin(half_lambda) ** 2
    chord = math.sin(half_phi) ** 2 + narrowed
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(chord)))
