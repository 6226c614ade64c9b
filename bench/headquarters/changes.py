"""Changes everything in HQ's database that a case file shows, one thing at a time, and asks ``verify``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import visitors

from outcry import enrolment
from outcry.enrolment import Contact
from outcry.report import TOKEN_BYTES, MessageType, Position
from outcry.responder import settings
from outcry.responder.archive import case_file, time_stamps
from outcry.responder.console.desk import Act
from outcry.responder.console.team.shift_log import ShiftLog
from outcry.responder.contacts.desk import Answer
from outcry.responder.dispatch.workers import Lane, Work
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.responder.plans import repository
from outcry.responder.rules.events import Came, CameBy, Outcome
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.storage import audit_chain, store, verification, versions
from outcry.responder.storage.store import Store
from outcry.responder.transports.apprise import Channels
from stage import reports

ALARM = 1
PEOPLE = ("Ben", "Cleo", "Dana")
CHEAP = 4  # the cost of each PIN's hash
ALL_ROWS = 1_000_000


class _Changed(Exception):
    """The transaction is to be undone."""


@dataclass
class Found:
    """How many changes were tried, and which of them nobody would notice."""

    tried: int = 0
    unnoticed: list[str] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)


class _Inline:
    def is_free(self, lane: Lane) -> bool:
        return True

    def run(self, lane: Lane, limit_s: float, work: Work, then: Work) -> None:
        work()
        then()


class _Modem:
    def ready(self) -> bool:
        return True

    def send(self, ref: int, number: str, text: str, may: object = None) -> Came:
        return Came(Outcome.DONE)


class _Channels(Channels):
    def attempt(self, url: str, title: str, body: str) -> Came:
        return Came(Outcome.DONE)


def live(directory: Path, url: str = "") -> Responder:
    """HQ after an alarm with all there can be of it: reports, answers, posts, a correction."""
    clock = count(reports.NOON)
    given: dict[str, Any] = {
        "state": {"directory": str(directory / "state"), "database": url},
        "modem": {"port": "/dev/null", "number": "+447700900002"},
    }
    chosen, file = settings.check(given), directory / "device.json"
    contacts = tuple(Contact(name, f"+44770090011{n}") for n, name in enumerate(PEOPLE))
    who = Application("Ana", "+447700900001", contacts, 2)
    pins = enrol(chosen, who, file, clock=lambda: next(clock), cost=CHEAP).pins
    modem: Any = _Modem()
    lanes: Any = _Inline()
    adapters = Adapters(
        clock=lambda: next(clock), lanes=lanes, channels=_Channels(), modem=lambda *_: modem
    )
    hq = assemble(chosen, adapters)
    device = enrolment.read(file.read_text())
    _happens(hq, device, pins)
    return hq


def _happens(hq: Responder, device: enrolment.Enrolment, pins: tuple[str, ...]) -> None:
    def takes(type_: MessageType, n: int, **more: Any) -> None:
        token = bytes([n]) * TOKEN_BYTES
        made = reports.report(type_, sequence=n, token=token, sent_at=reports.NOON + n, **more)
        hq.inbox.take(reports.sealed(made, device, n + 1), CameBy.DATA)
        _works(hq)

    hq.officers.add("olga")
    _agrees(hq, device.device, {"contact": {"1": {"channels": {"post": "json://localhost/"}}}})
    takes(MessageType.FIRST, 0)
    takes(MessageType.POSITION, 1, place=Position(52.53, 13.41, None, 3))
    with hq.store.read() as connection:
        tokens = connection.scalars(sa.select(store.invitation.c.token)).all()
    for token, pin in zip(tokens[:2], pins, strict=False):
        hq.desk.answer(hq.desk.invitation(token), Answer.CONFIRM, pin, "198.51.100.7")
    _works(hq)
    _agrees(hq, device.device, {"confirming": {"quorum": 3}})
    takes(MessageType.WITHDRAWAL, 2, taps=(1, 2, 3))
    for act, reason in ((Act.ACKNOWLEDGE, None), (Act.CORRECT, "released"), (Act.CLOSE, "home")):
        hq.console.act(ALARM, act, "olga", reason)
        _works(hq)
    ShiftLog(hq.store, hq.clock).write("olga", "the modem is new")
    _is_kept(hq)


def _is_kept(hq: Responder) -> None:
    """What is written of it later: seals, a time stamp, a case file, and another wearer forgotten."""
    with hq.store.write() as connection:
        audit_chain.seal(connection, hq.clock())
        versions.note(connection, versions.WEARER, 0xBADCAFE, hq.clock(), by="a test")
        versions.forget(connection, 0xBADCAFE, hq.clock(), "asked for")
        n = audit_chain.head(connection).n
        time_stamps.keep(connection, n, b"a reply", hq.clock())
    case_file.write(hq.store, ALARM, "Example Org", hq.clock())


def _agrees(hq: Responder, device: int, document: dict[str, Any]) -> None:
    with hq.store.write() as connection:
        repository.change(connection, device, document, hq.clock(), "olga")


def _works(hq: Responder) -> None:
    for _ in range(5):  # enough for each of these: what one step plans, the next makes
        hq.workflow.step()


def shown(database: Store) -> set[sa.Table]:
    """The tables that are read while a case file is written."""
    read: set[sa.Table] = set()

    def note(_connection: Any, statement: Any, *_: object) -> None:
        if isinstance(statement, sa.Select):
            parts = visitors.iterate(statement)
            read.update(one for one in parts if isinstance(one, sa.Table))

    with database.read() as connection:
        engine = connection.engine
    sa.event.listen(engine, "before_execute", note)
    try:
        case_file.write(database, ALARM, "Example Org", 0.0)
    finally:
        sa.event.remove(engine, "before_execute", note)
    return read


def changed(value: Any, random: Random) -> Iterator[Any]:
    """Other values that somebody could write in the place of this one."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value + 1000)
        case float():
            yield from (value + 0.001, value - 3600)
        case str():
            at = random.randrange(len(value) or 1)
            yield from (value + "x", value[:at] + _other(value[at : at + 1]) + value[at + 1 :])
            digits = [n for n, letter in enumerate(value) if letter.isdigit()]
            if digits:
                at = random.choice(digits)
                yield value[:at] + str((int(value[at]) + 1) % 10) + value[at + 1 :]
        case bytes():
            at = random.randrange(len(value) or 1)
            for where in {0, at, max(0, len(value) - 1)}:
                bit = bytes([value[where] ^ 1]) if value else b"x"
                yield value[:where] + bit + value[where + 1 :]
        case None:
            yield from (1, "x", b"x")
    if value is not None:
        yield None


