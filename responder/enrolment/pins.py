"""People's PINs: made at enrolment, kept as scrypt hashes, and guessed slowly."""

import hashlib
import hmac
import threading
from collections.abc import Callable

PIN_DIGITS = 6
SALT_BYTES = 16
# 2**14 x 8 x 128 bytes = 16 MB and about 50 ms a try; RFC 7914 names these for interactive use.
COST, _BLOCK, _LANES = 14, 8, 1
_DIGEST_BYTES = 32
_AT_ONCE = threading.BoundedSemaphore(2)  # 32 MB at most, however many try at the same time


def create_pins(
    count: int, random: Callable[[int], bytes], digits: int = PIN_DIGITS
) -> tuple[str, ...]:
    """So many PINs, all different, each equally likely; ``random(n)`` gives n secret bytes."""
    pins: dict[str, None] = {}
    while len(pins) < count:
        pins[f"{draw(10**digits, random):0{digits}d}"] = None
    return tuple(pins)


def draw(span: int, random: Callable[[int], bytes]) -> int:
    """A number from 0 to below ``span`` (at most 2**32), each equally likely."""
    fair = 2**32 - 2**32 % span
    while True:
        number = int.from_bytes(random(4), "big")
        if number < fair:
            return number % span


def hash_pin(pin: str, salt: bytes, cost: int = COST) -> bytes:
    """The hash to keep in the PIN's place; made at another ``cost``, it says so at its end."""
    with _AT_ONCE:
        digest = hashlib.scrypt(
            pin.encode(), salt=salt, n=2**cost, r=_BLOCK, p=_LANES, dklen=_DIGEST_BYTES
        )
    return digest if cost == COST else digest + bytes([cost])


def is_pin(pin: str, salt: bytes, pin_hash: bytes) -> bool:
    return hmac.compare_digest(hash_pin(pin, salt, cost_of(pin_hash)), pin_hash)


def cost_of(pin_hash: bytes) -> int:
    return pin_hash[_DIGEST_BYTES] if len(pin_hash) > _DIGEST_BYTES else COST


def plain_pin(typed: str) -> str | None:
    """The digits of what was typed, spaces and dashes aside; None if that cannot be a PIN."""
    digits = "".join(typed.split()).replace("-", "")
    fits = digits.isascii() and digits.isdigit() and PIN_DIGITS <= len(digits) <= 12
    return digits if fits else None
