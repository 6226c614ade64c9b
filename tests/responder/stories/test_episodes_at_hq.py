"""Public, "false alarm, she is safe", closed, pressed again: what everybody reads then, and when."""

from __future__ import annotations

import re

import pytest
from builders import BEN
from console_hand import Hand
from served import browser
from walls import ENDED, down, put_up

from outcry.report import MessageType
from outcry.responder.archive import case_file
from outcry.responder.console.desk import Act
from outcry.responder.posting.publisher import OutcomeUnknown
from outcry.responder.rules.events import Outcome

pytestmark = pytest.mark.slow


@pytest.fixture
def walls(world):
    return put_up(world)


@pytest.fixture
def client(people):
    with browser(people) as client:
        yield client


def confirms(world, *contacts):
    for contact in contacts:
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()


def public(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    confirms(world, 1, 2)


def ends(world, reason="false_alarm", close=True):
    world.clock.passes(60)
    world.hq.parts.console.act(1, Act.CORRECT, "olga", reason)
    if close:
        world.hq.parts.console.act(1, Act.CLOSE, "olga", "she is home")


def holds(world, sequence=1):
    world.clock.passes(3600)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=sequence))


def public_pages(world, client):
    pages = [client.get(path).text for path in ("/", "/feed.atom", "/post/1")]
    return "\n".join([*pages, *(post.text for post in world.hq.own_page.newest())])


@pytest.mark.parametrize("reason", ["false_alarm", "released"])
def test_every_network_speaks_of_the_new_danger_and_takes_back_that_it_was_over(
    world, walls, client, reason
):
    public(world)
    ends(world, reason)
    world.hq.works()
    assert all(ENDED.search(words) for wall in walls.values() for words in wall.last_words())
    assert ENDED.search(public_pages(world, client))
    holds(world)
    world.hq.works()
    confirms(world, 1)
    assert ENDED.search(public_pages(world, client)), "nobody may say anything new in public yet"
    confirms(world, 2)
    again = (
        "Ana raised the alarm AGAIN on 22 November 2026 at 14:01 (13:01 UTC) and may be in danger."
    )
    for wall in walls.values():
        old, new = wall.last_words()
        assert old.startswith(
            "UPDATE, 22 November 2026, 14:01 (13:01 UTC): our correction is no longer"
        )
        assert f"https://{wall.name}.example/p2" in old
        assert new.startswith(again)
    said = public_pages(world, client)
    assert not ENDED.search(said)
    assert said.index(again) < said.index("our correction is no longer true")


def test_the_contact_who_confirms_again_reads_of_this_episode_and_sees_the_earlier_one(
    world, walls, client
):
    public(world)
    ends(world)
    holds(world)
    world.hq.works()
    link = f"/c/{world.invitation(1)}"
    before = client.get(link).text
    assert "This alarm began again 0 s ago" in before
    assert "52.52000" not in before, "where it is now only the PIN shows"
    shown = re.search(r'name="mark" value="([^"]+)"', before)[1]
    fields = {"pin": world.pins[0], "mark": shown}
    page = client.post(f"{link}/confirm", data=fields).text
    assert "People who say that it is real: 1. Needed to publish: 2." in page
    assert "<bdi>Ana</bdi> pressed the alarm again after it was over." in page
    assert "corrected" not in page
    assert "closed" not in page
    assert "Earlier alarms" in page
    assert "STILL IN DANGER: Ana pressed the alarm again" in world.phones.to(BEN)[-1]


def test_an_answer_from_a_page_of_the_last_episode_is_asked_again(world, walls, client):
    public(world)
    link = f"/c/{world.invitation(3)}"
    mark = re.search(r'name="mark" value="([^"]+)"', client.get(link).text)[1]
    ends(world)
    turned = re.search(r'name="mark" value="([^"]+)"', client.get(link).text)[1]
    holds(world)
    before = world.hq.history()
    for old in (mark, turned, "", "x" * 16):
        asked = client.post(f"{link}/confirm", data={"pin": world.pins[2], "mark": old})
        assert asked.status_code == 409
    assert len({mark, turned}) == 2
    assert "Something has changed since you opened the page." in asked.text
    assert "Your answer is saved" not in asked.text
    assert world.hq.history() == before
    now = re.search(r'name="mark" value="([^"]+)"', client.get(link).text)[1]
    answered = client.post(f"{link}/confirm", data={"pin": world.pins[2], "mark": now})
    assert "Your answer is saved" in answered.text


