"""What is deleted is gone from the files too, and everything else goes on as before."""

import pytest
from sqlalchemy import select

from outcry.report import MessageType
from outcry.responder.archive import retention
from outcry.responder.plans import repository
from outcry.responder.rules.events import CameBy, Closed
from outcry.responder.storage import alarms, audit_chain, event_log, store, verification

pytestmark = pytest.mark.slow

DAY_S = 86_400.0


@pytest.fixture
def closed(world):
    """An alarm that was confirmed, published and closed; its wearer's plan keeps it for 30 days."""
    world.hq.takes(world.device.message(alarm=1))
    world.hq.works()
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()
    keeps(world, 30)
    closes(world)
    world.hq.works()
    return world


def keeps(world, days):
    with world.hq.store.write() as connection:
        device = world.device.enrolment.device
        repository.change(connection, device, {"record": {"keep_days": days}}, 0.0)


def closes(world, alarm=1):
    with world.hq.store.write() as connection:
        event_log.append(connection, alarm, Closed(world.clock(), "olga", "over"))
        alarms.set_due(connection, alarm, world.clock())


def rows(world, table):
    with world.hq.store.read() as connection:
        return connection.execute(select(table)).all()


def test_it_goes_after_the_days_of_the_plan_and_not_before(closed):
    world = closed
    world.clock.passes(29.9 * DAY_S)
    assert retention.apply(world.hq.store, world.clock()) == []
    world.clock.passes(0.2 * DAY_S)
    assert retention.apply(world.hq.store, world.clock()) == [1]
    for table in (store.alarm, store.history, store.message, store.action, store.invitation):
        assert rows(world, table) == []


def test_an_alarm_that_nobody_closed_stays(world):
    world.hq.takes(world.device.message(alarm=1))
    keeps(world, 1)
    world.clock.passes(400 * DAY_S)
    assert retention.apply(world.hq.store, world.clock()) == []


def test_an_alarm_held_again_after_it_was_closed_stays(closed):
    world = closed
    again = world.device.message(MessageType.STILL_IN_DANGER, alarm=1, sequence=5)
    world.hq.takes(again)
    world.clock.passes(400 * DAY_S)
    assert retention.apply(world.hq.store, world.clock()) == []


def test_a_message_of_what_was_deleted_is_known_again_and_raises_nothing(world):
    message = world.device.message(alarm=1)
    receipt = world.hq.takes(message)
    with world.hq.store.write() as connection:
        alarms.forget(connection, 1, world.clock(), "asked for")
    for path in CameBy:
        taken = world.hq.inbox.take(message.sealed, path)
        assert (taken.alarm, taken.repeat, taken.receipt) == (None, True, receipt)
    assert rows(world, store.alarm) == []


def test_a_new_hold_after_the_deletion_is_an_alarm_with_a_number_of_its_own(closed):
    world = closed
    with world.hq.store.write() as connection:
        alarms.forget(connection, 1, world.clock(), "asked for")
    world.hq.takes(world.device.message(alarm=2))
    [alarm] = rows(world, store.alarm)
    assert alarm.id == 2  # 1 would find the posts of the one that is gone


def test_the_others_proof_is_not_broken(closed):
    world = closed
    world.hq.takes(world.device.message(alarm=2))
    with world.hq.store.write() as connection:
        audit_chain.seal(connection, world.clock())
    with world.hq.store.write() as connection:
        alarms.forget(connection, 1, world.clock(), "asked for")
    with world.hq.store.read() as connection:
        found = verification.verify(connection)
    assert (found.problems, found.alarms) == ((), 1)


def test_nothing_of_it_can_be_read_from_the_disk_while_the_service_runs(closed):
    world = closed
    token = world.invitation(1).encode()
    [message] = rows(world, store.message)
    world.clock.passes(31 * DAY_S)
    assert token in on_disk(world)
    retention.apply(world.hq.store, world.clock())
    assert token not in on_disk(world)
    assert message.report not in on_disk(world)
    assert message.digest in on_disk(world)  # what knows it again


def on_disk(world):
    files = (path for path in world.hq.directory.iterdir() if path.is_file())
    return b"".join(path.read_bytes() for path in files)
