"""RST and PWRKEY as the wearer's GPIO sees them."""

import pytest

from outcry.hw.board.sim800.power_wires import PowerWires
from tests.support.rig import Rig

RST, KEY, SUPPLY = 22, 23, 24


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.modem.terminal.echo = False
    return rig


@pytest.fixture
def wires(rig: Rig) -> PowerWires:
    return PowerWires(
        rig.board.schedule, rig.modem, reset_pin=RST, power_key_pin=KEY, supply_pin=SUPPLY
    )


def pulls(rig: Rig, wires: PowerWires, pin: int, seconds: float) -> bytes:
    """The line pulled for so long, then let go; what the modem says until a second after."""
    wires.level(pin, 1)
    said = rig.passes(seconds)
    wires.level(pin, 0)
    return said + rig.passes(1.0)


def test_reset_low_for_105_ms_restarts_the_modem(rig: Rig, wires: PowerWires) -> None:
    assert b"RDY" in pulls(rig, wires, RST, 0.106)


def test_without_its_supply_the_modem_is_off_until_it_comes_back(
    rig: Rig, wires: PowerWires
) -> None:
    wires.level(SUPPLY, 1)
    assert rig.passes(60.0) == b""
    wires.level(RST, 1)
    rig.passes(0.2)
    wires.level(RST, 0)
    assert rig.say("AT", 1.0) == b""
    wires.level(SUPPLY, 0)
    assert b"RDY" in rig.passes(5.0)


def test_a_glitch_on_reset_does_nothing(rig: Rig, wires: PowerWires) -> None:
    assert pulls(rig, wires, RST, 0.1) == b""
    assert rig.say("AT") == b"\r\nOK\r\n"


def test_the_modem_stays_down_while_reset_is_low(rig: Rig, wires: PowerWires) -> None:
    wires.level(RST, 1)
    assert rig.passes(60.0) == b""
    assert rig.say("AT", 1.0) == b""
    wires.level(RST, None)
    assert b"RDY" in rig.passes(1.0)


def test_reset_brings_back_a_hung_modem(rig: Rig, wires: PowerWires) -> None:
    rig.modem.hang()
    assert b"RDY" in pulls(rig, wires, RST, 0.2)


def test_the_power_key_switches_off_with_a_word_and_on_again(rig: Rig, wires: PowerWires) -> None:
    assert pulls(rig, wires, KEY, 1.4) == b"", "which switches on, but not off"
    assert pulls(rig, wires, KEY, 1.6) == b"\r\nNORMAL POWER DOWN\r\n"
    assert rig.say("AT", 60.0) == b""
    assert b"RDY" in pulls(rig, wires, KEY, 1.1)


def test_a_short_press_of_the_power_key_does_nothing(rig: Rig, wires: PowerWires) -> None:
    assert pulls(rig, wires, KEY, 0.9) == b""
    assert rig.modem.powered


def test_the_power_key_switches_on_after_cpowd(rig: Rig, wires: PowerWires) -> None:
    rig.say("AT+CPOWD=1")
    assert b"RDY" in pulls(rig, wires, KEY, 1.1)


def test_other_pins_are_other_wires(rig: Rig, wires: PowerWires) -> None:
    assert pulls(rig, wires, 18, 5.0) == b""


def test_after_an_under_voltage_power_down_reset_does_nothing_and_the_power_key_helps(
    rig: Rig, wires: PowerWires
) -> None:
    rig.say("AT+CBATCHK=1")
    rig.modem.set_supply(3390, rig.now)
    assert rig.passes(2.0) == b"\r\nUNDER-VOLTAGE POWER DOWN\r\n"
    rig.modem.set_supply(3986, rig.now)
    assert pulls(rig, wires, RST, 0.2) == b""
    rig.modem.reset(rig.now)
    assert rig.say("AT", 60.0) == b""
    assert b"RDY" in pulls(rig, wires, KEY, 1.1)
