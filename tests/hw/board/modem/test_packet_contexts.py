"""Packet contexts by hand."""

import pytest

from outcry.hw.board.modem.timing import Timing
from tests.support.rig import Rig

OK, ERROR = b"\r\nOK\r\n", b"\r\nERROR\r\n"


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
