"""The position, from gpsd through gpsd-py3.

Absence is a type: :class:`Fix` or :class:`NoFix` with a reason, never a zero or
a default. gpsd-py3 opens the conversation; it takes the last receiver for the
only one, answers 0.0 for what gpsd did not say and waits for ever on a silent
gpsd, so the answers are read and bounded here. A receiver's date may be years off
(week number rollover), so an age is counted by our own clock, from the answer before
the one in which the place was new. gpsd repeats a place for ever, with a new date for
as long as the receiver tells one: a place that stays is as old as the last sentence
in which the receiver itself was heard to say it.
"""

import json
import logging
import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from operator import itemgetter
from typing import Any

import gpsd

from outcry.hw import nmea
from outcry.hw.system_errors import told

log = logging.getLogger("outcry.gps")

CALL_LIMIT_S = 5.0  # gpsd answers a poll in milliseconds; a dead one never does
ASK_LIMIT_S = 10.0  # for a whole conversation, however slowly its bytes come
LISTEN_S = 6.0  # for what a receiver says by itself, once a second as a rule
LINE_MOST = 65_536  # ten times the longest answer, one with 140 satellites
FRESH_S = 15.0  # among fixes younger than this the better one is told, not the newer
AGE_UNKNOWN = -math.inf  # as ``taken_at``
CLOCK_SET_AFTER = 1_760_000_000  # October 2025: this program did not run before
CREDIBLE_UNTIL = CLOCK_SET_AFTER + 473_364_000  # 15 years: GPS weeks miscounted are 19.6 off
_MODE_2D = 2  # gpsd's TPV.mode: 0 unknown, 1 no fix, 2 2D, 3 3D
_GUESSED = (5, 7, 8)  # its TPV.status: dead reckoning, by hand, simulated; 6 has satellites
_FARTHEST_M = 2.1e7  # half the way round the earth: an error of more says nothing
_ERRORS = ("eph", "epx", "epy")  # metres: of the place, of its longitude and latitude


class NoFixReason(Enum):
    NO_GPSD = "gpsd does not answer: is gpsd.service running?"
    NO_RECEIVER = "gpsd gets nothing from a receiver: check its cable and /etc/default/gpsd"
    NO_SATELLITES = "the receiver sees too few satellites"
    NOT_ASKED_YET = "gpsd has not been asked yet"


@dataclass(frozen=True, repr=False)
class Fix:
    """A position in degrees (WGS 84), accurate to ``accuracy_m`` metres if gpsd says so.

    ``taken_at`` is seconds of our clock when gpsd had not had it yet, or :data:`AGE_UNKNOWN`.
    """

    latitude: float
    longitude: float
    accuracy_m: float | None
    taken_at: float

    def __repr__(self) -> str:  # a position must not reach a log by way of a traceback
        return "Fix(<hidden>)"


