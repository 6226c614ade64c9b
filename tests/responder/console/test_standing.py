"""Which alarms the overview lists, however many there have been, on either database."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from outcry.report import AlarmKind, MessageType
from outcry.responder.console.desk import Act
from outcry.responder.console.watching import standing
from outcry.responder.storage import store

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True


@pytest.fixture
def console(world):
    return world.hq.parts.console


def settled(world, alarm=1):
    with world.hq.store.read() as connection:
        columns = store.alarm.c.settled_at, store.alarm.c.ending, store.alarm.c.published
        return tuple(connection.execute(select(*columns).filter_by(id=alarm)).one())


def test_an_alarm_that_nobody_closed_is_listed_however_many_came_and_went_since(world, console):
    world.hq.takes(world.device.message())
    row = {"device": world.device.enrolment.device, "kind": int(AlarmKind.PANIC)}
    at = world.clock() - 2 * standing.LISTED_S
    over = {"arrived_at": at, "settled_at": at, "ending": "closed"}
    rows = [row | over | {"id": 2 + n, "device_alarm": 1000 + n} for n in range(300)]
    with world.hq.store.write() as connection:
        connection.execute(insert(store.alarm), rows)
    assert [each.alarm for each in console.overview().alarms] == [1]


def test_what_is_too_many_to_be_listed_is_counted(world, console, monkeypatch):
    monkeypatch.setattr(standing, "MOST_OPEN", 2)
    for n in range(5):
        world.clock.passes(1)
        world.hq.takes(world.device.message(alarm=77 + n))
    seen = console.overview()
    assert ([each.alarm for each in seen.alarms], seen.more) == ([5, 4], 3)


def test_how_an_alarm_ended_is_kept_until_something_happens_to_it(world, console):
    world.hq.takes(world.device.message())
    world.hq.works()
    assert settled(world) == (None, None, None)
    world.clock.passes(60)
    console.act(1, Act.CLOSE, "olga", "she is home")
    assert settled(world)[0] is None  # nobody has looked yet
    assert [each.alarm for each in console.overview().closed] == [1]
    closed_at = world.clock()
    world.clock.passes(5)
    world.hq.works()
    assert settled(world) == (closed_at, "closed", False)
    assert [each.alarm for each in console.overview().closed] == [1]
    again = world.device.message(MessageType.STILL_IN_DANGER, sequence=1)
    world.hq.takes(again)
    assert [each.alarm for each in console.overview().alarms] == [1]
    world.hq.works()
    assert settled(world)[0] is None


def test_a_closed_alarm_that_somebody_says_is_real_is_open_to_everybody(world, console):
    world.hq.takes(world.device.message())
    world.hq.works()
    console.act(1, Act.CLOSE, "olga", "a mistake")
    world.hq.works()
    world.answers(world.invitation(1), world.pins[0], "confirm")
    world.hq.works()
    assert settled(world)[0] is None
    assert [each.alarm for each in console.overview().alarms] == [1]


@pytest.mark.parametrize(("reason", "ending"), [("released", "released"), ("false_alarm",) * 2])
def test_a_corrected_alarm_has_ended_as_the_correction_says(world, console, reason, ending):
    world.hq.takes(world.device.message())
    console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    console.act(1, Act.CORRECT, "olga", reason)
    world.hq.works()
    assert settled(world)[0] is None  # it is listed until a person closes it
    console.act(1, Act.CLOSE, "olga", "over")
    world.hq.works()
    assert settled(world)[1:] == (ending, True)


def test_a_silence_that_ends_by_itself_was_heard_again(quiet, world, console):
    quiet.beats()
    quiet.passes(3600)
    world.hq.works()
    assert [each.kind for each in console.overview().alarms] == [AlarmKind.SILENCE]
    quiet.beats()
    quiet.passes(10)
    world.hq.works()
    assert settled(world)[1:] == ("heard", False)


def test_an_alarm_is_read_again_when_its_history_has_grown(world, console):
    world.hq.takes(world.device.message())
    (before,) = console.overview().alarms
    assert console.overview().alarms[0].case is before.case
    console.act(1, Act.ACKNOWLEDGE, "olga")
    assert console.overview().alarms[0].case.now.holder == "olga"
    assert before.is_new  # what a page was given does not change under it


def test_a_damaged_entry_of_one_history_takes_no_other_alarm_from_the_overview(world, console):
    world.hq.takes(world.device.message())
    world.hq.works()
    console.act(1, Act.CLOSE, "olga", "she is home")
    with world.hq.store.write() as connection:
        damaged = update(store.history).where(store.history.c.what == "CLOSED").values(data="{}")
        connection.execute(damaged)
    world.clock.passes(60)
    world.hq.takes(world.device.message(alarm=78))
    assert 2 in [each.alarm for each in console.overview().alarms]
