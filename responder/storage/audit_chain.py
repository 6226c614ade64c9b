"""The record: a change to what was written down earlier is found out.

Each entry of an alarm's history carries a link: SHA-256 over the link before
it, a salt and the entry itself. The newest link of every alarm goes into the
record of HQ, a chain of its own, beside what people did that belongs to no
alarm. So an entry cannot be changed, taken out or put in, and an alarm cannot
vanish, without everything after it being made again; and anyone who keeps a copy
of the record's newest link (it stands in the journal and in every case file)
sees that too.

Deleting for good stays possible: an alarm goes with its salts, and the record
keeps its last link, from which nothing can be read or guessed.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, text

from outcry.responder.storage import store

SALT_BYTES = 16
_BEGINNING = bytes(32)  # what the first link of a chain is made from
_POSTGRES_LOCK = 0x0C27  # pg_advisory_xact_lock: one writer at a time at the record's end


class Noted(StrEnum):
    """What a line of HQ's record says, and the keys of its data."""

    SEALED = "the newest links of alarms"  # heads: {alarm: [n, link in hex]}
    REMOVED = "an alarm's data were deleted"  # alarm, n, link, why
    PLAN = (
        "a wearer's plan was changed"  # device, by; of what weakens it: what, keys, why, asked_by
    )
    OFFICER = "a duty officer's account was changed"  # officer, what, by


class Head(NamedTuple):
    """The end of a chain: how many entries it has, and the last link."""

    n: int
    link: bytes


_NO_ENTRY = Head(0, _BEGINNING)


@dataclass(frozen=True)
class Verified:
    """What a look at the whole record found; no ``problems``: nothing was changed."""

    alarms: int
    entries: int
    head: Head
    problems: tuple[str, ...]


def new_salt() -> bytes:
    """What keeps a link from being guessed at once its entry is deleted."""
    return os.urandom(SALT_BYTES)


def link(previous: bytes | None, salt: bytes, *entry: object) -> bytes:
    """The link after ``previous`` (None: the first) for an entry of plain JSON values."""
    said = json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return hashlib.sha256((previous or _BEGINNING) + salt + said).digest()


def note(
    connection: Connection,
    now: float,
    what: Noted,
    data: Mapping[str, Any],
    alarm: int | None = None,
) -> Head:
    """Add a line to HQ's record; ``alarm`` only if it is gone."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})"))
    last, at = head(connection), float(now)  # as the column will give it back
    said = json.dumps(dict(data), sort_keys=True)
    salt = new_salt()
    new = Head(last.n + 1, link(last.link, salt, last.n + 1, at, what.name, said))
    line = {"n": new.n, "at": at, "what": what.name, "data": said, "alarm": alarm}
    connection.execute(insert(store.record).values(**line, salt=salt, link=new.link))
    return new


def head(connection: Connection) -> Head:
    """Where HQ's record ends."""
    table = store.record
    newest_first = select(table.c.n, table.c.link).order_by(table.c.n.desc())
    row = connection.execute(newest_first.limit(1)).first()
    return _NO_ENTRY if row is None else Head(*row)


def ends_of(connection: Connection, alarms: Iterable[int]) -> dict[int, Head]:
    """Where these alarms' histories end."""
    ends = dict.fromkeys(alarms, _NO_ENTRY)
    return ends | _ends(connection, store.history.c.alarm.in_(list(ends)))


def _ends(connection: Connection, *which: ColumnElement[bool]) -> dict[int, Head]:
    """Where the histories end of all alarms that have one, or of those."""
    entry = store.history.c
    newest = select(entry.alarm, func.max(entry.n).label("n")).where(*which)
    ends = newest.group_by(entry.alarm).subquery()
    is_end = (ends.c.alarm == entry.alarm) & (ends.c.n == entry.n)
    rows = connection.execute(select(entry.alarm, entry.n, entry.link).join(ends, is_end))
    return {row.alarm: Head(row.n, row.link) for row in rows}


