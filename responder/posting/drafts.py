"""What is published, word for word: written once, before the first try, and kept for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from outcry.responder.posting.publisher import Draft
from outcry.responder.rules.calls import Publication
from outcry.responder.storage import store
from outcry.responder.storage.store import Store


def once(
    database: Store, alarm: int, target: Publication, compose: Callable[[Connection], Draft]
) -> Draft:
    """The draft that was kept for this, or the one that ``compose`` makes now, kept."""
    with database.write() as connection:
        store.lock_alarm(connection, alarm)
        found = kept(connection, alarm, target)
        if found is None:
            found = compose(connection)
            about = {"alarm": alarm, "kind": target.kind.value, "target": str(target)}
            connection.execute(insert(store.draft).values(**about, **asdict(found)))
        return found


def kept(connection: Connection, alarm: int, target: Publication) -> Draft | None:
    """The draft that was kept for this."""
    table = store.draft
    row = connection.execute(
        select(table.c.text, table.c.language, table.c.made_at, table.c.picture, table.c.alt).where(
            table.c.alarm == alarm, table.c.kind == target.kind.value, table.c.target == str(target)
        )
    ).first()
    return None if row is None else Draft(*row)
