"""Answers by SMS: codes from a card, each good once, and never the PIN of the page."""

from __future__ import annotations

import itertools
import os
import shutil

import pytest
from builders import BEN, CLEO, DANA, officer
from cheap_hashes import PIN_COST
from hypothesis import given, settings
from hypothesis import strategies as st

from outcry.report import AlarmKind
from outcry.responder.enrolment.answer_cards import CODES_ON_A_CARD, codes_left, print_codes
from outcry.responder.intake.sms_answers import WRONG_AN_HOUR, SmsAnswers, plain_digits, read_answer
from outcry.responder.intake.texts import ArrivingTexts
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    AnsweredBy,
    CalledFalse,
    Closed,
    Confirmed,
    ContactSaw,
    Event,
    GroundFound,
    ReportArrived,
    Unsure,
    WrongPinTried,
)
from outcry.responder.storage import event_log, store
from outcry.responder.storage.alarms import set_due

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


# What people write around a code: none of it may be read as "it is real".
PHRASES = [
    *("{} 44", "{} 5", "{} 0", "{} 14", "{} 41", "{} 1 4", "{}5"),
    *(
        "Yes it is false {}",
        "{} false alarm",
        "no {}",
        "not real {}",
        "{} ?? who is this",
        "{} 4 sorry",
    ),
    *("Code: {}.", "ok {} thanks", "{} yes", "{} x", "C {}", "{} one", "{}, 2 or 3"),
    *("{} es falso", "no es verdad {}", "sí {}", "{} falsa alarma, está bien"),
    *("{} fausse alerte", "ce n'est pas vrai {}", "oui {}"),
    *("{} ложная тревога", "это неправда {}", "да {}", "не {}"),
    *("{} хибна тривога", "ні {}", "так {}"),
    *("{} إنذار كاذب", "لا {}", "نعم {}"),
    *("{} هشدار اشتباه", "نه {}", "بله {}"),
]


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


def test_a_code_alone_confirms_and_is_burned(raised, cards):
    texts(raised, BEN, cards[1][0])
    assert said(raised) == [Confirmed(raised.clock(), 1, AnsweredBy.SMS)]
    assert left(raised)[1] == CODES_ON_A_CARD - 1
    texts(raised, BEN, cards[1][0])
    assert len(said(raised)) == 1


@pytest.mark.parametrize(
    ("choice", "what"),
    [("1", Confirmed), ("2", ContactSaw), ("3", Unsure), ("4", CalledFalse)],
)
def test_a_digit_after_the_code_says_something_else(raised, cards, choice, what):
    texts(raised, CLEO, f"{cards[2][5]} {choice}")
    assert said(raised) == [what(raised.clock(), 2, AnsweredBy.SMS)]


@pytest.mark.parametrize(
    "written",
    ["{}", " {} ", "{}.", "\u200e{}", "{}\n", "{} 1", "{}-1", "({})", "{} (1)", "{}!!! \U0001f64f"],
)
@pytest.mark.parametrize(
    "between",
    [" ", "", "-", "  ", "\u00a0", "\n", "\r\n", " \u2013 ", "\u2009", ".", "_", "\u2011"],
)
def test_a_code_is_found_however_it_is_typed(written, between):
    assert read_answer(written.format(f"4417{between}0099")) == ("44170099", Confirmed)


def test_a_code_typed_by_a_phone_is_kept(raised, cards):
    texts(raised, BEN, cards[1][0].replace(" ", "\u00a0\u2013 ") + ".\n")
    assert [type(e) for e in said(raised)] == [Confirmed]


@pytest.mark.parametrize(
    "between", ["\n", "\r\n", ". ", " (", "\n\n", " - ", "", " \u2013 ", "\u060c "]
)
def test_what_the_digit_says_is_heard_whatever_stands_before_it(between):
    assert read_answer(f"4417 0099{between}4") == ("44170099", CalledFalse)


@pytest.mark.parametrize("written", PHRASES)
def test_a_code_among_words_never_confirms_and_is_never_lost(written):
    assert read_answer(written.format("4417 0099")) == ("44170099", Unsure)