def _other(letter: str) -> str:
    return "y" if letter == "x" else "x"


def look(database: Store, random: Random, rows: int = ALL_ROWS) -> Found:
    """Change each column of ``rows`` rows of each table that is shown; and take each of them out."""
    found = Found()
    for table in sorted(shown(database), key=lambda one: one.name):
        with database.read() as connection:
            there = connection.execute(sa.select(table).order_by(*table.primary_key)).all()
        for row in random.sample(there, min(rows, len(there))):
            key = [column == row._mapping[column.name] for column in table.primary_key]
            if table is not store.record or row != there[-1]:  # its end shows by a copy alone
                _try(found, database, f"{table.name}: a row is gone", sa.delete(table).where(*key))
            for column in table.c:
                if column.info is store.WORKING:
                    continue
                name = f"{table.name}.{column.name}"
                for value in changed(row._mapping[column.name], random):
                    change = sa.update(table).where(*key).values({column.name: value})
                    if _try(found, database, f"{name} of {row[0]}", change):
                        found.columns.add(name)
    return found


def _try(found: Found, database: Store, what: str, change: sa.Executable) -> bool:
    """Count a change, unless the database refuses it; it is undone in any case."""
    try:
        with database.write() as connection:
            if connection.dialect.name == "sqlite":  # as somebody would who has the file
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            connection.execute(change)
            found.tried += 1
            if not verification.verify(connection).problems:
                found.unnoticed.append(what)
            raise _Changed
    except _Changed:
        return True
    except (DBAPIError, sa.exc.StatementError):
        return False
    return False


@cache
def _whole(rows: int) -> Found:
    with tempfile.TemporaryDirectory() as folder, closing(live(Path(folder)).store) as database:
        assert not _problems(database)
        return look(database, Random(7), rows)


def _problems(database: Store) -> tuple[str, ...]:
    with database.read() as connection:
        return verification.verify(connection).problems


def undetected_changes(rows: int = ALL_ROWS) -> float:
    """Of the changes that were tried, those of which ``verify`` says nothing."""
    return len(_whole(rows).unnoticed)


def tried_changes(rows: int = ALL_ROWS) -> float:
    """How many were tried."""
    return _whole(rows).tried
