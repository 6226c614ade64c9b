"""Answers by SMS: codes from a card, each good once, and never the PIN of the page."""

from __future__ import annotations

import itertools
import os
import shutil
from random import Random

import pytest
from builders import BEN, CLEO, DANA, officer
from cheap_hashes import PIN_COST

from outcry.report import AlarmKind, MessageType
from outcry.responder.enrolment.answer_cards import CODES_ON_A_CARD, codes_left, print_codes
from outcry.responder.intake.sms_answers import (
    NOTED_AN_HOUR,
    WRONG_MOST,
    WRONG_WITHIN_S,
    SmsAnswers,
)
from outcry.responder.intake.texts import ArrivingTexts
from outcry.responder.rules.calls import Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    AnswerDropped,
    AnsweredBy,
    CalledFalse,
    Closed,
    Confirmed,
    ContactSaw,
    Dropped,
    Event,
    GroundFound,
    ReportArrived,
    Unclear,
    Unsure,
    WrongPinTried,
)
from outcry.responder.storage import event_log, store
from outcry.responder.storage.alarms import set_due
from simulation.answers import arrives, not_confirming

ON_BOTH_DATABASES = True
STRANGER = "+447700900199"


@pytest.fixture(scope="module")
def printed(enrolled, tmp_path_factory):
    """Printed once, for all tests to copy."""
    directory = tmp_path_factory.mktemp("cards") / "state"
    shutil.copytree(enrolled.directory, directory)
    database = store.Store(directory)
    with database.write() as connection:
        device = enrolled.enrolment.device
        cards = print_codes(connection, device, os.urandom, cost=PIN_COST)
        rows = [row._asdict() for row in connection.execute(store.sms_code.select())]
    database.close()
    return cards, rows


@pytest.fixture
def cards(world, printed):
    cards, rows = printed
    with world.hq.store.write() as connection:
        connection.execute(store.sms_code.insert(), rows)
    return cards


@pytest.fixture
def raised(world):
    world.hq.takes(world.device.message())
    return world


def said(world, alarm: int = 1) -> list[Event]:
    return [e for e in world.hq.entries(alarm) if not isinstance(e, ReportArrived)]


def left(world) -> dict[int, int]:
    with world.hq.store.read() as connection:
        return codes_left(connection, world.device.enrolment.device)


def texts(world, sender: str, text: str) -> None:
    world.hq.texts.take(sender, text)


def test_each_contact_has_a_card_of_different_codes(world, cards):
    assert {n: len(codes) for n, codes in cards.items()} == dict.fromkeys((1, 2, 3), 8)
    every = list(itertools.chain(*cards.values()))
    assert len(set(every)) == 3 * CODES_ON_A_CARD
    assert all(len(code) == 9 and code[4] == " " for code in every)
    assert left(world) == dict.fromkeys((1, 2, 3), 8)


def test_a_code_and_a_1_confirm_and_the_code_is_burned(raised, cards):
    texts(raised, BEN, f"{cards[1][0]} 1")
    assert said(raised) == [Confirmed(raised.clock(), 1, AnsweredBy.SMS)]
    assert left(raised)[1] == CODES_ON_A_CARD - 1
    texts(raised, BEN, f"{cards[1][0]} 1")
    used = AnswerDropped(raised.clock(), 1, Dropped.USED)
    assert said(raised)[1:] == [used]


def test_a_code_alone_says_nothing_that_cannot_be_undone(raised, cards):
    texts(raised, BEN, cards[1][0])
    assert said(raised) == [Unclear(raised.clock(), 1, AnsweredBy.SMS)]
    raised.hq.works()
    assert Case.of(raised.hq.entries()).now.votes == 0
    assert left(raised)[1] == CODES_ON_A_CARD - 1


@pytest.mark.parametrize(
    ("choice", "what"),
    [("1", Confirmed), ("2", ContactSaw), ("3", Unsure), ("4", CalledFalse)],
)
def test_a_digit_after_the_code_says_something_else(raised, cards, choice, what):
    texts(raised, CLEO, f"{cards[2][5]} {choice}")
    assert said(raised) == [what(raised.clock(), 2, AnsweredBy.SMS)]


