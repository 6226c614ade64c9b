"""Every PDU that others read is read here as they read it: simulation/pdus.py."""

import os
from datetime import datetime

import pytest

from outcry.hw.board.modem.sms import gsm7
from outcry.hw.modem.pdu import Incoming, StatusReport, decode

pytest.importorskip("smspdudecoder", reason="smspdudecoder is not installed")
pytest.importorskip("gsm0338", reason="gsm0338 is not installed")
from simulation.pdus import (
    LOCKING_SHIFT,
    SINGLE_SHIFT,
    STAMP,
    damaged,
    disagreements,
    letters,
)

SAMPLE = 1_000_000 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 4_000


@pytest.mark.slow
def test_every_text_that_others_read_is_read_here_as_they_read_it() -> None:
    assert disagreements(SAMPLE) == []


@pytest.mark.slow
def test_no_text_is_lost_here_that_others_read_however_it_was_damaged() -> None:
    found = damaged(SAMPLE)
    assert found.read > SAMPLE // 4
    assert found.lost == ()


@pytest.mark.parametrize("coding", range(256))
def test_every_coding_scheme_has_the_alphabet_of_the_standard(coding: int) -> None:
    """TS 23.038 section 4, read apart: bits say it below 0x80; then groups C, D, E and F."""
    bits, group = coding >> 2 & 3, coding >> 4
    kind = bits if group < 8 else {0xE: 2, 0xF: bits & 1}.get(group, 0)
    data = bytes.fromhex("00410042")
    expected = {1: "\x00A\x00B", 2: "AB"}.get(kind, letters(gsm7.unpacked(data, 4), False))
    pdu = f"0000 02 81 44 00 {coding:02X} {STAMP} 04".replace(" ", "") + data.hex()
    assert decode(pdu) == Incoming("44", expected)


@pytest.mark.parametrize(
    ("language", "septets", "text"),
    [
        # Checked against the decoder of node-smpp 0.6, which has these tables too.
        (1, "0B 1B63 07 40 04 1C 1D 60 1B65", "Ğçıİ€Şşç€"),
        (3, "04 06 07 08 09 0B 0C 12 15 18 1B7B 24 40 5B 60 7B 7D 1B0E", "êúíóçÔôª∞€ãºÍÃ~ã`Á"),
    ],
    ids=["Turkish", "Portuguese"],
)
def test_shift_tables_of_other_languages(language: int, septets: str, text: str) -> None:
    header = bytes([6, LOCKING_SHIFT, 1, language, SINGLE_SHIFT, 1, language])
    body = header + gsm7.packed(bytes.fromhex(septets))  # 7 octets: 8 septets, no fill
    length = 8 + len(bytes.fromhex(septets))
    pdu = bytes.fromhex("00 40 02 81 44 00 00" + STAMP) + bytes([length]) + body
    assert decode(pdu.hex()) == Incoming("44", text)


def test_a_reference_of_16_bits_takes_no_letter() -> None:
    """Seven octets of header end on a septet: nothing is filled up."""
    header = bytes.fromhex("06 08 04 1234 02 01")
    body = header + gsm7.packed(b"C 4417")
    pdu = bytes.fromhex("00 40 0B 81 4477001032F4 00 00" + STAMP) + bytes([8 + 6]) + body
    assert decode(pdu.hex()) == Incoming("44770001234", "C 4417")


def received(header: bytes, text: bytes, announced: int = 0, address: str = "02 81 44") -> Incoming:
    """A text in the phones' own alphabet; ``announced``: so many letters more than there are."""
    letters = gsm7.packed(bytes((len(header) * 8 + 6) // 7) + text)[len(header) :]
    length = (len(header) * 8 + 6) // 7 + len(text) + announced
    first = "40" if header else "00"
    pdu = bytes.fromhex(f"00 {first} {address} 00 00" + STAMP) + bytes([length]) + header + letters
    decoded = decode(pdu.hex())
    assert isinstance(decoded, Incoming)
    return decoded


@pytest.mark.parametrize(
    ("header", "whole"),
    [
        ("", True),
        ("05 00 03 12 02 01", False),
        ("05 00 03 12 02 02", False),
        ("06 08 04 1234 03 02", False),
        ("08 25 01 01 00 03 12 02 01", False),  # after a shift table
        ("05 00 03 12 01 01", True),  # one of one
        ("03 25 01 00", True),
        ("04 00 03 12 02", False),  # cut short
    ],
)
def test_a_part_of_a_longer_text_is_told_from_a_whole_one(header: str, whole: bool) -> None:
    """What the other parts say may be the opposite."""
    decoded = received(bytes.fromhex(header), b"4417 0099 1")
    assert (decoded.text[-1:], decoded.whole) == ("1", whole)


def test_a_text_that_was_cut_short_is_not_whole() -> None:
    assert not received(b"", b"4417 0099 1", announced=9).whole


@pytest.mark.parametrize(
    ("stamp", "sent"),
    [
        ("62112221000000", "2026-11-22T12:00:00+00:00"),
        ("62112241030021", "2026-11-22T14:30:00+03:00"),
        ("6211227003000A", "2026-11-22T07:30:00-05:00"),
        ("62112221954380", "2026-11-22T12:59:34+02:00"),
        ("00000000000000", None),
        ("FFFFFFFFFFFFFF", None),
    ],
)
def test_the_time_at_which_a_text_was_sent(stamp: str, sent: str | None) -> None:
    decoded = decode(f"0000028144 0000{stamp}0131".replace(" ", ""))
    assert isinstance(decoded, Incoming)
    expected = None if sent is None else datetime.fromisoformat(sent).timestamp()
    assert decoded.sent_at == expected


@pytest.mark.parametrize("name", ["+447700900101", "447700900101", "0123"])
def test_a_name_that_is_spelt_like_a_number_is_no_number(name: str) -> None:
    """Anybody can have their texts sent under any name."""
    letters = gsm7.packed(name.encode())
    address = bytes([-(-len(name) * 7 // 4), 0xD0]) + letters
    assert received(b"", b"4417 0099 1", address=address.hex()).sender == ""
    assert received(b"", b"x", address="08 D0 " + gsm7.packed(b"Bank").hex()).sender == "Bank"


@pytest.mark.parametrize("wanted", [None, 0x00])
def test_a_report_names_its_recipient(wanted: int | None) -> None:
    optional = "" if wanted is None else f"{wanted:02X}"  # TP-PI and what may follow it
    pdu = f"0006070C91447700091032{STAMP}{STAMP}00{optional}"
    assert decode(pdu) == StatusReport(7, True, "+447700900123")
