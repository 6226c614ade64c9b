"""Texts to PDUs and back, judged by the board's own codec, which shares no line with ours."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.board.modem.sms import pdu as centre
from outcry.hw.modem.pdu import (
    UCS2_PART,
    Incoming,
    PduRefused,
    StatusReport,
    decode,
    encode,
)

ANA = "+447700900201"


def arrived(text: str) -> str:
    """What the phone shows of ``text``."""
    parts = []
    for part in encode(ANA, text, 7):
        submit = centre.submit(bytes.fromhex(part.pdu)[1:])
        assert submit.recipient == ANA
        assert submit.wants_report
        assert part.length == len(part.pdu) // 2 - 1
        parts.append(submit.content)
    if len(parts) > 1:
        assert [(c.part.number, c.part.total) for c in parts if c.part] == [
            (n + 1, len(parts)) for n in range(len(parts))
        ]
    return "".join(content.text for content in parts)


@pytest.mark.parametrize(
    "text",
    [
        "Ana is being taken, 12:04",
        "a" * 160,
        "a" * 161,
        "[position] {at} ~12 € | ^\\" * 10,
        "ça, là, où: ¡ya! Ærøskøbing",
        "заберите меня " * 9,
        "人" * 70,
        "人" * 71,
        "help 😀",
        "😀" * 35,
        "😀" * 36,
        "§5 and ÿ",
    ],
)
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    assert unicodedata.normalize("NFC", arrived(text)).replace(" ", "") == text.replace(" ", "")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_no_text_loses_or_changes_a_letter(text: str) -> None:
    try:
        shown = arrived(text)
    except PduRefused:
        return
    quiet = {ord(c): None for c in " \r\0\f\x1b\n`'"}
    assert unicodedata.normalize("NFC", shown).translate(quiet) == unicodedata.normalize(
        "NFC", text
    ).translate(quiet)


@pytest.mark.parametrize("before", range(UCS2_PART - 3, UCS2_PART + 3))
def test_no_emoji_is_torn_between_two_parts(before: int) -> None:
    for part in encode(ANA, "и" * before + "😀" * 30, 7):
        units = bytes.fromhex(part.pdu)[-2 * UCS2_PART :]
        centre.submit(bytes.fromhex(part.pdu)[1:]).content.text.encode("utf-8")
        assert not (0xDC <= units[0] <= 0xDF and len(units) == 2 * UCS2_PART)


@pytest.mark.parametrize("number", ["", "0770 0900201", "Ana", "+", "+44770090020x", "1" * 21])
def test_what_is_no_number_is_refused_without_being_repeated(number: str) -> None:
    with pytest.raises(PduRefused) as refusal:
        encode(number, "text", 1)
    assert str(refusal.value) == "the number is not a phone number: digits, with + and country code"


def test_a_text_beyond_eight_parts_is_refused() -> None:
    assert len(encode(ANA, "a" * 153 * 8, 1)) == 8
    with pytest.raises(PduRefused, match="9 SMS"):
        encode(ANA, "a" * (153 * 8 + 1), 1)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(PduRefused, match="empty"):
        encode(ANA, "", 1)


DELIVER = "00040C91447700091032000062112212000000" + "05E8329BFD06"
REPORT = "0006070C9144770009103262112212000000621122120000{}{}"


def test_a_received_text_is_read() -> None:
    assert decode(DELIVER) == Incoming("+447700900123", "hello")


def test_a_text_with_an_impossible_date_is_read_all_the_same() -> None:
    assert decode(DELIVER.replace("62112212000000", "FFFFFFFFFFFFFF")) == decode(DELIVER)


@pytest.mark.parametrize(
    ("status", "delivered"),
    [("00", True), ("02", True), ("20", None), ("30", None), ("40", False), ("46", False)],
)
@pytest.mark.parametrize("zone", ["00", "FF"])
def test_a_status_report_says_delivered_trying_or_given_up(
    status: str, delivered: bool | None, zone: str
) -> None:
    assert decode(REPORT.format(zone, status)) == StatusReport(7, delivered, "+447700900123")


@given(st.binary(max_size=200).map(bytes.hex) | st.text(max_size=40))
def test_no_pdu_raises(pdu: str) -> None:
    assert decode(pdu) is None or isinstance(decode(pdu), Incoming | StatusReport)


@given(st.integers(0, 60), st.binary(min_size=1, max_size=3))
def test_no_damaged_pdu_raises(at: int, damage: bytes) -> None:
    raw = bytearray.fromhex(DELIVER)
    raw[at : at + len(damage)] = damage
    decode(raw.hex())


def test_what_holds_a_number_or_a_text_does_not_show_it() -> None:
    (part,) = encode(ANA, "hello", 1)
    for thing in (part, decode(DELIVER)):
        assert "hello" not in repr(thing)
        assert "900" not in repr(thing)
        assert "9144" not in repr(thing)
