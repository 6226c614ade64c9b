"""A change past Outcry is found, however much HQ itself writes afterwards; and each one by its name."""

from __future__ import annotations

import pytest
from recorded import problems, publish
from sqlalchemy import delete, select, text, update

from outcry.report import MessageType
from outcry.responder.console.desk import Act
from outcry.responder.plans import repository
from outcry.responder.storage import audit_chain, links, store

pytestmark = pytest.mark.slow


@pytest.fixture
def public(world):
    """An alarm that two contacts have confirmed, that is on HQ's own page, and sealed."""
    publish(world)
    seal(world)
    assert problems(world) == ()
    return world


def seal(world):
    with world.hq.store.write() as connection:
        audit_chain.seal(connection, world.clock())


def does(world, statement):
    with world.hq.store.write() as connection:
        assert connection.execute(text(statement)).rowcount > 0


def rewrite(world, old, new, cut=0):
    """As somebody would who has the database and this program: every link is made again."""
    table = store.history
    with world.hq.store.write() as connection:
        rows = connection.execute(select(table).order_by(table.c.n)).all()
        connection.execute(delete(table))
        previous = None
        for row in rows[: len(rows) - cut]:
            data = row.data.replace(old, new)
            previous = links.link(previous, row.salt, row.alarm, row.n, row.at, row.what, data)
            changed = {**row._mapping, "data": data, "link": previous}
            connection.execute(table.insert().values(changed))


def goes_on(world, times=1):
    """HQ itself writes more, and seals it."""
    for n in range(times):
        world.hq.takes(world.device.message(MessageType.POSITION, sequence=n + 1))
    world.hq.works()
    seal(world)


def test_a_history_that_was_rewritten_is_found_after_hq_has_sealed_it_again(public):
    rewrite(public, '"contact": 2', '"contact": 3')
    goes_on(public)
    assert any("alarm 1: was rewritten" in each for each in problems(public))


def test_a_history_whose_end_was_cut_off_is_found_after_it_has_grown_again(public):
    rewrite(public, "", "", cut=2)
    goes_on(public, times=3)
    assert any("alarm 1: was rewritten" in each for each in problems(public))


def test_an_alarm_that_was_rewritten_and_then_deleted_is_found(public):
    rewrite(public, '"contact": 2', '"contact": 3')
    with public.hq.store.write() as connection:
        audit_chain.removed(connection, public.clock(), 1, "by command")
        for table in ("message", "history", "action", "draft", "invitation", "alarm"):
            connection.execute(text(f"delete from {table}"))
    assert problems(public) == ("alarm 1: had been rewritten before it was deleted",)


def test_an_alarm_that_is_there_again_is_found_also_if_it_never_was_sealed(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    with world.hq.store.write() as connection:
        audit_chain.removed(connection, world.clock(), 1, "by command")
    assert problems(world) == ("alarm 1: was deleted, but is there again",)


@pytest.mark.parametrize(
    ("statement", "says", "writes"),
    [
        (
            "update contact set number = '+447700900199' where number_in_list = 2",
            "contact 2's number",
            lambda world, connection: repository.change(
                connection, world.device.enrolment.device, {}, world.clock(), "olga"
            ),
        ),
        (
            "update contact set pin_hash = pin_salt where number_in_list = 1",
            "contact 1's pin hash",
            lambda world, connection: repository.unwatch(
                connection, world.device.enrolment.device, world.clock()
            ),
        ),
    ],
)
def test_what_was_changed_past_outcry_is_not_made_good_by_what_hq_writes_next(
    public, statement, says, writes
):
    does(public, statement)
    for _ in range(2):
        with public.hq.store.write() as connection:
            writes(public, connection)
        [problem] = problems(public)
        assert says in problem


def test_a_post_that_was_rewritten_is_not_made_good_by_its_correction(public):
    does(public, "update post set text = 'She is well'")
    public.hq.parts.console.act(1, Act.CORRECT, "olga", "released")
    public.hq.works()
    with public.hq.store.read() as connection:
        assert connection.scalar(select(store.post.c.correction).limit(1))
    assert any("post 1: text was changed" in each for each in problems(public))


def test_a_seal_that_cannot_be_read_any_more_keeps_no_alarm_from_being_sealed(public):
    does(public, "update record set data = '[' where what = 'SEALED'")
    goes_on(public)
    with public.hq.store.read() as connection:
        newest = select(store.record.c.data).filter_by(subject="alarm:1")
        assert "heads" in connection.scalars(newest.order_by(store.record.c.n.desc())).first()


# Each by its name


def test_of_many_changes_each_is_named(public):
    with public.hq.store.write() as connection:
        for n in (2, 4):
            connection.execute(text(f"update history set at = at + 1 where n = {n}"))
        connection.execute(text("update record set at = at + 1 where n = 1"))
        connection.execute(text("update message set received_at = received_at + 60"))
        connection.execute(text("update draft set text = 'x'"))
        connection.execute(text("update post set text = 'x'"))
    found = "\n".join(problems(public))
    for each in (
        "alarm 1: entry 2 is not",
        "alarm 1: entry 4 is not",
        "HQ's record: line 1 is not",
        "arrival time is not",
        "words to publish on own page: text is not",
        "post 1: text is not",
    ):
        assert each in found
    assert "entry 3" not in found
    assert "was added" not in found


def test_an_entry_that_is_missing_is_named_and_not_those_after_it(public):
    does(public, "delete from history where n = 3")
    assert problems(public) == (
        "alarm 1: entry 3 is missing",
        "alarm 1: entry 4 proves nothing without entry 3",
    )


@pytest.mark.parametrize(
    ("table", "column", "says"),
    [
        ("history", "data", "entry 1 is not"),
        ("record", "data", "line 1 is not"),
        ("wearer", "name", "name is not"),
        ("draft", "text", "text is not"),
        ("message", "path", "the way it came is not"),
        ("officer", "name", "officer \\udcff\\x1b[2J: was added"),
    ],
)
def test_bytes_that_are_no_text_are_named_and_reach_no_terminal(public, table, column, says):
    public.hq.parts.officers.add("olga")
    with public.hq.store.write() as connection:
        connection.execute(text("pragma defer_foreign_keys = on"))
        first = select(text(f"min(rowid) from {table}"))
        row = connection.scalar(first)
        change = f"update {table} set {column} = cast(x'ff1b5b324a' as text) where rowid = {row}"
        connection.execute(text(change))
        connection.commit()
    found = "\n".join(problems(public))
    assert says in found
    assert "\x1b" not in found


def test_a_line_of_nonsense_about_forgotten_lines_is_named(public):
    for lines in ("5", "[[]]", "null", "[" * 100_000):
        with public.hq.store.write() as connection:
            newest = audit_chain.head(connection).n
            row = update(store.record).where(store.record.c.n == newest)
            connection.execute(row.values(what="FORGOTTEN", data='{"lines": ' + lines + "}"))
        assert any(f"line {newest} is not" in each for each in problems(public))
