"""Texts to PDUs and back: the only importer of python-gsmmodem-new, for its codec alone.

Import this module late: ``gsmmodem.pdu`` brings the whole modem class along
(18 M instructions). Why the rest of that library stays unused:
docs/decisions/0003-own-modem-link.md.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from gsmmodem.pdu import decodeSmsPdu, encodeSmsSubmitPdu

NUMBER = re.compile(r"\+?[0-9]{3,20}")
UCS2_ALONE = 70  # code units in a text of one part
UCS2_PART = 67  # code units in a part of several
PARTS_MOST = 8  # 1224 GSM-7 or 536 UCS-2 characters; more is a mistake, and a minute of the port
SAME_MEANING = str.maketrans({"`": "'", "\r": None, "\x1b": " ", "\x00": None, "\f": "\n"})
VALID_TIME = bytes.fromhex("62101000000000")  # 1 January 2026


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
    pdus = encodeSmsSubmitPdu(number, _sendable(text), reference=reference & 0xFF)
    if len(pdus) > PARTS_MOST:
        raise PduRefused(f"the text needs {len(pdus)} SMS; {PARTS_MOST} are allowed")
    return [Part(pdu.tpduLength, str(pdu)) for pdu in pdus]


def _sendable(text: str) -> str:
    """``text`` as the codec gets it right: UTF-16 code units, no split pair, no mistaken letter.

    The codec sends a backtick as a section sign and a y with diaeresis as a
    page break, and knows no character beyond 16 bits (emoji).
    """
    plain = text.translate(SAME_MEANING)
    plain = plain.replace("\xff", unicodedata.normalize("NFD", "\xff"))
    units = plain.encode("utf-16-be", "surrogatepass")
    codes = [chr(units[i] << 8 | units[i + 1]) for i in range(0, len(units), 2)]
    if len(codes) == len(plain) or len(codes) <= UCS2_ALONE:
        return "".join(codes)
    whole: list[str] = []
    for code in codes:
        if len(whole) % UCS2_PART == UCS2_PART - 1 and "\ud800" <= code <= "\udbff":
            whole.append(" ")  # or else the pair would be torn between two parts
        whole.append(code)
    return "".join(whole)


def decode(pdu: str) -> Incoming | StatusReport | None:
    """A received PDU in hex; None for anything that is not a text or a status report.

    Never raises: a PDU is written by a stranger.
    """
    try:
        raw = bytearray.fromhex(pdu)
        _mend_times(raw)
        fields = decodeSmsPdu(raw)
        if fields["type"] == "SMS-STATUS-REPORT":
            return StatusReport(fields["reference"], _delivered(fields["status"]))
        if fields["type"] != "SMS-DELIVER":
            return None
        units = "".join(fields["text"]).encode("utf-16-le", "surrogatepass")
        return Incoming(fields["number"] or "", units.decode("utf-16-le", "replace"))
    except Exception:  # noqa: BLE001 - see below
        # The codec raises whatever its byte arithmetic happens to run into.
        return None


def _mend_times(raw: bytearray) -> None:
    """Overwrite the time stamps, which nobody here reads: the codec refuses odd ones, text and all.

    3GPP TS 23.040 section 9.2.2.1 (deliver) and 9.2.2.3 (status report).
    """
    first = 1 + raw[0]
    kind = raw[first] & 0x03
    address = first + (1 if kind == 0 else 2)
    after_address = address + 2 + (raw[address] + 1) // 2
    starts = {0: [after_address + 2], 2: [after_address, after_address + 7]}.get(kind, [])
    for start in starts:
        raw[start : start + 7] = VALID_TIME


def _delivered(status: int) -> bool | None:
    """TP-Status, 3GPP TS 23.040 section 9.2.3.15: below 0x20 delivered, from 0x40 given up."""
    if status < 0x20:
        return True
    return False if status >= 0x40 else None
