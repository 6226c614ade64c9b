"""Guessing is slowed: by source, and never for anyone else."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass

FREE_TRIES = 3  # a frightened thumb slips; the fourth wrong PIN in a row waits

FIRST_WAIT_S = 5.0

LONGEST_WAIT_S = 900.0

FORGET_AFTER_S = 3600.0

_SOURCES_KEPT = 10_000


def source_of(address: str) -> str:
    """Who is slowed together: an IPv4 address, or the /64 one IPv6 customer has to himself."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


class Throttle:
    """Slows whoever tries wrong PINs, and nobody else: a contact is never locked out.

    A try is counted before it is checked, so many at once gain nothing; a
    right PIN forgives its source.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def admit(self, source: str, now: float) -> float:
        """Seconds this source has to wait before its next try; 0 admits, and counts, this one."""
        with self._lock:
            count, last = self._tries.get(source, (0, now))
            if now - last > FORGET_AFTER_S:
                count = 0
            wait = last + _wait_after(count) - now
            if wait > 0:
                return wait
            self._tries[source] = (count + 1, now)
            self._tries.move_to_end(source)
            if len(self._tries) > _SOURCES_KEPT:
                self._tries.popitem(last=False)
            return 0.0

    def forgive(self, source: str) -> None:
        """The PIN was right."""
        with self._lock:
            self._tries.pop(source, None)


def _wait_after(count: int) -> float:
    if count < FREE_TRIES:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** (count - FREE_TRIES), LONGEST_WAIT_S)


@dataclass
class TooSoon(Exception):
    """After wrong tries, wait ``seconds`` before the next."""

    seconds: float
