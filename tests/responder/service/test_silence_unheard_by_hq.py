"""When HQ itself was not listening, its clock was set, or its watch fails: nobody is called silent
for it, and nobody's silence is missed without a word."""

from __future__ import annotations

import pytest
from quiet import Mouth
from sqlalchemy import delete, select, text, update

from outcry.report import Flag
from outcry.responder.notify.notices import AGAIN_AFTER_S, GIVEN_UP_S, RETRY_S
from outcry.responder.rules.events import HeardAgain, Outcome, WentSilent
from outcry.responder.service import silence_watch
from outcry.responder.storage import alarms, overdue, store

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
BEAT_S = 600.0
BLIND, SEES = "Silent devices are not noticed", "Silent devices are noticed again"
UNJUDGED, DEAF = "One device's silence is not noticed", "HQ was not listening for a while"
DAY_S = 86_400.0


def due_by_an_index(connection):
    """The plan of the database for the watch's own question."""
    asked = []
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "

    class Asking:
        def execute(self, statement):
            words = statement.compile(connection, compile_kwargs={"literal_binds": True})
            asked.extend(str(row) for row in connection.execute(text(f"{explain}{words}")))
            return []

    overdue.found(Asking(), 1e9, 100)
    return "\n".join(asked)


def test_the_database_finds_who_is_due_by_an_index(quiet):
    with quiet.world.hq.store.read() as connection:
        if connection.dialect.name == "postgresql":  # a table of one row is read as quickly whole
            for other in ("seqscan", "bitmapscan"):
                connection.execute(text(f"SET LOCAL enable_{other} = off"))
        plan = due_by_an_index(connection)
    assert "wearer_due" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("hours", [1, 24 * 30])
def test_after_hq_was_down_nobody_is_silent_who_is_then_heard_in_time(quiet, hours):
    quiet.beats(Flag.MOVING)
    quiet.passes(500, 100)
    quiet.world.clock.passes(3600 * hours)
    quiet.restarts()
    quiet.passes(890, 89)
    assert quiet.alarms() == []
    quiet.beats()
    quiet.passes(1490, 149)
    assert quiet.alarms() == []
    assert quiet.mouth.said == []
    quiet.notices.look()
    assert quiet.mouth.titles == [DEAF]


def test_a_device_that_vanished_while_hq_was_down_is_silent_as_soon_as_hq_can_know(quiet):
    quiet.beats()
    quiet.passes(300)
    quiet.world.clock.passes(DAY_S)
    quiet.restarts()
    quiet.passes(1490, 149)
    assert quiet.alarms() == []
    quiet.passes(40)
    assert quiet.alarms() == [(1, [WentSilent])]


@pytest.mark.parametrize("lost_s", [3600, DAY_S, -DAY_S])
def test_what_is_heard_after_a_stop_and_before_a_look_is_minded_as_ever(quiet, lost_s):
    """A machine wakes up, and devices are quicker than the watch."""
    quiet.beats()
    quiet.passes(300, 100)
    quiet.world.clock.passes(lost_s)
    quiet.beats()
    quiet.world.clock.passes(3)
    quiet.watch.look()
    quiet.passes(1480, 740)
    assert quiet.alarms() == []
    quiet.passes(40, 20)
    assert quiet.alarms() == [(1, [WentSilent])]
    quiet.world.clock.passes(lost_s)
    quiet.beats()
    quiet.world.clock.passes(3)
    quiet.watch.look()
    assert quiet.alarms() == [(1, [WentSilent, HeardAgain])]


def test_a_short_restart_gives_no_silence_more_time(quiet):
    quiet.beats()
    for _ in range(9):
        quiet.passes(160)
        quiet.world.clock.passes(7)  # as long as systemd and the start take
        quiet.restarts()
    quiet.passes(30)
    assert quiet.alarms() == [(1, [WentSilent])]
    quiet.notices.look()
    assert quiet.mouth.said == []


