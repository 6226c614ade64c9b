"""All duty officers are told what belongs to no alarm, each once, whatever happens meanwhile."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from outcry.responder.notify.announcement_round import (
    AGAIN_S,
    TAKEN_S,
    TELL_FOR_S,
    AnnouncementRound,
)
from outcry.responder.plans import announcements
from outcry.responder.plans.announcements import Announcement
from outcry.responder.rules.events import Came, Outcome
from outcry.responder.storage import store
from outcry.responder.transports.apprise import Channels

ON_BOTH_DATABASES = True
OFFICERS = {"desk": "ntfys://desk.example.org/a", "night": "ntfys://night.example.org/b"}


class Services:
    """What reached whom; those in ``down`` refuse."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.down: set[str] = set()

    def attempt(self, url: str, title: str, body: str) -> Came:
        if url in self.down:
            return Came(Outcome.FAILED)
        self.told.append((url, body))
        return Came(Outcome.DONE)


@pytest.fixture
def services():
    return Services()


@pytest.fixture
def going_round(world, services):
    with world.hq.store.write() as connection:  # of Ana's enrolment
        connection.execute(update(store.announcement).values(due_at=None))
    url = "https://help.example.org"
    return AnnouncementRound(world.hq.store, OFFICERS, services, url, world.clock)


def happens(world):
    with world.hq.store.write() as connection:
        device = world.device.enrolment.device
        said = {"device": device, "keys": ["confirming.quorum"]}
        announcements.tell(connection, world.clock(), Announcement.WEAKENED, "olga", **said)


def left(world):
    with world.hq.store.read() as connection:
        table = store.announcement.c
        row = connection.execute(select(table.told, table.due_at).order_by(table.id.desc())).first()
        return json.loads(row.told), row.due_at


def test_every_officer_is_told_at_once_and_once(world, going_round, services):
    happens(world)
    going_round.look()
    going_round.look()
    assert sorted(url for url, _ in services.told) == sorted(OFFICERS.values())
    (body,) = {body for _, body in services.told}
    assert body == (
        "olga weakened the plan of Ana, from now on: confirming.quorum."
        " https://help.example.org/console"
    )
    assert left(world) == (["desk", "night"], None)


def test_who_could_not_be_reached_is_tried_again_and_nobody_else(world, going_round, services):
    services.down = {OFFICERS["night"]}
    happens(world)
    going_round.look()
    services.down.clear()
    going_round.look()
    assert len(services.told) == 1
    world.clock.passes(AGAIN_S)
    going_round.look()
    assert [url for url, _ in services.told] == list(OFFICERS.values())


def test_after_a_day_the_console_alone_tells_it(world, going_round, services):
    services.down = set(OFFICERS.values())
    happens(world)
    going_round.look()
    world.clock.passes(TELL_FOR_S + 1)
    going_round.look()
    assert left(world) == ([], None)


def test_a_process_that_dies_meanwhile_leaves_it_to_the_next(
    world, going_round, services, monkeypatch
):
    happens(world)
    with monkeypatch.context() as dies:
        dies.setattr(threading.Thread, "join", lambda _: sys.exit())
        with pytest.raises(SystemExit):
            going_round.look()
    services.told.clear()
    going_round.look()
    assert services.told == []  # it is still taken
    world.clock.passes(TAKEN_S)
    going_round.look()
    assert len(services.told) == 2


def test_of_two_processes_one_tells_it(world, going_round, services):
    happens(world)
    with world.hq.store.read() as connection:
        row = connection.execute(
            select(store.announcement).order_by(store.announcement.c.id.desc())
        ).first()
    going_round._tell(row)
    going_round._tell(row)  # seen by both as due
    assert len(services.told) == 2


def test_without_any_channel_it_is_done(world, services):
    happens(world)
    AnnouncementRound(world.hq.store, {}, services, "", world.clock).look()
    assert left(world) == ([], None)


def test_the_services_own_parts_tell_it(world):
    assert world.hq.parts.telling.store is world.hq.store


def test_while_the_database_is_held_it_tries_once_a_minute(world, services, monkeypatch):
    made = AnnouncementRound(world.hq.store, OFFICERS, services, "", world.clock)
    tried = []

    def held():
        tried.append(world.clock())
        raise OSError("held")

    monkeypatch.setattr(made, "store", SimpleNamespace(read=held))
    with pytest.raises(OSError, match="held"):
        made.look()
    world.clock.passes(AGAIN_S - 1)
    made.look()
    assert len(tried) == 1
    world.clock.passes(1)
    with pytest.raises(OSError, match="held"):
        made.look()
    monkeypatch.undo()
    world.clock.passes(-7200)  # set back
    made.look()


def test_a_held_database_is_soon_left_to_others_who_wait_as_long_as_ever(tmp_path):
    with closing(store.Store(tmp_path)) as database:
        with database.write() as connection:
            announcements.tell(connection, 0.0, Announcement.ENROLLED, "olga")
            waits_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
        made = AnnouncementRound(database, OFFICERS, Channels(), "", lambda: 0.0)
        with closing(sqlite3.connect(tmp_path / store.DATABASE)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OperationalError):
                made.look()
        with database.write() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == waits_ms
