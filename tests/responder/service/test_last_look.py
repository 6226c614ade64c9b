"""What people decide while a call is being made holds; what slipped out is found, and shown."""

from __future__ import annotations

import pytest
from asking_network import NETWORK, Network

from outcry.report import MessageType
from outcry.responder.console.desk import Act
from outcry.responder.dispatch import outbox
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.publisher import (
    NothingLeft,
    OutcomeUnknown,
    Posted,
    PublishingFailed,
)
from outcry.responder.rules import events
from outcry.responder.rules.calls import Post, Topic
from outcry.responder.rules.decide import RETRY_AFTER_S
from outcry.responder.rules.events import SLIPPED, CallEnded, Outcome
from outcry.responder.rules.model import OWN_PAGE
from outcry.responder.sentences import timeline
from outcry.responder.storage import event_log

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def made(world, network):
    """Makes HQ have this network, and two contacts confirm an alarm."""

    def make(network=network):
        def publishers(settings, database, clock):
            own = OwnPage(database, settings.people.public_url, clock)
            return {own.name: own, NETWORK: network}

        world.hq.restarts(publishers=publishers)
        world.hq.takes(world.device.message())
        for contact in (1, 2):
            world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
        return world

    return make


def does(world, act, **more):
    world.hq.parts.console.act(1, act, "olga", **more)


def case(world):
    with world.hq.store.read() as connection:
        return event_log.case_of(connection, 1)


def ended(world, target):
    return [each for each in world.hq.entries() if isinstance(each, CallEnded)
            and each.action.target == target]  # fmt: skip


def test_a_veto_in_the_last_moment_holds_and_when_it_is_lifted_it_is_posted_once(made, network):
    world = made()
    network.before = lambda: None if case(world).vetoed else does(world, Act.VETO)
    world.hq.works()
    assert network.posts == {}
    assert [each.outcome for each in ended(world, Post(NETWORK))] == [Outcome.DROPPED]
    network.before = lambda: None
    does(world, Act.LIFT)
    world.hq.works()
    assert list(network.posts) == ["alarm-1"]


def test_a_veto_while_the_own_page_waits_for_the_database_holds(made, monkeypatch):
    world = made()
    found = OwnPage.find

    def late(page, key, draft):
        if not case(world).vetoed:
            does(world, Act.VETO)
        return found(page, key, draft)

    monkeypatch.setattr(OwnPage, "find", late)
    world.hq.works()
    assert world.hq.own_page.newest() == []
    assert ended(world, Post(OWN_PAGE))[-1].outcome is Outcome.DROPPED


def test_what_may_have_slipped_out_before_a_veto_is_looked_for_and_never_said_again(made, network):
    world = made()
    network.hangs = True
    world.hq.works()
    does(world, Act.VETO)
    network.hangs = False
    for wait_s in RETRY_AFTER_S:
        world.clock.passes(wait_s)
        world.hq.works()
    assert network.looked == len(RETRY_AFTER_S)
    assert network.posts == {}
    assert {each.outcome for each in ended(world, Post(NETWORK))} == {Outcome.UNKNOWN}
    assert Topic.UNPUBLISHED not in case(world).now.topics


def test_what_slipped_out_is_found_recorded_and_shown_as_such(made, network):
    world = made()
    network.hangs = True
    world.hq.works()
    does(world, Act.VETO)
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    network.posts["alarm-1"] = "the proxy had kept it"
    world.clock.passes(RETRY_AFTER_S[1])
    world.hq.works()
    found = ended(world, Post(NETWORK))[-1]
    assert (found.outcome, found.came.why) == (Outcome.DONE, SLIPPED)
    assert case(world).posts[Post(NETWORK)].url == "https://alarm-1"
    assert Topic.SLIPPED in case(world).now.topics
    (line,) = [each for each in timeline(world.hq.entries(), {}) if SLIPPED in each.words]
    assert line.grave
    looked = network.looked
    world.clock.passes(86_400)
    world.hq.works()
    assert network.looked == looked, "found once is enough"


def refuses(network, key, is_there):
    """Somebody before the network says that it refuses, whatever it does."""

    def say():
        network.before = lambda: None
        if is_there:
            network.posts[key] = "it took the post"
        raise PublishingFailed("it refuses access (403)")

    network.before = say


@pytest.mark.parametrize("act", [Act.VETO, Act.CORRECT, Act.CLOSE])
@pytest.mark.parametrize("is_there", [True, False])
def test_what_was_refused_is_looked_for_once_when_it_may_not_be_said_any_more(
    made, network, act, is_there
):
    world = made()
    refuses(network, "alarm-1", is_there)
    world.hq.works()
    does(world, act, reason="false_alarm")
    for wait_s in RETRY_AFTER_S:
        world.clock.passes(wait_s)
        world.hq.works()
    came = [each.came for each in ended(world, Post(NETWORK))]
    assert network.looked == 1
    assert came[0].outcome is Outcome.FAILED
    if is_there:
        assert [(each.outcome, each.why) for each in came[1:]] == [(Outcome.DONE, SLIPPED)]
        assert Topic.SLIPPED in case(world).now.topics
    else:
        assert [each.outcome for each in came[1:]] == [Outcome.DROPPED]
    assert ("alarm-1" in network.corrected) is (is_there and act is Act.CORRECT)


