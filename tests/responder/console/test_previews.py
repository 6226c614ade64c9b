"""What an officer is shown before publishing is what is published, word for word."""

from __future__ import annotations

from html import unescape

import pytest
from asking_network import NETWORK, Network
from console_hand import Hand

from outcry.report import AlarmKind
from outcry.responder.console.desk import Act
from outcry.responder.plans import repository
from outcry.responder.posting import graphemes
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.publisher import Limits, Unit
from outcry.responder.rules.events import Corrected, Reason
from outcry.responder.service.people_app import people_app
from outcry.responder.storage.alarms import NoSuchAlarm

pytestmark = pytest.mark.slow

PEOPLE = {"public_url": "https://help.example.org", "behind_proxy": True}
PLAN = {"publication": {"languages": {NETWORK: "ru"}}}


class Narrow(Network):
    """A network in which not everything has room."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(240, Unit.WEIGHTED)


@pytest.fixture
def networks(world):
    """HQ on the own page and in another network, which has another language."""
    network = Narrow()

    def publishers(settings, database, clock):
        own = OwnPage(database, settings.people.public_url, clock)
        return {own.name: own, NETWORK: network}

    world.hq.restarts({"people": PEOPLE}, publishers=publishers)
    with world.hq.store.write() as connection:
        repository.change(connection, world.device.enrolment.device, PLAN, world.clock())
    return network


def previewed(world, alarm=1):
    with world.hq.store.read() as connection:
        return {each.network: each for each in world.hq.parts.preview(connection, alarm)}


def published(world, network):
    return {
        "own page": world.hq.own_page.newest()[0].text,
        NETWORK: next(iter(network.posts.values())),
    }


@pytest.mark.parametrize("before", ["nothing", "a contact", "a quorum", "a correction", "a veto"])
def test_what_is_shown_is_what_goes_out(world, networks, before):
    console = world.hq.parts.console
    world.hq.takes(world.device.message())
    if before in ("a contact", "a quorum"):
        with world.hq.store.write() as connection:
            held = {"publication": {**PLAN["publication"], "embargo_minutes": 30}}
            repository.change(connection, world.device.enrolment.device, held, world.clock())
        for n in (1, 2)[: 1 if before == "a contact" else 2]:
            world.answers(world.invitation(n), world.pins[n - 1], "confirm")
    elif before == "a correction":
        console.act(1, Act.CONFIRM, "olga")
        console.act(1, Act.CORRECT, "olga", "released")
    elif before == "a veto":
        console.act(1, Act.VETO, "olga")
    world.hq.works()
    history = world.hq.entries()
    shown = previewed(world)
    assert world.hq.entries() == history, "looking changes nothing"
    assert world.hq.own_page.newest() == []
    console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    said = published(world, networks)
    assert {name: each.draft.text for name, each in shown.items()} == said
    assert all(previewed(world)[name].written for name in said)
    assert "help.example.org/post/1" in said[NETWORK] or before != "nothing"


def test_it_is_counted_as_the_network_counts(world, networks):
    world.hq.takes(world.device.message())
    shown = previewed(world)
    narrow, own = shown[NETWORK], shown["own page"]
    assert (narrow.length, narrow.unit) == (240, "weighted")
    assert narrow.count == graphemes.length(narrow.draft.text, Unit.WEIGHTED) <= 240
    assert (own.count, own.length) == (len(own.draft.text), 5000)
    assert (own.draft.language, narrow.draft.language) == ("en", "ru")
    assert own.draft.picture.startswith(b"\x89PNG")
    assert own.draft.alt


def test_of_a_drill_there_is_nothing_to_show(world, networks):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    assert previewed(world) == {}


def test_an_alarm_that_is_not_there_is_none(world, networks):
    with pytest.raises(NoSuchAlarm):
        previewed(world, 9)


@pytest.fixture
def olga(world, networks, serve):
    """An officer who is logged in where HQ can post; HQ is behind a proxy that is not there."""
    hand = Hand(serve(people_app(world.hq.parts)), world.clock)
    hand.client.headers["x-forwarded-proto"] = "https"
    hand.settle(f"/console/welcome/{world.hq.parts.officers.add('olga')}")
    assert hand.login().status_code == 303
    yield hand
    hand.close()


def test_the_page_shows_each_post_with_its_picture(world, olga):
    world.hq.takes(world.device.message())
    assert "/console/alarm/1/preview" in olga.get("/console/alarm/1").text
    page = unescape(olga.get("/console/alarm/1/preview").text)
    for each in previewed(world).values():
        assert each.draft.text in page
        assert f"{each.count} of {each.length} {each.unit}" in page
        assert f'alt="{each.draft.alt}"' in page
    assert '<p lang="ru" dir="ltr">' in page
    picture = olga.get("/console/alarm/1/preview/0.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content == previewed(world)["own page"].draft.picture
    assert olga.get("/console/alarm/1/preview/2.png").status_code == 404
    assert olga.get("/console/alarm/9/preview").status_code == 404


def test_where_the_plan_gives_no_place_there_is_no_picture(world, olga):
    with world.hq.store.write() as connection:
        plan = {"publication": {"position": "nothing"}}
        repository.change(connection, world.device.enrolment.device, plan, world.clock())
    world.hq.takes(world.device.message())
    assert "Without a picture." in olga.get("/console/alarm/1/preview").text
    assert olga.get("/console/alarm/1/preview/0.png").status_code == 404


def test_of_a_drill_the_page_says_that_nothing_is_published(world, olga):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    assert "Nothing of this alarm is ever published." in olga.get("/console/alarm/1/preview").text


def test_each_ready_correction_is_shown_as_it_goes_out(world, networks, olga):
    world.hq.takes(world.device.message())
    assert "there is nothing to correct" in olga.get("/console/alarm/1/corrections").text
    world.hq.parts.console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    history = world.hq.entries()
    with world.hq.store.read() as connection:
        shown = world.hq.parts.preview.corrections(connection, 1)
    assert world.hq.entries() == history, "looking changes nothing"
    page = unescape(olga.get("/console/alarm/1/corrections").text)
    for posts in shown.values():
        assert [each.network for each in posts] == [NETWORK, "own page"]
        assert all(each.draft.text in page for each in posts)
    words = {reason: posts[1].draft.text for reason, posts in shown.items()}
    assert "is free" in words[Reason.RELEASED]
    assert "is safe" in words[Reason.FALSE_ALARM]
    assert not any(said in words[Reason.OTHER] for said in ("free", "safe"))
    world.hq.parts.console.act(1, Act.CORRECT, "olga", "released")
    world.hq.works()
    said = {each.network: each.draft.text for each in shown[Reason.RELEASED]}
    assert world.hq.own_page.newest()[0].correction == said["own page"]
    assert [*networks.corrected.values()] == [said[NETWORK]]


@pytest.mark.parametrize("reason", ["released", "false_alarm"])
def test_nobody_is_said_to_be_safe_or_free_before_somebody_has_spoken_with_them(
    world, olga, reason
):
    world.hq.takes(world.device.message())
    world.hq.parts.console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    for spoke in ({}, {"spoke": "  "}):
        answer = olga.act(1, "correct", sure="yes", reason=reason, **spoke)
        assert answer.status_code == 422
        assert "who has spoken" in answer.text
    assert Corrected not in world.hq.history()
    spoke = f"<Vera>, by\nphone{'x' * 300}"
    assert olga.act(1, "correct", sure="yes", reason=reason, spoke=spoke).status_code == 303
    (said,) = [each.spoke for each in world.hq.entries() if isinstance(each, Corrected)]
    assert said.startswith("<Vera>, by phonexxx")
    assert len(said) == 200
    assert "who spoke with the wearer: &lt;Vera&gt;, by phone" in olga.get("/console/alarm/1").text


def test_that_something_has_changed_needs_nobodys_word(world, olga):
    world.hq.takes(world.device.message())
    world.hq.parts.console.act(1, Act.PUBLISH, "olga")
    world.hq.works()
    assert olga.act(1, "correct", sure="yes", reason="other").status_code == 303
