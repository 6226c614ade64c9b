"""The board's SMS codec against the product's: two hands, one standard."""

from datetime import UTC, datetime

import gsmmodem.pdu as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.board.modem.sms import gsm7, pdu

WEARER = "+447700900001"
PHONE = "+447700900201"
MOMENT = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)

# gsmmodem puts a grave accent where TS 23.038 has the section sign (0x5F); neither is a word's.
# A lone form feed is its 0xFF, and CR at the end is padding to it.
GSM_LETTERS = [
    letter for letter in gsm7.BASIC + "".join(gsm7.EXTENSION.values()) if letter not in "§\x1b\f\r"
]
gsm_text = st.text(st.sampled_from(GSM_LETTERS), min_size=1, max_size=400)
ucs2_text = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), min_size=1)


def as_phone_sees(parts: list[pdu.Content]) -> str:
    return "".join(part.text for part in parts)


def their_parts(text: str, **options: object) -> list[pdu.Submit]:
    encoded = theirs.encodeSmsSubmitPdu(PHONE, text, reference=42, **options)
    parts = []
    for each in encoded:
        octets = bytes.fromhex(str(each))
        tpdu = octets[1 + octets[0] :]
        assert len(tpdu) == each.tpduLength
        parts.append(pdu.submit(tpdu))
    return parts


@given(gsm_text)
def test_what_the_product_encodes_in_gsm7_the_board_reads_unchanged(text: str) -> None:
    parts = their_parts(text)
    assert as_phone_sees([part.content for part in parts]) == text
    assert {part.recipient for part in parts} == {PHONE}
    assert all(part.wants_report for part in parts)


@given(ucs2_text.filter(lambda text: not gsm7.fits(text) and "`" not in text))
def test_what_the_product_encodes_in_ucs2_the_board_reads_unchanged(text: str) -> None:
    parts = their_parts(text + "✓")
    assert as_phone_sees([part.content for part in parts]) == text + "✓"


def test_the_parts_of_a_long_text_say_where_they_stand() -> None:
    parts = [part.content.part for part in their_parts("a" * 400)]
    assert parts == [pdu.Part(42, 3, 1), pdu.Part(42, 3, 2), pdu.Part(42, 3, 3)]


def test_a_number_of_odd_length_and_a_validity_are_read() -> None:
    encoded = theirs.encodeSmsSubmitPdu("+4477009002011", "x", requestStatusReport=False)[0]
    message = pdu.submit(bytes.fromhex(str(encoded))[1:])
    assert (message.recipient, message.wants_report) == ("+4477009002011", False)


@given(gsm_text)
def test_what_the_board_delivers_in_gsm7_the_product_reads_unchanged(text: str) -> None:
    read = [
        theirs.decodeSmsPdu("00" + pdu.deliver(WEARER, content, MOMENT).hex().upper())
        for content in pdu.contents(text, reference=7)
    ]
    assert "".join(each["text"] for each in read) == text
    assert {each["number"] for each in read} == {WEARER}
    assert {each["time"] for each in read} == {MOMENT}


@given(ucs2_text.filter(lambda text: not gsm7.fits(text)))
def test_what_the_board_delivers_in_ucs2_the_product_reads_unchanged(text: str) -> None:
    read = [
        theirs.decodeSmsPdu("00" + pdu.deliver(WEARER, content, MOMENT).hex().upper())
        for content in pdu.contents(text, reference=7)
    ]
    assert "".join(each["text"] for each in read) == text


def test_the_product_reads_a_status_report() -> None:
    report = pdu.status_report(77, PHONE, MOMENT, MOMENT)
    read = theirs.decodeSmsPdu("00" + report.hex())
    assert read["type"] == "SMS-STATUS-REPORT"
    assert (read["reference"], read["number"], read["status"]) == (77, PHONE, 0)


@given(st.binary(max_size=180))
def test_any_octets_are_a_submit_or_are_refused_as_none(octets: bytes) -> None:
    try:
        message = pdu.submit(octets)
    except pdu.PduInvalid:
        return
    assert isinstance(message.content.text, str)


@given(st.binary(min_size=1, max_size=140), st.binary(max_size=6))
def test_binary_content_survives_with_and_without_a_header(body: bytes, header: bytes) -> None:
    content = pdu.Content(0x04, header, body[: 133 - len(header)])
    read = pdu.read_deliver(pdu.deliver(WEARER, content, MOMENT))
    assert read.content == content


@given(st.text(st.sampled_from(GSM_LETTERS), min_size=1, max_size=150), st.binary(max_size=6))
def test_septets_are_aligned_after_a_header_of_any_length(text: str, header: bytes) -> None:
    content = pdu.Content(0, header, gsm7.encoded(text)[:150])
    assert pdu.read_deliver(pdu.deliver(WEARER, content, MOMENT)).content == content


def test_an_alphabetic_sender_is_read_back() -> None:
    read = pdu.read_deliver(pdu.deliver("Operator", pdu.contents("x")[0], MOMENT))
    assert read.sender == "Operator"


@pytest.mark.parametrize(
    ("text", "parts"), [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("✓" * 70, 1), ("✓" * 71, 2)]
)
def test_a_text_takes_as_many_parts_as_the_standard_says(text: str, parts: int) -> None:
    assert len(pdu.contents(text)) == parts


def test_no_part_ends_inside_a_letter() -> None:
    for letter in ("€", "😀"):
        for start in range(4):
            whole = "a" * start + letter * 100
            assert as_phone_sees(pdu.contents(whole)) == whole


def test_known_octets_of_the_standard_alphabet() -> None:
    assert gsm7.packed(gsm7.encoded("hellohello")).hex().upper() == "E8329BFD4697D9EC37"
