"""The driver's assumptions about a SIM800, one a test: the same of the simulated and a real one."""

import contextlib
import re
import time
from typing import Any

import pytest

from outcry.hw.modem import Outcome, connection, pdu
from outcry.hw.modem.errors import ModemReset
from outcry.hw.modem.lines import FINAL
from outcry.hw.modem.radio import Radio
from outcry.hw.modem.status import StatusBoard
from outcry.hw.modem.texts import SETTINGS

pytestmark = pytest.mark.slow

SHUT_LIMIT_S = 65.0  # manual p. 219
SEND_LIMIT_S = 65.0  # 60 s, manual p. 116
RESTART_LIMIT_S = 60.0
STATE = r"STATE: .*"


def shuts(bench: Any) -> None:
    reply = bench.command("AT+CIPSHUT", limit_s=SHUT_LIMIT_S, ends=rf"SHUT OK|{FINAL}")
    assert reply.final == "SHUT OK"


def state(bench: Any) -> str:
    reply = bench.command("AT+CIPSTATUS", ends=STATE)
    assert "OK" in reply.lines
    return str(reply.final.removeprefix("STATE: "))


# The line


def test_an_answer_is_framed_by_cr_and_lf_and_echo_stays_off(bench: Any) -> None:
    assert bench.raw(b"AT\r", "OK\r\n") == b"\r\nOK\r\n"


def test_echo_repeats_the_command_up_to_its_cr(bench: Any) -> None:
    bench.does("ATE1")
    assert bench.raw(b"AT+CMEE?\r", "OK\r\n").startswith(b"AT+CMEE?\r\r\n+CMEE: 1\r\n")
    bench.link.begin_epoch()
    bench.does("ATE0")
    assert bench.raw(b"AT\r", "OK\r\n") == b"\r\nOK\r\n"


@pytest.mark.parametrize("spelled", ["AT+CSQ", "at+csq", "AT + CSQ", "AT+CMEE=1;+CSQ"])
def test_case_spaces_and_joined_commands_are_understood(bench: Any, spelled: str) -> None:
    assert bench.does(spelled).value("+CSQ") is not None


def test_a_line_that_is_too_long_is_refused_and_the_next_is_served(bench: Any) -> None:
    assert bench.command("AT" + "+CSQ;" * 120 + "+CSQ").outcome is Outcome.FAILED
    bench.does("AT")


def test_an_unknown_command_is_refused(bench: Any) -> None:
    assert bench.command("AT+NOSUCHCOMMAND").outcome is Outcome.FAILED


def test_errors_are_bare_by_default_and_numbers_when_asked_for(bench: Any) -> None:
    shuts(bench)
    bench.does("AT+CMEE=0")
    assert bench.command("AT+CIPSEND?").final == "ERROR"
    bench.does("AT+CMEE=1")
    assert re.fullmatch(r"ERROR|\+CME ERROR: \d+", bench.command("AT+CIPSEND?").final)


def test_a_late_answer_is_never_taken_for_the_next_commands(bench: Any) -> None:
    """Whether or not the first wait was too short, the second question gets its own answer."""
    for _ in range(5):
        early = bench.command("AT+CSQ", limit_s=0.0)
        assert early.outcome in (Outcome.UNKNOWN, Outcome.DONE)
        reply = bench.does("AT+CBC")
        assert reply.value("+CBC") is not None
        assert reply.value("+CSQ") is None


def test_noise_on_the_line_costs_one_command_at_most(bench: Any) -> None:
    bench.raw(b"\x00\xff\x1b\x00", "")
    bench.link.attention(tries=3)
    bench.does("AT+CMEE?")


# Identity, radio, supply


def test_it_is_a_sim800(bench: Any) -> None:
    assert "SIM800" in " ".join(bench.does("ATI").lines)


def test_registration_is_told_with_area_and_cell(bench: Any) -> None:
    bench.does("AT+CREG=2")
    answer = bench.does("AT+CREG?").value("+CREG")
    assert re.fullmatch(r'2,[15],"[0-9A-Fa-f]{4}","[0-9A-Fa-f]{4,8}".*', answer)


def test_signal_and_supply_have_the_shape_the_manual_gives_them(bench: Any) -> None:
    signal, _ = map(int, bench.does("AT+CSQ").value("+CSQ").split(","))
    assert 0 <= signal <= 31 or signal == 99
    _, percent, millivolts = map(int, bench.does("AT+CBC").value("+CBC").split(","))
    assert 0 <= percent <= 100
    assert 3000 <= millivolts <= 4600


def test_the_drivers_radio_makes_sense_of_every_poll(bench: Any) -> None:
    bench.does("AT+CENG=1,1")
    board = StatusBoard(lambda event: None)
    radio = Radio(board)
    radio.serve(bench.link)
    radio.begin_round(registration_alone=False)
    while radio.poll(bench.link):
        pass
    assert board.now.state.registered
    assert board.now.signal is not None
    assert board.now.cell is not None


def test_the_sim_is_ready_and_says_so(bench: Any) -> None:
    assert bench.does("AT+CPIN?", asked="+CPIN: ").value("+CPIN") == "READY"


# The data path


def test_the_connections_state_comes_after_the_ok(bench: Any) -> None:
    shuts(bench)
    assert state(bench) == "IP INITIAL"


def test_shutting_answers_shut_ok_and_no_ok(bench: Any) -> None:
    shuts(bench)
    assert bench.raw(b"AT+CIPSHUT\r", "SHUT OK\r\n", SHUT_LIMIT_S) == b"\r\nSHUT OK\r\n"
    bench.link.settle()


