"""What a report asks of the database is found by an index, however much HQ keeps."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from outcry.report import MessageType
from outcry.responder.rules.events import CameBy
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


@pytest.mark.parametrize("type_", [MessageType.FIRST, MessageType.POSITION, MessageType.HEARTBEAT])
def test_no_table_is_read_whole_for_a_report(world, type_):
    world.hq.takes(world.device.message(alarm=1))
    message = world.device.message(type_, alarm=2 if type_ is MessageType.FIRST else 1)
    with plans_asked() as plans:
        world.hq.inbox.take(message.sealed, CameBy.DATA)
    assert len(plans) > 5
    assert {said: plan for said, plan in plans.items() if read_whole(plan)} == {}


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("DISTINCT history.alarm", "history_beside_reports (alarm=? AND what=?)"),
        ("max(record.alarm)", "record_removed (alarm>?)"),
    ],
)
def test_neither_an_alarms_reports_nor_the_whole_record_is_read_for_a_first_one(
    world, asked, index
):
    with plans_asked() as plans:
        world.hq.takes(world.device.message())
    (plan,) = [plan for said, plan in plans.items() if asked in said]
    assert [step for step in plan if index in step]
