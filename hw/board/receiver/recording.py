"""A receiver's recording, played a second at a time: gpsd's .log files, NMEA or binary."""

import re
from collections.abc import Iterator
from itertools import cycle, dropwhile, filterfalse
from pathlib import Path

_BINARY_CHUNK = 480  # bytes a second at 4800 baud


def recorded(path: Path) -> Iterator[bytes]:
    """What the receiver said, second by second, for ever.

    Raises OSError when the file cannot be read, ValueError when it is empty.
    """
    data = _without_comments(path.read_bytes())
    if not data:
        raise ValueError(f"{path}: nothing in it but comments")
    return cycle(_seconds(data))


def _without_comments(data: bytes) -> bytes:
    """Anywhere in NMEA; in what is binary, only at its head."""
    is_nmea = re.search(rb"^\$G[A-Z]{4},", data, re.MULTILINE) is not None
    lines = data.splitlines(keepends=True)
    kept = (filterfalse if is_nmea else dropwhile)(lambda line: line.startswith(b"#"), lines)
    return b"".join(kept)


def _seconds(data: bytes) -> list[bytes]:
    """Each burst starts with the kind of sentence the recording's fixes start with."""
    first = re.search(rb"^\$G[A-Z]{2,4},", data, re.MULTILINE)
    if first is None:
        return [data[at : at + _BINARY_CHUNK] for at in range(0, len(data), _BINARY_CHUNK)]
    burst = re.split(rb"(?=^" + re.escape(first.group()) + rb")", data, flags=re.MULTILINE)
    return [each for each in burst if each]
