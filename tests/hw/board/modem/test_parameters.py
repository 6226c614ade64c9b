"""Stored settings, of which the serial line's rate is the one that shows most."""

from outcry.hw.board.modem.options import Options
from tests.support.rig import Rig

OK = b"\r\nOK\r\n"
WAKING = b"\x00IIII\xff\xff\xff\xff"


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
