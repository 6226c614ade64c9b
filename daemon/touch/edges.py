"""What the switches' threads tell the loop. Alone here: arming the button must import little."""

from typing import NamedTuple


class Edge(NamedTuple):
    """The button's contact closed or opened at this moment of the clock (seconds)."""

    closed: bool
    at: float


class StrapEdge(NamedTuple):
    """The strap's loop closed or opened at this moment of the clock (seconds)."""

    closed: bool
    at: float
