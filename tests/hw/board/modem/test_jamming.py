"""What is around the simulated modem: cells, jamming, the supply, and how the network takes it."""

import pytest

from outcry.hw.board.modem.cells import Cell
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.testing.rig import Rig

SERVING = Cell(0x1816, 0xF9A1, arfcn=81, level=55, bsic=31, mcc="234", mnc="15")
NEIGHBOURS = [
    Cell(0x1816, 0xF2A1, arfcn=14, level=40, bsic=15, mcc="234", mnc="15"),
    Cell(0x1817, 0x0001, arfcn=1023, level=3, bsic=0, mcc="234", mnc="15"),
]
JAMMED, QUIET = b"\r\n+SJDR: JAMMING DETECTED\r\n", b"\r\n+SJDR: NO JAMMING\r\n"
OK = b"\r\nOK\r\n"


def moved() -> Rig:
    rig = Rig()
    rig.modem.set_cells(SERVING, NEIGHBOURS, rig.now)
    return rig


# Cells


def test_cells_are_listed_as_the_manual_has_them() -> None:
    rig = moved()
    rig.say("AT+CENG=1,1")
    assert rig.say("AT+CENG?") == (
        b"\r\n+CENG: 1,1\r\n"
        b'\r\n+CENG: 0,"0081,55,00,234,15,31,f9a1,08,05,1816,255"\r\n'
        b'+CENG: 1,"0014,40,15,f2a1,234,15,1816"\r\n'
        b'+CENG: 2,"1023,03,00,0001,234,15,1817"\r\n' + OK
    )


def test_neighbours_have_no_number_unless_asked_for() -> None:
    rig = moved()
    rig.say("AT+CENG=1,0")
    assert b'+CENG: 1,"0014,40,15,234,15,1816"\r\n' in rig.say("AT+CENG?")


def test_the_short_form_fills_its_seven_lines() -> None:
    rig = moved()
    rig.say("AT+CENG=3,1")
    said = rig.say("AT+CENG?").decode()
    assert '+CENG: 0,"234,15,1816,f9a1,31,55"\r\n' in said
    assert '+CENG: 2,"234,15,1817,0001,00,03"\r\n+CENG: 3,",,0000,0000,00,00"\r\n' in said
    assert said.count("+CENG: ") == 1 + 7


def test_a_modem_that_hears_nothing_lists_nothing() -> None:
    rig = moved()
    rig.say("AT+CENG=1,1")
    rig.modem.set_network(False, rig.now)
    assert rig.say("AT+CENG?") == b"\r\n+CENG: 1,1\r\n" + OK


def test_a_new_serving_cell_is_told_to_who_asked_for_cells() -> None:
    rig = Rig()
    rig.say("AT+CREG=2")
    rig.modem.set_cells(SERVING, NEIGHBOURS, rig.now)
    assert rig.passes(0) == b'\r\n+CREG: 1,"1816","F9A1"\r\n'
    rig.modem.set_cells(SERVING, [], rig.now)
    assert rig.passes(0) == b""


def test_more_cells_than_a_sim800_lists_are_refused() -> None:
    rig = Rig()
    with pytest.raises(ValueError, match="at most 6"):
        rig.modem.set_cells(SERVING, NEIGHBOURS * 4, rig.now)
    with pytest.raises(ValueError, match="16 bits"):
        Cell(0x10000, 1)


# Jamming


def test_jamming_is_told_when_it_begins_and_when_it_ends() -> None:
    rig = Rig()
    assert rig.say("AT+SJDR=1,1,255,1") == OK
    rig.modem.set_jamming("jamming", rig.now)
    assert rig.passes(60) == JAMMED
    assert rig.say("AT+SJDR?") == b"\r\n+SJDR: 1,1,255,1,1\r\n" + OK
    rig.modem.set_jamming("interference", rig.now)
    assert rig.passes(60) == b"\r\n+SJDR: INTERFERENCE DETECTED\r\n"
    rig.modem.set_jamming("none", rig.now)
    assert rig.passes(60) == QUIET
    assert rig.say("AT+SJDR?") == b"\r\n+SJDR: 1,1,255,1,0\r\n" + OK


def test_jamming_that_was_there_before_is_told_on_switching_on() -> None:
    rig = Rig()
    rig.modem.set_jamming("jamming", rig.now)
    assert rig.passes(60) == b""
    assert rig.say("AT+SJDR=1,1,255,1") == OK + JAMMED


def test_with_display_0_it_is_told_every_three_seconds() -> None:
    rig = Rig()
    rig.say("AT+SJDR=1,1,255,0")
    assert rig.passes(6.5) == QUIET * 2
    rig.modem.set_jamming("jamming", rig.now)
    assert rig.passes(3) == JAMMED
    rig.say("AT+SJDR=0")
    assert rig.passes(60) == b""


def test_in_query_mode_jamming_is_told_only_when_asked() -> None:
    rig = Rig()
    rig.say("AT+SJDR=1,0")
    rig.modem.set_jamming("jamming", rig.now)
    assert rig.passes(60) == b""
    assert rig.say("AT+SJDR?") == b"\r\n+SJDR: 1,0,255,1,1\r\n" + OK


