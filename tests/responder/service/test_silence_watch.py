"""Silence: when HQ minds it, when it ends, and that nobody is told of it again and again."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest
from builders import officer
from sqlalchemy import select, update

from outcry.report import AlarmKind, Flag, MessageType
from outcry.responder.part import Rounds
from outcry.responder.plans import repository
from outcry.responder.plans.repository import Means
from outcry.responder.rules.decide import decide
from outcry.responder.rules.events import CameBy, Closed, HeardAgain, WentSilent
from outcry.responder.rules.silence import Watched, silent_at
from outcry.responder.service import silence_watch
from outcry.responder.storage import alarms, event_log, overdue, store

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
BEAT_S = 600.0
QUIET = Watched(heard_at=1000.0, interval_s=BEAT_S)


@pytest.mark.parametrize(
    ("watched", "silent_s"),
    [
        (QUIET, 1500.0),
        (replace(QUIET, vanished=True), 900.0),
        (replace(QUIET, lately=1), 3000.0),
        (replace(QUIET, lately=2), 6000.0),
        (replace(QUIET, lately=99), 12000.0),
        (replace(QUIET, interval_s=20.0), 50.0),
    ],
)
def test_two_and_a_half_intervals_are_minded_sooner_after_moving_later_after_others(
    watched, silent_s
):
    assert silent_at(watched) == 1000.0 + silent_s


def test_a_device_that_beats_is_never_silent(quiet):
    for _ in range(20):
        quiet.beats()
        quiet.passes(BEAT_S, 100)
    assert quiet.alarms() == []


def test_a_device_that_never_beat_is_not_minded(quiet):
    quiet.passes(100_000, 600)
    assert quiet.alarms() == []


def test_a_silence_is_an_alarm_of_its_own_raised_once(quiet):
    quiet.beats()
    quiet.passes(1500)
    assert quiet.alarms() == []
    quiet.passes(86_400, 600)
    assert quiet.alarms() == [(1, [WentSilent])]
    assert quiet.woken == 1


def test_the_alarm_says_when_it_was_last_heard_and_what_it_said_then(quiet):
    quiet.beats(Flag.JAMMING | Flag.BATTERY_LOW)
    heard = quiet.world.clock.now
    quiet.passes(910)
    with quiet.world.hq.store.read() as connection:
        (entry,) = event_log.load(connection, 1)
    marks = ("something is jamming the radio signal", "the battery is low")
    assert entry == WentSilent(entry.at, heard, marks, vanished=True)


@pytest.mark.parametrize("flag", [Flag.MOVING, Flag.JAMMING])
def test_what_vanished_while_moving_or_jammed_is_raised_sooner(quiet, flag):
    quiet.beats(flag)
    quiet.passes(900)
    assert quiet.alarms() == []
    quiet.passes(20)
    assert len(quiet.alarms()) == 1


def test_heard_again_the_silence_is_over_and_another_one_is_another_alarm(quiet):
    quiet.beats()
    quiet.passes(2000)
    quiet.beats()
    quiet.passes(20)
    assert quiet.alarms() == [(1, [WentSilent, HeardAgain])]
    quiet.passes(2900)
    assert len(quiet.alarms()) == 1
    quiet.passes(200)
    assert quiet.alarms()[1:] == [(2, [WentSilent])]


def test_a_report_of_an_alarm_ends_a_silence_too(quiet):
    quiet.beats()
    quiet.passes(2000)
    quiet.world.hq.takes(quiet.world.device.message(), CameBy.SMS)
    quiet.passes(10)
    assert quiet.alarms()[0][1] == [WentSilent, HeardAgain]


def test_in_a_running_alarm_no_silence_is_raised_until_it_is_closed(quiet):
    quiet.beats()
    quiet.world.clock.passes(60)
    quiet.world.hq.takes(quiet.world.device.message())
    quiet.passes(10_000, 100)
    assert quiet.alarms() == []
    with quiet.world.hq.store.write() as connection:
        closed = officer(Closed, quiet.world.clock.now)
        event_log.append(connection, 1, closed)
    quiet.passes(60)
    assert len(quiet.alarms()) == 1


def test_in_an_alarm_that_goes_on_after_it_was_closed_no_silence_is_raised_either(quiet):
    quiet.beats()
    quiet.world.hq.takes(quiet.world.device.message())
    with quiet.world.hq.store.write() as connection:
        event_log.append(connection, 1, officer(Closed, quiet.world.clock.now))
    quiet.world.hq.takes(quiet.world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    quiet.passes(10_000, 100)
    assert quiet.alarms() == []


@pytest.mark.parametrize(
    "damage", [{"what": "NEVER_WRITTEN"}, {"data": "{"}, {"data": '{"path": "by pigeon"}'}]
)
def test_an_alarm_that_cannot_be_read_stops_no_watch(quiet, damage):
    quiet.beats()
    quiet.world.clock.passes(60)
    quiet.world.hq.takes(quiet.world.device.message(sequence=0))
    with quiet.world.hq.store.write() as connection:
        connection.execute(update(store.history).values(damage))
    quiet.passes(2000)
    with quiet.world.hq.store.read() as connection:
        kinds = connection.scalars(select(store.alarm.c.kind).order_by(store.alarm.c.id)).all()
    assert kinds == [AlarmKind.PANIC, AlarmKind.SILENCE]


def test_a_drill_excuses_no_silence(quiet):
    quiet.beats()
    quiet.world.hq.takes(quiet.world.device.message(kind=AlarmKind.DRILL))
    quiet.passes(1600)
    assert len(quiet.alarms()) == 1


def test_a_plan_can_say_that_nobody_minds_and_how_often_the_device_beats(quiet):
    quiet.beats()
    quiet.plans({"silence": {"watch": False}})
    quiet.passes(10_000, 100)
    assert quiet.alarms() == []
    quiet.plans({"silence": {"heartbeat_minutes": 60.0}})
    quiet.beats()
    quiet.passes(8990)
    assert quiet.alarms() == []
    quiet.passes(30)
    assert len(quiet.alarms()) == 1


@pytest.mark.parametrize(
    "written", ["{", '{"silence": 3}', '{"silence": {"heartbeat_minutes": ""}}']
)
def test_a_damaged_plan_is_no_reason_not_to_mind(quiet, written):
    quiet.beats()
    quiet.plans({})
    with quiet.world.hq.store.write() as connection:
        connection.execute(update(store.plan).values(terms=written))
    quiet.passes(1600)
    assert len(quiet.alarms()) == 1


def test_two_processes_raise_one_alarm_though_both_have_judged(quiet, monkeypatch):
    quiet.beats()
    quiet.goes_by(1600)
    other = quiet.another_watch()
    found = overdue.found

    def finds_while_the_other_looks(*asked):
        due = found(*asked)
        monkeypatch.setattr(overdue, "found", found)
        other.look()
        return due

    monkeypatch.setattr(overdue, "found", finds_while_the_other_looks)
    quiet.watch.look()
    assert quiet.alarms() == [(1, [WentSilent])]


def test_the_duty_officer_is_told_first_and_nothing_is_ever_published(quiet):
    quiet.beats()
    quiet.passes(1600)
    means = Means(can_text=True, officers={"desk": "ntfy://127.0.0.1/desk"})
    with quiet.world.hq.store.read() as connection:
        rules = repository.load(connection, 1, means)
        case = event_log.case_of(connection, 1)
    decision = decide(case, rules, quiet.world.clock.now)
    assert [str(action.target) for action in decision.actions] == ["officer:desk:raised"]
    assert decision.look_again_at == case.silence.at + 3600.0
    later = decide(case, rules, quiet.world.clock.now + 1e6)
    assert {action.kind for action in later.actions} == {"notify", "tell"}


def test_of_what_vanished_contacts_hear_sooner_too(quiet):
    quiet.beats(Flag.MOVING)
    quiet.passes(1000)
    with quiet.world.hq.store.read() as connection:
        rules = repository.load(connection, 1, Means(can_text=True))
        case = event_log.case_of(connection, 1)
    assert decide(case, rules, case.silence.at).look_again_at == case.silence.at + 900.0


def test_of_a_device_that_comes_and_goes_the_duty_officer_hears_ever_more_rarely(quiet):
    for _ in range(60):  # a day: heard for a moment every 24 minutes, then every 26
        quiet.beats()
        quiet.passes(1560, 120)
    assert len(quiet.alarms()) <= 2


def test_the_watch_runs_on_a_thread_of_its_own_and_stops(quiet, wait_for):
    quiet.beats()
    beats: list[int] = []
    quiet.goes_by(1600)
    rounds = Rounds("silence", quiet.another_watch().look, lambda: beats.append(1))
    rounds.start()
    wait_for(lambda: len(quiet.alarms()) == 1)
    assert rounds.is_alive()
    assert beats
    assert rounds.stop(30.0)


def test_the_journal_names_no_place(quiet, caplog):
    quiet.beats()
    with caplog.at_level("INFO", "outcry.responder"):
        quiet.passes(2000)
    assert "nothing heard of device" in caplog.text
    assert "52.5" not in caplog.text
    assert "Ana" not in json.dumps([r.getMessage() for r in caplog.records])


def test_what_is_heard_while_it_is_judged_is_not_silent(quiet, monkeypatch):
    quiet.beats()
    quiet.goes_by(1600)
    found = overdue.found

    def finds_what_is_then_heard(*asked):
        due = found(*asked)
        quiet.beats()
        return due

    monkeypatch.setattr(overdue, "found", finds_what_is_then_heard)
    quiet.watch.look()
    assert quiet.alarms() == []


def test_nothing_is_read_of_those_who_are_not_due(quiet):
    quiet.beats()
    quiet.passes(BEAT_S)
    with quiet.world.hq.store.read() as connection:
        assert overdue.found(connection, quiet.world.clock.now, 9) == []


def test_no_transaction_is_open_while_a_device_is_judged(quiet, monkeypatch):
    quiet.beats()
    quiet.goes_by(1600)
    database = quiet.world.hq.store
    open_now = []

    def watched(ways):
        @contextmanager
        def way(*asked):
            with ways(*asked) as connection:
                open_now.append(connection)
                yield connection
            open_now.remove(connection)

        return way

    judged = []

    def judges(watched):
        judged.append(list(open_now))
        return silent_at(watched)

    monkeypatch.setattr(database, "read", watched(database.read))
    monkeypatch.setattr(database, "write", watched(database.write))
    monkeypatch.setattr(silence_watch, "silent_at", judges)
    quiet.watch.look()
    assert judged == [[]]
    assert len(quiet.alarms()) == 1


def test_a_silence_whose_alarm_was_deleted_is_not_raised_again_and_ends(quiet):
    quiet.beats()
    quiet.passes(1600)
    with quiet.world.hq.store.write() as connection:
        alarms.forget(connection, 1, quiet.world.clock.now, "a test")
    quiet.passes(10_000, 100)
    assert quiet.alarms() == []
    quiet.beats()
    quiet.passes(1600)
    assert [said for _, said in quiet.alarms()] == [[WentSilent]]


def test_a_silence_ends_though_nobody_minds_the_device_any_more(quiet):
    quiet.beats()
    quiet.passes(1600)
    quiet.plans({"silence": {"watch": False}})
    quiet.passes(100)
    quiet.beats()
    quiet.passes(10)
    assert quiet.alarms() == [(1, [WentSilent, HeardAgain])]
    quiet.passes(10_000, 100)
    assert len(quiet.alarms()) == 1


def test_a_plan_that_minds_again_minds_a_device_that_has_been_silent_since(quiet):
    quiet.beats()
    quiet.plans({"silence": {"watch": False}})
    quiet.passes(10_000, 100)
    quiet.plans({})
    quiet.passes(10)
    assert len(quiet.alarms()) == 1


def test_an_alarm_of_a_device_that_has_never_beaten_has_no_silence_after_it(quiet):
    quiet.world.hq.takes(quiet.world.device.message())
    with quiet.world.hq.store.write() as connection:
        event_log.append(connection, 1, officer(Closed, quiet.world.clock.now))
    quiet.passes(10_000, 100)
    assert quiet.alarms() == []


def test_a_retired_device_is_not_looked_for(quiet):
    quiet.beats()
    device = quiet.world.device.enrolment.device
    with quiet.world.hq.store.write() as connection:
        repository.unwatch(connection, device, quiet.world.clock.now)
        assert connection.scalar(select(store.wearer.c.due_at)) is None
