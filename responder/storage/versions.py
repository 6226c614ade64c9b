"""What people change, by version: wearers with their contacts and plans, officers, posts, stamps.

Each change adds a line to HQ's record that holds the rows as they are from then on, so that a row
that was changed past Outcry shows. What a case file may show stands there in words: names,
languages, the plan without its channels' addresses. Of every other column there is a salted digest,
and of a wearer's in a line of its own, so that a case file can leave it out. A column that is added
to one of these tables later is among them by itself.
"""

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Row, Table, func, select

from outcry.responder.storage import audit_chain, roll, store
from outcry.responder.storage.audit_chain import Noted, read
from outcry.responder.storage.links import SALT_BYTES

Rows = dict[str, Any]
"""Values by row and column, such as ``contact 2.name``."""

_SHOWN = {
    store.wearer: {"device", "name", "quorum", "enrolled_at"},
    store.contact: {"device", "number_in_list", "name", "language"},
    store.plan: {"device", "terms", "changed_at"},
}


@dataclass(frozen=True)
class Kind:
    """What has versions. ``tables``: each with the column that says whose row it is."""

    name: str
    tables: Mapping[Table, str]
    noted: Noted

    def subject(self, key: object) -> str:
        return f"{self.name}:{key:08x}" if self is WEARER else f"{self.name}:{key}"


WEARER = Kind(
    "wearer",
    {store.wearer: "device", store.contact: "device", store.plan: "device"}
    | {store.safe_code: "device"},
    Noted.PRIVATE,
)
OFFICER = Kind("officer", {store.officer: "name"}, Noted.OFFICER)
POST = Kind("post", {store.post: "id"}, Noted.POST)
STAMP = Kind("stamp", {store.stamp: "n"}, Noted.STAMP)
SHIFT = Kind("shift", {store.shift: "id"}, Noted.SHIFT)
KINDS = (WEARER, OFFICER, POST, STAMP, SHIFT)
_ANY = re.compile(r".*")
_UNWRITTEN = "unwritten"
_PUBLIC = ":public"  # ends the subject of the line that a case file may show
_ASKED = ":asked"


class InForce(NamedTuple):
    """The line that says how a wearer, their contacts and their plan are now."""

    n: int
    leaf: bytes


def note(
    connection: Connection,
    kind: Kind,
    key: Any,
    now: float,
    *,
    touched: re.Pattern[str] = _ANY,
    **said: object,
) -> None:
    """Write down how this is from now on; call it in the transaction that changed it, last.

    ``said``: by whom, and what was done. ``key``: the device, name or number it goes by.
    ``touched``: the values that this may have changed. If others are not as the line before has
    them, the new one says so, and does not make them good.
    """
    rows = _rows(connection, kind, key).get(key, {})
    subject = kind.subject(key)
    last = _newest(connection, kind, subject=subject).get(subject)
    differing = [] if last is None else _differing(rows, last)
    if others := [name for name in differing if not touched.fullmatch(name)]:
        said |= {_UNWRITTEN: others}
    who = f"{key:08x}" if kind is WEARER else key
    about = {"device" if kind is WEARER else kind.name: who, **said}
    if kind is WEARER:
        roll.enter(connection, [key])
        shown = {**about, "rows": _shown(rows)}
        audit_chain.note(connection, now, Noted.PLAN, shown, subject=subject + _PUBLIC)
    salt = os.urandom(SALT_BYTES).hex()
    digests = {name: _digest(salt, name, value) for name, value in rows.items()}
    data = {**about, "salt": salt, "rows": digests}
    audit_chain.note(connection, now, kind.noted, data, subject=subject)


def asked(connection: Connection, device: int, now: float, **said: object) -> None:
    """Write down what was asked for a wearer's plan, or became of it, where no row has changed.

    Nothing is said of the rows: this is no moment at which somebody has looked at them.
    """
    data = {"device": f"{device:08x}", **said}
    audit_chain.note(connection, now, Noted.ASKED, data, subject=WEARER.subject(device) + _ASKED)


def in_force(connection: Connection, device: int) -> InForce | None:
    """By which line of the record a wearer's alarms are decided now."""
    line = store.record.c
    newest = select(line.n, line.leaf).filter_by(subject=WEARER.subject(device) + _PUBLIC)
    row = connection.execute(newest.order_by(line.n.desc()).limit(1)).first()
    return None if row is None else InForce(*row)


def forget(connection: Connection, device: int, now: float, why: str) -> None:
    """Empty all that the record says of a wearer, once their rows are deleted."""
    subject = WEARER.subject(device)
    audit_chain.forget_lines(connection, now, [subject, subject + _PUBLIC, subject + _ASKED], why)


