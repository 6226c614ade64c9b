"""Texts to PDUs and back: the only importer of python-gsmmodem-new, for its encoder alone.

Import this module late: ``gsmmodem.pdu`` brings the whole modem class along
(18 M instructions). Why the rest of that library stays unused:
docs/decisions/0003-own-modem-link.md. Its decoder loses the first letter of a text whose header
has an odd length, and knows neither shift tables nor all coding groups.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO

from gsmmodem.pdu import GSM7_BASIC, GSM7_EXTENDED, encodeGsm7, encodeSemiOctets, packSeptets

NUMBER = re.compile(r"\+?[0-9]{3,20}")
GSM7_ALONE, GSM7_PART = 160, 153  # septets in a text of one part; in a part of several
UCS2_ALONE, UCS2_PART = 140, 134  # octets; 3GPP TS 23.040 section 9.2.3.24.1
PARTS_MOST = 8  # 1224 GSM-7 or 536 UCS-2 characters; more is a mistake, and a minute of the port
SAME_MEANING = str.maketrans({"`": "'", "\r": None, "\x1b": " ", "\x00": None, "\f": "\n"})
VALIDITY = 169
"""TP-VP: 3 days (3GPP TS 23.040 section 9.2.3.12.1). A phone that is off for a weekend still gets
the alarm; without it each network applies a limit of its own."""

_SUBMIT, _VALIDITY_RELATIVE, _REPORT_WANTED, _HAS_HEADER = 0x01, 0x10, 0x20, 0x40
_INTERNATIONAL, _AS_DIALLED = 0x91, 0x81
_GSM7, _OCTETS, _UCS2 = 0x00, 0x04, 0x08
_KIND, _DELIVER, _STATUS_REPORT = 0x03, 0x00, 0x02
_TYPE_OF_NUMBER, _NAME = 0x70, 0x50
_DIGITS = "0123456789*#abc "  # 3GPP TS 23.040 section 9.1.2.3
_TIME_STAMP = 7
_ESCAPE = 0x1B
_FIRST_SURROGATES = range(0xD8, 0xDC)  # UTF-16's first octets of a character of two units
_SINGLE_SHIFT, _LOCKING_SHIFT = 0x24, 0x25  # 3GPP TS 23.040 sections 9.2.3.24.15 and .16
_BASIC = GSM7_BASIC.replace("`", "§").replace("\x1b", " ")  # a mistake; an escape of an escape
_EXTENSION = {ord(code): letter for letter, code in GSM7_EXTENDED.items() if letter != "ÿ"}
_EXTENSION |= {0x0A: "\f"}


def _at(codes: str, letters: str) -> dict[int, str]:
    return dict(zip(bytes.fromhex(codes), letters, strict=True))


# By language, 3GPP TS 23.038 section 6.2.1.2.4. A phone may take one that it lacks for the default.
_TURKISH, _SPANISH, _PORTUGUESE = b"\x01", b"\x02", b"\x03"
_SHIFTED = {
    _TURKISH: _EXTENSION | _at("47 49 53 63 67 69 73", "ĞİŞçğış"),
    _SPANISH: _EXTENSION | _at("09 41 49 4F 55 61 69 6F 75", "çÁÍÓÚáíóú"),
    _PORTUGUESE: _EXTENSION
    | _at("05 09 0B 0C 0E 0F 12 13 15 16 17 18 19 1F", "êçÔôÁáΦΓΩΠΨΣΘÊ")
    | _at("41 49 4F 55 5B 5C 61 69 6F 75 7B 7C 7F", "ÀÍÓÚÃÕÂíóúãõâ"),
}
_LOCKED = {
    _TURKISH: _BASIC.translate(str.maketrans("èìØøÆæ¡¿", "€ıĞğŞşİç")),
    _PORTUGUESE: _BASIC.translate(
        str.maketrans("èùìòÇØøÅåΦΓΛΩΠΨΣΘΞÆæß¤¡ÄÖÑ¿äöñ", "êúíóçÔôÁáªÇÀ∞^\\€Ó|ÂâÊºÍÃÕÚ~ãõ`")
    ),
}
_CONCATENATIONS = (0x00, 0x08)  # with a reference of 8 and of 16 bits
_CONCATENATION_FILL = 6  # what packSeptets calls the one spare bit after a header of six octets


@dataclass(frozen=True)
class Part:
    """One AT+CMGS: the length it announces (the SMSC octets not counted) and the PDU in hex."""

    length: int
    pdu: str = field(repr=False)


@dataclass(frozen=True)
class Incoming:
    """``whole``: it is neither one part of several nor cut short. ``sent_at``: Unix seconds, as the
    sender's SMS centre has them, which may be hours off; None: it says none. A sender who has a name for a number has none of
    figures: names are free to choose, and could be a number that is somebody else's."""

    sender: str = field(repr=False)
    text: str = field(repr=False)
    whole: bool = field(default=True, compare=False)
    sent_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class StatusReport:
    """What the network says of a text of ours. ``delivered`` None: it is still trying."""

    reference: int
    delivered: bool | None
    recipient: str = field(repr=False)


