"""What the simulated modem says of itself, of its SIM, and of the time."""

import pytest

from outcry.hw.board.modem.options import Options
from tests.support.rig import Rig

OK = b"\r\nOK\r\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+CGMM", "SIMCOM_SIM800L"),
        ("AT+CGMR", "Revision:1418B04SIM800L24"),
        ("AT+CGSN", "001010123456780"),
        ("AT+CIMI", "001010123456789"),
        ("AT+CSPN?", '+CSPN: "Outcry Test",0'),
        ("AT+CPAS", "+CPAS: 0"),
    ],
)
def test_it_says_who_it_is(command: str, answer: str) -> None:
    assert Rig().say(command) == f"\r\n{answer}\r\n".encode() + OK


@pytest.mark.parametrize("command", ["AT+CIMI", "AT+CCID", "AT+CSPN?", "AT+CNUM"])
def test_what_stands_on_the_card_needs_the_card_and_its_pin(command: str) -> None:
    for options, code in ((Options(sim=False), b"10"), (Options(pin="1234"), b"11")):
        rig = Rig(warm=False, options=options)
        rig.modem.power_on(rig.now)
        rig.passes(0)
        rig.say("ATE0;+CMEE=1")
        assert rig.say(command) == b"\r\n+CME ERROR: " + code + b"\r\n"


def test_the_clock_goes_on_from_what_it_was_set_to() -> None:
    rig = Rig()
    assert rig.say("AT+CCLK?") == b'\r\n+CCLK: "04/01/01,00:00:00+00"\r\n' + OK
    assert rig.say('AT+CCLK="26/11/22,23:59:58+04"') == OK
    rig.passes(3)
    assert rig.say("AT+CCLK?") == b'\r\n+CCLK: "26/11/23,00:00:01+04"\r\n' + OK
    rig.modem.reset(rig.now)
    rig.passes(0)
    assert b"04/01/01" in rig.say("AT+CCLK?")


@pytest.mark.parametrize("time", ["", "26/11/22", "26/13/22,00:00:00+00", "26/11/22,00:00:00"])
def test_what_is_no_time_is_an_error(time: str) -> None:
    assert Rig().say(f'AT+CCLK="{time}"') == b"\r\nERROR\r\n"


def registers_again(rig: Rig) -> bytes:
    rig.say("AT+CFUN=0")
    return rig.say("AT+CFUN=1", 10)


def test_the_network_sets_the_clock_once_that_is_asked_for() -> None:
    rig = Rig(options=Options(network_zone=22))
    assert b"PSUTTZ" not in registers_again(rig)
    assert b"04/01/01" in rig.say("AT+CCLK?")
    assert b"PSUTTZ" not in rig.say("AT+CLTS=1"), "this registration is over"
    told = registers_again(rig)
    assert b'\r\n*PSUTTZ: 2026,11,22,12,0,10,"+22",0\r\n\r\nDST: 0\r\n' in told
    assert rig.say("AT+CCLK?") == b'\r\n+CCLK: "26/11/22,17:30:20+22"\r\n' + OK


def test_a_network_may_tell_no_time_or_be_west_of_greenwich() -> None:
    rig = Rig(options=Options(network_time=False))
    rig.say("AT+CLTS=1")
    assert b"PSUTTZ" not in registers_again(rig)
    rig = Rig(options=Options(network_zone=-2))
    rig.say("AT+CLTS=1")
    assert b'*PSUTTZ: 2026,11,22,12,0,0,"-2",0' in registers_again(rig)
    assert rig.say("AT+CCLK?") == b'\r\n+CCLK: "26/11/22,11:30:10-02"\r\n' + OK
