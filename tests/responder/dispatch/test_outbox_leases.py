"""Calls under a lease: begun once, lost when their process is, and each on a lane of its own."""

from __future__ import annotations

import threading

import pytest
from builders import kind_of
from inline_lanes import Inline
from phones import Holding
from sqlalchemy import select, update

from outcry.responder.dispatch import outbox
from outcry.responder.dispatch.workers import Lane, Lanes
from outcry.responder.posting.publisher import Limits, Posted
from outcry.responder.rules.events import CallEnded, CallPlanned, Came, Closed, Outcome, Vetoed
from outcry.responder.rules.model import OWN_PAGE
from outcry.responder.service.workflow import LATE_S
from outcry.responder.storage import store

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True


class Network:
    """Posts when the test lets it, and remembers every post."""

    limit_s = 1.0
    limits = Limits(500)

    def __init__(self):
        self.out = []
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()
        self.on_post = lambda: None

    def find(self, key, draft):
        return Posted("1", "https://network.example/1") if key in self.out else None

    def post(self, key, draft):
        self.asked.set()
        assert self.open.wait(60)
        self.on_post()
        self.out.append(key)
        return Posted("1", "https://network.example/1")


def another(world, *networks, modem=None, **adapters):
    """The workflow of one more process on the same database, with these networks."""
    publishers = dict(networks) or world.hq.publishers
    made = world.hq.another(publishers=lambda *_: publishers, modem=lambda *_: modem, **adapters)
    return made.workflow


def confirmed(world):
    world.hq.takes(world.device.message())
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")


def one(world, kind="publish"):
    """The last call of this kind."""
    with world.hq.store.read() as connection:
        found = select(store.action.c.id).where(store.action.c.kind == kind)
        return outbox.by_id(
            connection, connection.scalars(found.order_by(store.action.c.id)).all()[-1]
        )


def leases_run_out(world):
    with world.hq.store.write() as connection:
        connection.execute(update(store.action).values(lease_until=0.0))


def whats(world, kind="publish"):
    return [
        kind_of(event)
        for event in world.hq.entries()
        if isinstance(event, CallPlanned | CallEnded) and event.action.kind == kind
    ]


def begin(world, call, owner="us", lease_s=60.0):
    with world.hq.store.write() as connection:
        return outbox.begin(connection, call, owner, lease_s, world.clock())


def planned_post(world):
    """A post that is planned and that nobody has begun."""
    confirmed(world)
    decided(another(world, (OWN_PAGE, Network()), lanes=Never()))
    return one(world)


def decided(workflow):
    """All there is to decide: the ground first, then what rests on it."""
    for _ in range(2):
        workflow.step()
    return workflow


class Never(Inline):
    """Makes no call."""

    def is_free(self, lane):
        return False


def test_a_call_is_begun_by_one_process_alone(world):
    call = planned_post(world)
    assert begin(world, call, "us") is not None
    assert begin(world, call, "them") is None


def test_a_call_whose_lease_is_over_is_unknown_and_looked_up_before_it_is_tried_again(world):
    network = Network()
    call = begin(world, planned_post(world))
    network.out.append("alarm-1")  # it was out when its process died
    other = another(world, (OWN_PAGE, network))
    other.step()
    assert Outcome.UNKNOWN not in whats(world) or not world.hq.store.shared
    leases_run_out(world)
    for _ in range(3):
        other.step()
        world.clock.passes(60)
    assert whats(world)[-1] is Outcome.DONE
    assert network.out == ["alarm-1"]
    assert call.generation == 1


def test_what_comes_late_of_a_lost_call_is_still_written_down(world):
    call = begin(world, planned_post(world))
    leases_run_out(world)
    another(world, (OWN_PAGE, Network()), lanes=Never()).step()
    assert whats(world)[-1] is Outcome.UNKNOWN
    with world.hq.store.write() as connection:
        assert outbox.note(
            connection, call, world.clock(), Came(Outcome.DONE, url="https://a.example/1")
        )
    assert whats(world)[-1] is Outcome.DONE


def test_what_a_process_says_of_a_call_that_is_anothers_by_now_changes_nothing(world):
    call = begin(world, planned_post(world))
    with world.hq.store.write() as connection:
        assert outbox.give_back(connection, call, world.clock())
    theirs = begin(world, call, "them")
    before = world.hq.entries()
    with world.hq.store.write() as connection:
        assert not outbox.note(connection, call, world.clock(), Came(Outcome.DONE))
        assert not outbox.give_back(connection, call, world.clock())
    assert world.hq.entries() == before
    assert (theirs.generation, call.generation) == (2, 1)