def test_a_code_typed_by_a_phone_is_kept(raised, cards):
    texts(raised, BEN, cards[1][0].replace(" ", "\u00a0\u2013 ") + "\u00a01.\n")
    assert [type(e) for e in said(raised)] == [Confirmed]


def test_a_code_among_words_is_kept_as_not_sure_and_burned(raised, cards):
    texts(raised, BEN, f"yes it is false {cards[1][0]} 1")
    assert [type(e) for e in said(raised)] == [Unclear]
    assert left(raised)[1] == CODES_ON_A_CARD - 1


def test_arabic_digits_are_digits(raised, cards):
    written = f"{cards[1][0]} 1".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    texts(raised, BEN, written)
    assert [type(e) for e in said(raised)] == [Confirmed]


def test_all_that_come_by_sms_are_one_vote_and_the_page_makes_two(raised, cards):
    for number, sender in ((1, BEN), (2, CLEO), (3, DANA)):
        texts(raised, sender, f"{cards[number][0]} 1")
    raised.hq.works()
    assert GroundFound not in raised.hq.history()
    assert Case.of(raised.hq.entries()).now.votes == 1
    raised.answers(raised.invitation(2), raised.pins[1], "confirm")
    raised.hq.works()
    assert GroundFound in raised.hq.history()


def test_the_pin_of_the_page_is_worth_nothing_in_a_text(raised, cards):
    texts(raised, BEN, raised.pins[0])
    texts(raised, BEN, f"{raised.pins[0]}00")
    assert Confirmed not in raised.hq.history()
    assert left(raised) == dict.fromkeys((1, 2, 3), 8)


def test_another_contacts_code_is_worth_nothing(raised, cards):
    texts(raised, CLEO, cards[1][0])
    assert said(raised) == [WrongPinTried(raised.clock(), 2, AnsweredBy.SMS)]


@pytest.mark.parametrize("sender", [STRANGER, "", "Bank"])
def test_a_strangers_code_is_told_to_the_duty_officer_once_and_answers_nothing(
    raised, cards, monkeypatch, sender
):
    """It may be a contact with a borrowed phone. Whose code it is, nobody looks up."""
    monkeypatch.setattr("outcry.responder.intake.sms_answers.hash_pin", None)
    texts(raised, sender, "How is it going?")
    assert said(raised) == []
    for code in cards[1]:
        texts(raised, sender, f"{code} 1")
    assert said(raised) == [AnswerDropped(raised.clock(), None, Dropped.STRANGER)]
    assert left(raised)[1] == CODES_ON_A_CARD


@pytest.mark.parametrize(
    "sender", ["00447700900111", "07700900111", "447700900111", "7700900111", "+447700900111"]
)
def test_networks_write_numbers_in_their_own_way(raised, cards, sender):
    texts(raised, sender, f"{cards[1][0]} 1")
    assert [type(e) for e in said(raised)] == [Confirmed]


@pytest.mark.parametrize(
    "sender",
    [*(country + BEN[3:] for country in ("+1", "+49", "1", "0049", "+")), BEN[5:], "0" + BEN[6:]],
)
def test_a_number_of_another_country_is_another_number(raised, cards, sender):
    texts(raised, sender, f"{cards[1][0]} 1")
    assert said(raised) == [AnswerDropped(raised.clock(), None, Dropped.STRANGER)]


@pytest.mark.parametrize(
    "text", ["", "yes", "1234", "1234567", "1234567890", "ok " * 200, "12345x678x1234 567"]
)
def test_a_text_without_a_code_is_no_answer_and_no_guess(raised, cards, text):
    texts(raised, BEN, text)
    assert said(raised) == [AnswerDropped(raised.clock(), 1, Dropped.WORDS)]
    assert left(raised)[1] == CODES_ON_A_CARD


