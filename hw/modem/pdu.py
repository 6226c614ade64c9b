"""Texts to PDUs and back: the only importer of python-gsmmodem-new, for its codec alone.

Import this module late: ``gsmmodem.pdu`` brings the whole modem class along
(18 M instructions). Why the rest of that library stays unused:
docs/decisions/0003-own-modem-link.md.
"""

import re
from dataclasses import dataclass, field

from gsmmodem.pdu import decodeSmsPdu, encodeGsm7, encodeSemiOctets, packSeptets

NUMBER = re.compile(r"\+?[0-9]{3,20}")
GSM7_ALONE, GSM7_PART = 160, 153  # septets in a text of one part; in a part of several
UCS2_ALONE, UCS2_PART = 140, 134  # octets; 3GPP TS 23.040 section 9.2.3.24.1
PARTS_MOST = 8  # 1224 GSM-7 or 536 UCS-2 characters; more is a mistake, and a minute of the port
SAME_MEANING = str.maketrans({"`": "'", "\r": None, "\x1b": " ", "\x00": None, "\f": "\n"})
VALID_TIME = bytes.fromhex("62101000000000")  # 1 January 2026
VALIDITY = 169
"""TP-VP: 3 days (3GPP TS 23.040 section 9.2.3.12.1). A phone that is off for a weekend still gets
the alarm; without it each network applies a limit of its own."""

_SUBMIT, _VALIDITY_RELATIVE, _REPORT_WANTED, _HAS_HEADER = 0x01, 0x10, 0x20, 0x40
_INTERNATIONAL, _AS_DIALLED = 0x91, 0x81
_GSM7, _UCS2 = 0x00, 0x08
_ESCAPE = 0x1B
_CONCATENATION_FILL = 6  # what packSeptets calls the one spare bit after a header of six octets


@dataclass(frozen=True)
class Part:
    """One AT+CMGS: the length it announces (the SMSC octets not counted) and the PDU in hex."""

    length: int
    pdu: str = field(repr=False)


@dataclass(frozen=True)
class Incoming:
    """A text that came in."""

    sender: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True)
class StatusReport:
    """What the network says of a text of ours. ``delivered`` None: it is still trying."""

    reference: int
    delivered: bool | None
    recipient: str = field(default="", repr=False, compare=False)


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
        pieces = _cut_septets(septets)
    else:
        pieces = _cut_units(plain.encode("utf-16-be", "replace"))
    if len(pieces) > PARTS_MOST:
        raise PduRefused(f"the text needs {len(pieces)} SMS; {PARTS_MOST} are allowed")
    coding = _GSM7 if septets is not None else _UCS2
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


def _cut_septets(septets: bytes) -> list[bytes]:
    """As few parts as can be, none of which ends between an escape and its letter."""
    if len(septets) <= GSM7_ALONE:
        return [septets]
    pieces = []
    while septets:
        size = GSM7_PART
        if len(septets) > size and septets[size - 1] == _ESCAPE:
            size -= 1
        pieces.append(septets[:size])
        septets = septets[size:]
    return pieces


def _cut_units(units: bytes) -> list[bytes]:
    """The same for UTF-16, where two code units may be one character."""
    if len(units) <= UCS2_ALONE:
        return [units]
    pieces = []
    while units:
        size = UCS2_PART
        if len(units) > size and 0xD8 <= units[size - 2] <= 0xDB:
            size -= 2
        pieces.append(units[:size])
        units = units[size:]
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

    Never raises: a PDU is written by a stranger.
    """
    try:
        raw = bytearray.fromhex(pdu)
        _mend_times(raw)
        fields = decodeSmsPdu(raw)
        if fields["type"] == "SMS-STATUS-REPORT":
            delivered = _delivered(fields["status"])
            return StatusReport(fields["reference"], delivered, fields["number"] or "")
        if fields["type"] != "SMS-DELIVER":
            return None
        text = "".join(fields["text"])
        if not raw[_coding_at(raw)] & 0x0C:
            text = text.replace("`", "§")  # the codec's mistake in GSM-7, turned back
        units = text.encode("utf-16-le", "surrogatepass")
        return Incoming(fields["number"] or "", units.decode("utf-16-le", "replace"))
    except Exception:  # noqa: BLE001 - see below
        # The codec raises any error that its byte arithmetic happens to run into.
        return None


def _mend_times(raw: bytearray) -> None:
    """Overwrite the time stamps, which are not used: the codec refuses odd ones, text and all.

    3GPP TS 23.040 section 9.2.2.1 (deliver) and 9.2.2.3 (status report).
    """
    kind = raw[1 + raw[0]] & 0x03
    after_address = _after_address(raw, 1 if kind == 0 else 2)
    starts = {0: [after_address + 2], 2: [after_address, after_address + 7]}.get(kind, [])
    for start in starts:
        raw[start : start + 7] = VALID_TIME


def _coding_at(raw: bytearray) -> int:
    """Where TP-DCS stands in an SMS-DELIVER."""
    return _after_address(raw, 1) + 1


def _after_address(raw: bytearray, octets_before: int) -> int:
    address = 1 + raw[0] + octets_before
    return address + 2 + (raw[address] + 1) // 2


def _delivered(status: int) -> bool | None:
    """TP-Status, 3GPP TS 23.040 section 9.2.3.15: below 0x20 delivered, from 0x40 given up."""
    if status < 0x20:
        return True
    return False if status >= 0x40 else None
