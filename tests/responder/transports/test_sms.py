"""HQ's modem: the sender of a text waits for its outcome; everything else is handed on."""

from __future__ import annotations

import threading

import pytest
from builders import BEN

from outcry.hw.modem import (
    Condition,
    Modem,
    ModemSettings,
    ModemState,
    Outcome,
    SmsLeaving,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.responder.rules import events
from outcry.responder.rules.events import Came
from outcry.responder.transports import sms


class DatabaseAway(Exception):
    """What is told cannot be written down now."""


class Heard:
    """Everything that was handed on; ``broken`` tells how often that fails first."""

    def __init__(self, modem):
        self.modem = modem
        self.broken = 0
        self.all = []

    def hears(self, *what):
        if self.broken:
            self.broken -= 1
            raise DatabaseAway
        self.all.append(what)

    def hand_on(self):
        def changed():
            self.hears("changed")

        self.modem.hand_on(self.hears, self.hears, changed)


@pytest.fixture
def says():
    """What the modem's own thread says."""
    return []


@pytest.fixture
def modem(says, monkeypatch):
    """The real sender on a modem that says what the test says, when it is given a text."""
    monkeypatch.setattr(sms, "LISTENS_S", 0.0)
    given, amended = [], []

    class Fake:
        def __init__(self, settings, open_port, emit, clock, beat):
            self.emit = emit

        def send_sms(self, ref, number, text):
            given.append((ref, number, text))
            threading.Thread(target=self.speak, args=(tuple(says),)).start()

        def amend_sms(self, ref, text):
            amended.append((ref, text))
            if says:
                self.speak(tuple(says))
            return not says

        def speak(self, events):
            for event in events:
                self.emit(event)

    assert {"send_sms", "amend_sms", "status", "start", "stop"} <= set(dir(Modem))
    monkeypatch.setattr(sms, "Modem", Fake)
    made = sms.SmsModem(ModemSettings(), lambda: None, lambda: 0.0)
    made.given, made.amended = given, amended
    return made


def answer(outcome, ref="7", reason="why"):
    return SmsOutcome(ref, outcome, (), None, reason)


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (Outcome.DONE, events.Outcome.DONE),
        (Outcome.FAILED, events.Outcome.FAILED),
        (Outcome.UNKNOWN, events.Outcome.UNKNOWN),
    ],
)
def test_the_sender_waits_for_what_came_of_the_text(modem, says, outcome, what):
    says.append(answer(outcome))
    assert modem.send(7, BEN, "words") == Came(what, "why")
    assert modem.given == [("7", BEN, "words")]
    heard = Heard(modem)
    heard.hand_on()
    assert heard.all == [], "it is told once"


@pytest.fixture
def impatient(monkeypatch):
    """Asks at once whether a text that waits may still leave."""
    monkeypatch.setattr(sms, "ASKS_EVERY_S", 0.0)


@pytest.mark.usefixtures("impatient")
def test_a_text_that_waits_is_taken_back_when_it_may_not_leave_any_more(modem):
    asked = iter([None, None, "people have decided otherwise"])
    came = modem.send(7, BEN, "words", lambda: next(asked))
    assert came == Came(events.Outcome.DROPPED, "people have decided otherwise")
    assert modem.amended == [("7", None)]


@pytest.mark.usefixtures("impatient")
def test_a_text_that_has_begun_to_leave_is_waited_for(modem, says):
    def may():
        says[:] = [answer(Outcome.DONE)]
        return "too late"

    assert modem.send(7, BEN, "words", may) == Came(events.Outcome.DONE, "why")


@pytest.mark.usefixtures("impatient")
def test_a_text_goes_on_waiting_where_nobody_can_say_whether_it_may_leave(modem):
    asked = []

    def may():
        asked.append(1)
        if len(asked) < 5:
            raise DatabaseAway
        return "at last"

    assert modem.send(7, BEN, "words", may).outcome is events.Outcome.DROPPED
    assert len(asked) == 5


def test_what_the_modem_says_later_of_a_text_is_handed_on(modem, says):
    says.append(answer(Outcome.UNKNOWN))
    modem.send(7, BEN, "words")
    says[:] = [answer(Outcome.DONE, reason="sent, answered late"), answer(Outcome.DONE, "8")]
    modem.send(8, BEN, "words")
    heard = Heard(modem)
    heard.hand_on()
    assert heard.all == [(7, Came(events.Outcome.DONE, "sent, answered late"))]


@pytest.mark.parametrize(
    ("event", "handed_on"),
    [
        (SmsReport("7", True), (7, Came(events.Outcome.DELIVERED, ""))),
        (SmsReport("7", False), (7, Came(events.Outcome.UNDELIVERED, ""))),
        (SmsReceived(BEN, "1111 2222"), (BEN, "1111 2222", True, None)),
        (SmsReceived(BEN, "1", whole=False, sent_at=7.5), (BEN, "1", False, 7.5)),
        (ModemState(Condition.SILENT, ""), ("changed",)),
    ],
)
def test_everything_else_is_handed_on_and_again_when_that_failed(modem, says, event, handed_on):
    says[:] = [event, answer(Outcome.DONE)]
    modem.send(7, BEN, "words")
    heard = Heard(modem)
    heard.broken = 60  # five minutes of a database that is away
    for _ in range(60):
        with pytest.raises(DatabaseAway):
            heard.hand_on()
    heard.hand_on()
    heard.hand_on()
    assert heard.all == [handed_on]


def test_a_text_may_be_deleted_when_it_is_written_down_and_not_before(modem, says):
    kept = []
    says[:] = [SmsReceived(BEN, "1111 2222", lambda: kept.append(1)), answer(Outcome.DONE)]
    modem.send(7, BEN, "words")
    heard = Heard(modem)
    heard.broken = 1
    with pytest.raises(DatabaseAway):
        heard.hand_on()
    assert kept == []
    heard.hand_on()
    assert kept == [1]


def test_nothing_is_given_up_however_long_the_database_is_away(modem, says):
    says[:] = [SmsReport("6", True), SmsReceived(BEN, "first"), answer(Outcome.DONE)]
    modem.send(7, BEN, "words")
    heard = Heard(modem)
    heard.broken = 5000  # seven hours
    for _ in range(5000):
        with pytest.raises(DatabaseAway):
            heard.hand_on()
    heard.hand_on()
    heard.hand_on()
    assert heard.all == [(6, Came(events.Outcome.DELIVERED, "")), (BEN, "first", True, None)]


def test_what_hq_has_no_use_for_is_passed_over(modem, says):
    says[:] = [SmsLeaving("7"), answer(Outcome.DONE)]
    modem.send(7, BEN, "words")
    heard = Heard(modem)
    heard.hand_on()
    assert heard.all == []
