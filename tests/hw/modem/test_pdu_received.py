"""Random PDUs as strangers' phones and odd centres write them, against two codecs from PyPI.

smspdudecoder judges the layout (address, header, coding, what a text is cut to), gsm0338 the
letters behind septets. Where one of them is known to be wrong, ``judged`` says so.
"""

import contextlib
import os
from dataclasses import dataclass
from io import StringIO
from random import Random

import pytest

from outcry.hw.board.modem.sms import gsm7
from outcry.hw.modem.pdu import Incoming, StatusReport, decode

pytest.importorskip("smspdudecoder", reason="smspdudecoder is not installed")
gsm0338 = pytest.importorskip("gsm0338", reason="gsm0338 is not installed")
from smspdudecoder.fields import SMSDeliver

SAMPLE = 1_000_000 if os.environ.get("OUTCRY_CAMPAIGNS") == "full" else 4_000
ESCAPE, SPANISH = 0x1B, 0x02
SINGLE_SHIFT, LOCKING_SHIFT = 0x24, 0x25
NAME, INTERNATIONAL = 0xD0, 0x91
STAMP = "62112212000000"
DEFAULT = gsm0338.Codec()
SHIFTED = gsm0338.Codec(single_shift_decode_map=gsm0338.SINGLE_SHIFT_CHARACTER_SET_SPANISH)


def letters(septets: bytes, spanish: bool) -> str:
    """What gsm0338 reads; a letter missing from its table is the basic one (TS 23.038 6.2.1.1)."""
    shown, at = "", 0
    while at < len(septets):
        size = 2 if septets[at] == ESCAPE else 1
        piece, at = septets[at : at + size], at + size
        if piece == bytes([ESCAPE]):
            continue  # an escape with nothing behind it
        if piece == bytes([ESCAPE, ESCAPE]):
            shown += " "  # kept for another table: a space is shown
            continue
        try:
            shown += (SHIFTED if spanish else DEFAULT).decode(piece)[0]
        except UnicodeDecodeError:
            shown += DEFAULT.decode(piece[1:])[0]
    return shown


@dataclass
class Written:
    """A PDU and, where it is GSM-7, the text that its septets spell."""

    pdu: str
    spelt: str | None


def element(random: Random) -> bytes:
    kind = random.choice([0x00, 0x08, 0x04, 0x05, SINGLE_SHIFT, LOCKING_SHIFT, 0x70, 0x0A])
    value = {
        0x00: lambda: bytes([random.randrange(256), 3, 1]),
        0x08: lambda: bytes([random.randrange(256), random.randrange(256), 3, 1]),
        0x04: lambda: random.randbytes(2),
        0x05: lambda: random.randbytes(4),
        # gsm0338 has the Spanish table; a language nobody here has is shown by the default one.
        SINGLE_SHIFT: lambda: bytes([random.choice([SPANISH, 0x0E, 0x30])]),
        LOCKING_SHIFT: lambda: bytes([random.choice([SPANISH, 0x0E, 0x30])]),
    }.get(kind, lambda: random.randbytes(random.randrange(9)))()
    return bytes([kind, len(value)]) + value


