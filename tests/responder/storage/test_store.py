"""The database: synced commits, whole transactions, one owner."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import OperationalError

from outcry.responder.storage import overdue, store
from outcry.responder.storage.store import DATABASE, StateBusy, Store, only_one


@pytest.fixture
def database(tmp_path):
    opened = Store(tmp_path / "state")
    yield opened
    opened.close()


POST = {"key": "k", "published_at": 1.0, "changed_at": 1.0, "text": "words"}


@pytest.mark.parametrize("way", ["read", "write"])
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_every_connection_is_set_up_alike(database, way, pragma, value):
    for _ in range(3):
        with getattr(database, way)() as connection:
            assert connection.scalar(text(f"PRAGMA {pragma}")) == value


def test_a_transaction_that_fails_never_was(database):
    def fail(connection):
        connection.execute(insert(store.post).values(POST))
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"), database.write() as connection:
        fail(connection)
    with database.read() as connection:
        assert connection.execute(select(store.post)).all() == []


def test_a_reader_sees_one_moment_while_another_writes(database):
    with database.read() as reader:
        assert reader.execute(select(store.post)).all() == []
        with database.write() as writer:
            writer.execute(insert(store.post).values(POST))
        assert reader.execute(select(store.post)).all() == []
    with database.read() as reader:
        assert len(reader.execute(select(store.post)).all()) == 1


def test_a_writer_that_hangs_holds_no_other_up_for_ever(database, monkeypatch):
    monkeypatch.setattr(store, "BUSY_S", 0.01)
    refused = []

    def waits():
        with pytest.raises(TimeoutError) as error, database.write():
            pass
        refused.append(error)

    with database.write():
        other = threading.Thread(target=waits)
        other.start()
        other.join()
    assert refused
    with database.write():
        pass


def test_who_has_waited_for_this_process_waits_less_for_another(tmp_path, monkeypatch):
    """Each of many waits as long as one: else a thread behind them is taken for stuck."""
    said = []
    with (
        closing(Store(tmp_path)) as database,
        closing(sqlite3.connect(tmp_path / DATABASE)) as held,
    ):
        held.execute("BEGIN IMMEDIATE")
        event.listen(
            database._engine, "before_cursor_execute", lambda *given: said.append(given[2])
        )
        monkeypatch.setattr(store, "BUSY_S", 0.25)
        times = iter((100.0, 100.2))
        monkeypatch.setattr(store, "time", SimpleNamespace(monotonic=lambda: next(times)))
        with pytest.raises(OperationalError), database.write():
            pass
    assert said[:2] == ["PRAGMA busy_timeout=50", "BEGIN IMMEDIATE"]


def test_writers_take_turns(database):
    def add(n):
        for m in range(20):
            with database.write() as connection:
                connection.execute(insert(store.post).values({**POST, "key": f"{n} {m}"}))

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert len(connection.execute(select(store.post)).all()) == 160


def test_a_failing_statement_says_nothing_of_its_values(database):
    from sqlalchemy.exc import IntegrityError

    secret = {**POST, "text": "+447700900111"}
    with pytest.raises(IntegrityError) as error, database.write() as connection:
        connection.execute(insert(store.post), [secret, secret])
    assert "7700900111" not in str(error.value)


WEARER = {"device": 1, "name": "W", "psk": bytes(32), "quorum": 2, "enrolled_at": 0.0}
ALARM = {"id": 1, "device": 1, "device_alarm": 2**32 - 1, "kind": 1, "arrived_at": 0.5}
MESSAGE = {"device": 1, "alarm": 1, "received_at": 1.25, "path": "data", "report": bytes(range(59))}
ENTRY = {"alarm": 1, "at": 1.25, "what": "REPORT", "data": '{"name": "\u00e9"}'}
WRITTEN = {
    "message": (
        insert(store.message),
        [
            {"id": 7, "counter": 2**32 - 1, "digest": bytes(range(32)), "stale": True, **MESSAGE},
            {"id": 8, "counter": 0, "digest": bytes(32), "stale": False, **MESSAGE},
        ],
    ),
    "history": (
        insert(store.history),
        [
            {"n": 1, "salt": bytes(range(16)), "link": bytes(range(32)), **ENTRY},
            {"n": 2, "salt": None, "link": None, **ENTRY},
        ],
    ),
    "wearer": (
        overdue.heard,
        [
            {"which": 1, "highest": 2**32 - 1, "now": 3.5, "beats": True},
            {"which": 2, "highest": 5, "now": 4.5, "beats": False},
            {"which": 3, "highest": 6, "now": 4.5, "beats": False},
        ],
    ),
}


@pytest.mark.parametrize("table", WRITTEN)
def test_many_rows_are_written_as_the_library_writes_them(tmp_path, table):
    """Each column, and the type that SQLite keeps it in."""
    kept = []
    for way in (lambda connection, *what: connection.execute(*what), store.write_rows):
        with Store(tmp_path / str(len(kept))) as opened, opened.write() as connection:
            for device, silence in ((1, None), (2, None), (3, 1)):
                wearer = {**WEARER, "device": device, "silence": silence}
                connection.execute(insert(store.wearer).values(wearer))
            connection.execute(insert(store.alarm).values(ALARM))
            connection.execute(insert(store.listening), {"looked_at": 3, "deaf_s": 1, "since": 0})
            way(connection, *WRITTEN[table])
            columns = [column.name for column in store.metadata.tables[table].columns]
            typed = ", ".join(f"{name}, typeof({name})" for name in columns)
            rows = connection.execute(text(f"SELECT {typed} FROM {table} ORDER BY 1, 3"))
            kept.append([tuple(row) for row in rows])
    assert kept[0] == kept[1]
    assert len(kept[0]) >= len(WRITTEN[table][1])


def test_a_directory_has_one_owner_until_it_lets_go(tmp_path):
    with only_one(tmp_path), pytest.raises(StateBusy, match="stop it first"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


@pytest.mark.slow
def test_what_had_its_receipt_is_there_after_a_kill(process, world, wait_for):
    service = process()
    acknowledged: list[int] = []

    def posts(lane):
        with httpx.Client(timeout=60) as client:
            for n in range(1000):
                message = world.device.message(alarm=1 + lane * 1000 + n)
                try:
                    answer = client.post(f"{service.device_url}/v1/reports", content=message.sealed)
                except httpx.HTTPError:
                    return
                assert answer.status_code == 200
                acknowledged.append(message.report.alarm_id)

    for round_ in range(3):
        lanes = [threading.Thread(target=posts, args=(round_ * 4 + n,)) for n in range(4)]
        enough = len(acknowledged) + 60
        for lane in lanes:
            lane.start()
        wait_for(lambda enough=enough: len(acknowledged) >= enough)
        service.kill()
        for lane in lanes:
            lane.join()
        service.start(wait_for)
    service.kill()
    database = Store(service.state)
    with database.read() as connection:
        kept = set(connection.scalars(select(store.alarm.c.device_alarm)))
    database.close()
    assert len(acknowledged) >= 180
    assert set(acknowledged) <= kept
