"""Whatever somebody changes in the database, of what a case file shows, is found and named."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from recorded import problems, publish
from sqlalchemy import insert, select, text, update

from bench.headquarters import changes
from outcry.report import AlarmKind, MessageType, Position, decode, encode
from outcry.responder.archive import case_file
from outcry.responder.console.desk import Act
from outcry.responder.rules.events import CameBy
from outcry.responder.storage import event_log, store, verification, versions
from stage.reports import HERE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """An alarm with everything that there can be of one, on a database of its own."""
    hq = changes.live(tmp_path_factory.mktemp("lived"))
    yield hq
    hq.store.close()


@pytest.fixture
def published(world):
    """An alarm that two contacts have confirmed, and that stands on HQ's own page."""
    publish(world)
    assert problems(world) == ()
    return world


def change(world, statement):
    with world.hq.store.write() as connection:
        assert connection.execute(statement).rowcount > 0


def kept(world):
    with world.hq.store.read() as connection:
        return connection.execute(select(store.message).order_by(store.message.c.id)).first()


# Everything


def test_no_change_of_a_column_that_a_case_file_shows_goes_unnoticed(lived):
    with lived.store.read() as connection:
        assert verification.verify(connection).problems == ()
    found = changes.look(lived.store, Random(12), rows=1)
    assert found.unnoticed == []
    read = changes.shown(lived.store)
    assert {"history", "record", "message", "alarm", "draft", "post", "stamp", "wearer"} < {
        table.name for table in read
    }
    every = {
        f"{each.name}.{c.name}" for each in read for c in each.c if c.info is not store.WORKING
    }
    assert found.columns == every


def test_what_the_service_goes_on_changing_is_in_no_case_file(lived):
    def gathered():
        with lived.store.read() as connection:
            return case_file.gather(connection, changes.ALARM)

    before = gathered()
    for table in changes.shown(lived.store):
        working = [column.name for column in table.c if column.info is store.WORKING]
        if working:
            with lived.store.write() as connection:
                connection.execute(update(table).values(dict.fromkeys(working, 1)))  # or true
    assert gathered() == before
    with lived.store.read() as connection:
        assert verification.verify(connection).problems == ()


# By name


def test_a_position_that_was_moved_is_named(published):
    report = kept(published).report
    moved = encode(replace(decode(report), place=Position(52.0, 13.0, HERE.accuracy_m, HERE.age_s)))
    change(published, update(store.message).values(report=moved))
    assert problems(published) == ("alarm 1, message 1: position is not as it was written",)


def test_another_arrival_time_is_named(published):
    change(published, text("update message set received_at = received_at + 60"))
    assert problems(published) == ("alarm 1, message 1: arrival time is not as it was written",)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update alarm set kind = 3", "alarm 1: kind is not"),
        ("update alarm set arrived_at = arrived_at + 1", "alarm 1: arrival time is not"),
        ("update draft set text = 'x' || text", "alarm 1, words to publish on own page: text is"),
        ("update post set text = 'x' || text", "post 1: text is not"),
        ("update post set correction = 'She is safe'", "post 1: correction is not"),
        ("update contact set name = 'Eve' where number_in_list = 2", "contact 2's name is not"),
        ("update contact set number = '+447700900199' where id = 1", "contact 1's number is not"),
        ("update wearer set name = 'Eve'", "name is not"),
        ("update wearer set quorum = 1", "quorum is not"),
        ("update safe_code set hash = salt", "safe_code's hash is not"),
        ("update message set path = 'sms'", "the way it came is not"),
        ("update message set digest = report", "digest of the sealed bytes is not"),
        ("delete from draft", "words to publish on own page: are missing"),
    ],
)
def test_each_change_is_named(published, statement, says):
    change(published, text(statement))
    [problem] = problems(published)
    assert says in problem


def test_a_panic_made_into_a_drill_in_the_report_is_named(published):
    drill = encode(replace(decode(kept(published).report), kind=AlarmKind.DRILL))
    change(published, update(store.message).values(report=drill))
    assert problems(published) == ("alarm 1, message 1: kind is not as it was written",)


