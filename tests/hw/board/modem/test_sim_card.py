"""The SIM: its PIN, its PUK, and what it remembers."""

from outcry.hw.board.modem.options import Options
from tests.support.rig import Rig


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
