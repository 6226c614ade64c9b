"""How long a duty officer waits for a page among 10,000 and 100,000 wearers, at the server.

Every wearer has sent a heartbeat within ten minutes but one in a thousand, who is silent for hours.
200 alarms are open, each with its reports, half of them taken by an officer, and one is a day old.
Between two looks a device beats and an alarm goes on, so that no page is the one before. Over real
HTTP, from the request's first byte to the answer's last.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from sqlalchemy import insert, text

from bench.figure import percentile, say
from bench.headquarters.news import listening, session
from bench.headquarters.postgresql import cluster, programs
from outcry.envelope import KEY_BYTES, Header
from outcry.report import AlarmKind, MessageType, Position, Report
from outcry.responder import settings
from outcry.responder.console.dependencies import SESSION_COOKIE
from outcry.responder.console.older_news import Act
from outcry.responder.intake import ingest
from outcry.responder.intake.ingest import Arrived
from outcry.responder.maps import places
from outcry.responder.maps.land import Bounds
from outcry.responder.maps.places import Town
from outcry.responder.rules.events import CameBy
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.service.people_app import people_app
from outcry.responder.storage import roll, store
from stage.reports import report
from stage.stage import NotSeen, PartMissing

FEW, MANY = 10_000, 100_000
OPEN = 200
REPORTS = 20  # of each open alarm
LONG_REPORTS = 300  # of the one that is a day old
LOOKS = 20
SEARCHES = ("zar", "kovalenko", "ана", "9f3c", "nobody has this name", "k")
_TOGETHER = 10_000
_SILENT = 1000  # one in so many
_DRILLED = 500
_LIMIT_S = 300.0
_FIRST = [
    "Zarema",
    "Ana",
    "Олена",
    "Анастасия",
    "Layla",
    "ليلى",
    "Samuel",
    "Chioma",
    "Noor",
    "Ivan",
    "Kateryna",
    "José",
]
_LAST = [
    "Kovalenko",
    "Petrova",
    "García",
    "حداد",
    "Okafor",
    "Иванова",
    "Schmidt",
    "Dupont",
    "Nguyen",
    "Rossi",
    "Silva",
]


@dataclass(frozen=True)
class Desk:
    """HQ with its wearers, a console's connection to it, and the device of the long alarm."""

    hq: Responder
    ask: Callable[[str], bytes]
    happens: Callable[[], None]
    long_alarm: int


def overview_ms_10000(wearers: int = FEW, looks: int = LOOKS) -> float:
    """The slowest overview but one in twenty, in milliseconds."""
    return _slowest("", wearers, looks, lambda _: "/console")


def overview_ms_100000(wearers: int = MANY, looks: int = LOOKS) -> float:
    """The same among ten times as many."""
    return _slowest("", wearers, looks, lambda _: "/console")


def overview_ms_100000_postgres(wearers: int = MANY, looks: int = LOOKS) -> float:
    """The same on PostgreSQL."""
    if programs() is None:
        raise PartMissing("postgresql is not installed")
    return _slowest("postgresql", wearers, looks, lambda _: "/console")


def alarm_page_ms_100000(wearers: int = MANY, looks: int = LOOKS) -> float:
    """The page of the alarm that is a day old."""
    return _slowest("", wearers, looks, lambda desk: f"/console/alarm/{desk.long_alarm}")


def search_ms_100000(wearers: int = MANY, looks: int = 4) -> float:
    """The overview with a search in it: the slowest search of several."""
    from urllib.parse import quote

    return max(
        _slowest("", wearers, looks, lambda _, words=words: f"/console?q={quote(words)}")  # type: ignore[misc]
        for words in SEARCHES
    )


def _slowest(database: str, wearers: int, looks: int, path: Callable[[Desk], str]) -> float:
    desk = _desk(database, wearers)
    took = []
    desk.ask(path(desk))  # a process that has just started reads its templates
    for _ in range(looks):
        desk.happens()
        started = time.perf_counter()
        desk.ask(path(desk))
        took.append(1000 * (time.perf_counter() - started))
    return percentile(took, 95)


_running = ExitStack()
atexit.register(_running.close)  # a server that is not stopped stays


@cache
def _desk(database: str, wearers: int) -> Desk:
    """Made once for all figures; it goes with the process."""
    return _running.enter_context(desk_with(database, wearers))


