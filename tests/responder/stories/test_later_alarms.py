"""Public, "false alarm, she is safe", and then another alarm of the same wearer: what people read."""

from __future__ import annotations

import re

import pytest
from console_hand import Hand
from served import browser
from walls import ENDED, down, put_up

from outcry.report import AlarmKind
from outcry.responder.console.desk import Act
from outcry.responder.posting.publisher import OutcomeUnknown, PublishingFailed
from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.decide import LATER_S
from outcry.responder.rules.events import Outcome

pytestmark = pytest.mark.slow

AGAIN = "our correction is no longer true. Ana may be in danger."


@pytest.fixture
def walls(world):
    return put_up(world)


def presses(world, alarm, **more):
    world.clock.passes(3600)
    world.hq.takes(world.device.message(alarm=76 + alarm, **more))
    world.hq.works()


def confirms(world, alarm, *contacts):
    for contact in contacts:
        world.answers(world.invitation(contact, alarm), world.pins[contact - 1], "confirm")
    world.hq.works()


def act(world, alarm, act, reason=None):
    world.clock.passes(60)
    world.hq.parts.console.act(alarm, act, "olga", reason)
    world.hq.works()


def was_public_and_false(world, reason="false_alarm", close=True):
    presses(world, 1)
    confirms(world, 1, 1, 2)
    act(world, 1, Act.CORRECT, reason)
    if close:
        act(world, 1, Act.CLOSE, "she is home")


def said(world, walls):
    """What each network's posts say last."""
    own = [post.correction or post.text for post in reversed(world.hq.own_page.newest())]
    return {"own page": own, **{name: wall.last_words() for name, wall in walls.items()}}


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("reason", ["false_alarm", "released"])
def test_it_takes_back_that_the_last_one_was_over_as_soon_as_it_may_be_public(
    world, walls, reason, close
):
    was_public_and_false(world, reason, close)
    assert all(ENDED.search(words) for (words,) in said(world, walls).values())
    presses(world, 2)
    confirms(world, 2, 1)
    assert all(ENDED.search(words) for (words,) in said(world, walls).values()), "not public yet"
    confirms(world, 2, 2)
    for old, new in said(world, walls).values():
        assert AGAIN in old
        assert new.startswith("Ana raised an alarm on 22 November 2026")
    assert "https://mastodon.example/p2" in said(world, walls)["mastodon"][0]


def test_a_veto_of_the_new_one_leaves_what_was_said_of_the_last_one(world, walls):
    was_public_and_false(world)
    presses(world, 2)
    act(world, 2, Act.VETO)
    confirms(world, 2, 1, 2)
    assert all(ENDED.search(words) for (words,) in said(world, walls).values())
    act(world, 2, Act.LIFT)
    assert all(AGAIN in old for old, _ in said(world, walls).values())


def test_a_veto_between_the_ground_and_the_last_step_stops_the_taking_back(world, walls):
    """Nobody may learn of the new alarm from an old post: asked in the last moment."""
    was_public_and_false(world)
    presses(world, 2)
    wall, vetoed = walls["mastodon"], []

    def veto(what):
        if what == "correct" and not vetoed:
            vetoed.append(what)
            raise PublishingFailed("it is down")

    wall.before = veto
    confirms(world, 2, 1, 2)
    act(world, 2, Act.VETO)
    world.clock.passes(7200)
    world.hq.works()
    assert vetoed == ["correct"]
    assert ENDED.search(wall.last_words()[0])


def test_a_drill_takes_nothing_back(world, walls):
    was_public_and_false(world)
    presses(world, 2, kind=AlarmKind.DRILL)
    confirms(world, 2, 1, 2)
    assert all(ENDED.search(words) for (words,) in said(world, walls).values())


def test_the_last_one_is_not_said_to_be_false_while_the_new_one_is_open(world, walls):
    presses(world, 1)
    confirms(world, 1, 1, 2)
    presses(world, 2)
    act(world, 1, Act.CORRECT, "false_alarm")
    world.clock.passes(7200)
    world.hq.works()
    assert not any(ENDED.search(words) for (words,) in said(world, walls).values())
    act(world, 2, Act.CLOSE, "pressed by mistake")
    world.clock.passes(LATER_S)
    world.hq.works()
    assert all(ENDED.search(words) for (words,) in said(world, walls).values())


