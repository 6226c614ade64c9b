"""Faults on demand: every kind at every stage, as often as asked and no oftener."""

import pytest
from gsmmodem.pdu import encodeSmsSubmitPdu

from outcry.hw.board.modem.faults import STAGES, Fault, Kind
from outcry.hw.board.modem.terminal import NOISE
from tests.support.rig import PHONE, Rig

OK = b"\r\nOK\r\n"
PDU = encodeSmsSubmitPdu(PHONE, "help")[0]


def arrived(rig: Rig) -> int:
    return len(rig.board.centre.phone(PHONE).texts)


def sends(rig: Rig) -> tuple[bytes, bytes]:
    """What comes for the command, and what comes for the text."""
    prompt = rig.say(f"AT+CMGS={PDU.tpduLength}")
    return prompt, rig.say(str(PDU).encode() + b"\x1a")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(Kind.SILENT), b""),
        (Fault(Kind.ERROR), b"\r\nERROR\r\n"),
        (Fault(Kind.ERROR, text="+CME ERROR: 100"), b"\r\n+CME ERROR: 100\r\n"),
        (Fault(Kind.GARBAGE), NOISE),
        (Fault(Kind.PARTIAL), b"\r\nO"),
        (Fault(Kind.URC, text="RING"), b"\r\nRING\r\n\r\n+CSQ: 17,0\r\n\r\nOK\r\n"),
        (Fault(Kind.PARTIAL, stage="answer"), b"\r\n+CSQ: 17"),
        (
            Fault(Kind.URC, stage="answer", text="RING"),
            b"\r\nRING\r\n\r\n+CSQ: 17,0\r\n\r\nOK\r\n",
        ),
    ],
)
def test_a_fault_strikes_once_and_the_next_command_is_served(fault: Fault, said: bytes) -> None:
    rig = Rig()
    rig.modem.faults.on("+CSQ", fault)
    assert rig.say("AT+CSQ") == said
    assert rig.say("AT+CSQ") == b"\r\n+CSQ: 17,0\r\n" + OK


def test_a_late_answer_is_the_right_answer_later() -> None:
    rig = Rig()
    rig.modem.faults.on("+CSQ", Fault(Kind.LATE, stage="answer", seconds=30.0))
    assert rig.say("AT+CSQ", 29.0) == b""
    assert rig.passes(2.0) == b"\r\n+CSQ: 17,0\r\n" + OK


def test_a_reset_in_a_command_boots_and_answers_nothing() -> None:
    rig = Rig()
    rig.modem.faults.on("+CSQ", Fault(Kind.RESET))
    said = rig.say("AT+CSQ")
    assert said.startswith(b"\x00IIII\xff\xff\xff\xff\r\nRDY\r\n")
    assert b"+CSQ" not in said


def test_a_crash_comes_later_once_and_the_modem_is_alive_until_then() -> None:
    rig = Rig()
    rig.modem.faults.on("+CSQ", Fault(Kind.CRASH, stage="answer", seconds=2.0), times=None)
    assert rig.say("AT+CSQ", 1.0) == b"\r\n+CSQ: 17,0\r\n" + OK
    assert rig.say("AT+CSQ", 0.5) == b"\r\n+CSQ: 17,0\r\n" + OK
    assert b"RDY" in rig.passes(5.0)
    assert b"RDY" not in rig.passes(60.0)


def test_faults_can_be_counted_skipped_and_for_any_command() -> None:
    rig = Rig()
    rig.modem.faults.on("*", Fault(Kind.ERROR), times=2, skip=1)
    answers = [rig.say("AT") for _ in range(4)]
    assert answers == [OK, b"\r\nERROR\r\n", b"\r\nERROR\r\n", OK]


def test_a_lasting_fault_lasts_until_cleared() -> None:
    rig = Rig()
    rig.modem.faults.on("CSQ", Fault(Kind.SILENT), times=None)
    assert [rig.say("AT+CSQ") for _ in range(5)] == [b""] * 5
    rig.modem.faults.clear()
    assert rig.say("AT+CSQ") != b""


def test_a_silent_command_does_nothing() -> None:
    rig = Rig()
    rig.modem.faults.on("+CMGS", Fault(Kind.SILENT))
    rig.say(f"AT+CMGS={PDU.tpduLength}")
    assert rig.say("AT") == OK
    assert arrived(rig) == 0


def test_a_lost_prompt_leaves_the_modem_waiting_for_the_text() -> None:
    rig = Rig()
    rig.modem.faults.on("+CMGS", Fault(Kind.SILENT, stage="prompt"))
    assert rig.say(f"AT+CMGS={PDU.tpduLength}") == b""
    assert rig.say("AT") == b""
    assert rig.say(b"\x1b") == OK
    assert rig.say("AT") == OK


def test_an_error_at_the_prompt_ends_the_command() -> None:
    rig = Rig()
    rig.modem.faults.on("+CMGS", Fault(Kind.ERROR, stage="prompt", text="+CMS ERROR: 500"))
    assert rig.say(f"AT+CMGS={PDU.tpduLength}") == b"\r\n+CMS ERROR: 500\r\n"
    assert rig.say("AT") == OK


@pytest.mark.parametrize("kind", [Kind.SILENT, Kind.ERROR, Kind.GARBAGE, Kind.PARTIAL])
def test_a_text_whose_outcome_is_lost_was_sent_all_the_same(kind: Kind) -> None:
    rig = Rig()
    rig.modem.faults.on("+CMGS", Fault(kind, stage="answer"))
    _, said = sends(rig)
    assert b"OK\r\n" not in said
    assert arrived(rig) == 1


def test_a_connect_result_can_be_lost_late_or_wrong() -> None:
    rig = Rig()
    start = 'AT+CIPSTART="TCP","127.0.0.1",80'
    rig.modem.faults.on("+CIPSTART", Fault(Kind.SILENT, stage="result"))
    assert rig.say(start) == OK
    rig.say("AT+CIPSHUT")
    rig.modem.faults.on("+CIPSTART", Fault(Kind.LATE, stage="result", seconds=5.0))
    assert rig.say(start) == OK
    assert rig.passes(6.0).endswith(b"CONNECT FAIL\r\n")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("stage", STAGES)
def test_the_modem_is_usable_after_any_fault_anywhere(kind: Kind, stage: str) -> None:
    rig = Rig()
    fault = Fault(kind, stage=stage, seconds=7.0, text="RING")  # type: ignore[arg-type]
    rig.modem.faults.on("+CMGS", fault)
    rig.modem.faults.on("+CIPSTART", fault)
    sends(rig)
    rig.say('AT+CIPSTART="TCP","127.0.0.1",80', 20.0)
    rig.say(b"\x1b", 20.0)
    rig.say("AT+CIPSHUT")
    rig.say("ATE0")
    rig.modem.faults.clear()
    prompt, said = sends(rig)
    assert (prompt, said[-6:]) == (b"\r\n> ", OK)
