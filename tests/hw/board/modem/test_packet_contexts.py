"""Contexts by hand, searching for networks, sleep, and the serial line's rate."""

import pytest

from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.testing.rig import Rig

OK, ERROR = b"\r\nOK\r\n", b"\r\nERROR\r\n"
WAKING = b"\x00IIII\xff\xff\xff\xff"

# Contexts


def test_a_context_is_defined_activated_and_lost_with_the_network() -> None:
    rig = Rig()
    assert rig.say("AT+CGACT=1,1") == ERROR
    assert rig.say('AT+CGDCONT=1,"IP","internet"') == OK
    assert rig.say("AT+CGDCONT?") == b'\r\n+CGDCONT: 1,"IP","internet","0.0.0.0",0,0\r\n' + OK
    assert rig.say("AT+CGACT=1,1;+CGACT?") == b"\r\n+CGACT: 1,1\r\n" + OK
    rig.modem.set_network(False, rig.now)
    rig.modem.set_network(True, rig.now)
    rig.passes(0)
    assert rig.say("AT+CGACT?") == b"\r\n+CGACT: 1,0\r\n" + OK
    rig.say("AT+CGDCONT=1")
    assert rig.say("AT+CGDCONT?") == OK


def test_activating_takes_seconds_and_failing_takes_minutes() -> None:
    rig = Rig(timing=Timing())
    rig.say('AT+CGDCONT=1,"IP","internet";+CMEE=1', 1)
    assert rig.say("AT+CGACT=1,1", 3.5) == b""
    assert rig.passes(3.2) == OK
    assert rig.say("AT+CGACT=0,1", 1) == OK
    rig.modem.set_gprs("dead", rig.now)
    assert rig.say("AT+CGACT=1,1", 139) == b""
    assert rig.passes(12) == b"\r\n+CME ERROR: 148\r\n"


@pytest.mark.parametrize(
    "command", ["CGACT=2,1", "CGACT=1,9", "CGDCONT=0", 'CGDCONT=1,"IPV6","x"', "CGACT=1,2"]
)
def test_contexts_that_cannot_be_are_errors(command: str) -> None:
    assert Rig().say(f"AT+{command}") == ERROR


def test_the_access_point_of_cstt_is_shown_as_it_was_given() -> None:
    rig = Rig()
    assert rig.say("AT+CSTT?") == b'\r\n+CSTT: "CMNET","",""\r\n' + OK
    rig.say('AT+CSTT="internet","me","secret"')
    assert rig.say("AT+CSTT?") == b'\r\n+CSTT: "internet","me","secret"\r\n' + OK


# Searching


def test_a_scan_lists_the_cells_and_costs_the_registration_for_a_while() -> None:
    rig = Rig(timing=Timing())
    rig.say("AT+CNETSCAN=1;+CREG=1", 1)
    assert rig.say("AT+CNETSCAN", 10) == b"\r\n+CREG: 2\r\n"
    said = rig.passes(31) + rig.passes(10)
    listed = b'Operator:"Outcry Test",MCC:001,MNC:01,Rxlev:%s,Cellid:%s,Arfcn:%s,Lac:00E6,Bsic:%s'
    first = b"\r\n" + listed % (b"55", b"7A9F", b"81", b"1F") + b"\r\n"
    second = b"\r\n" + listed % (b"40", b"F2A1", b"14", b"0F") + b"\r\n"
    assert said == first + second + OK + b"\r\n+CREG: 1\r\n"


def test_a_scan_where_nothing_is_heard_finds_nothing() -> None:
    rig = Rig()
    rig.modem.set_network(False, rig.now)
    assert rig.say("AT+CNETSCAN") == OK
    assert rig.say("AT+CREG?") == b"\r\n+CREG: 0,2\r\n" + OK


# Sleep


def test_a_sleeping_modem_loses_what_wakes_it() -> None:
    rig = Rig()
    assert rig.say("AT+CSCLK=2") == OK
    assert rig.say("AT", 4.9) == OK
    assert rig.say("AT") == OK
    rig.passes(5.1)
    assert rig.say("AT", 0.05) == b""
    assert rig.say("AT", 0.06) == b""
    assert rig.say("AT") == OK


def test_a_sleeping_modem_still_says_what_happens() -> None:
    rig = Rig()
    rig.say("AT+CSCLK=2;+CREG=1")
    rig.passes(60)
    rig.modem.set_network(False, rig.now)
    assert rig.passes(0) == b"\r\n+CREG: 2\r\n"
    assert rig.say("AT") == OK


def test_a_modem_that_may_not_sleep_by_itself_hears_everything() -> None:
    for how in (0, 1):
        rig = Rig()
        rig.say(f"AT+CSCLK={how}")
        rig.passes(60)
        assert rig.say("AT") == OK


# The rate of the line


def test_a_new_rate_holds_after_the_ok_and_only_until_a_reset_unless_kept() -> None:
    rig = Rig()
    assert rig.say("AT+IPR=9600") == OK
    rig.passes(0.1)
    assert OK not in rig.say("AT")
    rig.modem.wire.host_baud = 9600
    assert rig.say(b"\rAT\r").endswith(OK)
    rig.modem.reset(rig.now)
    rig.passes(0)
    assert rig.say("AT").endswith(OK)


def test_a_kept_rate_outlives_a_reset() -> None:
    rig = Rig()
    rig.say("AT+IPR=9600")
    rig.passes(0.1)
    rig.modem.wire.host_baud = 9600
    rig.say(b"\rAT&W\r")
    rig.modem.wire.host_baud = 115200
    rig.modem.reset(rig.now)
    assert WAKING not in rig.passes(60)
    rig.modem.wire.host_baud = 9600
    rig.modem.reset(rig.now)
    assert rig.passes(0).startswith(WAKING)


def test_autobaud_ends_with_a_kept_rate_and_begins_with_a_kept_0() -> None:
    rig = Rig(options=Options(autobaud=True))
    assert rig.say("AT+IPR?") == b"\r\n+IPR: 0\r\n" + OK
    rig.say("AT+IPR=115200;&W")
    rig.modem.reset(rig.now)
    assert b"\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n" in rig.passes(0)
    rig.say("AT+IPR=0;&W")
    rig.modem.reset(rig.now)
    assert b"RDY\r\n" not in rig.passes(0)
