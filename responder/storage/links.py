"""How what HQ writes down is linked: hashes alone, for HQ and for anyone who checks a case file.

An entry of an alarm's history is linked whole. A line of HQ's record is linked by its leaf, the
hash of its salt and what it says: a line can be forgotten, or kept from a reader of a case file,
and the chain goes on over its leaf, from which nothing can be guessed.
"""

import hashlib
import json
import os

SALT_BYTES = 16
_JSON = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
BEGINNING = bytes(32)  # what the first link of a chain is made from


def new_salt() -> bytes:
    """What keeps an entry from being guessed once all that is left of it is a hash."""
    return os.urandom(SALT_BYTES)


def link(previous: bytes | None, salt: bytes, *entry: object) -> bytes:
    """The link after ``previous`` (None: the first) for an entry of plain JSON values."""
    return hashlib.sha256((previous or BEGINNING) + salt + _said(entry)).digest()


def leaf(salt: bytes, *line: object) -> bytes:
    """What a line of plain JSON values is linked by."""
    return hashlib.sha256(salt + _said(line)).digest()


def onto(previous: bytes | None, leaf_: bytes) -> bytes:
    """The link after ``previous`` (None: the first) for a line with this leaf."""
    return hashlib.sha256((previous or BEGINNING) + leaf_).digest()


def _said(values: tuple[object, ...]) -> bytes:
    return _JSON.encode(values).encode("ascii")