def test_nor_after_it_was_believed_and_closed_until_it_is_corrected_too(world, walls):
    """Free, taken again, and quietly in the hands of a lawyer: nobody reads "is free"."""
    presses(world, 1)
    confirms(world, 1, 1, 2)
    presses(world, 2)
    act(world, 1, Act.CORRECT, "released")
    act(world, 2, Act.VETO)
    confirms(world, 2, 1, 2)
    act(world, 2, Act.CLOSE, "arrested; the lawyer has it")
    world.clock.passes(7200)
    world.hq.works()
    assert not any(ENDED.search(words) for (words,) in said(world, walls).values())
    act(world, 2, Act.CORRECT, "released")
    world.clock.passes(LATER_S)
    world.hq.works()
    assert all(ENDED.search(words) for (words,) in said(world, walls).values())


def test_nor_when_its_network_was_down_and_is_back_while_the_new_one_is_public(world, walls):
    presses(world, 1)
    confirms(world, 1, 1, 2)

    for wall in walls.values():
        wall.before = down
    act(world, 1, Act.CORRECT, "false_alarm")
    presses(world, 2)
    for wall in walls.values():
        wall.before = lambda what: None
    confirms(world, 2, 1, 2)
    act(world, 2, Act.CLOSE, "handed to the lawyers")
    world.clock.passes(7200)
    world.hq.works()
    for wall in walls.values():
        assert not any(ENDED.search(words) for words in wall.last_words())


def test_a_correction_whose_outcome_nobody_knows_is_taken_back(world, walls):
    wall = walls["x"]

    def said_and_lost(what):
        if what == "correct":
            wall.posts["p1"].append("CORRECTION: ... is safe")
            raise OutcomeUnknown("no answer")

    wall.before = said_and_lost
    was_public_and_false(world)
    wall.before = lambda what: None
    presses(world, 2)
    confirms(world, 2, 1, 2)
    assert AGAIN in wall.posts["p1"][-1]


def test_after_the_new_one_was_corrected_nothing_more_is_said_of_the_last_one(world, walls):
    was_public_and_false(world)
    presses(world, 2)
    confirms(world, 2, 1, 2)
    act(world, 2, Act.CORRECT, "released")
    world.clock.passes(7200)
    world.hq.works()
    for old, new in said(world, walls).values():
        assert AGAIN in old, "it asks to read the newest post"
        assert ENDED.search(new)


def test_each_of_many_alarms_is_taken_back_by_the_next(world, walls):
    was_public_and_false(world)
    for alarm in (2, 3):
        presses(world, alarm)
        confirms(world, alarm, 1, 2)
        if alarm == 2:
            act(world, 2, Act.CORRECT, "false_alarm")
    for words in said(world, walls).values():
        assert len(words) == 3
        assert not any(ENDED.search(each) for each in words)


def test_a_taking_back_is_made_once(world, walls):
    was_public_and_false(world)
    presses(world, 2)
    confirms(world, 2, 1, 2)
    for _ in range(5):
        world.clock.passes(LATER_S)
        world.hq.works()
    planned = [e for e in world.hq.entries() if getattr(e, "outcome", 0) is None]
    back = [e for e in planned if e.action.kind is ActionKind.TAKE_BACK]
    assert len(back) == 3
    assert world.hq.history().count(Outcome.UNKNOWN) == 0
    assert [len(posts) for posts in walls["x"].posts.values()] == [3, 1]


def test_contacts_and_officers_who_open_the_last_one_are_told_of_the_new_one(world, walls, people):
    was_public_and_false(world)
    olga = Hand(people, world.clock)
    olga.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    link = f"/c/{world.invitation(1)}"
    with browser(people) as client:
        assert "another alarm" not in client.get(link).text
        presses(world, 2)
        page = client.get(link).text
        assert "Since then another alarm of <bdi>Ana</bdi> has come, <bdi>0 s ago" in page
        assert "another alarm" not in client.get(f"/c/{world.invitation(1, 2)}").text
        mark = re.search(r'name="mark" value="([^"]+)"', page)[1]
        answered = client.post(f"{link}/seen", data={"pin": world.pins[0], "mark": mark}).text
    assert "Since then another alarm of <bdi>Ana</bdi> has come" in answered
    assert olga.login().status_code == 303
    assert 'came later: <a href="/console/alarm/2">alarm 2</a>' in olga.get("/console/alarm/1").text
    assert "came later" not in olga.get("/console/alarm/2").text
    olga.close()
