"""Random PDUs as strangers' phones and odd centres write them, and how two codecs from PyPI read them.

smspdudecoder judges the layout (address, header, coding, what a text is cut to), gsm0338 the
letters behind septets. Where one of them is known to be wrong, ``judged`` says so.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from io import StringIO
from random import Random

import gsm0338
from smspdudecoder.fields import SMSDeliver

from outcry.hw.board.modem.sms import gsm7
from outcry.hw.modem.pdu import Incoming, decode

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


def disagreements(number: int) -> list[str]:
    """Of so many PDUs, always the same ones, those that our decoder reads otherwise."""
    random = Random(1)
    each_of = (written(random) for _ in range(number))
    return [each.pdu for each in each_of if decode(each.pdu) != Incoming(*judged(each))]


@dataclass(frozen=True)
class Damaged:
    """Of PDUs cut short or changed: how many another codec reads, and which of these ours does not."""

    read: int
    lost: tuple[str, ...]


def damaged(number: int) -> Damaged:
    """So many, always the same ones."""
    random = Random(2)
    read, lost = 0, []
    for _ in range(number):
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
                if not isinstance(decode(raw.hex()), Incoming):
                    lost.append(raw.hex())
    return Damaged(read, tuple(lost))
