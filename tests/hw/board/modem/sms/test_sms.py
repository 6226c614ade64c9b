"""Messages: from modem to phone, modem to modem, phone to modem, and what prevents them."""

import pytest
from gsmmodem.pdu import decodeSmsPdu, encodeSmsSubmitPdu

from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.sim800.sim800 import Sim800
from tests.support.rig import HQ, PHONE, WEARER, Rig


def sends(rig: Rig, to: str, text: str, seconds: float = 0.0, report: bool = True) -> bytes:
    """What the modem says after the (last) text has been handed over."""
    said = b""
    for part in encodeSmsSubmitPdu(to, text, requestStatusReport=report):
        assert rig.say(f"AT+CMGS={part.tpduLength}", 0.1) == b"\r\n> "
        said = rig.say(str(part).encode() + b"\x1a", seconds)
    return said


def texts(rig: Rig, number: str = PHONE) -> list[str]:
    return [text.text for text in rig.board.centre.phone(number).texts]


def stored(rig: Rig, modem: Sim800) -> list[str]:
    """Texts in a modem's store, read by the product's codec."""
    lines = rig.say("AT+CMGL=4", modem=modem).decode().split("\r\n")
    return [decodeSmsPdu(line)["text"] for line in lines if line.startswith("07")]


def test_a_text_reaches_a_phone_once() -> None:
    rig = Rig()
    assert sends(rig, PHONE, "help") == b"\r\n+CMGS: 1\r\n\r\nOK\r\n"
    assert texts(rig) == ["help"]
    assert rig.board.centre.phone(PHONE).texts[0].sender == WEARER


def test_references_count_up_from_text_to_text() -> None:
    rig = Rig()
    sends(rig, PHONE, "one")
    assert sends(rig, PHONE, "two") == b"\r\n+CMGS: 2\r\n\r\nOK\r\n"


def test_a_long_text_is_one_text_on_the_phone() -> None:
    rig = Rig()
    long = "Ωmega " * 60
    sends(rig, PHONE, long)
    assert texts(rig) == [long]


def test_parts_that_arrive_in_any_order_are_read_in_theirs() -> None:
    rig = Rig()
    words = "a" * 153 + "b" * 153 + "c"
    for part in reversed(encodeSmsSubmitPdu(PHONE, words)):
        rig.say(f"AT+CMGS={part.tpduLength}")
        rig.say(str(part).encode() + b"\x1a")
    assert texts(rig) == [words]


def test_listing_unread_texts_makes_them_read() -> None:
    rig = Rig()
    rig.board.centre.text(PHONE, WEARER, "hello")
    rig.passes(0)
    assert b"+CMGL: 1,0," in rig.say("AT+CMGL=0")
    assert rig.say("AT+CMGL=0") == b"\r\nOK\r\n"
    assert b"+CMGL: 1,1," in rig.say("AT+CMGL=1")
    assert rig.say("AT+CMGD=1,1;+CMGL=4") == b"\r\nOK\r\n"


def test_a_missing_part_keeps_the_text_back_and_is_counted() -> None:
    rig = Rig()
    part = encodeSmsSubmitPdu(PHONE, "x" * 200)[0]
    rig.say(f"AT+CMGS={part.tpduLength}")
    rig.say(str(part).encode() + b"\x1a")
    assert texts(rig) == []
    assert rig.board.centre.phone(PHONE).incomplete == 1


def test_the_network_takes_seconds_and_the_port_is_busy_meanwhile() -> None:
    rig = Rig(timing=Timing())
    assert sends(rig, PHONE, "help", 2.5) == b""
    assert rig.say("AT", 0.1) == b""
    said = rig.passes(1.6)
    assert said == b"\r\n+CMGS: 1\r\n\r\nOK\r\n\r\nOK\r\n"
    assert texts(rig) == []
    rig.passes(5.0)
    assert texts(rig) == ["help"]


def test_a_delivery_report_carries_the_reference_that_cmgs_gave() -> None:
    rig = Rig()
    rig.say("AT+CNMI=2,1,0,1,0")
    sends(rig, PHONE, "one")
    said = sends(rig, PHONE, "two").decode()
    header, pdu = said.split("\r\n+CDS: ")[1].split("\r\n")[:2]
    report = decodeSmsPdu(pdu)
    assert (report["reference"], report["status"], report["number"]) == (2, 0, PHONE)
    assert int(header) == len(bytes.fromhex(pdu)) - 1 - bytes.fromhex(pdu)[0]


