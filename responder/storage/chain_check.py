"""Whether the chains hold: every entry and line as it was linked, and each alarm as it was sealed.

A history is compared with each of its seals, not the newest alone: HQ goes on sealing an alarm that
somebody has rewritten meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select

from outcry.responder.storage import audit_chain, store
from outcry.responder.storage.audit_chain import EMPTY, Head, Noted, read
from outcry.responder.storage.links import leaf, link, onto

_RECORD = None  # in the place of an alarm
_Wrong = dict[int, str]


@dataclass(frozen=True)
class Verified:
    """What a look at the whole record found; no ``problems``: nothing was changed.

    ``unheld``: the entries that prove nothing any more, by alarm and number; lines of HQ's record
    by None and number.
    """

    alarms: int
    entries: int
    head: Head
    problems: tuple[str, ...]
    unheld: frozenset[tuple[int | None, int]] = frozenset()


def verify(connection: Connection) -> Verified:
    """Compute every link again and compare; a problem names the alarm and the entry."""
    problems: list[str] = []
    unheld: set[tuple[int | None, int]] = set()
    links: dict[int, dict[int, bytes]] = {}
    table = store.history
    rows = connection.execute(select(table).order_by(table.c.alarm, table.c.n))
    for alarm, entries in groupby(rows, lambda row: row.alarm):
        links[alarm], wrong = _followed(entries, "entry", _link_of_entry)
        problems += [f"alarm {alarm}: entry {n} {words}" for n, words in wrong.items()]
        unheld |= {(alarm, n) for n in wrong}
    wrong = _wrong_lines(connection)
    problems += [f"HQ's record: line {n} {words}" for n, words in wrong.items()]
    unheld |= {(_RECORD, n) for n in wrong}
    problems += _against_record(connection, links, wrong)
    entries_ = sum(map(len, links.values()))
    end = audit_chain.head(connection)
    return Verified(len(links), entries_, end, tuple(problems), frozenset(unheld))


def _followed(
    rows: Iterable[Row[Any]], what: str, link_of: Callable[[Row[Any], bytes | None], bytes | None]
) -> tuple[dict[int, bytes], _Wrong]:
    """The links as they stand, by number; and of which numbers they do not hold, in words.

    After a fault it goes on from the link that stands there, and from the one that should.
    """
    links: dict[int, bytes] = {}
    wrong: _Wrong = {}
    before: tuple[bytes | None, ...] = (None,)
    expected = 1
    for row in rows:
        if not isinstance(row.n, int) or row.n < expected:
            wrong[row.n] = "was added, and Outcry did not write it"
            continue
        if row.n > expected:
            wrong[expected] = "is missing"
            wrong[row.n] = f"proves nothing without {what} {row.n - 1}"
            before = ()
        made = [_made(link_of, row, each) for each in before]
        if before and (row.link is None or row.link not in made):
            wrong[row.n] = "is not as it was written"
        links[row.n] = row.link
        before, expected = (row.link, *made), row.n + 1
    return links, wrong


def _made(
    link_of: Callable[[Row[Any], bytes | None], bytes | None], row: Row[Any], before: bytes | None
) -> bytes | None:
    try:
        return link_of(row, before)
    except (TypeError, ValueError):  # of another type than Outcry writes
        return None


def _link_of_entry(row: Row[Any], before: bytes | None) -> bytes:
    return link(before, row.salt, row.alarm, row.n, row.at, row.what, row.data)


def _wrong_lines(connection: Connection) -> _Wrong:
    """The lines of HQ's record that are not as they were written."""
    told = connection.scalars(select(store.record.c.data).filter_by(what=Noted.FORGOTTEN.name))
    lists = [lines for data in told if isinstance(lines := read(data).get("lines"), list)]
    forgotten = {n for lines in lists for n in lines if isinstance(n, int)}
    rows = connection.execute(select(store.record).order_by(store.record.c.n))
    _, wrong = _followed(rows, "line", partial(_link_of_line, forgotten))
    return wrong


def _link_of_line(forgotten: set[int], row: Row[Any], before: bytes | None) -> bytes | None:
    """The link that a line should have; None: it cannot be what was written."""
    said = row.n, row.at, row.what, row.data
    if row.leaf is None:  # of an earlier release: these two were not linked
        gone = read(row.data).get("alarm") if row.what == Noted.REMOVED.name else None
        as_written = row.alarm == gone and row.subject is None
        return link(before, row.salt, *said) if as_written else None
    if row.n in forgotten:
        is_empty = all(getattr(row, name) == value for name, value in EMPTY.items())
        return onto(before, row.leaf) if is_empty else None
    right = leaf(row.salt, *said, row.alarm, row.subject) == row.leaf
    return onto(before, row.leaf) if right else None


def _against_record(
    connection: Connection, links: Mapping[int, Mapping[int, bytes]], wrong: _Wrong
) -> Iterator[str]:
    """Alarms that the record knows to have been otherwise, by its lines that hold."""
    sealed: dict[int, dict[int, bytes]] = {}
    for data in _held(connection, Noted.SEALED, wrong):
        for alarm, (n, hexed) in data["heads"].items():
            sealed.setdefault(int(alarm), {})[n] = bytes.fromhex(hexed)
    gone = {
        data["alarm"]: Head(data["n"], bytes.fromhex(data["link"]))
        for data in _held(connection, Noted.REMOVED, wrong)
    }
    for alarm in sorted(sealed.keys() | gone.keys()):
        seals, there = sealed.get(alarm, {}), links.get(alarm)
        last = max(seals, default=0)
        if alarm in gone:
            if there is not None:
                yield f"alarm {alarm}: was deleted, but is there again"
            elif gone[alarm].n < last:
                yield f"alarm {alarm}: had lost entries before it was deleted"
            elif seals.get(gone[alarm].n, gone[alarm].link) != gone[alarm].link:
                yield f"alarm {alarm}: had been rewritten before it was deleted"
        elif there is None:
            yield f"alarm {alarm}: is missing, and Outcry did not delete it"
        elif max(there) < last:
            yield f"alarm {alarm}: has fewer entries than the {last} it had"
        elif others := [n for n, seal in seals.items() if there.get(n) != seal]:
            yield f"alarm {alarm}: was rewritten, at entry {min(others)} or before it"


def _held(connection: Connection, what: Noted, wrong: _Wrong) -> Iterator[dict[str, Any]]:
    line = store.record.c
    rows = connection.execute(select(line.n, line.data).filter_by(what=what.name).order_by(line.n))
    return (read(row.data) for row in rows if row.n not in wrong)
