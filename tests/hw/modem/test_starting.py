"""SIM and network in every condition, and the PIN said once."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import (
    Condition,
    ModemState,
    Outcome,
    PostAnswered,
    PostFailed,
    SmsOutcome,
    SmsReport,
)

ANA = "+447700900201"


def test_a_cold_start_sends_the_waiting_text_as_soon_as_the_modem_can(world: Any) -> None:
    w = world(timing=Timing(), warm=False)
    w.modem.send_sms("t1", ANA, "help")
    w.run(30)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]
    assert w.said("AT+CMGS")[0] - 1000 < 13


def test_the_settings_after_a_start_are_exactly_these(world: Any) -> None:
    w = world(host=None)
    w.run(1)
    said = [data.decode().strip() for _, data in w.written]
    assert said[:15] == [
        "AT",
        "ATE0",
        "AT+CMEE=1",
        "AT+CFUN?",
        "AT+CPIN?",
        "AT+CBATCHK=0",
        "AT+CLTS=1",
        "AT+CREG=2",
        "AT+CENG=1,1",
        "AT+CMGF=0",
        "AT+CGSMS?",
        'AT+CPMS="SM","SM","SM"',
        'AT+CSCS="GSM"',
        "AT+CNMI=2,1,0,1,0",
        "AT+CREG?",
    ]


def test_no_sim_is_said_and_the_text_waits(world: Any) -> None:
    w = world(options=Options(sim=False), warm=False, timing=Timing())
    w.modem.send_sms("t1", ANA, "help")
    w.modem.post("p1", b"sealed")
    status = w.condition_after(60)
    assert (status.state, status.queued_texts) == (Condition.SIM_ABSENT, 1)
    assert not w.got(SmsOutcome)
    assert len(w.got(PostFailed)) == 1


def test_the_right_pin_opens_the_sim(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    assert w.condition_after(60).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) == 1


def test_the_right_pin_is_said_again_after_a_restart(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.at(60, lambda: w.sim.reset(w.now))
    assert w.condition_after(120).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) == 2


def test_a_wrong_pin_is_said_once_and_never_again(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    for minute in (5, 10, 15):
        w.at(60 * minute, lambda: w.sim.reset(w.now))
    assert w.condition_after(1200).state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) == 1


def test_a_wrong_pin_whose_answer_was_lost_is_said_once_more_and_never_a_third_time(
    world: Any,
) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.RESET, stage="answer"), skip=1)
    for minute in (5, 10, 15):
        w.at(60 * minute, lambda: w.sim.reset(w.now))
    w.condition_after(1200)
    assert len(w.said("AT+CPIN=")) == 2


@pytest.mark.parametrize("resets", [0, 1, 3])
@pytest.mark.parametrize("kind", [Kind.RESET, Kind.SILENT, Kind.GARBAGE])
def test_a_right_pin_whose_answer_was_lost_is_said_at_every_restart(
    world: Any, kind: Kind, resets: int
) -> None:
    """An undervoltage at the first burst after it, or a byte lost: no reason to fall silent."""
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(kind, stage="answer"), skip=1)
    for n in range(resets):
        w.at(300 * (n + 1), lambda: w.sim.reset(w.now))
    assert w.condition_after(1200).state is Condition.REGISTERED


def test_a_modem_that_goes_under_whenever_its_pin_is_taken_is_opened_at_last(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.RESET), skip=2)  # the look after it was said
    w.sim.faults.on("+CPIN", Fault(Kind.RESET), skip=3)
    assert w.condition_after(600).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) >= 2


@pytest.mark.parametrize(("left", "said"), [("3,10,0,10", 1), ("2,10,0,10", 0), ("0,10,0,10", 0)])
def test_a_pin_is_said_only_while_all_tries_are_left(world: Any, left: str, said: int) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR, text=f"+SPIC: {left}\r\n\r\nOK"), times=None)
    assert w.condition_after(60).state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) == said


def test_a_sim_without_a_pin_to_say_is_reported(world: Any) -> None:
    w = world(options=Options(pin="1234"), no_pin="why", warm=False, timing=Timing())
    status = w.condition_after(60)
    assert (status.state, status.reason) == (Condition.SIM_PIN, "why")
    assert not w.said("AT+CPIN=")


def test_a_sim_that_is_busy_is_waited_for(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CME ERROR: 14"), times=10)
    assert w.condition_after(30).state is Condition.REGISTERED


def test_a_sim_locked_by_wrong_pins_is_said_to_want_its_puk(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CME ERROR: 12"), times=None)
    status = w.condition_after(30)
    assert status.state is Condition.SIM_PUK
    assert "PUK" in status.reason


@pytest.mark.parametrize("code", [10, 11, 12, 13, 14, 15, 16, 100])
def test_a_network_that_has_taken_the_sim_counts_more_than_what_is_said_of_it(
    world: Any, code: int
) -> None:
    w = world(timing=Timing(), host=None)
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text=f"+CME ERROR: {code}"), times=None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(20)
    assert w.texts(ANA) == ["help"]


def test_until_the_modem_is_ready_for_texts_it_is_asked_once_a_second(world: Any) -> None:
    w = world(host=None, warm=False, timing=Timing())
    w.run(20)
    gaps = [b - a for a, b in pairwise(w.said("AT+CMGF=0"))]
    assert sum(gap < 1.0 for gap in gaps) <= 2, "and at once when SIM or texts are told ready"
    assert gaps[-1] < 1.0


def test_settings_for_texts_are_repeated_until_they_are_taken(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPMS", Fault(Kind.ERROR, text="+CMS ERROR: 314"), times=5)
    assert w.condition_after(30).state is Condition.REGISTERED
    assert len(w.said("AT+CPMS")) == 6


@pytest.mark.parametrize(("command", "refusals"), [("+CNMI", 1), ("+CMGF", 12), ("+CNMI", 4)])
def test_what_an_alarm_could_not_wait_for_is_asked_for_again(
    world: Any, command: str, refusals: int
) -> None:
    """Without AT+CNMI no delivery report comes, and each text would go twice."""
    w = world(timing=Timing())
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.sim.faults.on(command, Fault(Kind.ERROR), times=refusals)
    w.at(320, lambda: w.modem.send_sms("t2", ANA, "help"))
    w.run(400)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE] * 2
    assert SmsReport("t2", True) in w.got(SmsReport)
    assert w.said("AT+CNMI")[-1] < 1320
    assert len(w.said("AT+CNMI")) <= refusals + 1


def test_a_modem_that_refuses_to_store_texts_sends_them_all_the_same(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPMS", Fault(Kind.ERROR), times=None)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE]


def test_conditions_are_told_once_each(world: Any) -> None:
    w = world(timing=Timing(), warm=False)
    w.run(60)
    told = [(e.state, e.reason) for e in w.got(ModemState)]
    assert told == [
        (Condition.STARTING, "not ready for texts yet"),
        (Condition.REGISTERED, ""),
    ]


def test_no_text_is_tried_before_the_modem_takes_any(world: Any) -> None:
    """A refusal of each would shut the connection that an alarm has by then."""
    w = world(timing=replace(Timing(), boot_ready=(13.0, 13.0), registration=(6.0, 6.0)))
    w.at(10, lambda: w.sim.reset(w.now))
    w.at(10, lambda: w.modem.set_urgent(True))
    w.at(10, lambda: w.modem.send_sms("t1", ANA, "help"))
    for turn in range(30):
        ref = f"p{turn}"
        w.at(11 + 2 * turn, lambda ref=ref: w.got(PostAnswered) or w.modem.post(ref, b"sealed"))
    w.run(60)
    assert w.got(PostAnswered)
    assert [e.outcome for e in w.got(SmsOutcome)] == [Outcome.DONE], "and none was refused"
    assert w.texts(ANA) == ["help"]


@pytest.mark.parametrize("ready_s", [12.0, 16.0, 20.0])
def test_a_modem_that_is_deaf_while_connecting_is_given_its_text_first_however_late_it_is_ready(
    world: Any, ready_s: float
) -> None:
    """Data hangs, and the wire ends each try: the text must not wait for ever behind those."""
    w = world(
        sms_while_connecting=False,
        options=Options(serves_while_connecting=False),
        timing=replace(Timing(), boot_ready=(ready_s, ready_s), registration=(6.0, 6.0)),
        power_wire=True,
    )
    w.at(60, lambda: w.sim.set_gprs("connecting", w.now))
    w.at(60, lambda: w.modem.set_urgent(True))
    w.at(60, lambda: w.modem.send_sms("t1", ANA, "one"))
    w.at(70, lambda: w.sim.reset(w.now))
    w.at(70, lambda: w.modem.send_sms("t2", ANA, "two"))
    for turn in range(20):
        ref = f"p{turn}"
        w.at(61 + 5 * turn, lambda ref=ref: w.modem.post(ref, b"sealed"))
    w.run(130)
    assert w.texts(ANA) == ["one", "two"]


def test_one_that_never_lets_itself_be_made_ready_is_tried_all_the_same(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None)
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.run(60)
    assert w.texts(ANA) == ["help"]
    assert w.said("AT+CMGS")[0] - 1000 < 25


def test_one_that_is_ready_and_refuses_pdu_mode_is_not_waited_for(world: Any) -> None:
    """It answers what has to do with texts; PDU mode is what it begins in."""
    w = world(sms_while_connecting=False, options=Options(serves_while_connecting=False))
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None)
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.run(20)
    assert w.texts(ANA) == ["help"]
    assert w.said("AT+CMGS")[0] < w.said("AT+CMGF")[0] + 1


def test_what_the_sim_says_is_told_for_as_long_as_there_is_no_network(world: Any) -> None:
    """Not a network that nobody hears, and an antenna to look at."""
    w = world(timing=Timing(), warm=False)
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CPIN: PH-NET PIN\r\n\r\nOK"), times=None)
    w.sim.set_network(False, w.now)
    told = []
    w.at(200, lambda: told.append(w.modem.status()))
    w.at(201, lambda: w.sim.set_network(True, w.now))
    status = w.condition_after(230)
    assert (told[0].state, told[0].reason) == (
        Condition.SEARCHING,
        "the SIM does not get ready (PH-NET PIN)",
    )
    assert (status.state, status.reason) == (Condition.REGISTERED, "")


def test_a_second_puk_locks_no_texts(world: Any) -> None:
    """PIN2 and PUK2 are for fixed dialling and the like (3GPP TS 27.007 section 8.3)."""
    w = world(timing=Timing(), host=None)
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CPIN: SIM PUK2\r\n\r\nOK"), times=None)
    assert w.condition_after(10).state is Condition.REGISTERED


def test_one_that_gets_ready_just_after_it_refused_pdu_mode_is_told_of_that_again(
    world: Any,
) -> None:
    """In text mode the digits of a PDU would go out as words, and count as sent."""
    w = world(host=None)
    w.sim._parameters.store("+CMGF", ("1",))
    w.sim.faults.on("+CMGF", Fault(Kind.ERROR, text="+CME ERROR: 3"))
    w.modem.set_urgent(True)
    w.modem.send_sms("t1", ANA, "help")
    w.run(20)
    assert w.texts(ANA) == ["help"]
