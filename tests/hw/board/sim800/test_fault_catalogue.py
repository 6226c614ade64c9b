"""The faults by name: what each does to a modem, and that each leaves one that can be used."""

from typing import Any

import pytest
from gsmmodem.pdu import encodeSmsSubmitPdu

from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.sim800 import fault_catalogue
from outcry.hw.board.sim800.fault_catalogue import ANY_STEP, CATALOGUE, arm
from tests.support.rig import PHONE, Rig

OK = b"\r\nOK\r\n"
PDU = encodeSmsSubmitPdu(PHONE, "help")[0]
START = 'AT+CIPSTART="TCP","192.0.2.1",80'
SYNC = b"\x00IIII\xff\xff\xff\xff"
LONG_S = 120.0


class Echo:
    """A peer that says back what it is told."""

    def __init__(self) -> None:
        self.heard = b""

    def received(self, data: bytes, now: float) -> bytes:
        self.heard += data
        return data


@pytest.fixture
def rig() -> Rig:
    """A warm modem, and a peer at 192.0.2.1:80."""
    return with_peer(Rig())[0]


def with_peer(rig: Rig) -> tuple[Rig, list[Echo]]:
    peers: list[Echo] = []

    def accepts() -> Echo:
        peers.append(Echo())
        return peers[-1]

    rig.network.listen("192.0.2.1", 80, accepts)
    return rig, peers


def texts(rig: Rig) -> int:
    return len(rig.board.centre.phone(PHONE).texts)


def sends_text(rig: Rig, seconds: float = 5.0) -> bytes:
    said = rig.say(f"AT+CMGS={PDU.tpduLength}", seconds)
    return said + rig.say(str(PDU).encode() + b"\x1a", seconds)


def connects(rig: Rig) -> bytes:
    rig.say("AT+CIPQSEND=1")
    return rig.say(START, 5.0)


def sends_data(rig: Rig, data: bytes = b"hello") -> bytes:
    return rig.say(f"AT+CIPSEND={len(data)}") + rig.say(data, 5.0)


def details(name: str) -> dict[str, object]:
    return {"step": "+CMGS"} if CATALOGUE[name].steps[0] == ANY_STEP else {}


@pytest.mark.parametrize("name", CATALOGUE)
def test_after_any_fault_clearing_and_the_power_key_give_a_modem_that_works(name: str) -> None:
    rig, _ = with_peer(Rig())
    arm(rig.modem, name, **details(name))
    connects(rig)
    sends_data(rig)
    sends_text(rig)
    rig.say(b"\x1b", LONG_S)
    fault_catalogue.clear(rig.modem)
    rig.modem.power_on(rig.now)
    rig.passes(LONG_S)
    rig.say("ATE0")
    sent = texts(rig)
    assert sends_text(rig).endswith(OK)
    assert texts(rig) == sent + 1
    assert connects(rig).endswith(b"CONNECT OK\r\n")


