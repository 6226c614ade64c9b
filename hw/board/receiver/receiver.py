"""A GPS receiver's sentences (NMEA 0183), one burst a second, in the states a field knows."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor
from typing import Literal

State = Literal["on", "off", "few", "rollover", "placeless", "silent"]
STATES: tuple[State, ...] = ("on", "off", "few", "rollover", "placeless", "silent")

POSITION = (43.3178, 45.6949)
ROLLOVER = timedelta(weeks=2048)
_SKY = (  # number, elevation, azimuth (degrees), signal (dB-Hz)
    (5, 62, 41, 44),
    (7, 35, 132, 40),
    (13, 71, 287, 45),
    (15, 28, 205, 37),
    (20, 44, 77, 41),
    (24, 18, 310, 33),
    (28, 55, 176, 43),
    (30, 12, 20, 30),
)
_FULL = (len(_SKY), 3, "1.10", "1.90")
_LESS = {"off": (0, 1, "", ""), "few": (3, 2, "8.50", "12.00")}
"""Of a fix, the satellites used, the dimensions (1: none), HDOP and PDOP."""

_METRES_A_DEGREE = 111_320.0
_KNOTS = 1.943844  # in a metre a second


@dataclass
class Receiver:
    """Position in degrees, speed in metres a second, course in degrees from north.

    States: ``on`` a 3D fix; ``off`` none; ``few`` three satellites, a 2D fix; ``rollover`` a fix
    dated 2048 weeks ago; ``placeless`` the time and the satellites, but neither a place nor that there
    is none; ``silent`` not a byte.
    """

    latitude: float = POSITION[0]
    longitude: float = POSITION[1]
    speed: float = 0.0
    course: float = 70.0
    altitude: float = 130.0
    state: State = "on"

    def move(self, seconds: float) -> None:
        metres = self.speed * seconds
        north = metres * math.cos(math.radians(self.course))
        east = metres * math.sin(math.radians(self.course))
        self.latitude = max(-90.0, min(90.0, self.latitude + north / _METRES_A_DEGREE))
        shrink = max(0.01, math.cos(math.radians(self.latitude)))
        self.longitude = (self.longitude + east / _METRES_A_DEGREE / shrink + 180) % 360 - 180

    def burst(self, moment: datetime) -> bytes:
        """The sentences of one second."""
        if self.state == "silent":
            return b""
        moment = moment.astimezone(UTC)
        if self.state == "rollover":
            moment -= ROLLOVER
        used, dimensions, hdop, pdop = _LESS.get(self.state, _FULL)
        place = f"{_angle(self.latitude, 2, 'NS')},{_angle(self.longitude, 3, 'EW')}"
        where = place if used else ",,,"
        height = f"{self.altitude:.1f},M,20.0,M,," if dimensions == 3 else ",M,,M,,"
        numbers = [f"{each[0]:02d}" for each in _SKY[:used]] + [""] * (12 - used)
        motion = f"{self.speed * _KNOTS:.2f},{self.course:.2f}" if used else ","
        valid, mode = ("A", "A") if used else ("V", "N")
        if self.state == "placeless":
            return b"".join(
                map(framed, [*self._gsv(used), f"GPZDA,{moment:%H%M%S.00,%d,%m,%Y},00,00"])
            )
        sentences = [
            f"GPGGA,{moment:%H%M%S}.00,{where},{int(used > 0)},{used:02d},{hdop},{height}",
            f"GPGSA,A,{dimensions},{','.join(numbers)},{pdop},{hdop},{pdop}",
            *self._gsv(used),
            f"GPRMC,{moment:%H%M%S}.00,{valid},{where},{motion},{moment:%d%m%y},,,{mode}",
        ]
        return b"".join(framed(sentence) for sentence in sentences)

    def _gsv(self, used: int) -> list[str]:
        seen = _SKY if used != 3 else _SKY[:4]
        signal = 0 if used else 25  # weaker without a fix
        blocks = [seen[start : start + 4] for start in range(0, len(seen), 4)]
        return [
            f"GPGSV,{len(blocks)},{number},{len(seen):02d},"
            + ",".join(f"{n:02d},{e:02d},{a:03d},{s - signal:02d}" for n, e, a, s in block)
            for number, block in enumerate(blocks, 1)
        ]


def framed(sentence: str) -> bytes:
    """Dollar, checksum and line end around a sentence."""
    return f"${sentence}*{reduce(xor, sentence.encode('ascii')):02X}\r\n".encode("ascii")


def _angle(degrees: float, width: int, sides: str) -> str:
    """Degrees and minutes, and on which side of zero: N or S, E or W."""
    ten_thousandths = round(abs(degrees) * 60 * 10_000)
    whole, rest = divmod(ten_thousandths, 60 * 10_000)
    return f"{whole:0{width}d}{rest / 10_000:07.4f},{sides[degrees < 0]}"
