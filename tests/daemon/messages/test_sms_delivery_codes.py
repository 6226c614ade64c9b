"""Codes of taps beside the alarm: by SMS to HQ alone, never in the alarm's place; and what follows."""

import pytest

from outcry.envelope import from_text
from outcry.receipt import Status
from outcry.report import MessageType

CODE, DURESS = (2, 4, 1), (3, 3, 3)


def types_sent_to_hq(world):
    hq = world.identity.enrolment.hq.number
    sent = [text for _, number, text in world.modem.texts if number == hq]
    return [world.open(from_text(text)).type for text in sent]


def test_with_data_dead_hq_gets_the_alarm_and_every_code(world):
    """The texts wait for the network meanwhile: none may be pushed out by another."""
    world.holds()
    world.passes(5)
    world.taps(*DURESS)
    world.passes(5)
    world.taps(*CODE)
    world.takes_all_texts()
    assert types_sent_to_hq(world) == [
        MessageType.POSITION,  # the newest report of the alarm
        MessageType.WITHDRAWAL,
        MessageType.WITHDRAWAL,
    ]
    assert sum(heard.startswith("link") for heard in world.heard()) == 3


def test_a_later_round_takes_no_code_out_of_the_line(world):
    world.holds()
    world.passes(5)
    world.taps(*CODE)
    world.passes(1900)
    world.takes_all_texts()
    assert types_sent_to_hq(world).count(MessageType.WITHDRAWAL) == 1
    assert MessageType.POSITION in types_sent_to_hq(world)


def test_a_code_tapped_before_sms_starts_is_no_ones_link_and_not_the_alarm(world):
    """HQ is silent; by the time SMS starts, the code is the newest report of all."""
    world.data_goes(up=True)
    world.holds(1.6)
    world.taps(1, 1)
    assert world.report(0).sequence < world.outbox.newest_report().sequence
    assert world.modem.texts == []
    world.passes(8)
    world.takes_all_texts()
    sent = types_sent_to_hq(world)
    assert sent[0] is MessageType.FIRST
    links = [text for _, _, text in world.modem.texts if "https://hq.example/a/" in text]
    assert len(links) == 3
    for link in links:
        sealed = link.partition("https://hq.example/a/")[2].partition("/")[0]
        assert world.open(from_text(sealed)).type is MessageType.FIRST


def test_a_code_that_is_not_heard_of_again_goes_once_more_until_hq_answers(world):
    world.holds()
    world.passes(5)
    world.taps(*CODE)
    world.takes_all_texts()
    for _ in range(60):
        world.passes(10)
        if world.sms.under_way is not None:
            world.takes_all_texts()
    assert types_sent_to_hq(world).count(MessageType.WITHDRAWAL) == 2


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("path", ["data", "sms"])
def test_a_receipt_for_the_withdrawn_alarm_is_not_felt_as_one_for_the_next(world, path, status):
    world.data_goes(up=True)
    world.holds()
    world.passes(100)
    world.taps(*CODE)
    old = world.outbox.newest_report()
    world.hq_answers()  # the post that was under way
    world.post_fails()
    before = list(world.motor.pulses)
    world.holds()
    assert world.outbox.alarm.id != old.alarm
    if path == "sms":
        world.hq_texts_a_receipt(status, old.sealed)
    else:
        for _ in range(9):
            if world.open(world.modem.posts[-1][1]).alarm_id == old.alarm:
                world.hq_answers(status)
            else:
                world.somebody_answers(500, b"")
            world.passes(61)
    assert world.outbox.reports[old.counter].answered
    assert world.motor.pulses[len(before) :].count("HQ has it") == 0
    assert "a person has it" not in world.motor.pulses[len(before) :]
