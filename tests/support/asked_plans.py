"""How SQLite finds what it is asked for: by an index, or by reading a table whole."""

from __future__ import annotations

import re
from contextlib import contextmanager

from sqlalchemy import Engine, event

from outcry.responder.storage import store

GROWING = set(store.metadata.tables) - {"listening"}  # which has one row


@contextmanager
def plans_asked():
    """SQLite's own plan for each statement that is executed meanwhile, with its values."""
    plans: dict[str, list[str]] = {}

    def explain(_connection, cursor, statement, parameters, _context, many):
        if statement.split()[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}:
            values = parameters[0] if many else parameters
            asked = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans[statement] = [row[-1] for row in asked]

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def read_whole(plan):
    """The tables of many rows that are read from end to end."""
    return [
        step
        for step in plan
        if re.fullmatch(r"SCAN (\w+)( USING .*)?", step) and step.split()[1] in GROWING
    ]
