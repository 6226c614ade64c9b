"""A contact has texted: what they read then, in their language, and what goes before it."""

from __future__ import annotations

import os

import pytest
from builders import BEN, CLEO, kind_of
from cheap_hashes import PIN_COST
from phones import Killed

from outcry.hw.modem.pdu import encode
from outcry.responder import sentences
from outcry.responder.enrolment.answer_cards import print_codes
from outcry.responder.intake.reading import read
from outcry.responder.notify import sms_texts
from outcry.responder.plans.document import LANGUAGES
from outcry.responder.rules.calls import Reply, Says, Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import CallEnded, Confirmed, Outcome, Unclear
from outcry.responder.storage import store

ON_BOTH_DATABASES = True
STRANGER = "+447700900199"


@pytest.fixture
def cards(world):
    with world.hq.store.write() as connection:
        return print_codes(connection, world.device.enrolment.device, os.urandom, cost=PIN_COST)


@pytest.fixture
def told(world, cards):
    """An alarm of which all contacts have been told."""
    world.hq.takes(world.device.message())
    world.hq.works()
    world.phones.sent.clear()
    return world


def texts(world, sender, text):
    world.hq.texts.take(sender, text)
    world.hq.works()


def speaks(world, contact, language):
    with world.hq.store.write() as connection:
        changed = store.contact.update().values(language=language)
        connection.execute(changed.where(store.contact.c.number_in_list == contact))


def test_a_contact_at_night_is_led_to_an_answer(told, cards):
    speaks(told, 1, "fr")
    texts(told, BEN, "c'est vrai ?")
    texts(told, BEN, f"oui {cards[1][0]}")
    texts(told, BEN, f"{cards[1][0]} 1")
    texts(told, BEN, "1111 2222 1")
    texts(told, BEN, f"{cards[1][1]} 1")
    expected = (Says.WORDS, Says.UNCLEAR, Says.USED, Says.UNKNOWN, Says.REAL)
    assert told.phones.to(BEN) == [sms_texts.reply("fr", says, True) for says in expected]
    assert {number for _, number, _ in told.phones.sent} == {BEN}
    assert [kind for kind in told.hq.history() if kind in (Unclear, Confirmed)] == [
        Unclear,
        Confirmed,
    ]


def test_a_contact_without_a_card_is_led_to_the_link(world):
    world.hq.takes(world.device.message())
    world.hq.works()
    texts(world, BEN, "what is this?")
    assert world.phones.to(BEN)[1:] == [sms_texts.reply("en", Says.WORDS, has_codes=False)]
    assert "link" in world.phones.to(BEN)[1]


def test_a_contact_whose_card_is_used_up_is_led_to_the_link(told, cards):
    for code in cards[1]:
        texts(told, BEN, f"{code} 3")
    texts(told, BEN, f"{cards[1][0]} 1")
    assert told.phones.to(BEN)[-1] == sms_texts.reply("en", Says.USED, has_codes=False)
    assert "link" in told.phones.to(BEN)[-1]


def test_a_stranger_is_never_answered(told, cards):
    for sender in (STRANGER, "", "Bank", "+" + "1" * 15, "12345"):
        for text in ("hello", f"{cards[1][0]} 1", cards[1][0], "1111 2222"):
            texts(told, sender, text)
    assert told.phones.sent == []


def test_a_reply_goes_to_the_number_in_the_list(told, cards):
    texts(told, "07700900111", f"{cards[1][0]} 2")
    assert told.phones.to(BEN) == [sms_texts.reply("en", Says.SEEN, True)]


def test_two_phones_that_answer_by_themselves_do_not_talk_all_night(told):
    for _ in range(50):
        texts(told, BEN, "I am driving, I will answer later.")
        told.clock.passes(60)
    assert len(told.phones.to(BEN)) == 1


def test_replies_come_after_all_that_an_alarm_has_to_say(world, cards):
    world.hq.takes(world.device.message())
    world.hq.texts.take(BEN, f"{cards[1][0]} 2")
    world.hq.texts.take(CLEO, "who is this?")
    world.hq.takes(world.device.message(alarm=78))
    world.hq.works()
    kinds = [text.startswith("ALARM") for _, _, text in world.phones.sent]
    assert sorted(kinds, reverse=True) == kinds
    assert kinds.count(False) == 2


@pytest.mark.parametrize("outcome", [None, Outcome.FAILED])
def test_a_crash_neither_loses_nor_doubles_a_reply(told, cards, outcome):
    """Killed with the text at the modem: its outcome is lost, so it goes once more."""
    told.hq.texts.take(BEN, f"{cards[1][0]} 1")
    told.hq.works(outcome)
    told.hq.restarts()
    told.clock.passes(60)
    told.hq.works()
    told.clock.passes(7200)
    told.hq.works()
    assert told.phones.to(BEN) == [sms_texts.reply("en", Says.REAL, True)] * 2
    ends = [e for e in told.hq.entries() if isinstance(e, CallEnded)]
    of_replies = [kind_of(e) for e in ends if isinstance(e.action.target, Reply)]
    assert of_replies == [outcome or Outcome.UNKNOWN, Outcome.DONE]


def test_a_crash_before_a_reply_was_begun_costs_nothing(told, cards, monkeypatch):
    told.hq.texts.take(BEN, f"{cards[1][0]} 1")
    monkeypatch.setattr(told.hq.workflow, "_make_calls", lambda: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        told.hq.workflow.step()
    told.hq.restarts()
    told.hq.works()
    assert told.phones.to(BEN) == [sms_texts.reply("en", Says.REAL, True)]


def test_the_duty_officer_reads_what_became_of_each_text(told, cards):
    for text in (f"is it? {cards[1][0]}", f"{cards[1][0]} 1", "1111 2222 1", "hello"):
        texts(told, BEN, text)
    texts(told, STRANGER, f"{cards[1][1]} 1")
    lines = [line.words for line in sentences.timeline(told.hq.entries(), {1: "Ben", 2: "Cleo"})]
    for words in (
        "Ben sent a code with something else, which counts as: does not know, by SMS",
        "A text from Ben could not be taken as an answer: its code was used before",
        "A wrong code was texted from Ben's number",
        "A text from Ben could not be taken as an answer: no code of theirs is in it",
        "Reply to Ben's text: done",
    ):
        assert words in lines
    assert lines.count("Reply to Ben's text: done") == 4
    assert not any(secret in "".join(lines) for secret in (cards[1][0], BEN, STRANGER))


def test_a_code_from_a_borrowed_phone_is_told_to_the_duty_officer(told, cards):
    texts(told, STRANGER, f"{cards[1][1]} 1")
    case = Case.of(told.hq.entries())
    assert Topic.UNREAD in case.now.topics
    assert case.now.votes == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("has_codes", [True, False])
@pytest.mark.parametrize("says", Says)
def test_every_reply_is_one_sms_and_can_be_taken_for_no_code(language, has_codes, says):
    said = sms_texts.reply(language, says, has_codes)
    assert len(encode(BEN, said, 0)) == 1
    assert read(said).codes == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reply_says_something_of_its_own(language):
    said = [sms_texts.reply(language, says, True) for says in Says]
    said.append(sms_texts.reply(language, Says.WORDS, has_codes=False))
    assert len({*said}) == len(said)
