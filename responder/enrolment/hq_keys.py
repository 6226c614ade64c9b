"""HQ's private keys: one file beside the database, not in it.

One base64url key a line, the newest first: reports are sealed for it from the
next enrolment on, while older keys still open what was sealed for them.
"""

import os
from collections.abc import Callable
from pathlib import Path

from outcry.envelope import KEY_BYTES, EnvelopeRefused, from_text, to_text
from outcry.responder.storage.store import make_private

KEY_FILE = "hq.keys"


class KeysInvalid(ValueError):
    """HQ's key file cannot be used; restore it from the backup, every device depends on it."""


def load_or_create(directory: Path, random: Callable[[int], bytes] = os.urandom) -> list[bytes]:
    """HQ's private keys, newest first; the very first call makes one, on disk when it returns.

    Raises :class:`KeysInvalid` for a damaged file, naming no key.
    """
    path = directory / KEY_FILE
    if not path.exists():
        _create(path, random(KEY_BYTES))
    keys = []
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").split(), 1):
        try:
            key = from_text(line)
        except EnvelopeRefused:
            key = b""
        if len(key) != KEY_BYTES:
            raise KeysInvalid(f"{path}: line {number} is not a key; restore the file from backup")
        keys.append(key)
    if not keys:
        raise KeysInvalid(f"{path}: holds no key; restore the file from backup")
    return keys


def replace(directory: Path, keys: list[bytes]) -> None:
    """These are HQ's keys from now on, newest first; on disk when it returns."""
    path = directory / KEY_FILE
    _draft(path, keys).replace(path)
    _sync(directory)


def _create(path: Path, key: bytes) -> None:
    make_private(path.parent)
    draft = _draft(path, [key])
    try:
        os.link(draft, path)  # of two first enrolments at once, one makes the key and both use it
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync(path.parent)


def _draft(path: Path, keys: list[bytes]) -> Path:
    draft = path.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(f"{to_text(key)}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync(directory: Path) -> None:
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
