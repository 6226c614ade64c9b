"""People's PINs: made at enrolment, kept as scrypt hashes, and guessed slowly."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable

PIN_DIGITS = 6
SALT_BYTES = 16
# 2**14 x 8 x 128 bytes = 16 MB and about 50 ms a try; RFC 7914 names these for interactive use.
_COST, _BLOCK, _LANES = 2**14, 8, 1
_AT_ONCE = threading.BoundedSemaphore(2)  # 32 MB at most, however many try at the same time


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
