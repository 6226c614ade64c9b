"""The workflow: what is decided is done, once, across restarts."""

from __future__ import annotations

import pytest
from builders import BEN, CLEO, DANA, WEARER

from outcry.envelope import from_text
from outcry.receipt import RECEIPT_CHARS, Status, verify
from outcry.report import AlarmKind, MessageType
from outcry.responder.posting.publisher import Limits, Posted, PublishingFailed
from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.decide import RECEIPTS_AN_HOUR, RETRY_AFTER_S
from outcry.responder.rules.events import CallEnded, Came, CameBy, Outcome, ReportArrived
from outcry.responder.rules.model import OWN_PAGE

pytestmark = pytest.mark.slow

ON_BOTH_DATABASES = True


def confirm(world, *contacts):
    for contact in contacts:
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")


def posts(world):
    return [post.text for post in world.hq.own_page.newest()]


def test_each_contact_is_told_who_when_where_and_given_their_own_link(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    for number, contact in ((BEN, 1), (CLEO, 2), (DANA, 3)):
        (text,) = world.phones.to(number)
        assert text.startswith("ALARM from Ana, 2026-11-22 13:00 UTC+1. ")
        assert "https://osm.org/?mlat=52.52000&mlon=13.40500" in text
        assert "within 12 m" in text
        addresses = [word for word in text.split() if word.startswith("http")]
        assert addresses[0] == f"http://127.0.0.1:8443/c/{world.invitation(contact)}"
    assert len({world.invitation(n) for n in (1, 2, 3)}) == 3


def test_a_drills_text_begins_with_the_word(world):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    world.hq.works()
    assert all(text.startswith("DRILL") for _, _, text in world.phones.sent)


def test_texts_wait_for_a_modem_that_is_not_registered(world):
    world.phones.is_ready = False
    world.hq.takes(world.device.message())
    world.hq.works()
    assert world.phones.sent == []
    world.phones.is_ready = True
    world.hq.works()
    assert len(world.phones.sent) == 3


def test_two_confirmations_make_it_public_once(world):
    world.hq.takes(world.device.message())
    confirm(world, 1)
    world.hq.works()
    assert posts(world) == []
    confirm(world, 1, 2, 3, 2)
    world.hq.works()
    world.hq.works()
    (text,) = posts(world)
    assert text.startswith("Ana raised an alarm on 22 November 2026 at 13:00 (12:00 UTC)")
    assert "52.5" not in text
    assert "13.4" not in text


def test_a_drill_is_never_made_public(world):
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL))
    confirm(world, 1, 2, 3)
    world.hq.works()
    assert posts(world) == []


def test_a_text_in_flight_at_a_restart_is_sent_once_more_with_the_same_words(world):
    world.hq.takes(world.device.message())
    world.hq.works(outcome=None)
    world.hq.restarts()
    world.hq.works()
    assert Outcome.UNKNOWN in world.hq.history()
    first, again = world.phones.to(BEN)
    assert first == again
    assert len(world.phones.to(CLEO)) == len(world.phones.to(DANA)) == 1


def test_a_restart_between_any_two_steps_tells_everyone_and_posts_once(world):
    world.hq.takes(world.device.message())
    confirm(world, 1, 2)
    for _ in range(12):
        world.hq.workflow.step()
        for ref, _, _ in world.phones.sent[-1:]:
            world.hq.workflow.hear(ref, Came(Outcome.DONE))
        world.hq.restarts()
    assert len(posts(world)) == 1
    assert [len(world.phones.to(number)) for number in (BEN, CLEO, DANA)] == [1, 1, 1]


def test_a_failed_text_is_tried_again_when_its_time_has_come(world):
    world.hq.takes(world.device.message())
    world.hq.works(outcome=Outcome.FAILED)
    assert len(world.phones.sent) == 3
    world.clock.passes(RETRY_AFTER_S[0] - 1)
    world.hq.works()
    assert len(world.phones.sent) == 3
    world.clock.passes(1)
    world.hq.works()
    assert len(world.phones.sent) == 6


def test_retries_survive_a_restart(world):
    world.hq.takes(world.device.message())
    world.hq.works(outcome=Outcome.FAILED)
    world.hq.restarts()
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    assert len(world.phones.sent) == 6


