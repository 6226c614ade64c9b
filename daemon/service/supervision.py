"""Supervision while all is calm: heartbeats, and what is wrong with the device before it matters.

A heartbeat goes at every interval, and at once when something that helps an
alarm has failed or recovered, but never more often than once a minute: HQ is to
learn of a dying battery while there is still time. The first one goes a minute
after the start: a device that starts again and again must not seem silent.
"""

from __future__ import annotations

from outcry.report import NO_FLAGS, Flag

AT_ONCE_GAP_S = 60.0
FIRST_S = 60.0  # from the start; by then a modem is registered and connected
TROUBLES = (
    Flag.BUTTON_STUCK
    | Flag.STRAP_LOOSE
    | Flag.STRAP_FAULT
    | Flag.JAMMING
    | Flag.UNDER_VOLTAGE
    | Flag.BATTERY_LOW
    | Flag.CARD_FAULT
)
RECOVERED_MV = 100  # a battery that rests recovers by less


class Supervision:
    """When the next heartbeat is due, in seconds of the loop's clock, and the marks it carries."""

    def __init__(self, interval_s: float, battery_low_mv: int, now: float) -> None:
        self._interval_s = interval_s
        self._battery_low_mv = battery_low_mv
        self._sent_at = self._began_at = now
        self._due = now + min(interval_s, FIRST_S)
        self._told = NO_FLAGS
        self._battery_low = False
        self.answered_at: float | None = None
        """When HQ last answered over data, a heartbeat or a report."""

    @property
    def due(self) -> float:
        """When to send the next heartbeat."""
        return self._due

    def is_silent(self, now: float) -> bool:
        """Whether HQ has answered nothing for two and a half intervals, its own limit for us."""
        heard_at = self._began_at if self.answered_at is None else self.answered_at
        return now - heard_at > 2.5 * self._interval_s

    def battery(self, millivolts: int | None) -> Flag:
        """The mark for a battery below the limit, until it is well above again."""
        if millivolts is not None:
            limit = self._battery_low_mv + (RECOVERED_MV if self._battery_low else 0)
            self._battery_low = millivolts < limit
        return Flag.BATTERY_LOW if self._battery_low else NO_FLAGS

    def look(self, flags: Flag, now: float) -> None:
        """The marks as they are now; one that came or went brings the next heartbeat forward."""
        if flags & TROUBLES != self._told & TROUBLES:
            self._due = min(self._due, max(now, self._sent_at + AT_ONCE_GAP_S))

    def sent(self, flags: Flag, now: float) -> None:
        """A heartbeat with these marks went out."""
        self._told = flags
        self._sent_at = now
        self._due = now + self._interval_s
