"""What a receiver itself says: its sentences (NMEA 0183), as gpsd passes them on.

gpsd's own answer repeats a place for as long as anything comes: a date, satellites, a speed.
"""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import dist

READ_SIZE = 4096
SENTENCE_MOST = 120  # bytes; the standard says 82
_BURST = 3  # RMC, GLL and GNS are the sentences that tell of a place by a letter
_SAME_DEG = 1e-5  # a metre; most sentences have four digits or more after a minute's point
# Each says by itself that this is a place, and one of satellites: RMC and GLL by A, GGA by a quality,
# GNS by a letter for one of its systems, and none by a mode, if it tells one, that is a guess (E
# dead reckoning, M by hand, S simulated) or nothing (N). gpsd makes such sentences of binary ones.
_PLACED = re.compile(
    rb"\$..(?:RMC,[^,$]*,A(?=[^$*\r\n]*[*\r\n])(?!(?:,[^,$]*){9},[EMNS])"
    rb"|GGA,[^,$]*(?=(?:,[^,$]*){4},[1-59])"
    rb"|GNS,[^,$]*(?=(?:,[^,$]*){4},[EMNS]*[A-DF-LO-RT-Z])"
    rb"|GLL(?=(?:,[^,$]*){5},A(?:,[^,$EMNS]?)?[*\r\n]))"
    rb",(\d+)(\d\d\.?\d*),([NS]),(\d+)(\d\d\.?\d*),([EW]),"
)
# Each says that its place is a guess. Of an M, S or N gpsd 3.22 does not pass that on.
_GUESSED = re.compile(
    rb"\$..(?:RMC,[^,]*,A(?:,[^,]*){9},[EMNS]|GLL(?:,[^,]*){5},A,[EMS]|GNS(?:,[^,]*){5},N*[EMS])"
)


def places(sentences: bytes) -> Iterator[tuple[float, float]]:
    """The places that these tell, as latitude and longitude in degrees; rubbish tells none."""
    for north, minutes_north, ns, east, minutes_east, ew in _PLACED.findall(sentences):
        latitude = float(north) + float(minutes_north) / 60
        longitude = float(east) + float(minutes_east) / 60
        yield -latitude if ns == b"S" else latitude, -longitude if ew == b"W" else longitude


def says(sentences: Iterator[bytes], place: tuple[float, float]) -> bool:
    """Whether this place (degrees) is among what these tell."""
    return any(dist(place, said) < _SAME_DEG for line in sentences for said in places(line))


def guesses(sentences: Iterator[bytes]) -> bool:
    """Whether each place that a burst of these tells is a guess."""
    said = 0
    for line in sentences:
        said += _GUESSED.search(line) is not None
        if said > _BURST or any(places(line)):
            return said > _BURST
    return said > 0


def heard(
    gpsd: tuple[str, int], device: str | None, left_s: Callable[[], float]
) -> Iterator[bytes]:
    """What the receiver says before ``left_s`` falls to 0, or gpsd hangs up.

    ``device`` is its path; ``None`` hears all.
    """
    watch = {"enable": True, "nmea": True} | ({} if device is None else {"device": device})
    come = b""
    with suppress(OSError), socket.create_connection(gpsd, max(left_s(), 0.001)) as connection:
        connection.sendall(f"?WATCH={json.dumps(watch)};\n".encode())
        while (limit_s := left_s()) > 0:
            connection.settimeout(limit_s)
            data = connection.recv(READ_SIZE)
            if not data:
                break
            *lines, come = (come[-SENTENCE_MOST:] + data).split(b"\n")
            yield from (line + b"\n" for line in lines)