def test_a_text_the_network_gave_up_on_is_sent_again(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    ref = world.phones.sent[0][0]
    world.hq.workflow.hear(ref, Came(Outcome.UNDELIVERED))
    world.clock.passes(RETRY_AFTER_S[0])
    world.hq.works()
    assert [len(world.phones.to(number)) for number in (BEN, CLEO, DANA)] == [2, 1, 1]


def test_a_sealed_sms_is_taken_and_answered_by_sms(world):
    message = world.device.message()
    world.hq.texts.take("", message.text)
    world.hq.works()
    (text,) = world.phones.to(WEARER)
    assert verify(from_text(text), message.report.token, message.header) is Status.STORED
    world.answers(world.invitation(1), world.pins[0], "seen")
    world.hq.works()
    _, text = world.phones.to(WEARER)
    assert verify(from_text(text), message.report.token, message.header) is Status.ACKNOWLEDGED


def test_an_alarm_that_a_contact_delivered_is_answered_by_sms(world):
    message = world.device.message()
    world.hq.desk.sealed_link(message.text, 1)
    world.hq.works()
    (text,) = world.phones.to(WEARER)
    assert verify(from_text(text), message.report.token, message.header) is Status.STORED


def minutes(world, count, every_minute=lambda minute: None):
    """Time goes by at HQ, a second step by step where it matters."""
    for minute in range(count):
        every_minute(minute)
        for _ in range(6):
            world.clock.passes(10)
            world.hq.works()


def test_an_alarm_over_data_costs_the_wearer_no_sms(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    world.answers(world.invitation(1), world.pins[0], "seen")

    def position(minute):
        world.hq.takes(world.device.message(MessageType.POSITION, sequence=minute + 1))

    minutes(world, 10, position)
    assert world.phones.to(WEARER) == []


def test_when_data_dies_a_persons_acknowledgement_comes_by_sms_and_is_nothing_but_a_receipt(world):
    message = world.device.message()
    world.hq.takes(message)
    world.hq.works()
    world.answers(world.invitation(1), world.pins[0], "seen")
    minutes(world, 1)
    assert world.phones.to(WEARER) == []
    minutes(world, 1)
    (text,) = world.phones.to(WEARER)
    assert len(text) == RECEIPT_CHARS == 35
    assert from_text(text)[:-17] == message.header.pack()
    assert verify(from_text(text), message.report.token, message.header) is Status.ACKNOWLEDGED


def test_an_acknowledgement_that_may_be_lost_is_sent_once_more_and_no_more(world):
    message = world.device.message()
    world.hq.texts.take("", message.text)
    world.answers(world.invitation(1), world.pins[0], "seen")
    minutes(world, 60)
    told = [verify(from_text(t), message.report.token, message.header) for t in heard(world)]
    assert told == [Status.STORED, Status.ACKNOWLEDGED, Status.ACKNOWLEDGED]


def test_an_acknowledgement_that_was_delivered_is_not_sent_again(world):
    world.hq.texts.take("", world.device.message().text)
    world.answers(world.invitation(1), world.pins[0], "seen")
    world.hq.works()
    for ref, _, _ in world.phones.sent:
        world.hq.workflow.hear(ref, Came(Outcome.DELIVERED))
    minutes(world, 60)
    assert len(world.phones.to(WEARER)) == 2


def test_a_device_that_asks_again_by_sms_is_answered_again(world):
    message = world.device.message()
    world.hq.texts.take("", message.text)
    world.hq.works()
    world.answers(world.invitation(1), world.pins[0], "seen")
    world.hq.works()
    before = len(heard(world))
    world.hq.texts.take("", message.text)
    world.hq.works()
    *_, last = heard(world)
    assert len(heard(world)) == before + 1
    assert verify(from_text(last), message.report.token, message.header) is Status.ACKNOWLEDGED


@pytest.mark.slow
def test_receipts_by_sms_are_bounded_and_the_newest_report_is_answered_first(world):
    messages = [world.device.message(MessageType.POSITION, sequence=n) for n in range(100)]
    for message in messages:
        world.hq.takes(message, CameBy.SMS)
    world.hq.works()
    assert len(heard(world)) == RECEIPTS_AN_HOUR
    assert from_text(heard(world)[-1])[:9] == messages[-1].header.pack()
    minutes(world, 59)
    assert len(heard(world)) == RECEIPTS_AN_HOUR
    minutes(world, 2)
    assert len(heard(world)) == 2 * RECEIPTS_AN_HOUR
    for _ in range(5 * 12):
        world.clock.passes(5 * 60)
        world.hq.works()
    assert len(set(heard(world))) == len(heard(world)) == len(messages)


def heard(world):
    """What came to the wearer's device."""
    return world.phones.to(WEARER)


@pytest.mark.parametrize("text", ["", "hello", "A" * 155, "A" * 160, "é" * 155, "\x00" * 70])
def test_every_other_text_is_dropped(world, text):
    world.hq.texts.take("", text)
    world.hq.works()
    world.hq.texts.take("", world.device.message().text)
    assert world.hq.history() == [ReportArrived]


def test_a_replayed_sms_costs_a_bounded_number_of_receipts(world):
    message = world.device.message()
    for _ in range(20):
        world.hq.texts.take("", message.text)
        world.hq.works()
    assert len(world.phones.to(WEARER)) == 4


class Moody:
    """A network that fails as it is told, and posts twice when asked twice."""

    limit_s = 1.0
    limits = Limits(500)

    def __init__(self, *moods):
        self._moods = list(moods)
        self.out = []

    def find(self, key, draft):
        return Posted("1", "https://network.example/1") if key in self.out else None

    def post(self, key, draft):
        mood = self._moods.pop(0) if self._moods else None
        if mood == "refuses":
            raise PublishingFailed("the page is full")
        if mood == "wants 40 s":
            raise PublishingFailed("too many requests", 40.0)
        self.out.append(key)
        if mood == "loses the answer":
            raise TimeoutError
        return Posted("1", "https://network.example/1")


@pytest.mark.parametrize("moods", [("refuses", "refuses"), ("loses the answer",)])
def test_a_post_is_tried_until_it_is_out_and_is_out_once(world, moods):
    network = world.hq.publishers[OWN_PAGE] = Moody(*moods)
    world.hq.takes(world.device.message())
    confirm(world, 1, 2)
    for _ in range(5):
        world.hq.works()
        world.clock.passes(RETRY_AFTER_S[2])
    assert network.out == ["alarm-1"]
    assert [
        e.action.kind for e in world.hq.entries() if isinstance(e, CallEnded) and e.came.url
    ] == [ActionKind.PUBLISH]


def test_a_network_that_wants_to_be_left_alone_is_asked_no_sooner(world):
    network = world.hq.publishers[OWN_PAGE] = Moody("wants 40 s")
    world.hq.takes(world.device.message())
    confirm(world, 1, 2)
    for wait, out in ((0, []), (39, []), (1, ["alarm-1"])):
        world.clock.passes(wait)
        world.hq.works()
        assert network.out == out


def test_a_failing_post_holds_no_text(world):
    world.hq.publishers[OWN_PAGE] = Moody(*["refuses"] * 50)
    world.hq.takes(world.device.message())
    confirm(world, 1, 2)
    world.hq.works()
    assert len(world.phones.sent) == 3


def test_an_alarm_that_cannot_be_decided_holds_no_other(world, monkeypatch):
    from outcry.responder.service import workflow

    world.hq.takes(world.device.message())
    world.hq.takes(world.device.message(alarm=78))
    real = workflow.decide

    def broken(case, plan, now):
        if 1 in case.reports:
            raise RuntimeError("+447700900111 is in these words")
        return real(case, plan, now)

    monkeypatch.setattr(workflow, "decide", broken)
    world.hq.works()
    assert len(world.phones.sent) == 3
    monkeypatch.undo()
    world.clock.passes(workflow.TROUBLE_S)
    world.hq.works()
    assert len(world.phones.sent) == 6


def test_the_next_look_is_when_the_next_retry_is_due(world):
    world.hq.takes(world.device.message())
    world.hq.works(outcome=Outcome.FAILED)
    assert world.hq.workflow.step() == world.clock() + RETRY_AFTER_S[0]


def test_a_later_report_tells_nobody_again(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    world.hq.takes(world.device.message(MessageType.POSITION, sequence=1), CameBy.DATA)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=2), CameBy.DATA)
    world.hq.works()
    assert len(world.phones.sent) == 3


def test_the_first_contact_is_told_then_the_wearer_then_the_others_also_after_a_restart(world):
    world.hq.texts.take("", world.device.message().text)
    world.hq.works(outcome=None)
    world.hq.restarts()
    world.hq.works()
    order = [number for _, number, _ in world.phones.sent]
    assert order == [BEN, BEN, WEARER, CLEO, DANA]
