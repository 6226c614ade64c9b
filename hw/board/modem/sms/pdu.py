"""SMS transfer units as the network sees them (3GPP TS 23.040 §9.2): SUBMIT in, DELIVER and
STATUS-REPORT out.

The other half of the product's codec, written apart from it (see gsm7).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from outcry.hw.board.modem.sms import gsm7

INTERNATIONAL = 0x91
UNKNOWN_NUMBER = 0x81
DELIVERED = 0x00
_DIGITS = "0123456789*#abc"


class PduInvalid(ValueError):
    """These octets are not an SMS-SUBMIT; a modem answers +CMS ERROR: 304."""


@dataclass(frozen=True)
class Part:
    """Where a text stands in a longer one: shared reference, number of parts, which (from 1)."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True)
class Content:
    """User data with its coding. ``body`` holds septets, one a byte, when 7-bit, else octets."""

    coding: int = 0
    header: bytes = b""  # without its length octet
    body: bytes = b""

    @property
    def alphabet(self) -> str:
        """``gsm``, ``binary`` or ``ucs2`` by the coding scheme (TS 23.038 §4)."""
        if self.coding & 0xF0 == 0xF0:
            return "binary" if self.coding & 0x04 else "gsm"
        if self.coding & 0xC0 == 0:
            return ("gsm", "binary", "ucs2", "gsm")[self.coding >> 2 & 3]
        return "ucs2" if self.coding & 0xF0 == 0xE0 else "gsm"

    @property
    def text(self) -> str:
        """What a phone shows; binary content shows as hexadecimal."""
        if self.alphabet == "gsm":
            return gsm7.decoded(self.body)
        if self.alphabet == "ucs2":
            return self.body.decode("utf-16-be", errors="replace")
        return self.body.hex()

    @property
    def part(self) -> Part | None:
        rest = self.header
        while len(rest) >= 2:
            kind, size = rest[0], rest[1]
            value, rest = rest[2 : 2 + size], rest[2 + size :]
            if kind == 0x00 and len(value) == 3:
                return Part(value[0], value[1], value[2])
            if kind == 0x08 and len(value) == 4:
                return Part(value[0] << 8 | value[1], value[2], value[3])
        return None

    def octets(self) -> bytes:
        """TP-UDL and TP-UD."""
        header = bytes([len(self.header)]) + self.header if self.header else b""
        if self.alphabet != "gsm":
            return bytes([len(header) + len(self.body)]) + header + self.body
        fill = -8 * len(header) % 7
        septets = (8 * len(header) + fill) // 7 + len(self.body)
        return bytes([septets]) + header + gsm7.packed(self.body, fill)


@dataclass(frozen=True)
class Submit:
    """What a modem hands to the network."""

    recipient: str
    content: Content
    wants_report: bool = False


@dataclass(frozen=True)
class Deliver:
    """What a modem holds for its host; ``sent`` is the time stamp's seven octets."""

    sender: str
    content: Content
    sent: bytes


def contents(text: str, reference: int = 0) -> list[Content]:
    """A text in as few parts as it needs: GSM-7 when it fits, else UCS-2."""
    if gsm7.fits(text):
        coding, most, room = 0x00, 160, 153
        letters = [gsm7.encoded(letter) for letter in text]
    else:
        coding, most, room = 0x08, 140, 134
        letters = [letter.encode("utf-16-be") for letter in text]
    if len(whole := b"".join(letters)) <= most:
        return [Content(coding, b"", whole)]
    pieces = [b""]
    for letter in letters:  # no part ends inside a letter
        if len(pieces[-1]) + len(letter) > room:
            pieces.append(b"")
        pieces[-1] += letter
    return [
        Content(coding, bytes([0, 3, reference & 0xFF, len(pieces), number]), piece)
        for number, piece in enumerate(pieces, 1)
    ]


def submit(tpdu: bytes) -> Submit:
    """Read an SMS-SUBMIT (without the service centre's address). Raises PduInvalid."""
    try:
        first = tpdu[0]
        if first & 0x03 != 0x01:
            raise PduInvalid("the first octet is not that of an SMS-SUBMIT")
        recipient, at = _address_at(tpdu, 2)
        coding = tpdu[at + 1]
        at += 2 + (0, 7, 1, 7)[first >> 3 & 3]  # a validity, which this centre ignores
        content = _content(coding, tpdu[at], tpdu[at + 1 :], has_header=bool(first & 0x40))
    except IndexError:
        raise PduInvalid("the SMS-SUBMIT ends too early") from None
    return Submit(recipient, content, bool(first & 0x20))