def test_a_detector_that_is_off_says_so_and_nothing_else() -> None:
    rig = Rig()
    rig.modem.set_jamming("jamming", rig.now)
    assert rig.say("AT+SJDR?") == b"\r\n+SJDR: 0\r\n" + OK


def test_a_detector_switched_on_before_registration_keeps_it_from_happening() -> None:
    rig = Rig(warm=False, timing=Timing())
    rig.modem.power_on(rig.now)
    rig.passes(5)
    rig.say("ATE0;+SJDR=1,1,255,1", 0.1)
    rig.passes(120)
    assert rig.say("AT+CREG?", 0.1) == b"\r\n+CREG: 0,2\r\n" + OK
    rig.say("AT+SJDR=0", 0.1)
    rig.passes(10)
    assert rig.say("AT+CREG?", 0.1) == b"\r\n+CREG: 0,1\r\n" + OK


def test_a_detector_switched_on_after_registration_does_no_harm() -> None:
    rig = Rig()
    rig.say("AT+SJDR=1,1,255,1;+CREG=1")
    rig.modem.set_network(False, rig.now)
    rig.modem.set_network(True, rig.now)
    assert rig.passes(0) == b"\r\n+CREG: 2\r\n\r\n+CREG: 1\r\n"


def test_a_reset_switches_the_detector_off() -> None:
    rig = Rig()
    rig.say("AT+SJDR=1,1,255,0")
    rig.modem.reset(rig.now)
    assert b"SJDR" not in rig.passes(60)


# The supply


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


# How the network takes the subscriber


def test_a_guest_is_registered_as_a_guest_and_sends_texts() -> None:
    rig = Rig()
    rig.say("AT+CREG=2")
    rig.modem.set_welcome("roaming", rig.now)
    assert rig.passes(0) == b'\r\n+CREG: 2\r\n\r\n+CREG: 5,"00E6","7A9F"\r\n'
    assert rig.modem.status()["registered"]
    assert rig.say("AT+COPS?") == b'\r\n+COPS: 0,0,"Outcry Test"\r\n' + OK


def test_who_is_denied_stays_denied_until_the_network_thinks_better_of_it() -> None:
    rig = Rig()
    rig.say("AT+CREG=1")
    rig.modem.set_welcome("denied", rig.now)
    assert rig.passes(600) == b"\r\n+CREG: 2\r\n\r\n+CREG: 3\r\n"
    assert rig.say("AT+CGATT?") == b"\r\n+CGATT: 0\r\n" + OK
    assert rig.say("AT+COPS?") == b"\r\n+COPS: 0\r\n" + OK
    rig.modem.set_welcome("home", rig.now)
    assert rig.passes(0) == b"\r\n+CREG: 2\r\n\r\n+CREG: 1\r\n"


def test_signal_is_shown_as_it_is() -> None:
    rig = Rig()
    rig.modem.set_signal(5, rig.now)
    assert rig.say("AT+CSQ") == b"\r\n+CSQ: 5,0\r\n" + OK


def test_the_operator_has_a_name_a_short_name_and_a_number() -> None:
    rig = moved()
    rig.say("AT+COPS=3,2")
    assert rig.say("AT+COPS?") == b'\r\n+COPS: 0,2,"23415"\r\n' + OK


# The SIM


def test_a_blocked_sim_opens_with_its_puk_and_a_new_pin() -> None:
    rig = Rig(warm=False, options=Options(pin="1234", pin_tries=0))
    rig.modem.power_on(rig.now)
    assert rig.passes(0).endswith(b"\r\n+CPIN: SIM PUK\r\n")
    rig.say("ATE0;+CMEE=1")
    assert rig.say('AT+CPIN="87654321","4321"') == b"\r\n+CME ERROR: 16\r\n"
    assert b"+CPIN: READY" in rig.say('AT+CPIN="12345678","4321"')
    rig.modem.reset(rig.now)
    rig.passes(0)
    rig.say("ATE0;+CMEE=1")
    assert rig.say('AT+CPIN="1234"') == b"\r\n+CME ERROR: 16\r\n"
    assert b"+CPIN: READY" in rig.say('AT+CPIN="4321"')


def test_after_ten_wrong_puks_the_card_is_waste() -> None:
    rig = Rig(warm=False, options=Options(pin="1234", pin_tries=0))
    rig.modem.power_on(rig.now)
    rig.passes(0)
    rig.say("ATE0;+CMEE=1")
    for _ in range(10):
        rig.say('AT+CPIN="00000000","4321"')
    assert rig.say('AT+CPIN="12345678","4321"') == b"\r\n+CME ERROR: 13\r\n"


def test_a_locked_card_says_so_to_message_commands() -> None:
    rig = Rig(warm=False, options=Options(pin="1234"))
    rig.modem.power_on(rig.now)
    rig.passes(0)
    rig.say("ATE0")
    assert rig.say("AT+CMGS=20") == b"\r\n+CMS ERROR: 311\r\n"


def test_wrong_pins_are_remembered_by_the_card_over_a_reset() -> None:
    rig = Rig(warm=False, options=Options(pin="1234", pin_tries=1))
    rig.modem.power_on(rig.now)
    rig.passes(0)
    rig.say("AT+CPIN=0000")
    rig.modem.reset(rig.now)
    assert rig.passes(0).endswith(b"\r\n+CPIN: SIM PUK\r\n")