def address(random: Random) -> bytes:
    if random.random() < 0.2:
        name = bytes(random.randrange(0x41, 0x5B) for _ in range(random.randrange(1, 12)))
        return bytes([(len(name) * 7 + 3) // 4, NAME]) + gsm7.packed(name)
    digits = "".join(random.choice("0123456789") for _ in range(random.randrange(1, 21)))
    even = digits + "F" * (len(digits) % 2)
    swapped = bytes.fromhex("".join(even[i + 1] + even[i] for i in range(0, len(even), 2)))
    return bytes([len(digits), random.choice([0x81, INTERNATIONAL, 0xA1, 0xC8])]) + swapped


def written(random: Random) -> Written:
    elements = [element(random) for _ in range(random.choice([0, 0, 1, 1, 2, 3]))]
    header = b"".join(elements)
    header = bytes([len(header)]) + header if elements else b""
    # smspdudecoder reads two bits of the coding: right in these groups alone.
    coding = random.choice([*range(0x40), *range(0xF0, 0xF8)])
    kind = coding >> 2 & 3 if coding < 0x40 else coding >> 2 & 1
    spelt = None
    if kind in (0, 3):
        fill = -8 * len(header) % 7
        room = (140 - len(header)) * 8 // 7 - 1
        septets = bytes(random.randrange(128) for _ in range(random.randrange(room)))
        body = header + gsm7.packed(septets, fill)
        length = (8 * len(header) + fill) // 7 + len(septets)
        shifts = [each[2] for each in elements if each[0] == SINGLE_SHIFT]
        spelt = letters(septets, shifts[-1:] == [SPANISH])
    elif kind == 2:
        text = "".join(random.choice("жЖ人ab 😀ي") for _ in range(random.randrange(30)))
        body = header + text.encode("utf-16-be")
        length = len(body)
    else:
        body = header + random.randbytes(random.randrange(100))
        length = len(body)
    centre = random.randbytes(random.choice([0, 0, 1, 7]))
    if centre:
        centre = b"\x91" + bytes(random.randrange(10) * 0x11 for _ in centre[1:])
    first = random.choice([0x00, 0x04, 0x20, 0x24, 0x80]) | (0x40 if elements else 0)
    pdu = bytes([len(centre)]) + centre + bytes([first]) + address(random)
    pdu += bytes([random.randrange(256), coding]) + bytes.fromhex(STAMP) + bytes([length]) + body
    return Written(pdu.hex(), spelt)


def judged(each: Written) -> tuple[str, str]:
    """Sender and text as the others read them."""
    fields = SMSDeliver.decode(StringIO(each.pdu))
    kind = fields["sender"]["toa"]["ton"]
    sender = fields["sender"]["number"]
    if kind == "alphanumeric":  # seven spare bits are no letter
        sender = sender.rstrip("@")
    data = fields["user_data"]["data"]
    if each.spelt is not None:  # it takes an escape's two septets for one when it cuts
        return ("+" if kind == "international" else "") + sender, each.spelt
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    return ("+" if kind == "international" else "") + sender, text


@pytest.mark.slow
def test_every_text_that_others_read_is_read_here_as_they_read_it() -> None:
    random = Random(1)
    differ = []
    for _ in range(SAMPLE):
        each = written(random)
        if decode(each.pdu) != Incoming(*judged(each)):
            differ.append(each.pdu)
    assert len(differ) == 0, f"{len(differ)} of {SAMPLE}, such as {differ[0]}"


@pytest.mark.slow
def test_no_text_is_lost_here_that_others_read_however_it_was_damaged() -> None:
    random = Random(2)
    read = lost = 0
    for _ in range(SAMPLE):
        raw = bytearray.fromhex(written(random).pdu)
        if random.random() < 0.5:
            del raw[random.randrange(1, len(raw)) :]
        else:
            raw[random.randrange(len(raw))] = random.randrange(256)
        # The judge takes every kind of PDU for a text, and raises whatever it runs into.
        with contextlib.suppress(Exception):
            SMSDeliver.decode(StringIO(raw.hex()))
            if raw[1 + raw[0]] & 0x03 == 0:
                read += 1
                lost += not isinstance(decode(raw.hex()), Incoming)
    assert read > SAMPLE // 4
    assert lost == 0


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


@pytest.mark.parametrize("wanted", [None, 0x00])
def test_a_report_names_its_recipient(wanted: int | None) -> None:
    optional = "" if wanted is None else f"{wanted:02X}"  # TP-PI and what may follow it
    pdu = f"0006070C91447700091032{STAMP}{STAMP}00{optional}"
    assert decode(pdu) == StatusReport(7, True, "+447700900123")