def submit_octets(message: Submit) -> bytes:
    """An SMS-SUBMIT without a reference, a validity, or the service centre's address."""
    first = 0x01 | (0x40 if message.content.header else 0) | (0x20 if message.wants_report else 0)
    head = bytes([first, 0]) + address(message.recipient)
    return head + bytes([0, message.content.coding]) + message.content.octets()


def _content(coding: int, length: int, data: bytes, *, has_header: bool) -> Content:
    taken = data[0] + 1 if has_header else 0
    header, body = data[1:taken], data[taken:]
    in_septets = Content(coding).alphabet == "gsm"
    octets, most = ((7 * length + 7) // 8, 160) if in_septets else (length, 140)
    if len(data) != octets or length > most:
        raise PduInvalid("the user data's length is not what it says")
    fill = -8 * taken % 7
    count = length - ((8 * taken + fill) // 7 if in_septets else taken)
    if count < 0:
        raise PduInvalid("the user data's header is longer than the user data")
    return Content(coding, header, gsm7.unpacked(body, count, fill) if in_septets else body)


def deliver(sender: str, content: Content, sent: datetime) -> bytes:
    """An SMS-DELIVER, without the service centre's address."""
    first = 0x04 | (0x40 if content.header else 0)  # no more messages wait
    head = bytes([first]) + address(sender) + bytes([0, content.coding])
    return head + timestamp(sent) + content.octets()


def read_deliver(tpdu: bytes) -> Deliver:
    """Read back an SMS-DELIVER of this board's own centre."""
    sender, at = _address_at(tpdu, 1)
    content = _content(tpdu[at + 1], tpdu[at + 9], tpdu[at + 10 :], has_header=bool(tpdu[0] & 0x40))
    return Deliver(sender, content, tpdu[at + 2 : at + 9])


def status_report(reference: int, recipient: str, sent: datetime, done: datetime) -> bytes:
    """An SMS-STATUS-REPORT: the message with this reference was delivered."""
    head = bytes([0x06, reference]) + address(recipient)
    return head + timestamp(sent) + timestamp(done) + bytes([DELIVERED])


def address(number: str) -> bytes:
    """An address field: digits, type, semi-octets; an alphabetic sender is packed as GSM-7."""
    kind = INTERNATIONAL if number.startswith("+") else UNKNOWN_NUMBER
    digits = number.removeprefix("+")
    if not all(digit in _DIGITS for digit in digits):
        letters = gsm7.packed(gsm7.encoded(number))
        return bytes([-(-7 * len(number) // 4), 0xD0]) + letters
    return bytes([len(digits), kind]) + _semi_octets(digits)


def centre_address(number: str) -> bytes:
    """The service centre's address that stands before a transfer unit on the serial line."""
    digits = _semi_octets(number.removeprefix("+"))
    kind = INTERNATIONAL if number.startswith("+") else UNKNOWN_NUMBER
    return bytes([len(digits) + 1, kind]) + digits


def timestamp(moment: datetime) -> bytes:
    """TP-SCTS in UTC, quarter-hours 0."""
    return _semi_octets(moment.astimezone(UTC).strftime("%y%m%d%H%M%S") + "00")


def _semi_octets(digits: str) -> bytes:
    values = [_DIGITS.index(digit) for digit in digits]
    if len(values) % 2:
        values.append(0xF)
    return bytes(high << 4 | low for low, high in zip(values[::2], values[1::2], strict=True))


def _address_at(tpdu: bytes, at: int) -> tuple[str, int]:
    length, kind = tpdu[at], tpdu[at + 1]
    end = at + 2 + (length + 1) // 2
    if length > 20 or len(tpdu) < end:
        raise PduInvalid("the recipient's number has an impossible length")
    if kind & 0x70 == 0x50:
        return gsm7.decoded(gsm7.unpacked(tpdu[at + 2 : end], length * 4 // 7)), end
    digits = []
    for octet in tpdu[at + 2 : end]:
        digits += [octet & 0xF, octet >> 4]
    if not length or any(digit >= len(_DIGITS) for digit in digits[:length]):
        raise PduInvalid("the recipient's number has an impossible digit")
    number = "".join(_DIGITS[digit] for digit in digits[:length])
    return ("+" + number if kind & 0x70 == 0x10 else number), end