def problems(
    connection: Connection, unheld: Collection[tuple[int | None, int]] = ()
) -> Iterator[str]:
    """Where rows are not as the record says they are, by its lines that hold.

    ``unheld``: the others. Where there are any, nothing is said to be added.
    """
    broken = any(alarm is None for alarm, _ in unheld)
    yield from _unwritten(connection, unheld)
    for kind in KINDS:
        lines = _newest(connection, kind, unheld)
        there = {kind.subject(key): rows for key, rows in _rows(connection, kind).items()}
        for subject in sorted(there.keys() | lines.keys()):
            rows, said = there.get(subject, {}), lines.get(subject)
            about = subject.replace(":", " ")
            if said is None:
                if not broken:
                    yield f"{about}: was added, and Outcry did not write it down"
                continue
            for name in _differing(rows, said):
                yield f"{about}: {_words(name, kind)} is not as it was written"


def _unwritten(connection: Connection, unheld: Collection[tuple[int | None, int]]) -> Iterator[str]:
    """What had been changed past Outcry when it wrote the next line."""
    line = store.record.c
    for kind in KINDS:
        of_kind = (line.what == kind.noted.name) & line.data.contains(f'"{_UNWRITTEN}"')
        rows = connection.execute(select(line.n, line.subject, line.data).where(of_kind))
        for row in rows:
            if (None, row.n) not in unheld:
                about = str(row.subject).replace(":", " ")
                for name in read(row.data).get(_UNWRITTEN, ()):
                    words = _words(name, kind)
                    yield f"{about}: {words} was changed before line {row.n}, and not by Outcry"


def adopt(connection: Connection, now: float) -> None:
    """Write down what no line holds yet, or not all columns of: an earlier release wrote it."""
    for kind in KINDS:
        lines = _newest(connection, kind)
        for key, rows in _rows(connection, kind).items():
            said = lines.get(kind.subject(key))
            whole = said is not None and rows.keys() <= said["rows"].keys()
            if said is None or not (whole or _differing(rows, said)):
                note(connection, kind, key, now, by="an upgrade")


def _rows(connection: Connection, kind: Kind, key: Any = None) -> dict[Any, Rows]:
    """The values of every column but the working ones, by whose they are; of ``key`` alone."""
    found: dict[Any, Rows] = {}
    for table, whose in kind.tables.items():
        columns = _kept(table)
        wanted = select(*columns).order_by(*table.primary_key)
        if key is not None:
            wanted = wanted.where(table.c[whose] == key)
        for row in connection.execute(wanted):
            label = f"{table.name} {row.number_in_list}" if table is store.contact else table.name
            values = {f"{label}.{column.name}": _plain(row, column) for column in columns}
            found.setdefault(row._mapping[whose], {}).update(values)
    return found


def _kept(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if column.info is not store.WORKING]


def _plain(row: Row[Any], column: Column[Any]) -> Any:
    value = row._mapping[column.name]
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def _shown(rows: Rows) -> Rows:
    """What a case file may show of a wearer."""
    shown = {f"{table.name}.{name}" for table, names in _SHOWN.items() for name in names}
    found = {}
    for name, value in rows.items():
        label, _, column = name.rpartition(".")
        if f"{label.split()[0]}.{column}" in shown:
            found[name] = _without_channels(value) if name == "plan.terms" else value
    return found


def _without_channels(terms: str) -> dict[str, Any]:
    """A plan's terms; of the channels their names alone, since an address may hold a password."""
    agreed = read(terms)
    for person in agreed.get("contact", {}).values():
        person["channels"] = sorted(person.get("channels", {}))
    return agreed


def _digest(salt: str, name: str, value: Any) -> str:
    said = json.dumps([salt, name, value], ensure_ascii=True)
    return hashlib.sha256(said.encode("ascii")).hexdigest()


def _newest(
    connection: Connection,
    kind: Kind,
    unheld: Collection[tuple[int | None, int]] = (),
    subject: str | None = None,
) -> dict[str, dict[str, Any]]:
    """What the newest line of each, or of ``subject``, says that has digests, if it holds."""
    line = store.record.c
    whose = line.subject.is_not(None) if subject is None else line.subject == subject
    of_kind = (line.what == kind.noted.name) & whose
    newest = select(func.max(line.n)).where(of_kind).group_by(line.subject)
    rows = connection.execute(select(line.n, line.subject, line.data).where(line.n.in_(newest)))
    lines = {row.subject: read(row.data) for row in rows if (None, row.n) not in unheld}
    return {subject: said for subject, said in lines.items() if "rows" in said}


def _differing(rows: Rows, said: Mapping[str, Any]) -> list[str]:
    """The values that are not those of the line; columns that were added since are passed over."""
    digests, salt = said["rows"], said["salt"]
    labels = {name.rpartition(".")[0] for name in digests}
    later = {name for name in rows.keys() - digests if name.rpartition(".")[0] in labels}
    return [
        name
        for name in sorted((rows.keys() | digests) - later)
        if name not in rows or digests.get(name) != _digest(salt, name, rows[name])
    ]


def _words(name: str, kind: Kind) -> str:
    """A value's name for people: ``contact 2's number``."""
    label, _, column = name.rpartition(".")
    plain = column.replace("_", " ")
    return plain if label == kind.name else f"{label}'s {plain}"