def test_a_code_among_words_is_kept_as_not_sure_and_burned(raised, cards):
    texts(raised, BEN, f"yes it is false {cards[1][0]}")
    assert [type(e) for e in said(raised)] == [Unsure]
    assert left(raised)[1] == CODES_ON_A_CARD - 1


@pytest.mark.slow
@given(
    before=st.text(max_size=30),
    between=st.text(max_size=4),
    after=st.text(max_size=30),
)
@settings(max_examples=2000)
def test_only_a_code_and_its_digit_are_a_confirmation(before, between, after):
    """Judged apart: without its marks, such a text is eight digits, or nine and the last is 1."""
    text = f"{before}4417{between}0099{after}"
    read = read_answer(text)
    bare = "".join(c for c in plain_digits(text) if c.isalnum())
    if read is not None and read[1] is Confirmed:
        assert bare in ("44170099", "441700991")


def test_arabic_digits_are_digits(raised, cards):
    written = cards[1][0].translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    texts(raised, BEN, written)
    assert [type(e) for e in said(raised)] == [Confirmed]


def test_all_that_come_by_sms_are_one_vote_and_the_page_makes_two(raised, cards):
    for number, sender in ((1, BEN), (2, CLEO), (3, DANA)):
        texts(raised, sender, cards[number][0])
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


def test_a_stranger_is_dropped_before_the_text_is_looked_at(raised, cards, monkeypatch):
    monkeypatch.setattr("outcry.responder.intake.sms_answers.plain_digits", None)
    texts(raised, STRANGER, cards[1][0])
    texts(raised, "", cards[1][0])
    assert said(raised) == []


@pytest.mark.parametrize(
    "sender", ["00447700900111", "07700900111", "447700900111", "7700900111", "+447700900111"]
)
def test_networks_write_numbers_in_their_own_way(raised, cards, sender):
    texts(raised, sender, cards[1][0])
    assert [type(e) for e in said(raised)] == [Confirmed]


@pytest.mark.parametrize("text", ["", "yes", "1234", "123456789", "ok " * 200, "12345678x1234 567"])
def test_a_text_without_a_code_is_no_answer_and_no_guess(raised, cards, text):
    texts(raised, BEN, text if text != "ok " * 200 else text + cards[1][0])
    assert Confirmed not in raised.hq.history()


def test_a_new_card_makes_the_old_one_worthless(raised, cards):
    with raised.hq.store.write() as connection:
        print_codes(connection, raised.device.enrolment.device, os.urandom, 1, PIN_COST)
    texts(raised, BEN, cards[1][0])
    texts(raised, CLEO, cards[2][0])
    assert [type(e) for e in said(raised)] == [WrongPinTried, Confirmed]


def test_without_an_alarm_a_code_is_kept(world, cards):
    texts(world, BEN, cards[1][0])
    assert left(world)[1] == CODES_ON_A_CARD


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
    for n in range(WRONG_AN_HOUR + 10):
        texts(raised, BEN, f"{n:08d}")
    assert len(tried) == WRONG_AN_HOUR
    monkeypatch.undo()
    texts(raised, CLEO, cards[2][0])
    assert raised.hq.history()[-1] is Confirmed
    raised.clock.passes(3601)
    texts(raised, BEN, cards[1][0])
    assert raised.hq.history()[-1] is Confirmed


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
    assert answers.take(BEN, cards[2][0])
    assert said(raised) == [Confirmed(raised.clock(), 2, AnsweredBy.SMS)]


def test_an_answer_wakes_hq_and_no_other_text_does(raised, cards):
    woken: list[int] = []
    answers = SmsAnswers(raised.hq.store, raised.clock)
    texts_in = ArrivingTexts(raised.hq.inbox, answers, lambda: woken.append(1))
    texts_in.take(STRANGER, cards[1][0])
    texts_in.take(BEN, "on my way")
    assert woken == []
    texts_in.take(BEN, cards[1][0])
    assert woken == [1]
