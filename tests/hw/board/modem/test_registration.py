"""How the network takes the subscriber."""

from tests.support.rig import Rig

OK = b"\r\nOK\r\n"


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