def test_after_hq_was_down_no_row_is_read_or_written_but_those_that_are_due(quiet):
    quiet.beats()
    quiet.copies(5)
    quiet.world.clock.passes(DAY_S)
    with quiet.world.hq.store.read() as connection:
        listening = overdue.listening(connection, quiet.world.clock.now)
        assert listening.lost_s == DAY_S
        assert overdue.found(connection, listening.listened, 99) == []


@pytest.mark.parametrize("step_s", [3 * 3600, -3 * 3600, -40 * DAY_S, 300, -300, -30])
def test_a_step_of_hqs_clock_makes_nobody_silent_and_hides_nobody_who_is(quiet, step_s):
    quiet.beats()
    quiet.passes(100)
    quiet.world.clock.passes(step_s)
    quiet.watch.look()
    quiet.passes(1390, 139)
    assert quiet.alarms() == []
    quiet.passes(min(1500, abs(step_s)), 30)
    quiet.passes(130)
    assert quiet.alarms() == [(1, [WentSilent])]
    quiet.beats()
    quiet.passes(10)
    assert quiet.alarms() == [(1, [WentSilent, HeardAgain])]


def test_a_silence_that_began_before_hqs_clock_was_set_back_goes_on_until_the_device_is_heard(
    quiet,
):
    quiet.beats()
    quiet.passes(1600)
    quiet.world.clock.passes(-DAY_S)
    quiet.watch.look()
    quiet.passes(2000, 100)
    assert quiet.alarms() == [(1, [WentSilent])]
    quiet.beats()
    quiet.passes(10)
    assert quiet.alarms() == [(1, [WentSilent, HeardAgain])]


def test_many_small_gaps_are_told_once_they_add_up(quiet):
    """As where two processes on one database disagree about the time: nobody would be silent."""
    quiet.beats()
    for _ in range(10):
        quiet.world.clock.passes(40)
        quiet.watch.look()
    quiet.notices.look()
    assert quiet.mouth.titles == [DEAF]


def breaks(*_asked):
    raise OSError("the database: +447700900101 at 52.52")


def test_a_watch_that_fails_for_a_minute_is_told_to_the_officers_and_its_end_too(
    quiet, monkeypatch, caplog
):
    with monkeypatch.context() as broken:
        broken.setattr(quiet.world.hq.store, "write", breaks)
        for seconds in (0, 30, 29):
            quiet.world.clock.passes(seconds)
            with pytest.raises(OSError, match="database"):
                quiet.watch.look()
        quiet.notices.look()
        assert quiet.mouth.said == []
        quiet.world.clock.passes(1)
        with pytest.raises(OSError, match="database"):
            quiet.watch.look()
        quiet.notices.look()
    assert quiet.mouth.titles == [BLIND]
    quiet.watch.look()
    quiet.notices.look()
    assert quiet.mouth.titles[1] == SEES
    assert "+4477" not in f"{caplog.text}{quiet.mouth.said}"
    assert "52.52" not in f"{caplog.text}{quiet.mouth.said}"


