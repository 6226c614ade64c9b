"""The networks a SIM800 finds, and what it calls them."""

from outcry.hw.board.modem.cells import Cell
from outcry.hw.board.modem.timing import Timing
from tests.support.rig import Rig

OK = b"\r\nOK\r\n"


def test_the_operator_has_a_name_a_short_name_and_a_number() -> None:
    rig = Rig()
    rig.modem.set_cells(Cell(0x1816, 0xF9A1, mcc="234", mnc="15"), [], rig.now)
    rig.say("AT+COPS=3,2")
    assert rig.say("AT+COPS?") == b'\r\n+COPS: 0,2,"23415"\r\n' + OK


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
