"""Posts in other networks link to HQ's own page: made first, on the lanes that are shipped."""

from __future__ import annotations

import threading

import pytest
from asking_network import NETWORK, Network

from outcry.responder.console.desk import Act
from outcry.responder.dispatch.workers import Lanes
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.publisher import PublishingFailed
from outcry.responder.rules.publication import PAGE_FIRST_S

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
PEOPLE = {"public_url": "https://help.example.org", "behind_proxy": True}


@pytest.fixture
def posted(world, wait_for):
    """The text in another network of an alarm that an officer publishes, with this own page."""
    network = Network()

    def live(own_page=OwnPage) -> str:
        def publishers(settings, database, clock):
            own = own_page(database, settings.people.public_url, clock)
            return {own.name: own, NETWORK: network}

        world.hq.restarts({"people": PEOPLE}, publishers=publishers, lanes=Lanes(32))
        world.hq.takes(world.device.message())
        world.hq.workflow.step()
        world.hq.parts.console.act(1, Act.PUBLISH, "olga")

        def steps():
            world.hq.workflow.step()
            return network.posts

        return next(iter(wait_for(steps).values()))

    return live


def test_a_post_links_to_the_own_page(posted):
    assert "https://help.example.org/post/1" in posted()


def test_an_own_page_that_fails_holds_nothing_up(posted):
    class Fails(OwnPage):
        def post(self, key, draft):
            raise PublishingFailed("no room")

    assert "help.example.org" not in posted(Fails)


def test_an_own_page_that_hangs_holds_nothing_up_for_long(posted, world):
    ends = threading.Event()

    class Hangs(OwnPage):
        def post(self, key, draft):
            world.clock.passes(PAGE_FIRST_S)
            ends.wait()
            raise PublishingFailed("too late")

    try:
        assert "help.example.org" not in posted(Hangs)
    finally:
        ends.set()
