"""The record: a change to what was written down earlier is found out.

Each entry of an alarm's history carries a link: SHA-256 over the link before
it, a salt and the entry itself. The newest link of every alarm goes into the
record of HQ, a chain of its own, beside what people did that belongs to no
alarm. So an entry cannot be changed, taken out or put in, and an alarm cannot
vanish, without everything after it being made again; and anyone who keeps a copy
of the record's newest link (it stands in the journal and in every case file)
sees that too.

Deleting for good stays possible: an alarm goes with its salts, and the record
keeps its last link, from which nothing can be read or guessed. A line of the
record itself is forgotten by emptying it; its leaf stays, and a later line says so.
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from outcry.responder.storage import store
from outcry.responder.storage.links import BEGINNING, leaf, new_salt, onto

_POSTGRES_LOCK = 0x0C27  # pg_advisory_xact_lock: one writer at a time at the record's end
EMPTY: Mapping[str, Any] = {
    "at": 0.0, "what": "", "data": "", "alarm": None, "subject": None, "salt": b""
}  # fmt: skip
"""What is left of a line that was forgotten, beside its number, leaf and link."""


class Noted(StrEnum):
    """What a line of HQ's record says, and the keys of its data."""

    SEALED = "the newest links of alarms"  # heads: {alarm: [n, link in hex]}
    REMOVED = "an alarm's data were deleted"  # alarm, n, link, why
    PLAN = "a wearer, their contacts and their plan, as they are from now on"
    # device, by, rows; of what weakens it: what, keys, why, asked_by
    ASKED = "a change of a plan was asked for, and was not made yet, or never will be"
    # device, by, what, keys, asked_by
    PRIVATE = "what no case file shows of them"  # device, salt, rows
    OFFICER = "a duty officer's account, as it is from now on"  # officer, what, salt, rows
    POST = "a post on HQ's own page, as it is from now on"  # post, salt, rows
    STAMP = "a time stamp came"  # stamp, salt, rows
    EXPORTED = "an officer took data out of HQ"  # officer, what; alarm, or how many alarms
    SHIFT = "an entry of the shift log, as it is from now on"  # shift, by, what, to, salt, rows
    CASE = "a case file was written"  # alarm, n, link, made_at, organisation, page
    FORGOTTEN = "lines of this record were forgotten"  # lines, why


class Head(NamedTuple):
    """The end of a chain: how many entries it has, and the last link."""

    n: int
    link: bytes


_NO_ENTRY = Head(0, BEGINNING)


def note(
    connection: Connection,
    now: float,
    what: Noted,
    data: Mapping[str, Any],
    alarm: int | None = None,
    subject: str | None = None,
) -> Head:
    """Add a line to HQ's record; ``alarm`` only if it is gone.

    ``subject``: whom or what it is about, of whom the newest such line counts.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})"))
    last, at = head(connection), float(now)  # as the column will give it back
    n, said = last.n + 1, json.dumps(dict(data), sort_keys=True)
    salt = new_salt()
    leaf_ = leaf(salt, n, at, what.name, said, alarm, subject)
    new = Head(n, onto(last.link, leaf_))
    line = {"n": n, "at": at, "what": what.name, "data": said, "alarm": alarm, "subject": subject}
    hashes = {"salt": salt, "leaf": leaf_, "link": new.link}
    connection.execute(insert(store.record).values(**line, **hashes))
    return new


def forget_lines(connection: Connection, now: float, subjects: Iterable[str], why: str) -> None:
    """Empty every line about these; the chain goes on over what is left of them."""
    line = store.record.c
    about = line.subject.in_(list(subjects)) & line.leaf.is_not(None)
    numbers = connection.scalars(select(line.n).where(about).order_by(line.n)).all()
    note(connection, now, Noted.FORGOTTEN, {"lines": list(numbers), "why": why})
    connection.execute(update(store.record).where(line.n.in_(numbers)).values(EMPTY))


def link_of(connection: Connection, n: int) -> bytes | None:
    """The link of a line of HQ's record; None: there is no such line."""
    return connection.scalar(select(store.record.c.link).filter_by(n=n))


