"""An alarm's history, which is its state: what arrived, what people decided, what was done.

Append-only. Nothing else about an alarm is remembered, so what the rules in
``response.py`` decide can always be explained by reading it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select

from outcry.responder.rules.events import ANSWERS, Entry, What
from outcry.responder.storage import audit_chain, store
from outcry.responder.storage.audit_chain import Head


def append(connection: Connection, alarm: int, entry: Entry) -> None:
    """Add an entry at the end."""
    append_all(connection, [(alarm, entry)])


def append_all(connection: Connection, said: Sequence[tuple[int, Entry]]) -> None:
    """Add each entry at the end of its alarm's history, in this order."""
    alarms = {alarm for alarm, _ in said}
    store.lock_alarms(connection, alarms)
    ends = audit_chain.ends_of(connection, alarms)
    rows = []
    for alarm, entry in said:
        last = ends[alarm]
        data = json.dumps(dict(entry.data))
        salt = audit_chain.new_salt()
        link = audit_chain.link(last.link, salt, alarm, last.n + 1, entry.at, entry.what.name, data)
        ends[alarm] = Head(last.n + 1, link)
        rows.append(
            {
                "alarm": alarm,
                "n": last.n + 1,
                "at": entry.at,
                "what": entry.what.name,
                "data": data,
                "salt": salt,
                "link": link,
            }
        )
    connection.execute(insert(store.history), rows)


def load(connection: Connection, alarm: int) -> tuple[Entry, ...]:
    """All entries, oldest first."""
    table = store.history
    rows = connection.execute(
        select(table.c.at, table.c.what, table.c.data)
        .where(table.c.alarm == alarm)
        .order_by(table.c.n)
    )
    return tuple(Entry(row.at, What[row.what], json.loads(row.data)) for row in rows)


def acknowledged(connection: Connection, alarms: Iterable[int]) -> set[int]:
    """Those that a person has; asked for every receipt, so it does not load the histories."""
    table = store.history
    said = table.c.what.in_([what.name for what in ANSWERS])
    found = select(table.c.alarm).distinct().where(table.c.alarm.in_(list(alarms)), said)
    return set(connection.scalars(found))
