"""What a report asks of the database is found by an index, however much HQ keeps."""

from __future__ import annotations

import pytest
from asked_plans import plans_asked, read_whole

from outcry.report import MessageType
from outcry.responder.rules.events import CameBy


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
