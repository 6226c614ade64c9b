"""SIM and network in every condition, and the PIN said once."""

from itertools import pairwise
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem import (
    Condition,
    ModemSettings,
    ModemState,
    ModemStatus,
    Outcome,
    PostFailed,
    SmsOutcome,
)

ANA = "+447700900201"


def condition_after(w: Any, seconds: float) -> ModemStatus:
    seen: list[ModemStatus] = []
    w.at(seconds - 0.1, lambda: seen.append(w.modem.status()))
    w.run(seconds)
    return seen[0]


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
    assert said[:14] == [
        "AT",
        "ATE0",
        "AT+CMEE=1",
        "AT+CBATCHK=0",
        "AT+CLTS=1",
        "AT+CFUN?",
        "AT+CPIN?",
        "AT+CREG=2",
        "AT+CENG=1,1",
        "AT+CMGF=0",
        'AT+CPMS="SM","SM","SM"',
        'AT+CSCS="GSM"',
        "AT+CNMI=2,1,0,1,0",
        "AT+CREG?",
    ]


def test_no_sim_is_said_and_the_text_waits(world: Any) -> None:
    w = world(options=Options(sim=False), warm=False, timing=Timing())
    w.modem.send_sms("t1", ANA, "help")
    w.modem.post("p1", b"sealed")
    status = condition_after(w, 60)
    assert (status.state, status.queued_texts) == (Condition.SIM_ABSENT, 1)
    assert not w.got(SmsOutcome)
    assert len(w.got(PostFailed)) == 1


def test_the_right_pin_opens_the_sim(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    assert condition_after(w, 60).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) == 1


def test_the_right_pin_is_said_again_after_a_restart(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="1234", warm=False, timing=Timing())
    w.at(60, lambda: w.sim.reset(w.now))
    assert condition_after(w, 120).state is Condition.REGISTERED
    assert len(w.said("AT+CPIN=")) == 2


def test_a_wrong_pin_is_said_once_and_never_again(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    for minute in (5, 10, 15):
        w.at(60 * minute, lambda: w.sim.reset(w.now))
    assert condition_after(w, 1200).state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) == 1


def test_a_pin_whose_answer_was_lost_is_not_said_again(world: Any) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.RESET, stage="answer"), skip=1)
    condition_after(w, 300)
    assert len(w.said("AT+CPIN=")) == 1


@pytest.mark.parametrize(("left", "said"), [("3,10,0,10", 1), ("2,10,0,10", 0), ("0,10,0,10", 0)])
def test_a_pin_is_said_only_while_all_tries_are_left(world: Any, left: str, said: int) -> None:
    w = world(options=Options(pin="1234"), pin="9999", warm=False, timing=Timing())
    w.sim.faults.on("+SPIC", Fault(Kind.ERROR, text=f"+SPIC: {left}\r\n\r\nOK"), times=None)
    assert condition_after(w, 60).state is Condition.SIM_PIN
    assert len(w.said("AT+CPIN=")) == said


def test_a_sim_without_a_pin_to_say_is_reported(world: Any) -> None:
    w = world(options=Options(pin="1234"), warm=False, timing=Timing())
    assert condition_after(w, 60).state is Condition.SIM_PIN
    assert not w.said("AT+CPIN=")


def test_a_sim_that_is_busy_is_waited_for(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CME ERROR: 14"), times=10)
    assert condition_after(w, 30).state is Condition.REGISTERED


def test_a_sim_locked_by_wrong_pins_is_said_to_want_its_puk(world: Any) -> None:
    w = world(timing=Timing())
    w.sim.faults.on("+CPIN", Fault(Kind.ERROR, text="+CME ERROR: 12"), times=None)
    status = condition_after(w, 30)
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
    assert condition_after(w, 30).state is Condition.REGISTERED
    assert len(w.said("AT+CPMS")) == 6


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


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("apn", 'a"b'),
        ("apn_password", "a\r\nb"),
        ("host", "hq\x1a"),
        ("host", "ü.example"),
        ("pin", "12"),
        ("pin", "12a4"),
        ("port", 0),
        ("port", 65536),
        ("stale_after_s", 0),
        ("poll_interval_s", -1),
    ],
)
def test_a_setting_no_modem_could_take_is_refused_by_name(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"modem {setting}: "):
        ModemSettings(**{setting: value})


def test_secrets_do_not_show_in_the_settings() -> None:
    shown = repr(ModemSettings(apn_password="secret-word", pin="4711"))
    assert "secret-word" not in shown
    assert "4711" not in shown