class PduRefused(ValueError):
    """This text or number cannot be sent; the message says which, never its content."""


def encode(number: str, text: str, reference: int) -> list[Part]:
    """The parts of ``text``: GSM-7 if the text allows, else UCS-2; delivery reports requested.

    ``reference`` 0-255 ties the parts together. Raises ``PduRefused``.
    """
    if not NUMBER.fullmatch(number):
        raise PduRefused("the number is not a phone number: digits, with + and country code")
    if not text:
        raise PduRefused("the text is empty")
    plain = text.translate(SAME_MEANING)
    septets = _septets(plain)
    if septets is not None:
        coding, pieces = _GSM7, _cut(septets, GSM7_ALONE, GSM7_PART, 1, (_ESCAPE,))
    else:
        units = plain.encode("utf-16-be", "replace")
        coding, pieces = _UCS2, _cut(units, UCS2_ALONE, UCS2_PART, 2, _FIRST_SURROGATES)
    if len(pieces) > PARTS_MOST:
        raise PduRefused(f"the text needs {len(pieces)} SMS; {PARTS_MOST} are allowed")
    headers = [b""]
    if len(pieces) > 1:
        same = bytes([5, 0, 3, reference & 0xFF, len(pieces)])
        headers = [same + bytes([place]) for place in range(1, len(pieces) + 1)]
    tpdus = [
        _submit(number, coding, header, piece)
        for header, piece in zip(headers, pieces, strict=True)
    ]
    return [Part(len(tpdu), "00" + tpdu.hex().upper()) for tpdu in tpdus]


def _septets(text: str) -> bytes | None:
    """One septet a byte, or None where GSM 03.38 lacks a letter.

    The codec has a backtick for the section sign, and a y with diaeresis as an escape.
    """
    if "`" in text or "\xff" in text:
        return None
    try:
        return bytes(encodeGsm7(text.replace("§", "`")))
    except ValueError:
        return None


def _cut(text: bytes, alone: int, part: int, unit: int, begins: Container[int]) -> list[bytes]:
    """As few parts as can be, none of which ends amid a letter of two units.

    ``begins`` are the first octets of the units of which another follows.
    """
    if len(text) <= alone:
        return [text]
    pieces = []
    while text:
        size = part
        if len(text) > size and text[size - unit] in begins:
            size -= unit
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def _submit(number: str, coding: int, header: bytes, body: bytes) -> bytes:
    """An SMS-SUBMIT without the service centre's address: 3GPP TS 23.040 section 9.2.2.2."""
    first = _SUBMIT | _VALIDITY_RELATIVE | _REPORT_WANTED | (_HAS_HEADER if header else 0)
    digits = number.removeprefix("+")
    kind = _INTERNATIONAL if number.startswith("+") else _AS_DIALLED
    to = bytes([len(digits), kind]) + bytes(encodeSemiOctets(digits))
    if coding == _UCS2:
        length, data = len(header) + len(body), body
    else:
        length = len(body) + (len(header) * 8 + 6) // 7
        data = bytes(packSeptets(bytearray(body), padBits=_CONCATENATION_FILL if header else 0))
    # TP-MR is the modem's to choose: +CMGS tells it.
    return bytes([first, 0]) + to + bytes([0, coding, VALIDITY, length]) + header + data


def decode(pdu: str) -> Incoming | StatusReport | None:
    """A received PDU in hex; None for anything that is not a text or a status report.

    Never raises: a PDU is written by a stranger. One that is cut short gives what is there of its
    text. 3GPP TS 23.040 sections 9.2.2.1 (SMS-DELIVER) and 9.2.2.3 (SMS-STATUS-REPORT).
    """
    try:
        octets = BytesIO(bytes.fromhex(pdu))
        (centre,) = _take(octets, 1)
        *_, first = _take(octets, centre + 1)
        if first & _KIND == _STATUS_REPORT:
            (reference,) = _take(octets, 1)
            recipient = _address(octets)
            *_, status = _take(octets, 2 * _TIME_STAMP + 1)
            return StatusReport(reference, _delivered(status), recipient)
        if first & _KIND != _DELIVER:
            return None
        sender = _address(octets)
        _, coding, *stamp, length = _take(octets, 2 + _TIME_STAMP + 1)
        data = octets.read()
        header = data[: data[0] + 1] if first & _HAS_HEADER and data else b""
        announced = (length * 7 + 7) // 8 if _alphabet(coding) == _GSM7 else length
        one = not any(_is_of_several(*each) for each in _elements(header[1:]))
        whole = one and len(data) >= announced
        return Incoming(sender, _text(data, length, coding, header), whole, _moment(stamp))
    except ValueError:
        return None


