"""The simulated SIM800, byte by byte, in simulated time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from tests.support.rig import Rig

WAKING = b"\x00\x49\x49\x49\x49\xff\xff\xff\xff"


def test_echo_gives_back_every_byte_with_its_cr() -> None:
    rig = Rig(echo=True)
    assert rig.say("AT+CREG?") == b"AT+CREG?\r\r\n+CREG: 0,1\r\n\r\nOK\r\n"
    assert rig.say("ATE0") == b"ATE0\r\r\nOK\r\n"
    assert rig.say("AT") == b"\r\nOK\r\n"


def test_cr_and_lf_end_a_line_together_and_leave_no_trace() -> None:
    rig = Rig(echo=True)
    assert rig.say(b"AT\r\n") == b"AT\r\r\nOK\r\n"
    assert rig.say(b"ATI\r") == b"ATI\r\r\nSIM800 R14.18\r\n\r\nOK\r\n"
    assert rig.say(b"\nATE0\r\n") == b"ATE0\r\r\nOK\r\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("ATI", "SIM800 R14.18"),
        ("AT+CGMI", "SIMCOM_Ltd"),
        ("AT+CCID", "89441000000000000018"),
        ("AT+CPIN?", "+CPIN: READY"),
        ("AT+CFUN?", "+CFUN: 1"),
        ("AT+CSQ", "+CSQ: 17,0"),
        ("AT+CGATT?", "+CGATT: 1"),
        ("AT+CBC", "+CBC: 0,83,3986"),
        ("AT+CSCA?", '+CSCA: "+447700900999",145'),
        ("AT+CNMI=?", "+CNMI: (0-3),(0-3),(0,2),(0,1),(0,1)"),
        ("AT+CIPRXGET?", "+CIPRXGET: 0"),
    ],
)
def test_a_question_has_this_answer(command: str, answer: str) -> None:
    assert Rig().say(command) == f"\r\n{answer}\r\n\r\nOK\r\n".encode()


def test_versions_come_in_three_lines() -> None:
    assert Rig().say("AT+GSV") == (
        b"\r\nSIMCOM_Ltd\r\n\r\nSIMCOM_SIM800L\r\n\r\nRevision:1418B04SIM800L24\r\n\r\nOK\r\n"
    )


@pytest.mark.parametrize(
    "command", ["AT+CLAC", "AT+NOSUCH=1", "AT+CNMI=2,1,0,2", "AT+CREG=3", "AT!", "ATE2"]
)
def test_what_the_modem_does_not_know_is_an_error(command: str) -> None:
    assert Rig().say(command) == b"\r\nERROR\r\n"


def test_joined_commands_share_one_final_result() -> None:
    rig = Rig()
    assert rig.say("AT+CMEE=1;+CREG?;+CSQ") == (b"\r\n+CREG: 0,1\r\n\r\n+CSQ: 17,0\r\n\r\nOK\r\n")
    assert rig.say("AT+CREG?;+CLAC;+CSQ") == b"\r\n+CREG: 0,1\r\n\r\nERROR\r\n"


def test_errors_are_bare_numbered_or_worded_as_cmee_says() -> None:
    rig = Rig()
    assert rig.say("AT+CIFSR") == b"\r\nERROR\r\n"
    rig.say("AT+CMEE=1")
    assert rig.say("AT+CIFSR") == b"\r\n+CME ERROR: 3\r\n"
    rig.say("AT+CMEE=2")
    assert rig.say("AT+CIFSR") == b"\r\n+CME ERROR: operation not allowed\r\n"


def test_registration_tells_its_cell_when_asked_to() -> None:
    rig = Rig()
    rig.say("AT+CREG=2")
    assert rig.say("AT+CREG?") == b'\r\n+CREG: 2,1,"00E6","7A9F"\r\n\r\nOK\r\n'


def test_losing_and_finding_the_network_is_told_unasked() -> None:
    rig = Rig()
    rig.say("AT+CREG=1")
    rig.modem.set_network(False, rig.now)
    assert rig.passes(0) == b"\r\n+CREG: 2\r\n"
    assert rig.say("AT+CSQ") == b"\r\n+CSQ: 0,0\r\n\r\nOK\r\n"
    rig.modem.set_network(True, rig.now)
    assert rig.passes(0) == b"\r\n+CREG: 1\r\n"


def test_cold_boot_says_what_the_manual_says_in_that_order() -> None:
    rig = Rig(warm=False)
    rig.modem.power_on(0.0)
    assert rig.passes(0) == WAKING + (
        b"\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n\r\nCall Ready\r\n\r\nSMS Ready\r\n"
    )


def test_an_autobauding_modem_says_nothing_of_rdy() -> None:
    rig = Rig(warm=False, options=Options(autobaud=True))
    rig.modem.power_on(0.0)
    assert rig.passes(0) == WAKING + b"\r\nCall Ready\r\n\r\nSMS Ready\r\n"


def test_boot_takes_its_time_and_hears_nothing_before_the_uart_is_up() -> None:
    rig = Rig(warm=False, timing=Timing())
    rig.modem.power_on(0.0)
    assert rig.passes(1.0) == WAKING
    assert rig.say("AT", 1.9) == b""
    assert rig.passes(0.2) == b"\r\nRDY\r\n\r\n+CFUN: 1\r\n"
    assert rig.say("ATE0", 0.1) == b"ATE0\r\r\nOK\r\n"
    assert rig.say("AT+CREG?", 0.1) == b"\r\n+CREG: 0,0\r\n\r\nOK\r\n"
    assert b"+CPIN: READY" in rig.passes(1.0)
    assert rig.say("AT+CREG?;+CSQ", 0.2) == b"\r\n+CREG: 0,2\r\n\r\n+CSQ: 0,0\r\n\r\nOK\r\n"
    assert rig.say("AT+CMGF=0", 0.1) == b"\r\nERROR\r\n"
    assert b"Call Ready\r\n\r\nSMS Ready" in rig.passes(8.0)
    assert rig.say("AT+CREG?", 0.1) == b"\r\n+CREG: 0,1\r\n\r\nOK\r\n"
    assert rig.say("AT+CMGF=0", 0.1) == b"\r\nOK\r\n"


def test_a_reset_brings_echo_back_and_forgets_what_was_not_kept() -> None:
    rig = Rig()
    rig.say("AT+CMEE=1")
    rig.modem.reset(rig.now)
    rig.passes(0)
    assert rig.say("AT+CMEE?") == b"AT+CMEE?\r\r\n+CMEE: 0\r\n\r\nOK\r\n"


def test_what_w_keeps_outlives_a_reset() -> None:
    rig = Rig()
    rig.say("AT+CMEE=1;&W")
    rig.modem.reset(rig.now)
    rig.passes(0)
    assert rig.say("AT+CMEE?") == b"\r\n+CMEE: 1\r\n\r\nOK\r\n"


def test_what_goes_to_nvram_by_itself_outlives_a_reset() -> None:
    rig = Rig()
    rig.say("AT+CSMP=49,167,0,8")
    rig.modem.reset(rig.now)
    rig.passes(0)
    rig.say("ATE0")
    assert rig.say("AT+CSMP?") == b"\r\n+CSMP: 49,167,0,8\r\n\r\nOK\r\n"


def test_a_reset_during_boot_starts_it_over() -> None:
    rig = Rig(warm=False, timing=Timing())
    rig.modem.power_on(0.0)
    rig.passes(6.0)
    rig.modem.reset(rig.now)
    assert rig.passes(7.5).count(b"Ready") == 0
    assert rig.passes(60.0).count(b"SMS Ready") == 1


def test_a_restart_by_command_answers_ok_only_afterwards() -> None:
    rig = Rig(timing=Timing())
    assert rig.say("AT+CFUN=1,1", 1.0) == WAKING
    assert rig.passes(2.2) == b"\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\nOK\r\n"


def test_radio_off_takes_data_and_sim_with_it() -> None:
    rig = Rig()
    rig.say("AT+CSTT")
    assert rig.say("AT+CFUN=0") == b"\r\n+PDP: DEACT\r\n\r\n+CPIN: NOT READY\r\n\r\nOK\r\n"
    assert rig.say("AT+CREG?") == b"\r\n+CREG: 0,0\r\n\r\nOK\r\n"
    assert rig.say("AT+CFUN=1") == (
        b"\r\nOK\r\n\r\n+CPIN: READY\r\n\r\nCall Ready\r\n\r\nSMS Ready\r\n"
    )


def test_a_sim_asks_for_its_pin_and_blocks_after_three_wrong_ones() -> None:
    rig = Rig(warm=False, options=Options(pin="1234"))
    rig.modem.power_on(0.0)
    assert rig.passes(0).endswith(b"\r\n+CPIN: SIM PIN\r\n")
    rig.say("ATE0;+CMEE=1")
    assert rig.say('AT+CPIN="0000"') == b"\r\n+CME ERROR: 16\r\n"
    assert rig.say('AT+CPIN="1234"') == (
        b"\r\nOK\r\n\r\n+CPIN: READY\r\n\r\nCall Ready\r\n\r\nSMS Ready\r\n"
    )
    rig.modem.reset(rig.now)
    rig.passes(0)
    rig.say("ATE0;+CMEE=1")
    for _ in range(3):
        rig.say("AT+CPIN=9999")
    assert rig.say("AT+CPIN?") == b"\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n"
    assert rig.say("AT+CPIN=1234") == b"\r\n+CME ERROR: 12\r\n"


def test_without_a_sim_there_is_no_pin_no_network_and_no_text() -> None:
    rig = Rig(warm=False, options=Options(sim=False))
    rig.modem.power_on(0.0)
    assert rig.passes(0).endswith(b"\r\n+CPIN: NOT INSERTED\r\n")
    rig.say("ATE0;+CMEE=1")
    assert rig.say("AT+CPIN?") == b"\r\n+CME ERROR: 10\r\n"
    assert rig.say("AT+CREG?") == b"\r\n+CREG: 0,0\r\n\r\nOK\r\n"
    assert rig.say("AT+CMGS=20") == b"\r\n+CMS ERROR: 310\r\n"


def test_power_down_is_the_last_word() -> None:
    rig = Rig()
    assert rig.say("AT+CPOWD=1") == b"\r\nNORMAL POWER DOWN\r\n"
    assert rig.say("AT") == b""
    rig.modem.power_on(rig.now)
    assert rig.passes(0).startswith(WAKING)


def test_a_mute_modem_neither_hears_nor_answers() -> None:
    rig = Rig()
    rig.modem.set_mute(True, rig.now)
    assert rig.say("AT") == b""
    rig.modem.set_mute(False, rig.now)
    assert rig.say("AT") == b"\r\nOK\r\n"


def test_what_arrives_during_a_command_waits_for_its_end() -> None:
    rig = Rig(timing=Timing())
    rig.modem.feed(b"AT+CSQ\rAT+CGATT?\r", rig.now)
    assert rig.passes(0.0) == b""
    assert rig.passes(0.5) == (b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n\r\n+CGATT: 1\r\n\r\nOK\r\n")


def test_an_observer_sees_each_command_when_it_arrived_and_by_name_only() -> None:
    rig = Rig(timing=Timing())
    rig.say('AT+CIPCSGP=1,"secret"', 1.0)
    assert rig.seen("at") == [{"t": 0.0, "what": "at", "modem": "wearer", "command": "AT+CIPCSGP"}]


def test_the_same_seed_gives_the_same_delays() -> None:
    def boot() -> list[float | None]:
        rig = Rig(warm=False, timing=Timing())
        rig.modem.power_on(0.0)
        moments = []
        while (due := rig.board.due()) is not None:
            moments.append(due)
            rig.passes(due - rig.now)
        return moments

    assert boot() == boot()
    assert len(boot()) >= 4


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=80), max_size=12))
def test_no_bytes_whatever_stop_the_modem(chunks: list[bytes]) -> None:
    rig = Rig()
    for chunk in chunks:
        rig.say(chunk, 0.1)
    rig.modem.reset(rig.now)
    rig.passes(0)
    assert rig.say("AT").endswith(b"\r\nOK\r\n")
