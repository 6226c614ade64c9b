"""Messages written to the store and sent from it: AT+CMGW and AT+CMSS, and what else it takes."""

import pytest
from gsmmodem.pdu import encodeSmsSubmitPdu

from outcry.hw.board.modem.options import Options
from tests.support.rig import WEARER, Rig

PHONE, OTHER = "+447700900201", "+447700900202"
OK = b"\r\nOK\r\n"


def texts(rig: Rig, number: str = PHONE) -> list[str]:
    return [text.text for text in rig.board.centre.phone(number).texts]


def written(rig: Rig, text: str = "draft") -> bytes:
    part = encodeSmsSubmitPdu(PHONE, text)[0]
    assert rig.say(f"AT+CMGW={part.tpduLength}") == b"\r\n> "
    return rig.say(str(part).encode() + b"\x1a")


def test_a_draft_is_stored_shown_sent_and_marked_as_sent() -> None:
    rig = Rig()
    assert written(rig) == b"\r\n+CMGW: 1\r\n" + OK
    assert rig.say("AT+CMGR=1").startswith(b'\r\n+CMGR: 2,"",')
    assert rig.say("AT+CMSS=1") == b"\r\n+CMSS: 1\r\n" + OK
    assert texts(rig) == ["draft"]
    assert rig.say("AT+CMGR=1").startswith(b'\r\n+CMGR: 3,"",')


def test_a_draft_can_go_to_somebody_else() -> None:
    rig = Rig()
    written(rig)
    rig.say(f'AT+CMSS=1,"{OTHER}"')
    assert (texts(rig), texts(rig, OTHER)) == ([], ["draft"])


def test_a_draft_in_words_needs_no_number_until_it_is_sent() -> None:
    rig = Rig()
    rig.say('AT+CMGF=1;+CSCS="GSM"')
    assert rig.say("AT+CMGW") == b"\r\n> "
    assert rig.say(b"to whom\x1a") == b"\r\n+CMGW: 1\r\n" + OK
    assert rig.say("AT+CMGR=1") == b'\r\n+CMGR: "STO UNSENT","",""\r\nto whom\r\n' + OK
    assert rig.say("AT+CMSS=1") == b"\r\n+CMS ERROR: 304\r\n"
    rig.say(f'AT+CMSS=1,"{PHONE}"')
    assert texts(rig) == ["to whom"]


def test_escape_stores_nothing() -> None:
    rig = Rig()
    rig.say("AT+CMGW=10")
    assert rig.say(b"\x1b") == OK
    assert rig.say("AT+CMSS=1") == b"\r\n+CMS ERROR: 321\r\n"


def test_what_was_received_cannot_be_sent_and_reading_it_marks_it() -> None:
    rig = Rig()
    rig.board.centre.text(PHONE, WEARER, "hello")
    rig.passes(0)
    assert rig.say("AT+CMSS=1") == b"\r\n+CMS ERROR: 321\r\n"
    assert rig.say("AT+CMGR=1").startswith(b'\r\n+CMGR: 0,"",')
    assert rig.say("AT+CMGR=1").startswith(b'\r\n+CMGR: 1,"",')


@pytest.mark.parametrize(
    ("flag", "left"), [("0", [2, 3, 4]), ("1", [2, 3, 4]), ("2", [2, 4]), ("3", [4]), ("4", [])]
)
def test_deleting_goes_by_what_became_of_a_message(flag: str, left: list[int]) -> None:
    rig = Rig()
    rig.board.centre.text(PHONE, WEARER, "read")
    rig.passes(0)
    rig.say("AT+CMGR=1")
    written(rig, "unsent")
    written(rig, "sent")
    rig.say("AT+CMSS=3")
    rig.board.centre.text(PHONE, WEARER, "unread")
    rig.passes(0)
    assert rig.say(f"AT+CMGD=1,{flag}") == OK
    assert sorted(rig.modem.sms.storage.messages) == left


def test_a_full_store_takes_no_draft() -> None:
    rig = Rig(options=Options(sms_capacity=1))
    written(rig)
    assert written(rig) == b"\r\n+CMS ERROR: 322\r\n"


@pytest.mark.parametrize("typed", [b"zz", b"", b"00" + b"FF" * 10])
def test_what_is_no_message_is_not_stored(typed: bytes) -> None:
    rig = Rig()
    rig.say("AT+CMGW=10")
    assert rig.say(typed + b"\x1a") == b"\r\n+CMS ERROR: 304\r\n"


def test_the_names_of_the_sim_s_store_mean_the_same_store() -> None:
    rig = Rig()
    written(rig)
    assert rig.say('AT+CPMS="SM_P","MT","SM"') == b"\r\n+CPMS: 1,20,1,20,1,20\r\n" + OK
    assert rig.say("AT+CPMS?").startswith(b'\r\n+CPMS: "SM_P",1,20,"MT",1,20,"SM",1,20\r\n')


def test_only_phase_2_plus_wants_acknowledgements() -> None:
    rig = Rig()
    assert rig.say("AT+CSMS?") == b"\r\n+CSMS: 0,1,1,1\r\n" + OK
    assert rig.say("AT+CNMA") == b"\r\n+CMS ERROR: 340\r\n"
    assert rig.say("AT+CSMS=1") == b"\r\n+CSMS: 1,1,1\r\n" + OK
    assert rig.say("AT+CNMA") == OK