def test_the_settings_of_the_data_path_are_accepted_at_once(bench: Any) -> None:
    shuts(bench)
    for setting in (
        *connection.SETTINGS,
        connection.PULLED,
        f'AT+CIPCSGP=1,"{bench.apn}"',
    ):
        bench.does(setting)


def test_a_connect_is_refused_where_it_cannot_begin(bench: Any) -> None:
    shuts(bench)
    bench.does(f'AT+CSTT="{bench.apn}"')
    assert state(bench) == "IP START"
    assert bench.command('AT+CIPSTART="TCP","192.0.2.1",80').outcome is Outcome.FAILED
    shuts(bench)


def test_data_without_a_connection_is_refused_before_the_prompt(bench: Any) -> None:
    shuts(bench)
    reply = bench.link.with_prompt(
        "AT+CIPSEND=5", b"hello", lambda: None, prompt_limit_s=5.0, limit_s=5.0, counted=True
    )
    assert reply.outcome is Outcome.FAILED


def test_a_connect_is_granted_at_once_and_bytes_go_both_ways(bench: Any) -> None:
    host, port = bench.peer
    shuts(bench)
    for setting in (*connection.SETTINGS, connection.PULLED, f'AT+CIPCSGP=1,"{bench.apn}"'):
        bench.does(setting)
    began = time.monotonic()
    bench.does(f'AT+CIPSTART="TCP","{host}","{port}"')
    assert time.monotonic() - began < 5.0
    bench.does("AT")
    bench.hears("CONNECT OK")
    request = f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode()
    reply = bench.link.with_prompt(
        f"AT+CIPSEND={len(request)}",
        request,
        lambda: None,
        prompt_limit_s=5.0,
        limit_s=10.0,
        ends=rf"DATA ACCEPT: ?\d+|SEND FAIL|{FINAL}",
        counted=True,
    )
    assert reply.final.replace(" ", "") == f"DATAACCEPT:{len(request)}"
    bench.hears("+CIPRXGET: 1")
    reply = bench.does("AT+CIPRXGET=2,1460", counted=r"\+CIPRXGET: 2,(\d{1,4}),\d+")
    assert reply.data.startswith(b"HTTP/1.")
    reply = bench.command("AT+CIPCLOSE=1", ends=rf"CLOSE OK|{FINAL}")
    assert reply.final in ("CLOSE OK", "ERROR") or reply.code is not None
    shuts(bench)


# Texts


@pytest.mark.parametrize("setting", ["AT+CGSMS=1", *SETTINGS])
def test_the_settings_for_texts_are_accepted(bench: Any, setting: str) -> None:
    bench.does(setting)


def test_the_prompt_comes_and_escape_leaves_it_with_nothing_sent(bench: Any) -> None:
    bench.raw(b"AT+CMGS=20\r", "> ?$")  # some send no space
    bench.raw(b"\x1b\r", "")
    bench.link.attention(tries=3)
    bench.does("AT+CMGF?")


def test_a_text_that_makes_no_sense_is_refused_with_a_code(bench: Any) -> None:
    reply = bench.link.with_prompt(
        "AT+CMGS=20", b"00FF\x1a", lambda: None, prompt_limit_s=5.0, limit_s=SEND_LIMIT_S
    )
    assert reply.outcome is Outcome.FAILED


def test_the_list_of_texts_is_in_pdu_mode(bench: Any) -> None:
    bench.does('AT+CPMS="SM","SM","SM"')
    bench.does("AT+CMGF=0")
    listed = bench.does("AT+CMGL=4", limit_s=20.0).lines
    assert all(re.fullmatch(r"\+CMGL: \d+,\d,.*|[0-9A-F]+", line) for line in listed)


def test_a_text_to_itself_leaves_arrives_and_is_reported_on(bench: Any) -> None:
    for setting in SETTINGS:
        bench.does(setting)
    words = f"contract {time.monotonic_ns() % 10**6}"
    (part,) = pdu.encode(bench.number, words, 0)
    reply = bench.link.with_prompt(
        f"AT+CMGS={part.length}",
        part.pdu.encode() + b"\x1a",
        lambda: None,
        prompt_limit_s=5.0,
        limit_s=SEND_LIMIT_S,
        asked="+CMGS: ",
    )
    reference = int(reply.value("+CMGS").partition(",")[0])
    report = pdu.decode(bench.hears("+CDS: ").body)
    assert report == pdu.StatusReport(reference, True, bench.number)
    index = bench.hears("+CMTI: ").text.rpartition(",")[2]
    read = bench.does(f"AT+CMGR={index}")
    incoming = pdu.decode(read.lines[-1])
    assert isinstance(incoming, pdu.Incoming)
    assert incoming.text == words
    bench.does(f"AT+CMGD={index}", limit_s=25.0)


# The epoch


def test_a_restart_is_seen_and_forgets_the_settings(bench: Any) -> None:
    bench.does("AT+CMEE=2")
    announced = bench.does("AT+IPR?").value("+IPR") != "0"  # autobauding modems just come back
    bench.link.guarded = True
    with pytest.raises(ModemReset) if announced else contextlib.suppress(ModemReset):
        bench.command("AT+CFUN=1,1", limit_s=RESTART_LIMIT_S if announced else 15.0, ends="never")
    bench.link.begin_epoch()
    bench.until(lambda: _answers(bench), RESTART_LIMIT_S)
    assert bench.does("AT+CMEE?").value("+CMEE") != "2"
    bench.begin()


def _answers(bench: Any) -> bool:
    return bool(bench.link.command("AT", limit_s=1.0).done)