def test_the_officer_reads_of_this_episode_and_of_the_earlier_one_apart(world, walls, people):
    olga = Hand(people, world.clock)
    olga.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    public(world)
    world.hq.takes(world.device.message(MessageType.WITHDRAWAL, sequence=1, taps=world.code))
    world.hq.works()
    ends(world)
    holds(world, 2)
    world.hq.works()
    assert olga.login().status_code == 303
    page = olga.get("/console/alarm/1").text
    olga.close()
    now, earlier = (
        re.search(r'<ul class="facts">(.*?)</ul>', page, re.DOTALL)[1],
        "Earlier episodes",
    )
    assert "STILL IN DANGER: pressed again after the alarm was closed" in now
    assert not ENDED.search(now)
    assert "Not public" in now
    assert earlier in page
    assert (
        "Episode 1, began 13:00 (12:00 UTC): public on own page, mastodon, x; corrected: it was"
        in page
    )
    assert "Episode 2 begins: STILL IN DANGER" in page


def test_a_network_that_was_down_for_the_correction_never_says_safe_of_the_new_danger(world, walls):
    public(world)

    for wall in walls.values():
        wall.before = down
    ends(world)
    world.hq.works()
    holds(world)
    for wall in walls.values():
        wall.before = lambda what: None
    world.hq.works()
    world.clock.passes(3600)
    world.hq.works()
    confirms(world, 1, 2)
    assert not any(ENDED.search(w) for wall in walls.values() for w in wall.last_words())
    assert [len(wall.posts) for wall in walls.values()] == [2, 2]


def test_a_correction_whose_outcome_nobody_knows_is_taken_back_too(world, walls):
    public(world)
    wall = walls["x"]

    def said_and_lost(what):
        if what == "correct":
            wall.posts["p1"].append("CORRECTION: ... is safe")
            raise OutcomeUnknown("no answer")

    wall.before = said_and_lost
    ends(world)
    world.hq.works()
    wall.before = lambda what: None
    holds(world)
    world.hq.works()
    confirms(world, 1, 2)
    assert not any(ENDED.search(words) for words in wall.last_words())


def test_pressed_again_while_a_correction_is_being_made_it_does_not_leave(world, walls):
    """Between the lease and the last step: the picture is drawn, the post is looked for."""
    public(world)
    ends(world, close=False)
    posting = world.hq.parts.workflow._performers[Act.CORRECT.value]
    wall, looked = walls["mastodon"], posting._stands

    def held_meanwhile(publisher, call):
        found = looked(publisher, call)
        if publisher is wall and len(world.hq.entries()) < 1000 and not wall.made.get("held"):
            wall.made["held"] = "yes"
            holds(world)
        return found

    object.__setattr__(posting, "_stands", held_meanwhile)
    world.hq.works()
    assert wall.made["held"]
    assert not any(ENDED.search(words) for words in wall.last_words())
    assert Outcome.DROPPED in world.hq.history()


def test_an_officer_who_publishes_after_a_correction_takes_it_back(world, walls, client):
    public(world)
    ends(world, close=False)
    world.hq.works()
    world.clock.passes(60)
    world.hq.parts.console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    for wall in walls.values():
        assert not any(
            ENDED.search(words.replace("is not over", "")) for words in wall.last_words()
        )
        assert wall.last_words()[1].startswith(
            "UPDATE, 22 November 2026, 13:02 (12:02 UTC): Ana's alarm is not over, and our correction"
        )
    assert "ALARM from Ana" in world.phones.to(BEN)[-1]


def test_the_case_file_lists_each_episode_with_its_posts_and_its_end(world, walls):
    public(world)
    ends(world)
    world.hq.works()
    holds(world)
    confirms(world, 1, 2)
    page = case_file.write(world.hq.store, 1, "Example Org", world.clock())
    first, second = re.findall(r"[^<>]*; public on [^<>]*", page)
    assert re.search(r"corrected: .*; closed", first)
    assert " to now; " in second
    assert "corrected" not in second
    assert "closed" not in second
    assert "public on own page; public on mastodon; public on x" in second