def _take(octets: BytesIO, count: int) -> bytes:
    """The next ``count``. Raises ValueError where the PDU ends too early."""
    taken = octets.read(count)
    if len(taken) < count:
        raise ValueError("cut short")
    return taken


def _address(octets: BytesIO) -> str:
    """A number as it is dialled, or a sender's name: 3GPP TS 23.040 section 9.1.2.5."""
    digits, kind = _take(octets, 2)
    value = _take(octets, (digits + 1) // 2)
    if kind & _TYPE_OF_NUMBER == _NAME:
        name = _shown(_septets_of(value, digits * 4 // 7), _BASIC, _EXTENSION)
        return "" if NUMBER.fullmatch(name) else name
    plus = "+" if kind & _TYPE_OF_NUMBER == _INTERNATIONAL & _TYPE_OF_NUMBER else ""
    return plus + "".join(_DIGITS[o & 0xF] + _DIGITS[o >> 4] for o in value)[:digits]


def _moment(stamp: list[int]) -> float | None:
    """A time stamp in Unix seconds: 3GPP TS 23.040 section 9.2.3.11."""
    figures = [(octet & 0xF) * 10 + (octet >> 4) for octet in stamp]
    year, month, day, hour, minute, second, zone = figures
    quarters = -(zone - 80) if zone >= 80 else zone  # the sign is its highest bit
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
        return local.timestamp() - 900 * quarters
    except ValueError:
        return None


def _text(data: bytes, length: int, coding: int, header: bytes) -> str:
    """The text after its header. ``length`` counts septets in GSM-7, octets otherwise."""
    alphabet = _alphabet(coding)
    if alphabet == _GSM7:
        shifts = dict(_elements(header[1:]))
        septets = _septets_of(data, length)[(len(header) * 8 + 6) // 7 :]
        single, locking = (shifts.get(kind, b"")[:1] for kind in (_SINGLE_SHIFT, _LOCKING_SHIFT))
        return _shown(septets, _LOCKED.get(locking, _BASIC), _SHIFTED.get(single, _EXTENSION))
    body = data[len(header) : length]
    if alphabet == _UCS2:
        return body[: len(body) & ~1].decode("utf-16-be", "replace")
    return body.decode("latin-1")


def _alphabet(coding: int) -> int:
    """3GPP TS 23.038 section 4; what is reserved there is GSM-7."""
    group = coding >> 4
    if group < 8:  # bits 3 and 2 say it, whatever the class and whether it deletes itself
        return coding & 0x0C if coding & 0x0C != 0x0C else _GSM7
    if group == 0xE:
        return _UCS2
    return _OCTETS if group == 0xF and coding & 0x04 else _GSM7


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """A header's information elements: 3GPP TS 23.040 section 9.2.3.24."""
    while len(header) >= 2:
        yield header[0], header[2 : 2 + header[1]]
        header = header[2 + header[1] :]


def _is_of_several(kind: int, value: bytes) -> bool:
    """Whether a header's element says so: 3GPP TS 23.040 sections 9.2.3.24.1 and 9.2.3.24.8."""
    return kind in _CONCATENATIONS and value[-2:-1] != b"\x01"


def _septets_of(octets: bytes, count: int) -> bytes:
    bits = int.from_bytes(octets, "little")
    return bytes(bits >> 7 * at & 0x7F for at in range(min(count, len(octets) * 8 // 7)))


def _shown(septets: bytes, basic: str, shifted: dict[int, str]) -> str:
    """The letters; one that is not in the table after an escape is the basic one."""
    letters = []
    escaped = False
    for septet in septets:
        if septet == _ESCAPE and not escaped:
            escaped = True
            continue
        letters.append(shifted.get(septet, basic[septet]) if escaped else basic[septet])
        escaped = False
    return "".join(letters)


def _delivered(status: int) -> bool | None:
    """TP-Status, 3GPP TS 23.040 section 9.2.3.15: below 0x20 delivered, from 0x40 given up."""
    if status < 0x20:
        return True
    return False if status >= 0x40 else None
