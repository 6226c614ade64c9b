"""A receiver's recording, played a second at a time: gpsd's .log files, NMEA or binary."""

import re
from itertools import cycle
from pathlib import Path

_BINARY_CHUNK = 480  # bytes a second at 4800 baud


class Recording:
    """Plays a file for ever. Raises OSError when it cannot be read, ValueError when empty."""

    def __init__(self, path: Path) -> None:
        data = _without_comments(path.read_bytes())
        if not data:
            raise ValueError(f"{path}: nothing in it but comments")
        self._bursts = cycle(_seconds(data))

    def burst(self) -> bytes:
        """What the receiver said in the next second."""
        return next(self._bursts)


def _without_comments(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    if _is_nmea(data):
        return b"".join(line for line in lines if not line.startswith(b"#"))
    while lines and lines[0].startswith(b"#"):
        del lines[0]
    return b"".join(lines)


def _is_nmea(data: bytes) -> bool:
    return re.search(rb"^\$G[A-Z]{4},", data, re.MULTILINE) is not None


def _seconds(data: bytes) -> list[bytes]:
    """Each burst starts with the kind of sentence the recording's fixes start with."""
    first = re.search(rb"^\$G[A-Z]{2,4},", data, re.MULTILINE)
    if first is None:
        return [data[at : at + _BINARY_CHUNK] for at in range(0, len(data), _BINARY_CHUNK)]
    burst = re.split(rb"(?=^" + re.escape(first.group()) + rb")", data, flags=re.MULTILINE)
    return [each for each in burst if each]
