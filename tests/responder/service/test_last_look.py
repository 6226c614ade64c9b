"""What people decide while a call is being made holds; what slipped out is found, and shown."""

from __future__ import annotations

import pytest

from outcry.report import MessageType
from outcry.responder.console.desk import Act
from outcry.responder.posting import last_look
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.publisher import Limits, OutcomeUnknown, Posted, Withheld
from outcry.responder.rules import events
from outcry.responder.rules.calls import Post, Topic
from outcry.responder.rules.decide import RETRY_AFTER_S
from outcry.responder.rules.events import SLIPPED, CallEnded, Outcome
from outcry.responder.rules.model import OWN_PAGE
from outcry.responder.sentences import timeline
from outcry.responder.storage import event_log

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
NETWORK = "loop"


class Network:
    """Asks before it publishes, as an isolated one does; what becomes of it, the test says."""

    name = NETWORK
    limit_s = 5.0

    def __init__(self, threads: bool = True) -> None:
        self.limits = Limits(500, threads=threads)
        self.posts: dict[str, str] = {}
        self.corrected: dict[str, str] = {}
        self.hangs = False
        self.before = lambda: None
        self.looked = 0

    def check(self):
        return []

    def find(self, key, draft):
        self.looked += 1
        return Posted(key, f"https://{key}") if key in self.posts else None

    def post(self, key, draft):
        self.before()
        why = last_look.why_not()
        if why is not None:
            raise Withheld(why)
        if self.hangs:
            raise OutcomeUnknown("no answer in time")
        self.posts[key] = draft.text
        return Posted(key, f"https://{key}")

    def reply(self, key, to, draft):
        return self.post(key, draft)

    def correct(self, key, to, draft):
        self.corrected[to.id] = draft.text
        return to

    def delete(self, to):
        del self.posts[to.id]


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