def test_one_failed_look_is_told_to_nobody(quiet, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(quiet.world.hq.store, "write", breaks)
        with pytest.raises(OSError, match="database"):
            quiet.watch.look()
    quiet.world.clock.passes(5)
    quiet.watch.look()
    quiet.notices.look()
    assert quiet.mouth.said == []


def test_a_device_that_cannot_be_judged_is_told_and_hides_no_other(quiet, monkeypatch, caplog):
    quiet.beats()
    quiet.copies(2)
    quiet.goes_by(1600)
    judges = silence_watch.silent_at

    def fails_for_the_first(watched):
        monkeypatch.setattr(silence_watch, "silent_at", judges)
        raise ZeroDivisionError("+447700900101")

    monkeypatch.setattr(silence_watch, "silent_at", fails_for_the_first)
    quiet.watch.look()
    assert len(quiet.alarms()) == 2
    quiet.notices.look()
    assert quiet.mouth.titles == [UNJUDGED]
    assert "+4477" not in f"{caplog.text}{quiet.mouth.said}"
    quiet.passes(70)
    assert len(quiet.alarms()) == 3


def test_a_silence_that_cannot_be_written_is_told_and_hides_no_other(quiet, monkeypatch):
    quiet.beats()
    quiet.copies(2)
    quiet.goes_by(1600)
    new = alarms.new

    def fails_for_the_second(connection, device, *more):
        if device == 2:
            raise OSError
        return new(connection, device, *more)

    with monkeypatch.context() as broken:
        broken.setattr(alarms, "new", fails_for_the_second)
        quiet.watch.look()
    assert len(quiet.alarms()) == 2
    quiet.notices.look()
    assert quiet.mouth.titles == [UNJUDGED]
    assert "00000002" in quiet.mouth.said[0][2]
    quiet.passes(70)
    assert len(quiet.alarms()) == 3


def test_what_goes_on_is_told_again_after_an_hour_and_not_before(quiet):
    for _ in range(2 * int(AGAIN_AFTER_S // 60)):
        quiet.notices.tell(silence_watch.Notice.BLIND)
        quiet.notices.look()
        quiet.world.clock.passes(60)
    assert quiet.mouth.titles == [BLIND] * 2


def test_a_channel_that_refuses_is_asked_again_and_one_that_may_have_taken_it_is_not(quiet):
    quiet.mouth.outcome = Outcome.FAILED
    quiet.notices.tell(silence_watch.Notice.BLIND)
    for _ in range(4):
        quiet.notices.look()
        quiet.world.clock.passes(RETRY_S / 2)
    assert len(quiet.mouth.said) == 2
    quiet.mouth.outcome = Outcome.UNKNOWN
    quiet.notices.look()
    quiet.world.clock.passes(RETRY_S)
    quiet.notices.look()
    assert len(quiet.mouth.said) == 3


def test_a_channel_that_refuses_for_a_day_is_given_up(quiet):
    quiet.mouth.outcome = Outcome.FAILED
    quiet.notices.tell(silence_watch.Notice.BLIND)
    quiet.notices.look()
    quiet.world.clock.passes(GIVEN_UP_S + 1)
    quiet.notices.look()
    quiet.world.clock.passes(RETRY_S)
    quiet.notices.look()
    assert len(quiet.mouth.said) == 2


def test_the_service_itself_tells_the_officers_when_it_cannot_look(world, monkeypatch):
    mouth = Mouth()
    officers = world.hq.directory / "officers.toml"
    officers.write_text('desk = "json://127.0.0.1:9/"\n')
    officers.chmod(0o600)
    world.hq.restarts(
        {"telling": {"officers": str(officers)}}, channels=mouth, monotonic=world.clock
    )
    parts = world.hq.parts
    monkeypatch.setattr(parts.store, "write", breaks)
    for _ in range(3):
        with pytest.raises(OSError, match="database"):
            parts.silence.look()
        world.clock.passes(30)
    parts.notices.look()
    assert mouth.titles == [BLIND]


def test_a_row_that_is_missing_is_told_and_asked_for_again(quiet):
    quiet.beats()
    quiet.goes_by(1600)
    with quiet.world.hq.store.write() as connection:
        connection.execute(delete(store.heartbeat))
    quiet.watch.look()
    quiet.notices.look()
    assert quiet.mouth.titles == [UNJUDGED]
    with quiet.world.hq.store.read() as connection:
        assert connection.scalar(select(store.wearer.c.due_at)) is not None


def test_more_than_one_look_can_hold_are_all_raised(quiet, monkeypatch):
    monkeypatch.setattr(silence_watch, "AT_ONCE", 2)
    quiet.beats()
    quiet.copies(5)
    quiet.goes_by(1600)
    assert [quiet.watch.look() for _ in range(4)] == [True, True, True, False]
    assert len(quiet.alarms()) == 6


def test_a_heartbeat_that_cannot_be_read_is_no_reason_not_to_mind(quiet):
    quiet.beats(Flag.MOVING)
    with quiet.world.hq.store.write() as connection:
        connection.execute(update(store.heartbeat).values(report=b"?"))
    quiet.passes(1600)
    assert len(quiet.alarms()) == 1
