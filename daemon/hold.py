"""What counts as holding the button: a pure function over its edges.

A hand that struggles opens the contact for moments; a contact that bounces
closes for moments. Openings up to 50 ms do not end a hold, closures under
50 ms do not begin one, and a hold counts while the button is still down.
gpiozero's own ``when_held`` is cancelled by one opening of 5 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BRIDGED_OPENING_S = 0.050
SHORTEST_CLOSURE_S = 0.050
_GRAIN_S = 1e-6  # times are floats: 50 ms told as 50.00000004 ms is still 50 ms


@dataclass(frozen=True)
class Button:
    """The button as its edges have shown it so far. Times in seconds of one clock.

    ``began_at`` is when the present hold began, ``None`` when there is none;
    ``counted`` says that it was long enough and has been told.
    """

    closed: bool = False
    changed_at: float = 0.0
    began_at: float | None = None
    counted: bool = False


def edge(button: Button, closed: bool, at: float, hold_s: float) -> tuple[Button, bool]:
    """The button after the contact closed or opened, and whether a hold became valid before that.

    The time up to ``at`` is looked at first, so a hold counts even if nobody looked in between,
    and a release that came in time prevents it however late it is told.
    """
    button, held = look(button, at, hold_s)
    if closed == button.closed:
        return button, held
    if closed and at - button.changed_at > BRIDGED_OPENING_S + _GRAIN_S:
        button = replace(button, began_at=None, counted=False)
    return replace(button, closed=closed, changed_at=at), held


def look(button: Button, now: float, hold_s: float) -> tuple[Button, bool]:
    """The button at this moment, and whether a hold has just become valid."""
    if not button.closed:  # however long: the edge that ends it may only be told late
        return button, False
    if button.began_at is None:
        if now - button.changed_at < SHORTEST_CLOSURE_S - _GRAIN_S:
            return button, False
        button = replace(button, began_at=button.changed_at)
    assert button.began_at is not None
    if button.counted or now - button.began_at < hold_s - _GRAIN_S:
        return button, False
    return replace(button, counted=True), True


def due(button: Button, hold_s: float) -> float | None:
    """When to look again, or ``None`` if only an edge can change anything."""
    if not button.closed or button.counted:
        return None
    return (button.changed_at if button.began_at is None else button.began_at) + hold_s