def test_a_message_a_contact_or_a_post_that_was_added_is_named(published):
    row = kept(published)._mapping
    with published.hq.store.write() as connection:
        connection.execute(insert(store.message).values({**row, "id": 9, "digest": b"other"}))
        one = connection.execute(select(store.contact)).first()._mapping
        connection.execute(insert(store.contact).values({**one, "id": 9, "number_in_list": 9}))
    found = problems(published)
    assert any("message 9: was added" in each for each in found)
    assert any("contact 9's name is not" in each for each in found)


def test_a_damaged_database_is_told_and_not_a_traceback(published):
    change(published, text("update history set data = 'no JSON' where n = 2"))
    assert "entry 2 is not" in problems(published)[0]


# What is honest is not accused


def test_nothing_that_people_do_here_is_taken_for_a_change(published):
    world = published
    world.hq.takes(
        world.device.message(MessageType.WITHDRAWAL, sequence=1, taps=(1, 2)), CameBy.SMS
    )
    world.hq.works()
    console = world.hq.parts.console
    console.act(1, Act.CORRECT, "olga", "released")
    world.hq.works()
    console.act(1, Act.CLOSE, "olga", "home")
    officers = world.hq.parts.officers
    officers.add("olga")
    officers.reset("olga")
    officers.remove("olga")
    world.hq.own_page.delete(world.hq.own_page.find("alarm-1", None))
    assert problems(world) == ()


def test_a_decision_says_what_its_page_had_shown(published):
    console = published.hq.parts.console
    seen = console.view(1).seen
    with published.hq.store.read() as connection:
        entries = event_log.length(connection, 1)
        shown = event_log.showed(connection, 1, seen)
        never = [event_log.showed(connection, 1, each) for each in (None, 0, seen + 9)]
    assert shown == {"shown": entries}, "its last entry is an event"
    assert never == [{}, {}, {}]
    console.act(1, Act.ACKNOWLEDGE, "olga", seen=seen)
    with published.hq.store.read() as connection:
        said = connection.scalar(select(store.history.c.data).filter_by(what="ACKNOWLEDGED"))
    assert f'"shown": {entries}' in said


# Forgetting


def test_a_wearer_can_be_forgotten_and_the_chain_stays_whole(published):
    world, device = published, published.device.enrolment.device
    number = world.device.enrolment.contacts[0].number

    def record():
        with world.hq.store.read() as connection:
            return str(connection.execute(select(store.record)).all())

    assert "Ben" in record()
    assert number not in record(), "a digest of each number, and no number"
    with world.hq.store.write() as connection:
        for statement in (
            "unjudged",
            "message",
            "history",
            "action",
            "draft",
            "invitation",
            "alarm",
        ):
            connection.execute(text(f"delete from {statement}"))
        connection.execute(text("delete from post"))
        versions.note(connection, versions.POST, 1, world.clock())
        for table in ("safe_code", "contact", "plan", "wearer"):
            connection.execute(text(f"delete from {table}"))
        versions.forget(connection, device, world.clock(), "asked for")
    assert "Ben" not in record()
    assert problems(world) == ()
    change(world, text("update record set at = 1.0 where n = 1"))
    assert "HQ's record: line 1 is not" in problems(world)[0]


def test_a_line_that_somebody_else_emptied_is_found(published):
    change(published, text("update record set at=0.0, what='', data='', subject=null, salt=''"))
    assert "HQ's record: line 1 is not" in problems(published)[0]


def test_the_same_row_has_another_digest_in_each_line(published):
    device = published.device.enrolment.device
    with published.hq.store.write() as connection:
        versions.note(connection, versions.WEARER, device, published.clock())
        lines = select(store.record.c.data).filter_by(what="PRIVATE")
        first, second = connection.scalars(lines.order_by(store.record.c.n)).all()
    assert first != second