def test_a_process_that_was_held_up_after_its_lease_gives_the_call_back(world):
    confirmed(world)
    network = Network()
    times = iter([0.0, LATE_S + 0.1])
    stopped = another(world, (OWN_PAGE, network), monotonic=lambda: next(times, 0.0))
    decided(stopped)
    assert network.out == []
    assert whats(world) == [CallPlanned]
    stopped.step()
    assert network.out == ["alarm-1"]


def test_a_network_that_hangs_delays_neither_another_nor_the_texts(world, wait_for):
    slow, quick = Network(), Network()
    slow.open.clear()
    confirmed(world)
    made = another(
        world, ("slow", slow), (OWN_PAGE, quick), lanes=Lanes(at_once=4), modem=world.phones
    )
    decided(made)

    def both_begun():
        made.step()  # on a busy machine a call is given back, and made at the next look
        return slow.asked.is_set() and quick.out

    def texted():
        made.step()
        return world.phones.sent

    wait_for(both_begun)
    wait_for(texted)
    slow.open.set()
    wait_for(lambda: whats(world).count(Outcome.DONE) == 2)


def test_a_thread_that_outlives_its_limit_frees_its_lane(wait_for):
    now, end, begun = [0.0], threading.Event(), []
    lanes = Lanes(at_once=1, clock=lambda: now[0])
    lane, other = Lane("post", "slow"), Lane("post", "quick")
    lanes.run(lane, 5.0, lambda: end.wait(60), lambda: None)
    assert not lanes.is_free(lane)
    assert not lanes.is_free(other), "of a group only so many at once"
    assert lanes.is_free(Lane("notify", "slow"))
    now[0] = 5.0
    assert lanes.is_free(lane)
    lanes.run(lane, 5.0, lambda: begun.append(1), lambda: begun.append(lanes.is_free(lane)))
    wait_for(lambda: len(begun) == 2)
    assert begun == [1, True], "free before anybody is told so"
    end.set()


def test_a_process_without_a_modem_leaves_the_texts_to_the_one_that_has_it(world):
    world.hq.takes(world.device.message())
    another(world).step()
    assert whats(world, "tell") == [CallPlanned] * 3
    assert world.phones.sent == []
    world.hq.works()
    assert len(world.phones.sent) == 3


def test_a_text_that_is_with_the_modem_keeps_its_lease_however_long_it_is_there(world, wait_for):
    modem = Holding()
    made = another(world, lanes=Lanes(at_once=4), modem=modem)
    world.hq.takes(world.device.message())
    made.step()
    wait_for(lambda: modem.sent)
    for lease_s in (1.0, -1.0):
        with world.hq.store.write() as connection:
            soon = update(store.action).values(lease_until=store.database_now() + lease_s)
            connection.execute(soon.where(store.action.c.state == "calling"))
        made.step()
        with world.hq.store.read() as connection:
            left = select(store.action.c.lease_until - store.database_now())
            remaining = connection.scalar(left.where(store.action.c.state == "calling"))
        assert remaining > 5.0
    modem.free.release()
    wait_for(lambda: Outcome.DONE in whats(world, "tell"))
    assert Outcome.UNKNOWN not in whats(world, "tell")


@pytest.mark.parametrize("how", ["vetoed", "closed"])
def test_what_people_have_forbidden_since_it_was_planned_is_dropped(world, how):
    from outcry.responder.storage import event_log

    planned_post(world)
    what = Vetoed if how == "vetoed" else Closed
    with world.hq.store.write() as connection:
        event_log.append(connection, 1, what(world.clock(), "eve"))
    network = Network()
    another(world, (OWN_PAGE, network)).step()
    assert network.out == []
    assert whats(world)[-1] is Outcome.DROPPED


@pytest.mark.slow
def test_many_processes_at_once_make_every_call_once(world, wait_for):
    """Threads with nothing in common but the database, as processes would be."""
    for n in range(8):
        world.hq.takes(world.device.message(alarm=100 + n))
        for contact in (1, 2):
            token = world.invitation(contact, n + 1)
            world.answers(token, world.pins[contact - 1], "confirm")
    network = Network()
    made = [another(world, (OWN_PAGE, network)) for _ in range(4 if world.hq.store.shared else 1)]
    errors = []

    def work(workflow):
        try:
            for _ in range(6):
                workflow.step()
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made[0].step()
    assert errors == []
    assert sorted(network.out) == sorted(f"alarm-{n}" for n in range(1, 9))