@contextmanager
def desk_with(database: str, wearers: int) -> Iterator[Desk]:
    """A headquarters with so many wearers, at work; ``database``: ``postgresql``, or SQLite."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        url = ""
        bin_ = programs()
        if database and bin_ is not None:
            url = running.enter_context(cluster(bin_, durable=True)).database()
        given = {"state": {"directory": f"{folder}/state", "database": url}}
        Path(folder, "state").mkdir()
        hq = assemble(settings.check(given), Adapters())
        running.callback(hq.store.close)
        counters = count(1)
        _enrol(hq, wearers)
        _past(hq, wearers // 5)
        in_alarm = [1 + n * (wearers // OPEN) for n in range(OPEN)]
        alarms = [
            _raise(hq, device, counters, REPORTS if n else LONG_REPORTS)
            for n, device in enumerate(in_alarm)
        ]
        for alarm in alarms[::2]:
            hq.console.act(alarm, Act.ACKNOWLEDGE, "olga")
        with hq.store.write() as connection:
            connection.execute(text("ANALYZE"))
        running.callback(hq.workflow.ask_to_stop)
        port = running.enter_context(listening("people", people_app(hq)))
        ask = _console(port, session(hq))
        turns = count()

        def happens() -> None:
            n = next(turns)
            _beat(hq, 7 + n * 13 % wearers, counters)
            device = in_alarm[n % OPEN]
            _keep(hq, device, counters, [_position(device, LONG_REPORTS + n)])

        yield Desk(hq, ask, happens, alarms[0])


def _console(port: int, cookie: str) -> Callable[[str], bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_LIMIT_S)

    def ask(path: str) -> bytes:
        connection.request("GET", path, headers={"Cookie": f"{SESSION_COOKIE}={cookie}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise NotSeen(f"the console answers {answer.status}")
        return body

    return ask


def _enrol(hq: Responder, wearers: int) -> None:
    """Rows as enrolment writes them, and a heartbeat of each."""
    say(f"making {wearers} wearers")
    now = time.time()
    for first in range(1, 1 + wearers, _TOGETHER):
        devices = range(first, min(first + _TOGETHER, 1 + wearers))
        with hq.store.write() as connection:
            connection.execute(insert(store.wearer), [_wearer(each, now) for each in devices])
            beats = [_arrived(each, 1, _heartbeat(each, now)) for each in devices]
            ingest.keep(connection, beats, now - 60.0, os.urandom)
            roll.enter(connection, list(devices))
            silent = [each for each in devices if each % _SILENT == 0]
            late = store.wearer.update().where(store.wearer.c.device.in_(silent))
            connection.execute(late.values(heard_at=now - 7200.0))


def psk(device: int) -> bytes:
    """The key of each device."""
    return hashlib.sha256(f"psk {device}".encode()).digest()[:KEY_BYTES]


def _wearer(device: int, now: float) -> dict[str, object]:
    name = f"{_FIRST[device % len(_FIRST)]} {_LAST[device // 7 % len(_LAST)]} {device}"
    return {
        "device": device,
        "name": name,
        "number": None,
        "psk": psk(device),
        "quorum": 2,
        "enrolled_at": now - 86_400.0,
    }


def _heartbeat(device: int, now: float) -> Report:
    made = report(MessageType.HEARTBEAT, sent_at=int(now), place=_place(device))
    return replace(made, battery_percent=5 + device % 96, signal=device % 32)


def _place(device: int) -> Position:
    """In one of the world's towns, as people are."""
    towns = _towns()
    town = towns[device * 7919 % len(towns)]
    return Position(round(town.latitude, 5), round(town.longitude, 5), 12, 5)


@cache
def _towns() -> list[Town]:
    return list(places.load().within(Bounds(-180.0, -60.0, 180.0, 75.0)))


def _arrived(device: int, counter: int, made: Report) -> Arrived:
    digest = hashlib.sha256(f"{device} {counter}".encode()).digest()
    return Arrived(Header(device, counter), made, digest, CameBy.DATA)


def _keep(hq: Responder, device: int, counters: Iterator[int], made: list[Report]) -> int | None:
    """Take these reports in with one commit; the alarm they are of."""
    with hq.store.write() as connection:
        arrived = [_arrived(device, 1 + next(counters), each) for each in made]
        kept = ingest.keep(connection, arrived, time.time(), os.urandom)[-1]
    return None if isinstance(kept, int) else kept.alarm


def _raise(hq: Responder, device: int, counters: Iterator[int], reports: int) -> int:
    _contacts(hq, device)
    made = [_position(device, n) for n in range(reports)]
    first = replace(made[0], type=MessageType.FIRST)
    return _keep(hq, device, counters, [first, *made[1:]]) or 0


def _position(device: int, n: int) -> Report:
    place = _place(device)
    moved = replace(place, latitude=place.latitude + n % 500 / 10_000)
    return report(MessageType.POSITION, alarm=1, sequence=n, sent_at=int(time.time()), place=moved)


def _beat(hq: Responder, device: int, counters: Iterator[int]) -> None:
    _keep(hq, device, counters, [_heartbeat(device, time.time())])


def _past(hq: Responder, number: int) -> None:
    """Alarms that are over: as many as a year brings."""
    now = time.time()
    rows = [
        {
            "device": 1 + n,
            "device_alarm": 2,
            "kind": int(AlarmKind.PANIC),
            "arrived_at": now - 86_400.0 * (365 - 360 * n / number),
            "settled_at": now - 86_400.0 * (365 - 360 * n / number) + 3600.0,
            "ending": "closed",
            "published": False,
        }
        for n in range(number)
    ]
    with hq.store.write() as connection:
        connection.execute(insert(store.alarm), rows)


def _contacts(hq: Responder, device: int) -> None:
    secret = {"pin_salt": b"", "pin_hash": b"", "language": "en"}
    people = [
        {
            "device": device,
            "number_in_list": n,
            "name": f"C{n}",
            "number": "+447700900111",
            **secret,
        }
        for n in (1, 2, 3)
    ]
    with hq.store.write() as connection:
        connection.execute(insert(store.contact), people)
