"""The voltage a SIM800 runs on: asked for, warned of, too low, and back."""

import pytest

from tests.support.rig import Rig

OK = b"\r\nOK\r\n"


def test_the_battery_is_what_the_supply_says() -> None:
    rig = Rig()
    assert rig.say("AT+CBC") == b"\r\n+CBC: 0,83,3986\r\n" + OK
    rig.modem.set_supply(3600, rig.now)
    assert rig.say("AT+CBC") == b"\r\n+CBC: 0,28,3600\r\n" + OK


@pytest.mark.parametrize(
    ("millivolts", "warning"),
    [(3500, b"UNDER-VOLTAGE WARNNING"), (4300, b"OVER-VOLTAGE WARNNING")],
)
def test_a_voltage_near_its_limit_is_told_once(millivolts: int, warning: bytes) -> None:
    rig = Rig()
    rig.say("AT+CBATCHK=1")
    rig.modem.set_supply(millivolts, rig.now)
    assert rig.passes(60) == b"\r\n" + warning + b"\r\n"
    rig.modem.set_supply(millivolts, rig.now)
    assert rig.passes(60) == b""
    assert rig.say("AT") == OK


@pytest.mark.parametrize(
    ("millivolts", "warning"),
    [(3399, b"UNDER-VOLTAGE POWER DOWN"), (4401, b"OVER-VOLTAGE POWER DOWN")],
)
def test_a_voltage_beyond_its_limit_switches_the_modem_off(millivolts: int, warning: bytes) -> None:
    rig = Rig()
    rig.say("AT+CBATCHK=1")
    rig.modem.set_supply(millivolts, rig.now)
    assert rig.passes(60) == b"\r\n" + warning + b"\r\n"
    assert rig.say("AT", 60) == b""
    rig.modem.set_supply(3986, rig.now)
    assert rig.say("AT", 60) == b""
    rig.modem.power_on(rig.now)
    assert b"SMS Ready" in rig.passes(0)


def test_nobody_is_warned_who_did_not_ask() -> None:
    rig = Rig()
    rig.modem.set_supply(3350, rig.now)
    assert rig.passes(60) == b""
    assert rig.say("AT+CBATCHK=1") == OK + b"\r\nUNDER-VOLTAGE POWER DOWN\r\n"


def test_a_brown_out_leaves_without_a_word_and_comes_back_like_a_power_on() -> None:
    rig = Rig()
    rig.say("AT+CBATCHK=1")
    rig.modem.set_supply(2900, rig.now)
    assert rig.say("AT", 5) == b""
    rig.modem.reset(rig.now)
    assert rig.passes(60) == b""
    rig.modem.set_supply(3986, rig.now)
    said = rig.passes(0)
    assert said.startswith(b"\x00IIII\xff\xff\xff\xff\r\nRDY\r\n")
    assert rig.say("AT").startswith(b"AT\r")