def test_a_try_that_waits_when_it_is_vetoed_looks_for_what_was_refused_before(made, network):
    world = made()
    refuses(network, "alarm-1", is_there=True)
    world.hq.works()
    world.clock.passes(RETRY_AFTER_S[0])
    begin, outbox.begin = outbox.begin, lambda *_: None  # it waits for its lane
    try:
        world.hq.workflow.step()
    finally:
        outbox.begin = begin
    does(world, Act.VETO)
    world.hq.works()
    assert ended(world, Post(NETWORK))[-1].came.why == SLIPPED


def test_a_follow_up_that_was_refused_is_looked_for_and_corrected(made):
    network = Network(threads=False)
    world = made(network)
    world.hq.works()
    world.clock.passes(700)
    message = world.device.message(MessageType.STILL_IN_DANGER, sequence=1)
    world.hq.takes(message)
    refuses(network, "alarm-1-follow-up-2", is_there=True)
    world.hq.works()
    does(world, Act.CORRECT, reason=events.Reason.RELEASED.value)
    world.hq.works()
    assert set(network.corrected) == {"alarm-1", "alarm-1-follow-up-2"}


def test_a_correction_that_was_refused_is_taken_back_as_one_that_may_be_there(made, network):
    """It says "safe", and the next episode is public before it is tried again."""
    world = made()
    world.hq.works()
    correct = network.correct

    def says_no(key, to, draft):
        correct(key, to, draft)
        network.correct = correct
        raise PublishingFailed("it refuses access (403)")

    network.correct = says_no
    does(world, Act.CORRECT, reason="false_alarm")
    world.hq.works()
    assert "safe" in network.corrected["alarm-1"]
    does(world, Act.PUBLISH)
    world.hq.works()
    assert "no longer true" in network.corrected["alarm-1"]


def test_a_correction_that_never_left_is_not_taken_back(made, network):
    world = made()
    world.hq.works()
    correct = network.correct

    def is_down(key, to, draft):
        raise NothingLeft("it cannot be reached")

    network.correct = is_down
    does(world, Act.CORRECT, reason="false_alarm")
    world.hq.works()
    network.correct = correct
    does(world, Act.PUBLISH)
    world.hq.works()
    assert network.corrected == {}
    assert list(network.posts) == ["alarm-1", "alarm-1-episode-2"]


def test_an_answer_that_names_an_earlier_post_proves_no_new_one(made, network):
    """A proxy gives an old answer once more."""
    world = made()
    world.hq.works()
    does(world, Act.CORRECT, reason="false_alarm")
    world.hq.works()
    post, network.post = network.post, lambda key, draft: Posted("alarm-1", "https://alarm-1")
    does(world, Act.PUBLISH)
    world.hq.works()
    again = Post(NETWORK, 2)
    assert ended(world, again)[-1].outcome is Outcome.UNKNOWN
    network.post = post
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    assert (ended(world, again)[-1].came.id, len(network.posts)) == ("alarm-1-episode-2", 2)


@pytest.mark.parametrize("looks", [True, False])
def test_a_post_that_is_not_where_its_answer_said_is_looked_for_and_corrected(made, network, looks):
    """Where looking does not work, the place that is known is tried again."""
    world = made()
    post, correct = network.post, network.correct
    network.post = lambda key, draft: post(key, draft) and Posted("elsewhere", "https://elsewhere")

    def finds_it(key, to, draft):
        if to.id not in network.posts:
            raise PublishingFailed("there is no such post")
        return correct(key, to, draft)

    def breaks(key, draft):
        raise OutcomeUnknown("no answer")

    network.correct = finds_it
    world.hq.works()
    does(world, Act.CORRECT, reason="false_alarm")
    world.hq.works()
    if not looks:
        network.find, network.posts = breaks, {"elsewhere": "it is there now"}
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    assert set(network.corrected) == {"alarm-1" if looks else "elsewhere"}


def test_where_taking_a_picture_never_ends_the_words_go_without_it(made, network):
    def never_ends():
        if network.pictures[-1]:
            raise OutcomeUnknown("no answer in time")

    world = made()
    network.before = never_ends
    world.hq.works()
    assert network.posts == {}
    assert ended(world, Post(NETWORK))[0].came.why == "no answer in time"
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    assert list(network.posts) == ["alarm-1"]
    assert network.pictures == [True, False]


def test_a_call_whose_lease_is_over_publishes_nothing(made, network):
    world = made()

    def loses():
        with world.hq.store.write() as connection:
            connection.exec_driver_sql("UPDATE action SET lease_until = 0")

    network.before = loses
    world.hq.workflow.step()
    assert network.posts == {}


@pytest.mark.parametrize("threads", [True, False])
def test_a_correction_reaches_follow_ups_that_stand_alone(made, threads):
    network = Network(threads)
    world = made(network)
    world.hq.works()
    world.clock.passes(700)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.hq.works()
    follow_ups = [each for each in network.posts if "follow-up" in each]
    assert len(follow_ups) == 1
    does(world, Act.CORRECT, reason=events.Reason.RELEASED.value)
    world.hq.works()
    assert set(network.corrected) == {"alarm-1", *([] if threads else follow_ups)}
