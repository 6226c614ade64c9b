"""Whoever changes the past is found out, whatever they change; and nothing else is accused."""

import pytest
from sqlalchemy import select, text, update

from outcry.report import MessageType
from outcry.responder.storage import audit_chain, chain_check, event_log, links, store

pytestmark = pytest.mark.slow


@pytest.fixture
def two_alarms(world):
    """Two alarms, one of them confirmed and public, both in HQ's record."""
    world.hq.takes(world.device.message(alarm=1))
    world.hq.works()
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()
    world.clock.passes(60)
    world.hq.takes(world.device.message(alarm=2))
    world.hq.works()
    seal(world)
    return world


def seal(world):
    with world.hq.store.write() as connection:
        return audit_chain.seal(connection, world.clock())


def verified(world):
    with world.hq.store.read() as connection:
        return chain_check.verify(connection)


def written_anew(world, alarm):
    """Every link of an alarm computed again, as somebody who knows this program would."""
    table = store.history
    with world.hq.store.write() as connection:
        previous = None
        for row in connection.execute(
            select(table).where(table.c.alarm == alarm).order_by(table.c.n)
        ).all():
            entry = (row.alarm, row.n, row.at, row.what, row.data)
            previous = links.link(previous, row.salt, *entry)
            connection.execute(
                update(table)
                .where(table.c.alarm == row.alarm, table.c.n == row.n)
                .values(link=previous)
            )


def changed(world, statement):
    with world.hq.store.write() as connection:
        assert connection.execute(text(statement)).rowcount > 0


def test_an_untouched_record_is_as_it_was_written(two_alarms):
    found = verified(two_alarms)
    assert found.problems == ()
    assert found.alarms == 2
    with two_alarms.hq.store.read() as connection:
        lengths = [event_log.length(connection, alarm) for alarm in (1, 2)]
    assert found.entries == sum(lengths) > len(two_alarms.hq.entries(1))


def test_an_alarm_that_goes_on_after_it_was_sealed_is_no_problem(two_alarms):
    world = two_alarms
    world.hq.takes(world.device.message(MessageType.POSITION, alarm=1, sequence=1))
    assert verified(world).problems == ()
    before = verified(world).head.n
    assert seal(world).n == before + 1
    assert verified(world).problems == ()


def test_nothing_is_sealed_when_nothing_happened(two_alarms):
    assert seal(two_alarms) is None


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update history set data = '{}' where alarm = 1 and n = 3", "entry 3 is not"),
        ("update history set what = 'FALSE' where what = 'CONFIRMED'", "is not as it was written"),
        ("update history set at = at - 1 where alarm = 1 and n = 2", "entry 2 is not"),
        ("update history set link = salt where alarm = 1 and n = 1", "entry 1 is not"),
        ("delete from history where alarm = 1 and n = 2", "entry 2 is missing"),
        ("delete from history where alarm = 1 and n > 3", "has fewer entries than the"),
        ("delete from history where alarm = 2", "is missing, and Outcry did not delete it"),
        ("update record set data = '{}'", "HQ's record: line 1 is not"),
    ],
)
def test_a_change_made_past_the_responder_is_found(two_alarms, statement, says):
    changed(two_alarms, statement)
    assert any(says in problem for problem in verified(two_alarms).problems)


def test_an_alarm_whose_links_were_all_made_again_is_found_too(two_alarms):
    changed(two_alarms, "update history set what = 'FALSE' where what = 'CONFIRMED'")
    written_anew(two_alarms, 1)
    [problem] = verified(two_alarms).problems
    assert "alarm 1: was rewritten" in problem


def test_a_record_cut_short_ends_otherwise_than_the_copy_somebody_kept(two_alarms):
    kept = verified(two_alarms).head
    changed(two_alarms, "delete from record")
    assert verified(two_alarms).head != kept


def test_what_was_deleted_on_purpose_is_no_problem_and_stays_deleted(two_alarms):
    world = two_alarms
    with world.hq.store.write() as connection:
        audit_chain.removed(connection, world.clock(), 2, "retention")
        connection.execute(text("delete from history where alarm = 2"))
    assert verified(world).problems == ()
    changed(world, "update history set alarm = 2 where alarm = 1")
    assert any("was deleted, but is there again" in each for each in verified(world).problems)


def test_each_link_has_a_salt_of_its_own(two_alarms):
    with two_alarms.hq.store.read() as connection:
        salts = connection.scalars(select(store.history.c.salt)).all()
    assert len(set(salts)) == len(salts) > 4
    assert all(len(salt) == links.SALT_BYTES for salt in salts)
