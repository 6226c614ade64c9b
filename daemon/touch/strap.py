"""What counts as taking the strap off: a pure function over the edges of a loop of wire.

The loop has to stay open for ``open_s`` seconds; touches of up to 50 ms, as torn
wires make them, do not count. Shorter interruptions, however many, are a loose
contact: that is reported for repair and is no alarm.

A strap that nobody has fastened cannot be taken off: it is armed once it has
stayed closed for two seconds, and each removal is reported once. So a device
switched on in a drawer is silent, and one that restarts on its wearer has to
know that it was worn.

Nothing here depends on the button: neither can mask the other.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from outcry.daemon.touch import hold
from outcry.daemon.touch.hold import GRAIN_S, Hold

WORN_AFTER_S = 2.0  # longer than a buckle takes to settle
LOOSE_OPENINGS = 10
LOOSE_WITHIN_S = 60.0
ONE_OPENING_S = 0.2  # opening again sooner is the same movement: a buckle bounces too
FIRM_AFTER_S = 600.0  # a loose contact shows when the wearer moves, and people sit still


class StrapEvent(Enum):
    """What can happen to a strap; the value is for the journal."""

    OPENED = "the strap was opened"  # taken off, cut or torn; once, until it is closed
    CLOSED = "the strap is on"  # fastened: from now on its removal is an alarm
    LOOSE = "the strap's wire has a loose contact"  # once, until it is firm
    FIRM = "the strap's wire holds again"  # it has stayed closed for ten minutes


@dataclass(frozen=True)
class Strap:
    """What the edges so far say about the loop. Times in seconds of one clock.

    ``worn``: it has been fastened and not removed since; remembered over a restart.
    """

    open: Hold = field(default_factory=Hold)
    closed: Hold = field(default_factory=Hold)
    worn: bool = False
    openings: tuple[float, ...] = ()
    loose: bool = False


def begin(closed: bool, worn: bool, at: float) -> Strap:
    """The strap when the daemon starts: its level at that moment, and whether it was worn before.

    One that was worn and is open now was taken off in between, and that is an alarm.
    """
    state = Hold(on=True, changed_at=at)
    off = Hold(changed_at=at)
    return Strap(open=off if closed else state, closed=state if closed else off, worn=worn)


def edge(
    strap: Strap, closed: bool, at: float, open_s: float
) -> tuple[Strap, tuple[StrapEvent, ...]]:
    """The strap after its loop closed or opened, and what has happened by then."""
    at = max(at, strap.closed.changed_at)
    strap, events = look(strap, at, open_s)
    if closed == strap.closed.on:
        return strap, events
    off, _ = hold.edge(strap.open, not closed, at, open_s)
    on, _ = hold.edge(strap.closed, closed, at, WORN_AFTER_S)
    strap = replace(strap, open=off, closed=on)
    if closed:
        return strap, events
    strap, more = _opened(strap, at)
    return strap, events + more


def look(strap: Strap, now: float, open_s: float) -> tuple[Strap, tuple[StrapEvent, ...]]:
    """The strap at this moment, and what has happened by now."""
    events: list[StrapEvent] = []
    open_, removed = hold.look(strap.open, now, open_s)
    closed, fastened = hold.look(strap.closed, now, WORN_AFTER_S)
    strap = replace(strap, open=open_, closed=closed)
    if removed and strap.worn:
        strap = replace(strap, worn=False)
        events.append(StrapEvent.OPENED)
    if fastened and not strap.worn:
        strap = replace(strap, worn=True)
        events.append(StrapEvent.CLOSED)
    if strap.loose and closed.on and now - closed.changed_at >= FIRM_AFTER_S - GRAIN_S:
        strap = replace(strap, loose=False, openings=())
        events.append(StrapEvent.FIRM)
    return strap, tuple(events)


def due(strap: Strap, open_s: float) -> float | None:
    """When to look again, or ``None`` if only an edge can change anything."""
    dues = [hold.due(strap.open, open_s), hold.due(strap.closed, WORN_AFTER_S)]
    if strap.loose and strap.closed.on:
        dues.append(strap.closed.changed_at + FIRM_AFTER_S)
    return min((time for time in dues if time is not None), default=None)


def _opened(strap: Strap, at: float) -> tuple[Strap, tuple[StrapEvent, ...]]:
    openings = strap.openings
    if openings and at - openings[-1] < ONE_OPENING_S:
        return strap, ()
    openings = (*openings, at)[-LOOSE_OPENINGS:]
    strap = replace(strap, openings=openings)
    many = len(openings) == LOOSE_OPENINGS and at - openings[0] <= LOOSE_WITHIN_S
    if strap.loose or not many:
        return strap, ()
    return replace(strap, loose=True), (StrapEvent.LOOSE,)
