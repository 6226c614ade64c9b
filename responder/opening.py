"""What is known of an alarm from the report that opened it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from outcry.report import Report, decode
from outcry.responder.storage import store


def opening(connection: Connection, alarm: int) -> tuple[str, Report, float]:
    """Who, and the report that opened the alarm here, with its arrival (Unix seconds)."""
    row = connection.execute(
        select(store.wearer.c.name, store.message.c.report, store.message.c.received_at)
        .join(store.wearer, store.wearer.c.device == store.message.c.device)
        .where(store.message.c.alarm == alarm)
        .order_by(store.message.c.id)
        .limit(1)
    ).one()
    return row.name, decode(row.report), row.received_at
