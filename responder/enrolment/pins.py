"""People's PINs: made at enrolment, kept as scrypt hashes, and guessed slowly."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable

PIN_DIGITS = 6
SALT_BYTES = 16
# 2**14 x 8 x 128 bytes = 16 MB and about 50 ms a try; RFC 7914 names these for interactive use.
_COST, _BLOCK, _LANES = 2**14, 8, 1
_AT_ONCE = threading.BoundedSemaphore(2)  # 32 MB at most, however many try at the same time

FREE_TRIES = 3  # a frightened thumb slips; the fourth wrong PIN in a row waits
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
FORGET_AFTER_S = 3600.0
_SOURCES_KEPT = 10_000


def create_pin(random: Callable[[int], bytes]) -> str:
    """Six digits, each PIN equally likely; ``random(n)`` gives n secret bytes."""
    return f"{draw(10**PIN_DIGITS, random):0{PIN_DIGITS}d}"


def draw(span: int, random: Callable[[int], bytes]) -> int:
    """A number from 0 to below ``span`` (at most 2**32), each equally likely."""
    fair = 2**32 - 2**32 % span
    while True:
        number = int.from_bytes(random(4), "big")
        if number < fair:
            return number % span


def hash_pin(pin: str, salt: bytes) -> bytes:
    """The hash to keep in the PIN's place."""
    with _AT_ONCE:
        return hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=_BLOCK, p=_LANES, dklen=32)


def is_pin(pin: str, salt: bytes, pin_hash: bytes) -> bool:
    """Whether this is the PIN that was hashed."""
    return hmac.compare_digest(hash_pin(pin, salt), pin_hash)


def plain_pin(typed: str) -> str | None:
    """The digits of what was typed, spaces and dashes aside; None if that cannot be a PIN."""
    digits = "".join(typed.split()).replace("-", "")
    fits = digits.isascii() and digits.isdigit() and PIN_DIGITS <= len(digits) <= 12
    return digits if fits else None


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
