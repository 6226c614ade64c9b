"""What time it is, as far as something in this boot vouches for it.

A Zero has no clock of its own: until something sets it, the system's goes on from where it was
switched off. Ours counts from the monotonic clock, which nothing steps, and the system's clock is
never touched (docs/decisions/0020-the-device-keeps-its-own-time.md).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from outcry.daemon.outbox.runtime_cache import Memory
from outcry.hw.gps import Gps
from outcry.hw.modem import Modem

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd(8)
CLOCK_SET_AFTER = 1_760_000_000  # October 2025: this program did not run before
CREDIBLE_UNTIL = CLOCK_SET_AFTER + 473_364_000  # 15 years: GPS weeks miscounted are 19.6 off
SLACK_S = 1.0


def is_credible(time: float) -> bool:
    """Whether this can be the time, in Unix seconds, while this version is in use."""
    return CLOCK_SET_AFTER <= time <= CREDIBLE_UNTIL


def synchronised_at() -> float | None:
    """When the system's clock was last synchronised by NTP in this boot, by that clock."""
    try:
        return SYNCHRONISED.stat().st_mtime
    except OSError:
        return None


class TrueTime:
    """The best of the sources. Each tells the Unix time at which ``clock()`` was 0, or ``None``.

    Where they disagree the first in order wins: NTP compares servers and goes on comparing; a
    receiver is exact, but may miscount weeks; an operator's clock is known to be hours off at times.
    ``wall()`` is the system's clock in Unix seconds, ``synchronised_at()`` when that was set right.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        wall: Callable[[], float],
        synchronised_at: Callable[[], float | None],
        gps: Gps,
        modem: Modem,
        memory: Memory,
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._synchronised_at = synchronised_at
        self._memory = memory
        self._ntp: tuple[float | None, float | None] = None, None
        self._sources: dict[str, Callable[[], float | None]] = {
            "NTP": self._by_ntp,
            "GPS": lambda: gps.zero,
            "the mobile network": lambda: modem.status().network_zero,
            "an earlier run": lambda: memory.zero,
        }

    def now(self) -> float | None:
        """Unix seconds; ``None`` while nothing has vouched for any."""
        return self._told()[0]

    @property
    def source(self) -> str | None:
        """What vouches for the time."""
        return self._told()[1]

    def _told(self) -> tuple[float, str] | tuple[None, None]:
        uptime = self._clock()
        for source, told in self._sources.items():
            zero = told()
            if zero is not None and is_credible(zero + uptime):
                self._memory.remember_zero(zero)
                return zero + uptime, source
        return None, None

    def _by_ntp(self) -> float | None:
        """Looked at anew only when NTP has set the clock anew: anybody may step it afterwards."""
        at = self._synchronised_at()
        if at is not None and at != self._ntp[0]:
            since_s, uptime = self._wall() - at, self._clock()
            stepped = not -SLACK_S <= since_s <= uptime + SLACK_S
            self._ntp = at, self._ntp[1] if stepped else self._wall() - uptime
        return self._ntp[1]
