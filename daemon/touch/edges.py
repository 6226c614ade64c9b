"""What the switches' threads put into the queue. A module of its own: arming must import little."""

from typing import NamedTuple


class Edge(NamedTuple):
    """The button's contact closed or opened at this moment of the clock (seconds)."""

    closed: bool
    at: float


class StrapEdge(NamedTuple):
    """The strap's loop closed or opened at this moment of the clock (seconds)."""

    closed: bool
    at: float
