"""Texts, calls like any other: killed at any point, kept by a modem that vanishes, heard of late."""

from __future__ import annotations

from functools import partial

import pytest
from builders import CONTACTS, WEARER, kind_of
from inline_lanes import Inline
from phones import Holding, Killed

from outcry.responder.dispatch.workers import Lanes
from outcry.responder.notify.messages import Briefer
from outcry.responder.rules.calls import ToContact
from outcry.responder.rules.decide import RETRY_AFTER_S
from outcry.responder.rules.events import CallEnded, CallPlanned, Came, Outcome

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True
NUMBERS = [contact.number for contact in CONTACTS]
HOUR_S = 3600


@pytest.fixture
def holding(world):
    """HQ on threads of its own, with a modem that holds on to its texts."""
    modem = world.phones = Holding()
    world.hq.restarts(modem=lambda *_: modem, lanes=Lanes(at_once=4))
    yield world
    for _ in range(100):
        modem.free.release()


def sent(world):
    return [number for _, number, _ in world.phones.sent]


def whats(world, contact):
    calls = [e for e in world.hq.entries() if isinstance(e, CallPlanned | CallEnded)]
    return [kind_of(call) for call in calls if call.action.target == ToContact(contact)]


def leaves(world, count):
    """A step later so many texts have left."""
    world.hq.workflow.step()
    return len(world.phones.sent) == count


def test_one_text_is_with_the_modem_at_a_time(holding, wait_for):
    holding.hq.takes(holding.device.message())
    for count in (1, 2, 3):
        wait_for(partial(leaves, holding, count))
        for _ in range(3):
            assert leaves(holding, count)
        holding.phones.free.release()
    wait_for(lambda: holding.hq.history().count(Outcome.DONE) == 3)
    assert sent(holding) == NUMBERS


class Doomed(Inline):
    """The process is killed at one point of the call to one contact, and then no more."""

    def __init__(self, point, contact, modem):
        self.point = point
        self.left = contact
        self.modem = modem

    def reaches(self, point):
        if self.point == point and self.left == 0:
            raise Killed

    def run(self, lane, limit_s, work, then):
        self.reaches("planned")
        work()
        self.reaches("written")
        self.left -= 1
        then()

    def ready(self):
        return self.modem.ready()

    def send(self, ref, number, text, may=lambda: None):
        self.reaches("calling")
        came = self.modem.send(ref, number, text)
        self.reaches("sent")
        return came


@pytest.mark.parametrize("contact", [0, 1, 2])
@pytest.mark.parametrize(
    ("point", "copies", "unknown"),
    [("planned", 1, 0), ("calling", 1, 1), ("sent", 2, 1), ("written", 1, 0)],
)
def test_killed_at_any_point_everybody_is_told_and_only_what_is_in_doubt_goes_twice(
    world, point, copies, unknown, contact
):
    world.hq.takes(world.device.message())
    doomed = Doomed(point, contact, world.phones)
    other = world.hq.another(lanes=doomed, modem=lambda *_: doomed)
    with pytest.raises(Killed):
        other.workflow.step()
    world.hq.restarts()
    world.hq.works()
    assert [sent(world).count(number) for number in NUMBERS] == [
        copies if n == contact else 1 for n in range(3)
    ]
    assert sent(world)[0] == NUMBERS[0], "the first contact first"
    assert len({text for _, number, text in world.phones.sent}) == 3, "the same words"
    assert world.hq.history().count(Outcome.UNKNOWN) == unknown
    before = len(world.phones.sent)
    world.clock.passes(HOUR_S)
    world.hq.works()
    assert len(world.phones.sent) == before


def test_a_text_nobody_knows_of_goes_once_more_and_no_more(world):
    world.hq.takes(world.device.message())
    world.hq.works(outcome=Outcome.UNKNOWN)
    world.clock.passes(HOUR_S)
    world.hq.works(outcome=Outcome.UNKNOWN)
    assert sent(world) == NUMBERS * 2
    assert whats(world, 1) == [CallPlanned, Outcome.UNKNOWN] * 2


def test_a_text_that_was_answered_late_does_not_go_once_more(world):
    world.hq.takes(world.device.message())
    world.phones.outcome = Outcome.UNKNOWN
    world.hq.workflow.step()
    for ref, _, _ in world.phones.sent:
        world.hq.workflow.hear(ref, Came(Outcome.DONE, "sent, answered late"))
    world.hq.works()
    assert sent(world) == NUMBERS
    assert whats(world, 1) == [CallPlanned, Outcome.UNKNOWN, Outcome.DONE]


