"""The secret parts of links: letters and digits, which every phone takes for a part of the link.

Android ends a link before a dash or an underscore that nothing but a space follows.
"""

import string
from collections.abc import Callable

_ALPHABET = string.digits + string.ascii_letters
_EVENLY = 4  # more bytes than the letters can hold: then none of them is drawn more often


def link_token(length: int, random: Callable[[int], bytes]) -> str:
    """So many characters, each worth 5.95 bits."""
    number = int.from_bytes(random(length * 3 // 4 + _EVENLY), "big")
    return "".join(_ALPHABET[number // 62**n % 62] for n in range(length))
