"""What the button's thread tells the loop. Alone here, so that arming the button imports little."""

from typing import NamedTuple


class Edge(NamedTuple):
    """The button's contact closed or opened at this moment of the clock (seconds)."""

    closed: bool
    at: float
