"""AT+SJDR: jamming told, asked for, repeated, and what the detector costs too early."""

from outcry.hw.board.modem.timing import Timing
from tests.support.rig import Rig

JAMMED, QUIET = b"\r\n+SJDR: JAMMING DETECTED\r\n", b"\r\n+SJDR: NO JAMMING\r\n"
OK = b"\r\nOK\r\n"


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
