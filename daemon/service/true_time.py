"""What time it is, as far as something in this boot vouches for it.

A Zero's clock goes on from where it was switched off until something sets it. Ours counts from the
monotonic clock, which nothing steps (docs/decisions/0020-the-device-keeps-its-own-time.md).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from outcry.daemon.outbox.private_files import write_whole
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.hw.gps import Gps, is_credible
from outcry.hw.modem import Modem

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd(8)
SLACK_S = 1.0
FILE_NAME = "clock"
BEFORE = ", before the service started"


def synchronised_at() -> float | None:
    """When NTP last set the system's clock in this boot, by that clock."""
    with suppress(OSError):
        return SYNCHRONISED.stat().st_mtime
    return None


@dataclass(eq=False, repr=False)
class TrueTime:
    """The time by the best source. ``_wall()`` is the system's clock in Unix seconds.

    Each source tells the Unix time at which ``_clock()`` was 0. Where they disagree the first one
    wins: NTP compares servers; a receiver is exact but may miscount weeks; an operator's clock is
    known to be hours off at times. What NTP set before this run, anybody may have stepped since, by
    less than the uptime: a receiver knows better. What an earlier run of this boot knew
    comes right after the same source of now. ``_written_to`` is the file for the unit that sets the
    system's clock, if one may.
    """

    _clock: Callable[[], float]
    _wall: Callable[[], float]
    _synchronised_at: Callable[[], float | None]
    _gps: Gps
    _modem: Modem
    _memory: Memory
    _written_to: Path | None = None

    def __post_init__(self) -> None:
        self._seen_at: float | None = None
        self._at_start = self._synchronised_at()
        self._ntp: float | None = None
        self._written = 0.0
        self._sources: dict[str, Callable[[], float | None]] = {
            "NTP": lambda: self._by_ntp(since_start=True),
            "GPS": lambda: self._gps.zero,
            f"NTP{BEFORE}": self._by_ntp,
            "the mobile network": lambda: self._modem.status().network_zero,
        }

    def now(self) -> float | None:
        """Unix seconds; ``None`` while nothing has vouched for any."""
        return self.told()[0]

    def told(self) -> tuple[float, str] | tuple[None, None]:
        """The time, and what vouches for it."""
        uptime = self._clock()
        for source, zero_by in self._sources.items():
            zero, kept = zero_by(), self._memory.time
            if zero is not None and is_credible(zero + uptime):
                if kept is None or kept[1] != source or abs(zero - kept[0]) > SLACK_S:
                    self._memory.remember_time(zero, source)
                self._write(zero)
                return zero + uptime, source
            if kept is not None and kept[1] == source and is_credible(kept[0] + uptime):
                self._write(kept[0])
                return kept[0] + uptime, source.removesuffix(BEFORE) + BEFORE
        return None, None

    def _write(self, zero: float) -> None:
        """Once, and again when it is known better."""
        if self._written_to is not None and abs(zero - self._written) > SLACK_S:
            self._written = zero
            with suppress(OSError):  # then the system's clock stays as it is
                write_whole(self._written_to, f"{zero}\n")

    def _by_ntp(self, since_start: bool = False) -> float | None:
        """The system's clock is looked at when NTP has set it: anybody may step it afterwards."""
        at, wall, uptime = self._synchronised_at(), self._wall(), self._clock()
        if at is not None and at != self._seen_at:
            self._seen_at = at
            if -SLACK_S <= wall - at <= uptime + SLACK_S:  # else it was stepped since
                self._ntp = wall - uptime
        return None if since_start and self._seen_at == self._at_start else self._ntp