@dataclass(frozen=True)
class NoFix:
    """There is no position now; ``error`` is what the system said, if it said anything."""

    reason: NoFixReason
    error: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.reason.value} {self.error}".strip()


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
        self._address = ("127.0.0.1" if host == "localhost" else host, port)  # no look-up
        self._on_reading = on_reading
        self._clock = clock
        self._beat = beat
        self._waits = {False: idle_s, True: eager_s}
        self._eager = False
        self._wake = threading.Event()
        self._stopping = False
        self.connected = False
        self._until = 0.0
        self._answered_at = AGE_UNKNOWN
        self._seen: dict[str | None, tuple[object, tuple[float, float], float]] = {}
        self._heard_out: dict[str | None, tuple[float, bool]] = {}
        self.zero: float | None = None
        """The Unix time at which our clock was 0, by the date of the last fix that was new."""
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
            asked_at = self._clock()
            return self._read(_answer("POLL"), asked_at)
        except Exception as error:  # noqa: BLE001 - gpsd-py3 raises bare Exception for a wrong class
            # Anything else means that the conversation is broken: start a new one next time.
            log.debug("gpsd: %s", told(error))
            self.disconnect()
            return NoFix(NoFixReason.NO_GPSD, told(error))

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
        with suppress(OSError, AttributeError):  # there is none yet
            gpsd.gpsd_socket.close()

    def _read(self, poll: dict[str, Any], now: float) -> Fix | NoFix:
        if not poll["active"] or not poll["tpv"]:
            return NoFix(NoFixReason.NO_RECEIVER)
        placed = {each.get("device"): each for each in poll["tpv"] if _has_place(each)}
        heard = {} if all(each.get("time") for each in placed.values()) else self._heard()
        guessed = {device for device, tpv in placed.items() if self._guesses(device, tpv, now)}
        before, self._seen = self._seen, {}
        repeating, dates = set(), []
        for device, tpv in placed.items():
            stamp, place = tpv.get("time") or heard.get(device), (tpv["lat"], tpv["lon"])
            last_stamp, last_place, taken_at = before.get(device, (None, None, AGE_UNKNOWN))
            if place != last_place:
                taken_at = AGE_UNKNOWN if device in guessed else self._answered_at
            elif stamp is None or stamp != last_stamp:
                repeating.add(device)
            is_now = now - self._answered_at <= FRESH_S and device not in guessed
            if stamp != last_stamp and is_now:
                dates.append(_unix(tpv.get("time")))
            self._seen[device] = stamp, place, taken_at
        self._answered_at = now
        self.zero = max((date - now for date in dates if is_credible(date)), default=self.zero)
        true = {device: tpv for device, tpv in placed.items() if device not in guessed}
        if not true:
            return NoFix(NoFixReason.NO_SATELLITES)
        return self._best(true, frozenset(repeating), now)

    def _guesses(self, device: str | None, tpv: dict[str, Any], now: float) -> bool:
        """Whether no satellite was needed for the place: it may be as old as the last with some.

        Where gpsd does not say, the receiver is heard out: at first, and every :data:`FRESH_S`.
        """
        if (status := _number(tpv, "status")) > 1:
            return status in _GUESSED
        heard_at, guesses = self._heard_out.get(device, (AGE_UNKNOWN, False))
        _, last_place, _ = self._seen.get(device, (None, None, None))
        is_news = guesses or (tpv["lat"], tpv["lon"]) != last_place
        if last_place is None or (is_news and now - heard_at > FRESH_S):
            guesses = nmea.guesses(self._sentences(device))
            self._heard_out[device] = now, guesses
        return guesses

    def _sentences(self, device: str | None) -> Iterator[bytes]:
        until = min(self._clock() + LISTEN_S, self._until)
        return nmea.heard(self._address, device, lambda: until - self._clock())

    def _best(
        self, placed: dict[str | None, Any], repeating: frozenset[str | None], now: float
    ) -> Fix:
        """The best of the newest. Where a living receiver is ``repeating`` a place, it is heard out."""
        ranked = []
        for device, tpv in placed.items():
            _, place, taken_at = self._seen[device]
            errors_m = [_number(tpv, key) for key in _ERRORS]
            error_m = max((each for each in errors_m if each > 0), default=math.inf)
            fix = Fix(*place, error_m if error_m < _FARTHEST_M else None, taken_at)
            newest = now if device in repeating else taken_at
            ranked.append((min(newest, now - FRESH_S), tpv["mode"], -error_m, device, fix))
        *_, device, fix = max(ranked, key=itemgetter(0, 1, 2))
        if device not in repeating or now - fix.taken_at <= FRESH_S:
            return fix
        stamp, place, _ = self._seen[device]
        if nmea.says(self._sentences(device), place):
            self._seen[device] = stamp, place, now
        return self._best(placed, repeating - {device}, now)

    def _heard(self) -> dict[str | None, object]:
        """When gpsd last heard from each receiver: all it knows of one that sends no date."""
        try:
            return {each["path"]: each.get("activated") for each in _answer("DEVICES")["devices"]}
        except Exception as error:  # noqa: BLE001 - as above; the place is known all the same
            log.debug("gpsd: %s", type(error).__name__)
            self.disconnect()
            return {}

    def _run(self) -> None:
        aged = False  # the first fix has no age yet; the next answer gives it one
        while not self._stopping:
            reading = self.ask()
            self._beat()
            if not self._stopping:
                self._on_reading(reading)
            self._wake.wait(self._waits[self._eager or (isinstance(reading, Fix) and not aged)])
            aged = aged or isinstance(reading, Fix)
            self._wake.clear()
        self.disconnect()


def _answer(kind: str) -> dict[str, Any]:
    answer = json.loads(gpsd.gpsd_stream.ask(kind))
    if answer["class"] != kind:
        raise ValueError("gpsd answers something else")
    return answer  # type: ignore[no-any-return]


def _has_place(tpv: dict[str, Any]) -> bool:
    """Whether this is a fix on earth. A receiver that does not know may say 0, 0."""
    latitude, longitude = _number(tpv, "lat"), _number(tpv, "lon")
    on_earth = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return on_earth and _number(tpv, "mode") >= _MODE_2D


def _unix(date: object) -> float:
    """A receiver's date in Unix seconds, ``-inf`` if it is none."""
    try:
        return datetime.fromisoformat(str(date)).timestamp()
    except (ValueError, OverflowError):
        return -math.inf


def is_credible(unix_s: float) -> bool:
    """Whether it can be that now, in Unix seconds."""
    return CLOCK_SET_AFTER <= unix_s <= CREDIBLE_UNTIL


def _number(tpv: dict[str, Any], key: str) -> float:
    value = tpv.get(key)
    return value if isinstance(value, int | float) else math.nan


class _Answers:
    """gpsd-py3's stream once it is connected: each answer comes whole within the limit, or fails.

    A timer would need a thread for each question; an idle device asks every few seconds, and each
    wake-up costs battery.
    """

    def __init__(self, connection: socket.socket, left_s: Callable[[], float]) -> None:
        self._connection = connection
        self._left_s = left_s
        self._come = b""

    def ask(self, kind: str) -> str:
        """The answer. Raises ``OSError`` without one, and ``ValueError`` if it is not text."""
        self._connection.settimeout(CALL_LIMIT_S)
        self._connection.sendall(f"?{kind};\n".encode())
        while b"\n" not in self._come:
            left_s = self._left_s()
            if left_s <= 0 or len(self._come) > LINE_MOST:
                raise TimeoutError("gpsd does not come to the end of a line")
            self._connection.settimeout(min(left_s, CALL_LIMIT_S))
            data = self._connection.recv(nmea.READ_SIZE)
            if not data:
                raise ConnectionError("gpsd has gone")
            self._come += data
        line, _, self._come = self._come.partition(b"\n")
        return line.decode()


def _hang_up() -> None:
    """End a read that waits in another thread."""
    with suppress(OSError, AttributeError):  # there is none yet
        gpsd.gpsd_socket.shutdown(socket.SHUT_RDWR)
