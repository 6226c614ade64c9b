"""The audit trail for officers: what people decided and changed, in words, newest first.

Two chains are read as one: the histories of alarms, of which what people did is told, and HQ's record,
without its seals and time stamps, and without the lines that say nothing to a person.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, cast, or_, select

from outcry.responder import sentences
from outcry.responder.plans import repository
from outcry.responder.storage import event_log, store, versions
from outcry.responder.storage.audit_chain import Noted, read
from outcry.responder.storage.store import Store

PAGE = 50  # lines
_TOLD = (Noted.PLAN, Noted.ASKED, Noted.OFFICER, Noted.SHIFT, Noted.CASE, Noted.REMOVED)


@dataclass(frozen=True)
class Line:
    """One line: when it was written (Unix seconds), what it says, and the alarm it is of."""

    at: float
    words: str
    alarm: int | None = None


@dataclass(frozen=True)
class Trail:
    """A page of it. ``before``: from which moment on the next page has older lines.

    ``officers``: everybody who is known as one, ``wearers``: each one's device and name.
    """

    lines: tuple[Line, ...]
    before: float | None
    officers: tuple[str, ...]
    wearers: tuple[tuple[int, str], ...]


def trail(
    database: Store,
    before: float | None = None,
    officer: str | None = None,
    device: int | None = None,
) -> Trail:
    """The newest lines, or those before a moment (Unix seconds), of an officer or a wearer alone.

    What was written at the same moment stands on the same page, which may be longer for it.
    """
    with database.read() as connection:
        wanted = [
            _decisions(officer, device).order_by(store.history.c.at.desc()),
            _record(officer, device).order_by(store.record.c.n.desc()),
        ]
        times = [store.history.c.at, store.record.c.at]
        if before is not None:
            wanted = [one.where(at < before) for one, at in zip(wanted, times, strict=True)]
        newest = [connection.execute(one.limit(PAGE)).all() for one in wanted]
        moments = sorted((row.at for rows in newest for row in rows), reverse=True)[:PAGE]
        last = moments[-1] if moments else None
        if last is not None:
            wanted = [one.where(at >= last) for one, at in zip(wanted, times, strict=True)]
        decisions, record = (
            [*connection.execute(one)] if last is not None else [] for one in wanted
        )
        lines = [*_of_alarms(connection, decisions), *_of_hq(connection, record)]
        officers = connection.scalars(select(store.officer.c.name).order_by(store.officer.c.name))
        wearer = store.wearer.c
        wearers = connection.execute(select(wearer.device, wearer.name).order_by(wearer.name))
        return Trail(
            tuple(sorted(lines, key=lambda line: -line.at)),
            last if len(moments) == PAGE else None,
            tuple(officers),
            tuple((row.device, row.name) for row in wearers),
        )


def _decisions(officer: str | None, device: int | None) -> Select[Any]:
    """What officers and contacts did in alarms."""
    entry, of = store.history.c, store.alarm.c
    rows = select(entry.alarm, entry.at, entry.what, entry.data, of.device)
    rows = rows.join_from(store.history, store.alarm, entry.alarm == of.id)
    rows = rows.where(store.BESIDE_REPORTS, entry.what.in_(event_log.BY_PEOPLE))
    if officer is not None:
        rows = rows.where(entry.data.contains(_says("officer", officer), autoescape=True))
    return rows if device is None else rows.where(of.device == device)


def _record(officer: str | None, device: int | None) -> Select[Any]:
    line = store.record.c
    rows = select(line.at, line.what, line.data).where(line.what.in_([one.name for one in _TOLD]))
    if officer is not None:
        said = (
            line.data.contains(_says(key, officer), autoescape=True) for key in ("by", "officer")
        )
        rows = rows.where(or_(*said))
    if device is not None:
        rows = rows.where(_of_wearer(device))
    return rows


def _of_wearer(device: int) -> ColumnElement[bool]:
    """A line about this wearer, or about an alarm of theirs that is here."""
    line, subject = store.record.c, versions.WEARER.subject(device)
    alarms = select("case:" + cast(store.alarm.c.id, String))
    return line.subject.startswith(subject, autoescape=True) | line.subject.in_(
        alarms.where(store.alarm.c.device == device)
    )


def _says(key: str, name: str) -> str:
    """How a line's data say so."""
    return f"{json.dumps(key)}: {json.dumps(name)}"


def _of_alarms(connection: Connection, rows: Sequence[Row[Any]]) -> list[Line]:
    devices = {row.device for row in rows}
    people = {one: repository.contacts_of(connection, one) for one in devices}
    names = {
        device: {n: contact.name for n, contact in contacts.items()}
        for device, contacts in people.items()
    }
    return [Line(row.at, _told(row, names[row.device]), row.alarm) for row in rows]


def _told(row: Row[Any], names: Mapping[int, str]) -> str:
    try:
        return sentences.told(event_log.from_row(row.at, row.what, row.data), names)
    except (ValueError, KeyError, TypeError):
        return "An entry that cannot be read. On HQ's machine: outcry-responder verify"


def _of_hq(connection: Connection, rows: Sequence[Row[Any]]) -> list[Line]:
    wearers = {f"{row.device:08x}": row.name for row in connection.execute(select(store.wearer))}
    return [Line(row.at, _words(row.what, read(row.data), wearers)) for row in rows]


def _words(what: str, said: dict[str, Any], wearers: dict[str, str]) -> str:
    wearer = wearers.get(said.get("device", ""), "a wearer who is forgotten")
    by = said.get("by") or "the command line"
    keys = f": {', '.join(said['keys'])}" if said.get("keys") else ""
    did = f" ({said['what']})" if said.get("what") else ""
    match Noted[what]:
        case Noted.PLAN:
            return f"Plan of {wearer}, as it is from then on: written by {by}{did}{keys}"
        case Noted.ASKED:
            return f"Plan of {wearer}: {said.get('what', '')} by {by}{keys}"
        case Noted.OFFICER:
            return f"Account of {said.get('officer', 'an officer')}: {said.get('what', by)}"
        case Noted.SHIFT:
            to = f" to {said['to']}" if said.get("to") else ""
            return f"Shift log, entry {said.get('shift', '')}: {said.get('what', '')} by {by}{to}"
        case Noted.CASE:
            return f"A case file of alarm {said.get('alarm', '')} was written"
        case Noted.REMOVED:
            return f"The data of alarm {said.get('alarm', '')} were deleted: {said.get('why', '')}"
        case other:
            return sentences.sentence(other.value)