def test_what_is_heard_twice_or_of_nothing_changes_nothing(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    ref = world.phones.sent[0][0]
    world.hq.workflow.hear(ref, Came(Outcome.DELIVERED))
    before = world.hq.entries()
    for what in (
        Outcome.DELIVERED,
        Outcome.DONE,
        Outcome.FAILED,
        Outcome.UNKNOWN,
        Outcome.UNDELIVERED,
    ):
        world.hq.workflow.hear(ref, Came(what))
    assert world.hq.entries() == before


def test_a_delivery_report_that_overtakes_the_modems_answer_is_the_last_word(holding, wait_for):
    holding.hq.takes(holding.device.message())
    wait_for(partial(leaves, holding, 1))
    holding.hq.workflow.hear(holding.phones.sent[0][0], Came(Outcome.DELIVERED))
    holding.phones.free.release()
    wait_for(partial(leaves, holding, 2))
    assert whats(holding, 1) == [CallPlanned, Outcome.DELIVERED]


def test_a_text_in_a_modem_that_vanished_is_waited_for_while_all_else_goes_on(holding, wait_for):
    holding.hq.takes(holding.device.message())
    wait_for(partial(leaves, holding, 1))
    holding.phones.is_ready = False
    for contact in (1, 2):
        holding.answers(holding.invitation(contact), holding.pins[contact - 1], "confirm")
    for _ in range(60):
        holding.clock.passes(60)
        assert leaves(holding, 1)
    wait_for(lambda: len(holding.hq.own_page.newest()) == 1)
    assert whats(holding, 1) == [CallPlanned], "not given up while its process waits for it"
    holding.phones.is_ready = True
    holding.phones.free.release()
    wait_for(partial(leaves, holding, 2))
    assert sent(holding) == [NUMBERS[0], WEARER], "receipts next"


def test_killed_with_a_text_in_a_modem_that_vanished_it_goes_once_more_when_there_is_one(world):
    world.hq.takes(world.device.message())
    world.hq.works(outcome=None)
    world.phones.is_ready = False
    world.hq.restarts()
    world.hq.works()
    assert sent(world) == NUMBERS[:1]
    world.phones.is_ready = True
    world.hq.works()
    assert sent(world) == [NUMBERS[0], *NUMBERS]


def test_a_modem_that_raises_leaves_the_text_in_doubt_and_holds_no_other(world, monkeypatch):
    def breaks(ref, number, text, may):
        world.phones.sent.append((ref, number, text))
        raise OSError("the port is gone, said +447700900111")

    monkeypatch.setattr(world.phones, "send", breaks)
    world.hq.takes(world.device.message())
    world.hq.works()
    assert sent(world) == NUMBERS * 2
    assert {e.came.why for e in world.hq.entries() if kind_of(e) is Outcome.UNKNOWN} == {"OSError"}


def test_a_text_that_cannot_be_written_fails_and_the_next_one_goes(world, caplog, monkeypatch):
    real = Briefer.text

    def broken(briefer, connection, alarm, target):
        if target == ToContact(1):
            raise KeyError(NUMBERS[0])
        return real(briefer, connection, alarm, target)

    monkeypatch.setattr(Briefer, "text", broken)
    world.hq.takes(world.device.message())
    world.hq.works()
    assert sent(world) == NUMBERS[1:]
    assert "text 1 cannot be made: KeyError" in caplog.text
    assert NUMBERS[0] not in caplog.text
    (failed,) = [e.came for e in world.hq.entries() if kind_of(e) is Outcome.FAILED]
    assert failed.why == "KeyError"
    monkeypatch.undo()
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    assert sorted(sent(world)) == NUMBERS


def test_a_wearers_receipt_and_the_contacts_texts_share_the_one_modem(holding, wait_for):
    holding.hq.texts.take("", holding.device.message().text)
    for number in (NUMBERS[0], WEARER, *NUMBERS[1:]):
        wait_for(partial(leaves, holding, len(set(sent(holding))) + 1))
        assert sent(holding)[-1] == number
        holding.phones.free.release()


def test_what_failed_for_certain_waits_its_turn_behind_nobody(world):
    """A text that fails frees the modem for the next, and is tried again when it is due."""
    world.hq.takes(world.device.message())
    world.hq.works(outcome=Outcome.FAILED)
    assert sent(world) == NUMBERS
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    assert sent(world) == NUMBERS * 2