def unstamped_since(connection: Connection) -> float | None:
    """Since when (Unix seconds) a seal waits for a time stamp; None: none does."""
    line = store.record.c
    stamped = connection.scalar(select(func.max(store.stamp.c.n))) or 0
    waiting = select(line.at).where(line.what == Noted.SEALED.name, line.n > stamped)
    return connection.scalar(waiting.order_by(line.n).limit(1))


def head(connection: Connection) -> Head:
    """Where HQ's record ends."""
    table = store.record
    newest_first = select(table.c.n, table.c.link).order_by(table.c.n.desc())
    row = connection.execute(newest_first.limit(1)).first()
    return _NO_ENTRY if row is None else Head(*row)


def ends_of(connection: Connection, alarms: Iterable[int]) -> dict[int, Head]:
    """Where these alarms' histories end."""
    ends = dict.fromkeys(alarms, _NO_ENTRY)
    rows = connection.execute(_ENDS_OF, {"alarms": list(ends)})
    return ends | {alarm: Head(n, link) for alarm, n, link in rows}


def _ends(*which: ColumnElement[bool]) -> Select[Any]:
    """Where the histories end of all alarms that have one, or of those."""
    entry = store.history.c
    newest = select(entry.alarm, func.max(entry.n).label("n")).where(*which)
    ends = newest.group_by(entry.alarm).subquery()
    is_end = (ends.c.alarm == entry.alarm) & (ends.c.n == entry.n)
    return select(entry.alarm, entry.n, entry.link).join(ends, is_end)


_ENDS, _ENDS_OF = _ends(), _ends(store.history.c.alarm.in_(store.each("alarms")))


def seal(connection: Connection, now: float) -> Head | None:
    """Take the newest links of the alarms that went on since the last time; None if none did.

    A line for each: the case file of one shows nothing of another.
    """
    sealed = _heads(connection, _newest_lines(Noted.SEALED))
    newest = None
    for alarm, n, link in connection.execute(_ENDS.order_by(store.history.c.alarm)):
        if alarm not in sealed or sealed[alarm].n != n:
            heads = {str(alarm): [n, link.hex()]}
            newest = note(connection, now, Noted.SEALED, {"heads": heads}, subject=about(alarm))
    return newest


def about(alarm: int) -> str:
    """An alarm as the subject of a line."""
    return f"alarm:{alarm}"


def removed(connection: Connection, now: float, alarm: int, why: str) -> None:
    """Write down that an alarm's data are deleted; call it in the same transaction, before."""
    last = ends_of(connection, [alarm])[alarm]
    gone = {"n": last.n, "link": last.link.hex()}
    note(connection, now, Noted.REMOVED, {"alarm": alarm, "why": why, **gone}, alarm)


def _heads(connection: Connection, which: Select[Any]) -> dict[int, Head]:
    """Each alarm's newest link in these lines; one that cannot be read keeps none from its seal."""
    heads: dict[int, Head] = {}
    for data in connection.scalars(which):
        said = read(data).get("heads")
        for alarm, (n, hexed) in said.items() if isinstance(said, dict) else ():
            heads[int(alarm)] = Head(n, bytes.fromhex(hexed))
    return heads


def _lines_of(what: Noted) -> Select[Any]:
    table = store.record
    return select(table.c.data).where(table.c.what == what.name).order_by(table.c.n)


def _newest_lines(what: Noted) -> Select[Any]:
    """Those that count, of each subject; and all from before lines had one."""
    line = store.record.c
    newest = select(func.max(line.n)).where(line.what == what.name).group_by(line.subject)
    return _lines_of(what).where(or_(line.n.in_(newest), line.subject.is_(None)))


def read(data: str) -> dict[str, Any]:
    """What a line says; nothing, if somebody has made it unreadable."""
    try:
        said = json.loads(data)
    except (TypeError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