def test_a_new_card_makes_the_old_one_worthless(raised, cards):
    with raised.hq.store.write() as connection:
        print_codes(connection, raised.device.enrolment.device, os.urandom, 1, PIN_COST)
    texts(raised, BEN, f"{cards[1][0]} 1")
    texts(raised, CLEO, f"{cards[2][0]} 1")
    assert [type(e) for e in said(raised)] == [WrongPinTried, Confirmed]


def test_without_an_alarm_a_code_is_kept(world, cards):
    texts(world, BEN, f"{cards[1][0]} 1")
    texts(world, BEN, "hello?")
    assert left(world)[1] == CODES_ON_A_CARD


def test_after_an_alarm_a_code_is_kept_and_its_sender_hears_so(raised, cards):
    closed = officer(Closed, raised.clock.now)
    with raised.hq.store.write() as connection:
        event_log.append(connection, 1, closed)
    texts(raised, BEN, f"{cards[1][0]} 1")
    texts(raised, BEN, "is it over?")
    texts(raised, BEN, "1111 2222 1")
    texts(raised, BEN, f"{cards[1][0]} 3")
    dropped = [AnswerDropped(raised.clock(), 1, why) for why in (Dropped.REAL, Dropped.OVER)]
    assert said(raised) == [closed, *dropped]
    assert Topic.CONTRADICTED in Case.of(raised.hq.entries()).now.topics
    assert left(raised)[1] == CODES_ON_A_CARD


def test_a_text_is_about_the_newest_real_alarm_that_is_not_over(raised, cards):
    raised.hq.takes(raised.device.message(kind=AlarmKind.DRILL, alarm=78))
    texts(raised, BEN, cards[1][0])
    assert said(raised, 2) == []
    raised.hq.takes(raised.device.message(alarm=79))
    texts(raised, BEN, cards[1][1])
    assert len(said(raised, 3)) == 1
    with raised.hq.store.write() as connection:
        for alarm in (1, 3):
            closed = officer(Closed, raised.clock.now)
            event_log.append(connection, alarm, closed)
            set_due(connection, alarm, raised.clock.now)
    texts(raised, BEN, cards[1][2])
    assert len(said(raised, 2)) == 1


