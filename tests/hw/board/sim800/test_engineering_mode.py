"""Cells as AT+CENG lists them."""

import pytest

from outcry.hw.board.modem.cells import Cell
from tests.support.rig import Rig

SERVING = Cell(0x1816, 0xF9A1, arfcn=81, level=55, bsic=31, mcc="234", mnc="15")
NEIGHBOURS = [
    Cell(0x1816, 0xF2A1, arfcn=14, level=40, bsic=15, mcc="234", mnc="15"),
    Cell(0x1817, 0x0001, arfcn=1023, level=3, bsic=0, mcc="234", mnc="15"),
]
OK = b"\r\nOK\r\n"


def moved() -> Rig:
    rig = Rig()
    rig.modem.set_cells(SERVING, NEIGHBOURS, rig.now)
    return rig


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
