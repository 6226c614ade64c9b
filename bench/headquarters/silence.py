"""How long a look for silent devices takes among a million wearers, on both databases.

A look as in a bad hour: every wearer has beaten within ten minutes but one in a thousand, who is
silent for long. Since the look before, five seconds ago, one more device has fallen silent, the last
one was heard again, and ten are due that turn out to be only late. Each look commits what it finds.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import bindparam, func, insert, select, text, update

from bench.figure import percentile, say
from bench.headquarters.postgresql import cluster, programs
from outcry.envelope import KEY_BYTES
from outcry.report import MessageType, encode
from outcry.responder.notify.notices import Notices
from outcry.responder.service.silence_watch import Watch
from outcry.responder.storage import store
from outcry.responder.storage.store import Store
from outcry.responder.transports.apprise import Channels
from stage.reports import NOON, report
from stage.stage import PartMissing

WEARERS = 1_000_000
LOOKS = 40
_TOGETHER = 10_000
_EVERY_S = 5.0
_LATE = 10  # of a look: not heard for one and a half intervals, and not for two and a half either
_SILENT = 1000  # one in so many
_BEAT_S = 600.0


def silence_look_ms(wearers: int = WEARERS, looks: int = LOOKS) -> float:
    """On SQLite: the slowest look but one in twenty, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder), "", wearers, looks)


def silence_look_ms_postgres(wearers: int = WEARERS, looks: int = LOOKS) -> float:
    """The same on a PostgreSQL server that syncs."""
    bin_ = programs()
    if bin_ is None:
        raise PartMissing("postgresql is not installed")
    with tempfile.TemporaryDirectory() as folder, cluster(bin_, durable=True) as server:
        return _measured(Path(folder), server.database(), wearers, looks)


def _measured(folder: Path, url: str, wearers: int, looks: int) -> float:
    now = float(NOON)
    with _with_wearers(folder, url, wearers) as database:
        watch = Watch(database, lambda: now, Notices({}, Channels(), "", time.monotonic))
        took = []
        for look in range(looks):
            now += _EVERY_S
            _happens(database, now, look, wearers // (looks * (1 + _LATE)))
            started = time.perf_counter()
            watch.look()
            took.append(1000 * (time.perf_counter() - started))
        kinds = select(store.history.c.what, func.count()).group_by(store.history.c.what)
        with database.read() as connection:
            said = {str(what): number for what, number in connection.execute(kinds).all()}
    assert said == {"SILENT": looks, "HEARD": looks - 1}, "a look has not done what it is for"
    return percentile(took, 95)


@contextmanager
def _with_wearers(folder: Path, url: str, wearers: int) -> Iterator[Store]:
    say(f"making {wearers} wearers")
    beat = {"counter": 1, "received_at": NOON, "report": encode(report(MessageType.HEARTBEAT))}
    with Store(folder, url) as database:
        for first in range(1, 1 + wearers, _TOGETHER):
            devices = range(first, min(first + _TOGETHER, 1 + wearers))
            with database.write() as connection:
                connection.execute(insert(store.wearer), [_wearer(each) for each in devices])
                beats = [beat | {"device": each} for each in devices]
                connection.execute(insert(store.heartbeat), beats)
        with database.write() as connection:
            heard = {"id": 1, "looked_at": NOON, "deaf_s": 0.0, "since": 0.0}
            connection.execute(insert(store.listening).values(heard))
            connection.execute(text("ANALYZE"))
        yield database


def _wearer(device: int) -> dict[str, object]:
    """Spread over the interval, as devices are; of those that are silent the alarms were deleted."""
    heard_at = NOON - _BEAT_S * (device % 997) / 997
    silent = device % _SILENT == 0
    return {
        "device": device,
        "name": f"W{device}",
        "psk": os.urandom(KEY_BYTES),
        "quorum": 2,
        "enrolled_at": 0.0,
        "highest_counter": 1,
        "heard_at": heard_at,
        "heartbeat_s": _BEAT_S,
        "due_at": None if silent else heard_at + 1.5 * _BEAT_S,
        "silence": device if silent else None,
    }


def _happens(database: Store, now: float, look: int, apart: int) -> None:
    """What the devices do between two looks; each time they are others, so far apart."""
    wearer = store.wearer.c
    first = look * (_LATE + 1)
    ages = [3 * _BEAT_S, *[1.6 * _BEAT_S] * _LATE]
    quiet = [{"which": 1 + (first + n) * apart, "heard": now - age} for n, age in enumerate(ages)]
    newest = select(func.max(store.alarm.c.id)).scalar_subquery()
    of_it = select(store.alarm.c.device).where(store.alarm.c.id == newest).scalar_subquery()
    with database.write() as connection:
        again = update(store.wearer).where(wearer.device == of_it)
        connection.execute(again.values(heard_at=now, due_at=now))
        unheard = update(store.wearer).where(wearer.device == bindparam("which"))
        connection.execute(unheard.values(heard_at=bindparam("heard"), due_at=now), quiet)