FELT: dict[str, dict[str, object]] = {
    "byte-loss": {"share": 0.05},
    "late": {"seconds": 60.0},
    "deact": {"step": "+CMGS"},
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_fault_is_felt(name: str) -> None:
    """With the fault a session goes otherwise than without."""

    def session(fault: str | None) -> list[bytes]:
        rig, _ = with_peer(Rig())
        if fault is not None:
            arm(rig.modem, fault, **{**details(fault), **FELT.get(fault, {})})
        said = [connects(rig), sends_data(rig), rig.passes(LONG_S), sends_data(rig)]
        return [*said, sends_text(rig), rig.passes(LONG_S)]

    assert session(name) != session(None)


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("lost", {}, "there is no fault 'lost'; there is silent, late"),
        ("silent", {}, "silent needs a step"),
        ("closed", {"seconds": 3.0}, "closed does not use seconds; it uses skip, times"),
        ("nat", {"step": "+CMGS"}, "nat does not use step; it uses seconds"),
    ],
)
def test_what_a_fault_does_not_use_is_refused(
    rig: Rig, name: str, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        arm(rig.modem, name, **wrong)
    assert not len(rig.modem.faults)


def test_a_sentence_is_a_sentence() -> None:
    assert all(each.sentence.endswith((".", ")")) for each in CATALOGUE.values())


# Text messages


@pytest.mark.parametrize("code", [515, 38, 42, 332, 530])
def test_a_refused_text_is_refused_after_it_was_given_and_never_leaves(rig: Rig, code: int) -> None:
    arm(rig.modem, f"cms-{code}")
    assert sends_text(rig) == b"\r\n> \r\n+CMS ERROR: %d\r\n" % code
    assert texts(rig) == 0
    assert sends_text(rig).endswith(OK)


def test_any_code_can_be_had_as_often_as_wanted(rig: Rig) -> None:
    arm(rig.modem, "cms", code=21, times=2)
    assert [sends_text(rig)[-6:] for _ in range(3)] == [b": 21\r\n", b": 21\r\n", OK]


def test_a_brown_out_on_the_burst_restarts_the_modem_and_loses_the_text(rig: Rig) -> None:
    arm(rig.modem, "brown-out")
    said = sends_text(rig)
    assert said.startswith(b"\r\n> " + SYNC + b"\r\nRDY\r\n")
    assert b"+CMGS" not in said
    assert texts(rig) == 0


def test_a_brown_out_can_come_after_the_text_has_left(rig: Rig) -> None:
    arm(rig.modem, "brown-out", stage="answer")
    assert b"+CMGS" not in sends_text(rig)
    assert texts(rig) == 1


def test_a_brown_out_strikes_data_too(rig: Rig) -> None:
    _, peers = with_peer(rig)
    arm(rig.modem, "brown-out", step="+CIPSEND")
    connects(rig)
    assert SYNC in sends_data(rig)
    assert peers[0].heard == b""


# The data path


def test_data_that_fails_to_be_sent_does_not_arrive(rig: Rig) -> None:
    _, peers = with_peer(rig)
    connects(rig)
    arm(rig.modem, "send-fail")
    assert sends_data(rig) == b"\r\n> \r\nSEND FAIL\r\n"
    assert sends_data(rig, b"again").startswith(b"\r\n> \r\nDATA ACCEPT:5\r\n")
    assert peers[0].heard == b"again"


def test_closed_in_place_of_the_prompt_is_true(rig: Rig) -> None:
    connects(rig)
    arm(rig.modem, "closed")
    assert rig.say("AT+CIPSEND=5") == b"\r\nCLOSED\r\n"
    assert rig.say("AT+CIPSTATUS").endswith(b"STATE: TCP CLOSED\r\n")


@pytest.mark.parametrize("how", [{}, {"step": "+CSQ"}, {"step": "+CIPSEND", "stage": "prompt"}])
def test_a_context_taken_away_is_said_once_and_is_gone(rig: Rig, how: dict[str, Any]) -> None:
    connects(rig)
    arm(rig.modem, "deact", **how)
    said = rig.passes(0.1) + rig.say("AT+CSQ") + rig.say("AT+CIPSEND=5")
    assert said.count(b"\r\n+PDP: DEACT\r\n") == 1
    assert b"> " not in said
    assert rig.say("AT+CIPSTATUS").endswith(b"STATE: PDP DEACT\r\n")


def test_a_stuck_connect_is_stuck_until_shut_and_the_next_one_works(rig: Rig) -> None:
    arm(rig.modem, "stuck-connect")
    rig.say("AT+CIPQSEND=1")
    assert rig.say(START, 3600.0) == OK
    assert rig.say("AT+CIPSTATUS").endswith(b"STATE: TCP CONNECTING\r\n")
    assert rig.say("AT+CIPSHUT") == b"\r\nSHUT OK\r\n"
    assert rig.say(START, 5.0).endswith(b"CONNECT OK\r\n")


def test_a_forgotten_connection_looks_open_and_carries_nothing_either_way() -> None:
    rig, peers = with_peer(Rig(timing=Timing()))
    arm(rig.modem, "nat", seconds=60.0)
    rig.say("AT+CIPRXGET=1", 1.0)
    connects(rig)
    rig.say(b"", 50.0)
    assert b"+CIPRXGET: 1" in sends_data(rig, b"still known")
    rig.passes(70.0)
    assert sends_data(rig, b"lost") == b"\r\n> \r\nDATA ACCEPT:4\r\n"
    assert rig.passes(600.0) == b""
    assert rig.say("AT+CIPSTATUS", 1.0).endswith(b"STATE: CONNECT OK\r\n")
    assert peers[0].heard == b"still known"
    rig.say("AT+CIPSHUT", 1.0)
    connects(rig)
    sends_data(rig, b"heard")
    assert peers[1].heard == b"heard"
    assert len(rig.seen("tcp-forgotten")) == 1


def test_a_carrier_that_is_cleared_remembers_again() -> None:
    rig, peers = with_peer(Rig())
    arm(rig.modem, "nat", seconds=60.0)
    fault_catalogue.clear(rig.modem)
    connects(rig)
    rig.passes(3600.0)
    sends_data(rig)
    assert peers[0].heard == b"hello"


def test_a_carrier_told_to_forget_forgets_the_open_connection_too() -> None:
    rig, peers = with_peer(Rig())
    connects(rig)
    rig.passes(3600.0)
    arm(rig.modem, "nat", seconds=60.0)
    sends_data(rig)
    assert peers[0].heard == b""


# The line


def test_lost_bytes_vanish_one_by_one_in_the_direction_asked_for(rig: Rig) -> None:
    arm(rig.modem, "byte-loss", direction="to-host", share=0.1, seed=3)
    said = b"".join(rig.say("AT+CGMR") for _ in range(50))
    whole = 50 * (b"\r\nRevision:1418B04SIM800L24\r\n" + OK)
    assert 0.85 < len(said) / len(whole) < 0.95
    assert rig.seen("at")[-1]["command"] == "AT+CGMR"
    assert len(rig.seen("at")) == 50


def test_the_same_seed_loses_the_same_bytes() -> None:
    def session(seed: int) -> bytes:
        rig = Rig()
        arm(rig.modem, "byte-loss", share=0.1, seed=seed)
        return b"".join(rig.say("AT+CGMR") for _ in range(20))

    assert session(1) == session(1) != session(2)


def test_so_many_bytes_are_lost_and_no_more(rig: Rig) -> None:
    arm(rig.modem, "byte-loss", direction="to-host", share=1.0, times=3)
    assert rig.say("AT") == OK[3:]
    assert rig.say("AT") == OK


def test_a_loss_can_begin_at_a_step(rig: Rig) -> None:
    arm(rig.modem, "byte-loss", step="+CSQ", direction="to-host", share=1.0, times=1)
    assert rig.say("AT") == OK
    assert rig.say("AT+CSQ") == b"\n+CSQ: 17,0\r\n" + OK


def test_echo_comes_back_by_itself_at_once_or_after_a_step(rig: Rig) -> None:
    arm(rig.modem, "echo", step="+CSQ")
    assert rig.say("AT") == OK
    rig.say("AT+CSQ")
    assert rig.say("AT") == b"AT\r" + OK
    rig.say("ATE0")
    arm(rig.modem, "echo")
    assert rig.say("AT") == b"AT\r" + OK


def test_a_hung_modem_hears_nothing_but_the_power_key(rig: Rig) -> None:
    arm(rig.modem, "hang", step="+CSQ")
    assert rig.say("AT+CSQ", 30.0) == b""
    assert rig.say("AT+CFUN=1,1", 30.0) == b""
    rig.modem.reset(rig.now)
    assert b"RDY" in rig.passes(30.0)
    assert rig.say("AT").endswith(OK)


def test_a_modem_at_another_rate_is_noise_until_the_host_speaks_it(rig: Rig) -> None:
    arm(rig.modem, "baud", baud=9600)
    assert OK not in rig.say("AT") + rig.say("AT")
    rig.modem.wire.host_baud = 9600
    rig.say(b"\r")
    assert rig.say("AT").endswith(OK)
    rig.modem.wire.host_baud = 115200
    rig.modem.power_on(rig.now)
    rig.passes(30.0)
    assert rig.say("AT").endswith(OK)


def test_a_strike_is_told_to_the_witness(rig: Rig) -> None:
    arm(rig.modem, "late", step="+CSQ", stage="answer")
    rig.say("AT+CSQ")
    strike = rig.seen("fault")[0]
    assert (strike["command"], strike["stage"], strike["kind"]) == ("AT+CSQ", "answer", "late")