def seal(connection: Connection, now: float) -> Head | None:
    """Take the newest links of the alarms that went on since the last time; None if none did."""
    sealed = _sealed(connection)
    heads = {
        str(alarm): [end.n, end.link.hex()]
        for alarm, end in _ends(connection).items()
        if alarm not in sealed or sealed[alarm].n != end.n
    }
    return note(connection, now, Noted.SEALED, {"heads": heads}) if heads else None


def removed(connection: Connection, now: float, alarm: int, why: str) -> None:
    """Write down that an alarm's data are deleted; call it in the same transaction, before."""
    last = ends_of(connection, [alarm])[alarm]
    gone = {"n": last.n, "link": last.link.hex()}
    note(connection, now, Noted.REMOVED, {"alarm": alarm, "why": why, **gone}, alarm)


def verify(connection: Connection) -> Verified:
    """Compute every link again and compare; a problem names the alarm and the entry."""
    problems = []
    links: dict[int, list[bytes]] = {}
    table = store.history
    rows = connection.execute(select(table).order_by(table.c.alarm, table.c.n))
    for alarm, entries in groupby(rows, lambda row: row.alarm):
        links[alarm], wrong = _followed(entries, "alarm", "n", "at", "what", "data")
        if wrong is not None:
            problems.append(f"alarm {alarm}: entry {wrong} is not as it was written")
    lines = connection.execute(select(store.record).order_by(store.record.c.n))
    _, wrong = _followed(lines, "n", "at", "what", "data")
    if wrong is not None:
        problems.append(f"HQ's record: line {wrong} is not as it was written")
    else:
        problems += _against_record(connection, links)
    return Verified(len(links), sum(map(len, links.values())), head(connection), tuple(problems))


def _followed(rows: Iterable[Row[Any]], *entry: str) -> tuple[list[bytes], int | None]:
    """A chain's links as far as they hold, and the number of the first row that is not as written.

    ``entry``: the columns that the links are over.
    """
    links: list[bytes] = []
    for expected, row in enumerate(rows, 1):
        said = (row._mapping[name] for name in entry)
        previous = links[-1] if links else None
        if row.n != expected or row.link != link(previous, row.salt, *said):
            return links, expected
        links.append(row.link)
    return links, None


def _against_record(connection: Connection, links: Mapping[int, list[bytes]]) -> Iterator[str]:
    """Alarms that the record knows to have been otherwise."""
    gone = _gone(connection)
    for alarm, end in _sealed(connection).items():
        if alarm in gone:
            if alarm in links:
                yield f"alarm {alarm}: was deleted, but is there again"
            elif gone[alarm].n < end.n:
                yield f"alarm {alarm}: had lost entries before it was deleted"
        elif alarm not in links:
            yield f"alarm {alarm}: is missing, and Outcry did not delete it"
        elif len(links[alarm]) < end.n:
            yield f"alarm {alarm}: has fewer entries than the {end.n} it had"
        elif links[alarm][end.n - 1] != end.link:
            yield f"alarm {alarm}: was rewritten, up to entry {end.n} at least"


def _sealed(connection: Connection) -> dict[int, Head]:
    """Each alarm's newest link in the record."""
    heads: dict[int, Head] = {}
    for data in _lines(connection, Noted.SEALED):
        for alarm, (n, hexed) in data["heads"].items():
            heads[int(alarm)] = Head(n, bytes.fromhex(hexed))
    return heads


def _gone(connection: Connection) -> dict[int, Head]:
    return {
        data["alarm"]: Head(data["n"], bytes.fromhex(data["link"]))
        for data in _lines(connection, Noted.REMOVED)
    }


def _lines(connection: Connection, what: Noted) -> Iterator[dict[str, Any]]:
    table = store.record
    lines = select(table.c.data).where(table.c.what == what.name).order_by(table.c.n)
    return (json.loads(data) for data in connection.scalars(lines))