def test_a_phone_that_is_off_gets_its_texts_and_sends_its_reports_when_it_is_on_again() -> None:
    rig = Rig()
    rig.say("AT+CNMI=2,1,0,1,0")
    rig.board.centre.switch(PHONE, False)
    assert b"+CDS" not in sends(rig, PHONE, "one", seconds=600)
    assert texts(rig) == []
    rig.board.centre.switch(PHONE, True)
    assert rig.passes(0).startswith(b"\r\n+CDS: ")
    assert texts(rig) == ["one"]


def test_no_report_comes_unless_asked_for_in_the_text_and_by_cnmi() -> None:
    rig = Rig()
    assert b"+CDS" not in sends(rig, PHONE, "one")
    rig.say("AT+CNMI=2,1,0,1,0")
    assert b"+CDS" not in sends(rig, PHONE, "two", report=False)


def test_a_text_to_another_modem_lands_in_its_store_and_is_told() -> None:
    rig = Rig()
    sends(rig, HQ, "to hq")
    assert rig.passes(0, rig.hq) == b'\r\n+CMTI: "SM",1\r\n'
    said = rig.say("AT+CMGR=1", modem=rig.hq).decode()
    assert said.startswith('\r\n+CMGR: 0,"",')
    assert decodeSmsPdu(said.split("\r\n")[2])["text"] == "to hq"
    assert rig.say("AT+CMGR=1", modem=rig.hq).startswith(b'\r\n+CMGR: 1,"",')
    assert rig.say("AT+CMGD=1", modem=rig.hq) == b"\r\nOK\r\n"
    assert rig.say("AT+CMGR=1", modem=rig.hq) == b"\r\nOK\r\n"


def test_a_phone_texts_a_modem_in_as_many_parts_as_it_takes() -> None:
    rig = Rig()
    rig.board.centre.text(PHONE, WEARER, "x" * 161)
    assert rig.passes(0) == b'\r\n+CMTI: "SM",1\r\n\r\n+CMTI: "SM",2\r\n'
    assert stored(rig, rig.modem) == ["x" * 153, "x" * 8]


def test_a_full_store_makes_the_centre_wait_until_there_is_room() -> None:
    rig = Rig(options=Options(sms_capacity=2))
    for word in ("one", "two", "three"):
        rig.board.centre.text(PHONE, WEARER, word)
    rig.passes(0)
    assert rig.board.centre.waiting(WEARER) == 1
    assert rig.say("AT+CPMS?").startswith(b'\r\n+CPMS: "SM",2,2,')
    assert b"+CMTI" in rig.say("AT+CMGD=1")
    assert sorted(stored(rig, rig.modem)) == ["three", "two"]


def test_a_modem_without_network_gets_its_texts_when_it_is_back() -> None:
    rig = Rig()
    rig.hq.set_network(False, rig.now)
    sends(rig, HQ, "later")
    assert stored(rig, rig.hq) == []
    rig.hq.set_network(True, rig.now)
    rig.passes(0)
    assert stored(rig, rig.hq) == ["later"]


def test_without_network_sending_fails_with_331_and_nothing_is_sent() -> None:
    rig = Rig()
    rig.modem.set_network(False, rig.now)
    assert sends(rig, PHONE, "help") == b"\r\n+CMS ERROR: 331\r\n"
    assert texts(rig) == []
    assert rig.seen("cmgs")[-1]["outcome"] == "+CMS ERROR: 331"


def test_network_lost_while_sending_fails_with_332() -> None:
    rig = Rig(timing=Timing())
    sends(rig, PHONE, "help", 1.0)
    rig.modem.set_network(False, rig.now)
    assert rig.passes(6.0) == b"\r\n+CMS ERROR: 332\r\n"
    assert texts(rig) == []


def test_a_refusal_on_demand_has_the_asked_code_until_it_is_lifted() -> None:
    rig = Rig()
    rig.modem.set_sms_refusal(38, rig.now)
    assert sends(rig, PHONE, "one") == b"\r\n+CMS ERROR: 38\r\n"
    rig.modem.set_sms_refusal(None, rig.now)
    sends(rig, PHONE, "two")
    assert texts(rig) == ["two"]


