"""Guessing is slowed: by source, and never for anyone else."""

import ipaddress
import math
import threading
from collections import OrderedDict

from starlette.responses import Response

FREE_TRIES = 3  # a frightened thumb slips; the fourth wrong PIN in a row waits
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
FORGET_AFTER_S = 3600.0
SOURCES_KEPT = 10_000


class TooSoon(Exception):
    """After wrong tries, wait ``wait_s`` seconds, a whole number, before the next."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.wait_s = math.ceil(seconds)

    def told_by(self, page: Response) -> Response:
        """The page, with a header that tells programs how long to wait."""
        page.headers["Retry-After"] = str(self.wait_s)
        return page


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
    """Slows the source of wrong PINs or passwords and nobody else: no contact is ever locked out.

    A try is counted before it is checked, so many at once gain nothing; a right PIN forgives its
    source.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tries)

    def admit(self, source: str, now: float) -> None:
        """Count this try; raises :class:`TooSoon`, counting nothing, if its source has to wait."""
        with self._lock:
            count, last = self._tries.get(source, (0, now))
            if now - last > FORGET_AFTER_S:
                count = 0
            wait = last + _wait_after(count) - now
            if wait > 0:
                raise TooSoon(wait)
            self._tries[source] = (count + 1, now)
            self._tries.move_to_end(source)
            if len(self._tries) > SOURCES_KEPT:
                self._tries.popitem(last=False)

    def forgive(self, source: str) -> None:
        with self._lock:
            self._tries.pop(source, None)


def _wait_after(count: int) -> float:
    if count < FREE_TRIES:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** (count - FREE_TRIES), LONGEST_WAIT_S)