def test_guessing_is_slowed_per_number_and_shuts_nobody_else_out(raised, cards, monkeypatch):
    tried = []
    monkeypatch.setattr(
        "outcry.responder.intake.sms_answers.hash_pin", lambda code, *_: tried.append(code) or b""
    )
    for n in range(WRONG_MOST // 2 + 10):
        texts(raised, BEN, f"{n:08d}")
        texts(raised, BEN.removeprefix("+"), f"{n:08d}")
    assert len(tried) == WRONG_MOST
    monkeypatch.undo()
    flood = AnswerDropped(raised.clock(), 1, Dropped.FLOOD)
    assert [e for e in said(raised) if type(e) is AnswerDropped] == [flood] * NOTED_AN_HOUR
    assert Topic.UNREAD in Case.of(raised.hq.entries()).now.topics
    texts(raised, CLEO, f"{cards[2][0]} 1")
    assert raised.hq.history()[-1] is Confirmed
    raised.clock.passes(WRONG_WITHIN_S)
    texts(raised, BEN, f"{cards[1][0]} 1")
    assert said(raised)[-1] == Confirmed(raised.clock(), 1, AnsweredBy.SMS)


def test_who_texts_in_a_contacts_name_silences_nobody(raised, cards):
    """Anybody can: thirty wrong codes an hour kept the right one out."""
    for n in range(2):
        for guess in range(31):
            texts(raised, BEN, f"{guess:08d} 1")
        texts(raised, BEN, f"{cards[1][n]} 1")
        assert said(raised)[-1] == Confirmed(raised.clock(), 1, AnsweredBy.SMS)
        raised.clock.passes(600)
    tried = [e for e in said(raised) if type(e) is WrongPinTried]
    assert len(tried) == NOTED_AN_HOUR, "a history is not filled by whoever guesses"


def test_each_episode_hears_that_somebody_guesses(raised, cards):
    for _ in range(NOTED_AN_HOUR):
        texts(raised, BEN, "1111 2222 1")
        texts(raised, BEN, "words")
    with raised.hq.store.write() as connection:
        event_log.append(connection, 1, officer(Closed, raised.clock.now))
    raised.clock.passes(60)
    raised.hq.takes(raised.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    assert Case.of(raised.hq.entries()).now.topics == {}
    texts(raised, BEN, "1111 2222 1")
    texts(raised, BEN, "words")
    assert {*Case.of(raised.hq.entries()).now.topics} == {Topic.WRONG_PIN, Topic.UNREAD}


def test_codes_and_numbers_are_neither_kept_nor_logged(raised, cards, caplog):
    with caplog.at_level("DEBUG"):
        texts(raised, BEN, cards[1][0])
        texts(raised, BEN, "1111 2222")
    ours = " ".join(r.getMessage() for r in caplog.records if r.name.startswith("outcry"))
    assert not any(word in ours for word in (cards[1][0], "1111", BEN))
    raised.hq.store.close()
    for path in raised.hq.directory.iterdir():
        if path.is_file():
            held = path.read_bytes()
            assert cards[1][0].replace(" ", "").encode() not in held
            assert cards[2][0].encode() not in held


def test_a_sealed_report_by_sms_is_still_a_report(world):
    message = world.device.message()
    world.hq.texts.take(STRANGER, message.text)
    assert world.hq.history() == [ReportArrived]


def test_one_phone_can_be_a_contact_of_two_wearers(raised, cards):
    answers = SmsAnswers(raised.hq.store, raised.clock)
    with raised.hq.store.write() as connection:
        connection.execute(
            store.contact.update().where(store.contact.c.number == CLEO).values(number=BEN)
        )
    assert answers.take(BEN, f"{cards[2][0]} 1")
    assert said(raised) == [Confirmed(raised.clock(), 2, AnsweredBy.SMS)]
    assert answers.take(BEN, "1111 2222 1")
    assert len(said(raised)) == 2, "one text, one reply"


def test_what_is_to_be_told_or_replied_to_wakes_hq_and_no_other_text_does(raised, cards):
    woken: list[int] = []
    answers = SmsAnswers(raised.hq.store, raised.clock)
    texts_in = ArrivingTexts(raised.hq.inbox, answers, lambda: woken.append(1))
    texts_in.take(STRANGER, "on my way")
    assert woken == []
    texts_in.take(BEN, "on my way")
    texts_in.take(BEN, f"{cards[1][0]} 1")
    assert woken == [1, 1]


def test_a_part_of_a_longer_text_never_confirms(raised, cards):
    """The part before may have said: it is false."""
    raised.hq.texts.take(BEN, f"{cards[1][0]} 1", whole=False)
    assert [type(e) for e in said(raised)] == [Unclear]


def test_a_history_holds_few_of_many_texts_in_a_contacts_name(raised, cards):
    texts(raised, BEN, f"{cards[1][0]} 1")
    for _ in range(3 * NOTED_AN_HOUR):
        texts(raised, BEN, "words")
        texts(raised, BEN, cards[1][0])
    assert len(said(raised)) == 1 + NOTED_AN_HOUR
    texts(raised, CLEO, "words")
    raised.clock.passes(3601)
    texts(raised, BEN, "words")
    assert len(said(raised)) == 3 + NOTED_AN_HOUR


def test_nothing_that_people_text_beside_a_code_confirms(raised, cards):
    """A sample; bench has all of them: ``false_confirmations``."""
    every = [*not_confirming(cards[1][0])]
    assert len(every) >= 2_000
    for parts in Random(1).sample(every, 40):
        for part in arrives(BEN, parts):
            raised.hq.texts.take(part.sender, part.text, part.whole)
        with raised.hq.store.write() as connection:
            connection.execute(store.sms_code.update().values(burned_at=None))
    assert Unclear in raised.hq.history()
    assert Confirmed not in raised.hq.history()
