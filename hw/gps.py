"""The position, from gpsd through gpsd-py3.

Absence is a type: :class:`Fix` or :class:`NoFix` with a reason, never a zero or
a default. gpsd-py3 answers 0.0 for what gpsd did not say, raises IndexError
before the first reading and waits for ever on a silent gpsd; all of that ends
here. A receiver's date may be years off (week number rollover), so it is not
used: a fix is new when its timestamp or place differs from the last one's, and
its age is counted by our own clock.
"""

from __future__ import annotations

import logging
import math
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

import gpsd

log = logging.getLogger("outcry.gps")

CALL_LIMIT_S = 5.0  # gpsd answers a poll in milliseconds; a dead one never does
ASK_LIMIT_S = 10.0  # for a whole conversation, however slowly its bytes come
LINE_MOST = 65_536  # ten times the longest answer, one with 140 satellites
READ_SIZE = 4096
_MODE_2D = 2  # gpsd's TPV.mode: 0 unknown, 1 no fix, 2 2D, 3 3D


class NoFixReason(Enum):
    NO_GPSD = "gpsd does not answer: is gpsd.service running?"
    NO_RECEIVER = "gpsd gets nothing from a receiver: check its cable and /etc/default/gpsd"
    NO_SATELLITES = "the receiver sees too few satellites"
    NOT_ASKED_YET = "gpsd has not been asked yet"


@dataclass(frozen=True, repr=False)
class Fix:
    """A position in degrees (WGS 84), accurate to ``accuracy_m`` metres if gpsd says so.

    ``taken_at`` is seconds of our clock when gpsd first had it.
    """

    latitude: float
    longitude: float
    accuracy_m: float | None
    taken_at: float

    def __repr__(self) -> str:  # a position must not reach a log by way of a traceback
        return "Fix(<hidden>)"


@dataclass(frozen=True)
class NoFix:
    """There is no position now."""

    reason: NoFixReason


class Gps:
    """A thread that asks gpsd and passes on each answer.

    ``on_reading`` runs in this thread; ``beat`` is called after every bounded call. Polls come
    every ``idle_s`` seconds, every ``eager_s`` while :meth:`hurry` is on.
    """

    def __init__(
        self,
        host: str,
        port: int,
        on_reading: Callable[[Fix | NoFix], None],
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
        idle_s: float = 5.0,
        eager_s: float = 1.0,
    ) -> None:
        self._address = (host, port)
        self._on_reading = on_reading
        self._clock = clock
        self._beat = beat
        self._waits = {False: idle_s, True: eager_s}
        self._eager = False
        self._wake = threading.Event()
        self._stopping = False
        self.connected = False
        self._until = 0.0
        self._last_stamp: tuple[str, float, float] | None = None
        self._last_fix: Fix | None = None
        self._thread = threading.Thread(target=self._run, name="gps", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = CALL_LIMIT_S) -> None:
        """End the thread, waiting at most ``timeout_s`` seconds."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def hurry(self, on: bool) -> None:
        """Ask every second instead of every few: an alarm is open."""
        self._eager = on
        self._wake.set()

    def ask(self) -> Fix | NoFix:
        """Ask gpsd once, for :data:`ASK_LIMIT_S` at most."""
        self._until = self._clock() + ASK_LIMIT_S
        try:
            if not self.connected:
                self._connect()
            return self._read(gpsd.get_current())
        except (IndexError, KeyError, UserWarning):  # no TPV or SKY yet; no device active
            return NoFix(NoFixReason.NO_RECEIVER)
        except Exception as error:  # noqa: BLE001 - gpsd-py3 raises bare Exception for a wrong class
            # Anything else means that the conversation is broken: start a new one next time.
            log.debug("gpsd: %s", type(error).__name__)
            self.disconnect()
            return NoFix(NoFixReason.NO_GPSD)

    def _connect(self) -> None:
        self.disconnect()
        previous = socket.getdefaulttimeout()
        socket.setdefaulttimeout(CALL_LIMIT_S)  # gpsd-py3 makes its socket itself
        limit = threading.Timer(self._left_s(), _hang_up)
        limit.start()
        try:
            gpsd.connect(*self._address)
        finally:
            limit.cancel()
            socket.setdefaulttimeout(previous)
        gpsd.gpsd_stream = _Answers(gpsd.gpsd_socket, self._left_s)
        self.connected = True

    def _left_s(self) -> float:
        return self._until - self._clock()

    def disconnect(self) -> None:
        """End the conversation with gpsd; the next question begins another."""
        self.connected = False
        if gpsd.gpsd_socket is not None:
            with suppress(OSError):
                gpsd.gpsd_socket.close()

    def _read(self, answer: gpsd.GpsResponse) -> Fix | NoFix:
        if answer.mode < _MODE_2D:
            self._last_fix = None
            return NoFix(NoFixReason.NO_SATELLITES)
        if answer.lat == 0.0 and answer.lon == 0.0:  # gpsd-py3's word for "gpsd did not say"
            return NoFix(NoFixReason.NO_SATELLITES)
        if not (-90.0 <= answer.lat <= 90.0 and -180.0 <= answer.lon <= 180.0):
            raise ValueError("a place that is not on earth")
        stamp = (answer.time, answer.lat, answer.lon)
        if self._last_fix is None or stamp != self._last_stamp:
            error_m = max(answer.error.get("x", 0), answer.error.get("y", 0))
            known = 0 < error_m < math.inf
            self._last_stamp = stamp
            self._last_fix = Fix(answer.lat, answer.lon, error_m if known else None, self._clock())
        return self._last_fix

    def _run(self) -> None:
        while not self._stopping:
            reading = self.ask()
            self._beat()
            if not self._stopping:
                self._on_reading(reading)
            self._wake.wait(self._waits[self._eager])
            self._wake.clear()
        self.disconnect()


class _Answers:
    """gpsd-py3's stream once it is connected: each answer comes whole within the limit, or fails.

    A timer would need a thread for each question; an idle device asks every few seconds, and each
    wake-up costs battery.
    """

    def __init__(self, connection: socket.socket, left_s: Callable[[], float]) -> None:
        self._connection = connection
        self._left_s = left_s
        self._question = ""
        self._come = b""

    def write(self, text: str) -> None:
        self._question += text

    def flush(self) -> None:
        question, self._question = self._question, ""
        self._connection.settimeout(CALL_LIMIT_S)
        self._connection.sendall(question.encode())

    def readline(self) -> str:
        """The next line. Raises ``OSError`` without one, and ``ValueError`` if it is not text."""
        while b"\n" not in self._come:
            left_s = self._left_s()
            if left_s <= 0 or len(self._come) > LINE_MOST:
                raise TimeoutError("gpsd does not come to the end of a line")
            self._connection.settimeout(min(left_s, CALL_LIMIT_S))
            data = self._connection.recv(READ_SIZE)
            if not data:
                raise ConnectionError("gpsd has gone")
            self._come += data
        line, _, self._come = self._come.partition(b"\n")
        return line.decode()


def _hang_up() -> None:
    """End a read that waits in another thread."""
    with suppress(OSError):
        if gpsd.gpsd_socket is not None:
            gpsd.gpsd_socket.shutdown(socket.SHUT_RDWR)