@pytest.mark.parametrize(
    "typed", [b"not hex", b"", b"00", b"0011000B9144770090020100", b"FF" * 200]
)
def test_what_is_no_pdu_is_error_304(typed: bytes) -> None:
    rig = Rig()
    rig.say("AT+CMGS=14")
    assert rig.say(typed + b"\x1a") == b"\r\n+CMS ERROR: 304\r\n"


def test_a_length_that_does_not_match_is_error_304() -> None:
    rig = Rig()
    part = encodeSmsSubmitPdu(PHONE, "x")[0]
    rig.say(f"AT+CMGS={part.tpduLength + 1}")
    assert rig.say(str(part).encode() + b"\x1a") == b"\r\n+CMS ERROR: 304\r\n"


def test_the_prompt_swallows_everything_until_escape() -> None:
    rig = Rig()
    rig.say("AT+CMGS=14")
    assert rig.say("AT") == b""
    assert rig.say("AT+CSQ") == b""
    assert rig.say(b"\x1b") == b"\r\nOK\r\n"
    assert rig.say("AT") == b"\r\nOK\r\n"
    assert rig.seen("cmgs")[-1]["outcome"] == "cancelled"


def test_escape_is_silent_on_a_modem_that_does_not_answer_it() -> None:
    rig = Rig(options=Options(escape_answers_ok=False))
    rig.say("AT+CMGS=14")
    assert rig.say(b"\x1b") == b""
    assert rig.say("AT") == b"\r\nOK\r\n"


def test_what_happens_during_the_prompt_is_told_after_it() -> None:
    rig = Rig()
    rig.say("AT+CMGS=14")
    rig.board.centre.text(PHONE, WEARER, "hello")
    assert rig.passes(0) == b""
    assert rig.say(b"\x1b") == b'\r\n+CMTI: "SM",1\r\n\r\nOK\r\n'


def test_text_mode_sends_and_reads_words() -> None:
    rig = Rig()
    rig.say('AT+CMGF=1;+CSCS="GSM"')
    assert rig.say(f'AT+CMGS="{HQ}"') == b"\r\n> "
    assert rig.say(b"two\rlines\x1a") == b"\r\n> \r\n+CMGS: 1\r\n\r\nOK\r\n"
    rig.say("AT+CMGF=1", modem=rig.hq)
    assert rig.say("AT+CMGR=1", modem=rig.hq) == (
        b'\r\n+CMGR: "REC UNREAD","+447700900001","","26/11/22,12:00:00+00"\r\n'
        b"two\nlines\r\n\r\nOK\r\n"
    )


def test_text_mode_in_ucs2_is_hexadecimal_both_ways() -> None:
    rig = Rig()
    rig.say('AT+CMGF=1;+CSCS="UCS2";+CSMP=17,167,0,8')
    number = PHONE.encode("utf-16-be").hex().upper()
    rig.say(f'AT+CMGS="{number}"')
    rig.say("✓".encode("utf-16-be").hex().encode() + b"\x1a")
    assert texts(rig) == ["✓"]


def test_a_modem_told_to_show_texts_directly_does_not_store_them() -> None:
    rig = Rig()
    rig.say("AT+CNMI=2,2,0,0,0")
    rig.board.centre.text(PHONE, WEARER, "hello")
    said = rig.passes(0).decode()
    assert said.startswith('\r\n+CMT: "",')
    assert decodeSmsPdu(said.split("\r\n")[2])["text"] == "hello"
    assert stored(rig, rig.modem) == []


def test_me_storage_is_refused_unless_this_modem_has_it() -> None:
    assert Rig().say('AT+CPMS="ME","ME","ME"') == b"\r\n+CMS ERROR: 302\r\n"
    rig = Rig(options=Options(me_storage=True))
    assert rig.say('AT+CPMS="ME","ME","ME"') == b"\r\n+CPMS: 0,20,0,20,0,20\r\n\r\nOK\r\n"


def test_a_reset_while_sending_sends_nothing() -> None:
    rig = Rig(timing=Timing())
    sends(rig, PHONE, "help", 1.0)
    rig.modem.reset(rig.now)
    rig.passes(60.0)
    assert texts(rig) == []


def test_events_name_messages_and_never_their_words() -> None:
    rig = Rig()
    sends(rig, PHONE, "secret words")
    assert rig.seen("sms-submitted")[0]["id"] == rig.seen("sms-delivered")[0]["id"]
    assert "secret" not in str(rig.events)
