"""What the console reads and writes, on either database; its pages are tested elsewhere."""

from __future__ import annotations

import pytest

from outcry.report import AlarmKind, MessageType
from outcry.responder.console.desk import Act, Console, NotNow
from outcry.responder.console.facts import facts
from outcry.responder.plans import repository
from outcry.responder.rules.events import Confirmed, Reopened, Vetoed
from outcry.responder.storage.alarms import NoSuchAlarm

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True


@pytest.fixture
def console(world):
    return Console(world.hq.store, world.clock)


def test_the_overview_has_alarms_drills_and_everybody(world, console):
    world.hq.takes(world.device.message(MessageType.HEARTBEAT))
    world.hq.takes(world.device.message())
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL, alarm=78))
    seen = console.overview()
    assert [each.alarm for each in seen.alarms] == [1]
    assert [each.alarm for each in seen.drills] == [2]
    (ana,) = seen.listed.wearers
    assert (ana.name, ana.silent, ana.drill_at) == ("Ana", False, world.clock())


def test_what_nobody_has_yet_comes_first(world, console):
    for n in range(3):
        world.clock.passes(1)
        world.hq.takes(world.device.message(alarm=77 + n))
    console.act(3, Act.ACKNOWLEDGE, "olga")
    assert [each.alarm for each in console.overview().alarms] == [2, 1, 3]


def test_a_decision_is_written_down_and_wakes_the_workflow(world):
    woken = []
    console = Console(world.hq.store, world.clock, lambda: woken.append(world.hq.history()[-1]))
    world.hq.takes(world.device.message())
    console.act(1, Act.VETO, "olga")
    assert woken == [Vetoed]
    assert console.view(1).standing.case.vetoed


def test_what_cannot_be_done_now_is_not_written_down(world, console):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    before = world.hq.history()
    for act in (Act.PUBLISH, Act.VETO, Act.LIFT, Act.CORRECT):
        with pytest.raises(NotNow):
            console.act(1, act, "olga", "other")
    assert world.hq.history() == before


def test_after_a_correction_an_officer_can_publish_again_whatever_the_ground_was(world, console):
    world.hq.takes(world.device.message())
    console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    assert Act.PUBLISH not in console.view(1).can
    console.act(1, Act.CORRECT, "olga", "false_alarm")
    assert {Act.PUBLISH, Act.CORRECT} <= console.view(1).can


def test_an_embargo_is_told_and_an_officer_may_publish_all_the_same(world, console):
    with world.hq.store.write() as connection:
        plan = {"confirming": {"quorum": 1}, "publication": {"embargo_minutes": 30}}
        repository.change(connection, world.device.enrolment.device, plan, world.clock())
    world.hq.takes(world.device.message())
    link = world.invitation(1)
    world.answers(link, world.pins[0], "confirm")
    world.hq.works()
    view = console.view(1)
    assert {Act.PUBLISH, Act.VETO} <= view.can
    words = [each["words"] for each in facts(view.standing)]
    assert any("held back by the plan until" in each for each in words)
    world.clock.passes(30 * 60 - 1)
    world.hq.works()
    assert world.hq.own_page.newest() == []
    world.clock.passes(1)
    world.hq.works()
    assert len(world.hq.own_page.newest()) == 1
    assert Act.PUBLISH not in console.view(1).can


def test_an_officer_who_publishes_ends_the_embargo(world, console):
    with world.hq.store.write() as connection:
        plan = {"confirming": {"quorum": 1}, "publication": {"embargo_minutes": 30}}
        repository.change(connection, world.device.enrolment.device, plan, world.clock())
    world.hq.takes(world.device.message())
    world.answers(world.invitation(1), world.pins[0], "confirm")
    world.hq.works()
    console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    assert len(world.hq.own_page.newest()) == 1


def test_a_mistaken_closing_is_contradicted_shown_and_taken_back(world, console):
    world.hq.takes(world.device.message())
    world.hq.works()
    assert Act.REOPEN not in console.view(1).can
    console.act(1, Act.CLOSE, "olga", "a mistake")
    assert console.view(1).can == {Act.REOPEN}
    world.answers(world.invitation(1), world.pins[0], "confirm")
    assert world.hq.history()[-1] is Confirmed
    (standing,) = console.overview().alarms
    assert facts(standing)[0]["grave"], standing
    assert console.overview().closed == ()
    console.act(1, Act.REOPEN, "olga")
    assert world.hq.history()[-1] is Reopened
    world.phones.sent.clear()
    world.hq.works()
    assert len(world.phones.sent) == 3
    assert Act.REOPEN not in console.view(1).can
    assert not console.view(1).standing.is_contradicted


def test_a_drill_is_not_opened_again(world, console):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    console.act(1, Act.CLOSE, "olga", "done")
    assert console.view(1).can == set()


@pytest.mark.parametrize("alarm", [0, 2, 2**31, 2**64])
def test_an_alarm_that_is_not_there_is_none(world, console, alarm):
    with pytest.raises(NoSuchAlarm):
        console.view(alarm)
    with pytest.raises(NoSuchAlarm):
        console.act(alarm, Act.ACKNOWLEDGE, "olga")


def test_the_mark_changes_with_everything_that_is_shown_and_not_by_itself(world, console):
    marks = [console.mark()]
    for message in (
        world.device.message(),
        world.device.message(MessageType.HEARTBEAT),
        world.device.message(MessageType.POSITION, sequence=1),
    ):
        world.clock.passes(1)
        world.hq.takes(message)
        marks.append(console.mark())
    console.act(1, Act.ACKNOWLEDGE, "olga")
    marks.append(console.mark())
    assert len(set(marks)) == 4
    assert marks[1] == marks[2]  # a heartbeat is no news, and an open page looks by itself
    assert console.mark() == marks[-1]


def test_an_alarm_stands_until_a_person_closes_it_and_is_listed_for_a_week_more(world, console):
    world.hq.takes(world.device.message())
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL, alarm=78))
    world.clock.passes(7 * 86_400 + 1)
    assert [each.alarm for each in console.overview().alarms] == [1]
    assert console.overview().drills == ()
    world.hq.takes(world.device.message(MessageType.POSITION, sequence=1))
    console.act(1, Act.CLOSE, "olga", "she is home")
    assert [each.alarm for each in console.overview().closed] == [1]
    world.clock.passes(7 * 86_400 + 1)
    assert console.overview().closed == ()
    assert console.view(1).standing.case.now.over
