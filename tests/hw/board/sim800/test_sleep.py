"""AT+CSCLK: what a sleeping modem hears and says."""

from tests.support.rig import Rig

OK = b"\r\nOK\r\n"


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
