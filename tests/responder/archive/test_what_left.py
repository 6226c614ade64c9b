"""A case file shows a post as it left, which may be more, or less, than what was written for it."""

from __future__ import annotations

import json

import pytest
from asking_network import Network
from graph_endpoint import APP_SECRET, PAGE, TOKEN, GraphEndpoint

from outcry.report import MessageType
from outcry.responder.archive import case_file, proof
from outcry.responder.posting.facebook import Facebook
from outcry.responder.rules.publication import STILL_EVERY_S
from outcry.responder.storage import event_log, verification

pytestmark = pytest.mark.slow


@pytest.fixture
def page():
    server = GraphEndpoint()
    yield server
    server.stop()


def published(world, network):
    world.hq.restarts(publishers=lambda *_: {network.name: network})
    world.hq.takes(world.device.message())
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()


def told(world):
    """What the case file shows, which holds together, as does the database."""
    text = case_file.write(world.hq.store, 1, "Example Org", world.clock())
    proof.check(text)
    with world.hq.store.read() as connection:
        assert verification.verify(connection).problems == ()
    return text


@pytest.mark.parametrize(
    ("taken", "says"), [(True, "It left with its picture"), (False, "It left without its picture")]
)
def test_whether_a_picture_went_along_is_shown_and_linked(world, page, taken, says):
    page.takes_pictures = taken
    published(world, Facebook(PAGE, TOKEN, APP_SECRET, page.url))
    (post,) = page.posts.values()
    assert (post["picture"] is not None) == taken
    assert says in told(world)
    (ended,) = (each for each in world.hq.entries() if getattr(each, "came", None) and each.came.id)
    assert (ended.came.text, ended.came.pictured) == (post["message"], taken)


def test_what_was_sent_beside_the_words_is_shown_and_linked(world, page):
    published(world, Facebook(PAGE, TOKEN, APP_SECRET, page.url))
    world.clock.passes(STILL_EVERY_S)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.hq.works()
    first, answer = page.posts.values()
    address = f"https://www.facebook.com/{first['id']}"
    assert answer["message"].endswith(f"\n\n{address}")
    page_text = told(world)
    assert "It left as:" in page_text
    history = proof.take_apart(page_text)[1]["history"]
    said = [json.loads(entry["data"]) for entry in history if entry["what"] == "DONE"]
    assert [each["text"] for each in said if "id" in each] == [first["message"], answer["message"]]


def test_of_a_post_that_was_found_it_is_not_said_that_its_picture_is_there(world):
    network = Network()
    network.before = lambda: setattr(network, "hangs", True)
    published(world, network)
    network.posts["alarm-1"] = "it is there"
    world.clock.passes(600)
    world.hq.works()
    text = told(world)
    assert "Whether its picture went with it is not known" in text
    assert "It left with" not in text


def test_what_a_release_before_has_written_of_a_post_is_read():
    before = (
        '{"key": "publish x 1", "kind": "publish", "target": "x", "url": "https://x", "id": "7"}'
    )
    event = event_log.from_row(0.0, "DONE", before)
    assert (event.came.text, event.came.pictured) == (None, None)
    assert event_log.to_row(event) == ("DONE", before)
