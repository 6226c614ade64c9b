"""What counts as holding a switch: a pure function over its edges.

In a struggle the contact opens for moments, and a bouncing contact closes for
moments. Openings up to 50 ms do not end a hold, closures under 50 ms do not
begin one, and a hold counts while it still lasts. gpiozero's own ``when_held``
is cancelled by one opening of 5 ms.

``on`` is the side that is held: closed for a button, open for a strap.
"""

from dataclasses import dataclass, replace

BRIDGED_S = 0.050  # a struggling hand slips for no longer, and a torn wire touches for no longer
SHORTEST_S = 0.050  # contacts bounce for 1 to 20 ms; no person is this quick
GRAIN_S = 1e-6  # times are floats: 50 ms told as 50.00000004 ms is still 50 ms


@dataclass(frozen=True)
class Hold:
    """What the edges so far say about a switch. Times in seconds of one clock.

    ``began_at`` is when the latest hold began, ``None`` if there is none;
    ``counted``: it was long enough and has been reported.
    """

    on: bool = False
    changed_at: float = 0.0
    began_at: float | None = None
    counted: bool = False

    def is_over(self, now: float) -> bool:
        """Whether it has been off for too long to be the same hold when it goes on again."""
        return not self.on and now - self.changed_at > BRIDGED_S + GRAIN_S


def edge(hold: Hold, on: bool, at: float, hold_s: float) -> tuple[Hold, bool]:
    """The switch after it went on or off, and whether a hold became valid before that.

    The time up to ``at`` counts first: a hold is valid even if nobody looked in between, and a
    release in time prevents it however late it is reported. An edge that comes out of order counts
    as if it came with the one before it.
    """
    at = max(at, hold.changed_at)
    hold, held = look(hold, at, hold_s)
    if on == hold.on:
        return hold, held
    if on and hold.is_over(at):
        hold = replace(hold, began_at=None, counted=False)
    return replace(hold, on=on, changed_at=at), held


def look(hold: Hold, now: float, hold_s: float) -> tuple[Hold, bool]:
    """The switch at this moment, and whether a hold has just become valid."""
    if not hold.on:  # for however long: the edge that ends it may still come
        return hold, False
    if hold.began_at is None:
        if now - hold.changed_at < SHORTEST_S - GRAIN_S:
            return hold, False
        hold = replace(hold, began_at=hold.changed_at)
    assert hold.began_at is not None
    if hold.counted or now - hold.began_at < hold_s - GRAIN_S:
        return hold, False
    return replace(hold, counted=True), True


def due(hold: Hold, hold_s: float) -> float | None:
    """When to look again, or ``None`` if only an edge can change anything."""
    if not hold.on or hold.counted:
        return None
    return (hold.changed_at if hold.began_at is None else hold.began_at) + hold_s
