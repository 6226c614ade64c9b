"""What the devices say the time is: where they agree against HQ's clock, it is that which is wrong.

Heartbeats tell it: they never wait, and an old one is refused.
"""

import threading
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from outcry.report import Flag, Report

WRONG_S = 300.0  # that far off, people's texts and the authenticators' codes go wrong
AGREE_S = 120.0  # between two devices' clocks, with what a slow network adds
HEARD_WITHIN_S = 3600.0
CHECK_EVERY_S = 60.0
MOST = 1000  # devices remembered: more do not make it surer


class _Said(NamedTuple):
    at: float
    ahead_s: float
    vouched: bool


class DeviceClocks:
    """Compares; safe to call from any thread. ``on_doubt`` is told how many seconds HQ's clock is
    ahead, at most once a minute."""

    def __init__(self, on_doubt: Callable[[float], None]) -> None:
        self._on_doubt = on_doubt
        self._lock = threading.Lock()
        self._said: dict[int, _Said] = {}
        self._checked_at = float("-inf")

    def hear(self, device: int, beat: Report, now: float) -> None:
        """A heartbeat was taken now (Unix seconds, by HQ's clock)."""
        if Flag.CLOCK_UNSET in beat.flags:
            return
        with self._lock:
            self._said.pop(device, None)
            vouched = Flag.CLOCK_VOUCHED in beat.flags
            self._said[device] = _Said(now, now - beat.sent_at, vouched)
            if len(self._said) > MOST:
                del self._said[next(iter(self._said))]
            if 0 <= now - self._checked_at < CHECK_EVERY_S:
                return
            self._checked_at = now
            ahead_s = self._ahead_s(now)
        if ahead_s is not None:
            self._on_doubt(ahead_s)

    def _ahead_s(self, now: float) -> float | None:
        """How far HQ's clock is ahead, by most of those heard lately; None: they do not say so.

        One device alone is believed if something has vouched for its time.
        """
        lately = [said for said in self._said.values() if abs(now - said.at) <= HEARD_WITHIN_S]
        ahead_s = median(said.ahead_s for said in lately)
        agree = [said for said in lately if abs(said.ahead_s - ahead_s) <= AGREE_S]
        sure = lately[0].vouched if len(lately) == 1 else 2 * len(agree) > len(lately)
        return ahead_s if sure and abs(ahead_s) > WRONG_S else None
