"""A session without what must not leave the bench: phone numbers, texts, PINs, passwords.

Every mask is as long as what it hides, so that times and lengths stay true; one number is hidden
by one other number throughout, so that a replayed conversation still makes sense. Cells, operator
and what travels over the data path stay: they tell where the recording was made.
"""

import re
from collections import deque
from dataclasses import replace

from outcry.hw.board.modem.sms import gsm7
from outcry.hw.board.modem.sms.pdu import Content
from outcry.hw.board.replay.host_side import HostSide, Unit
from outcry.hw.board.replay.session import Chunk, Side

LONGEST_LINE = 2048  # more without an end is noise, and is masked as a whole
_DIGITS = re.compile(rb"\d{7,}")
_NUMBER_QUOTED = re.compile(rb'("\+?)(\d+)"')
_UCS2_QUOTED = re.compile(rb'"(?!\d+")([0-9A-Fa-f]{8,})"')
_QUOTED = re.compile(rb'"([^"]*)"')
_DIALLED = re.compile(rb"^(AT ?D)([0-9*#+]+)", re.IGNORECASE)
_SECRET = re.compile(rb"\+(?:CPIN|CLCK|CPWD) ?= ?(.*)", re.IGNORECASE)
_ACCESS = re.compile(rb'\+(?:CIPCSGP|CSTT)(?: ?=|: )[^"]*"[^"]*"(.*)', re.IGNORECASE)
_BEARER = re.compile(rb'\+SAPBR ?=[^"]*"(?:USER|PWD)" ?, ?(.*)', re.IGNORECASE)
_BEARER_SHOWN = re.compile(rb"^(?:USER|PWD|PHONENUM): (.*)")
_TEXT_MODE = re.compile(rb"\+CMGF(?: ?=|:) ?([01])", re.IGNORECASE)
_NUMBERS_IN = re.compile(rb"\+(?:CMG[SWCRL]|CMSS|CMT|CDS|CSCA|CLIP|CNUM|CPB[WRF]|CMTI)\b")
_NAMES_IN = re.compile(rb"\+(?:CMGR|CMGL|CMT|CNUM|CPB[RF]|CUSD|CLIP)\b: ?")
_PLACE_IN = re.compile(rb"\+(?:CLBS|CIPGSMLOC): ")
_BODY_AFTER = re.compile(rb"\+(?:CMGR|CMGL|CMT|CDS|CBM): ")
_ENDS_BODY = re.compile(rb"(?:OK|ERROR|\+CM[ES] ERROR: .*|\+CMTI: .*)\s*")
_HEX_LINE = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,}")


class Masker:
    """Chunks in, masked chunks out, in order; the last are held back until their lines end."""

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()
        self._done: dict[Side, bytearray] = {"host": bytearray(), "modem": bytearray()}
        self._host = HostSide()
        self._line = bytearray()
        self._in_body = False
        self._text_mode = False  # AT+CMGF: what looks like a PDU then is none
        self._numbers: dict[bytes, bytes] = {}

    def take(self, chunk: Chunk) -> list[Chunk]:
        """What can be written now."""
        self._chunks.append(chunk)
        if chunk.side == "host":
            self._typed(self._host.take(chunk.data))
        else:
            self._heard(chunk.data)
        return self._ready()

    def rest(self) -> list[Chunk]:
        """The end: what was held back, masked as a whole."""
        self._done["host"] += _blotted(self._host.pending)
        self._done["modem"] += _blotted(bytes(self._line))
        return self._ready()

    def _ready(self) -> list[Chunk]:
        ready = []
        while self._chunks and len(self._chunks[0].data) <= len(self._done[self._chunks[0].side]):
            chunk = self._chunks.popleft()
            done, size = self._done[chunk.side], len(chunk.data)
            ready.append(replace(chunk, data=bytes(done[:size])))
            del done[:size]
        return ready

    def _typed(self, units: list[Unit]) -> None:
        for unit in units:
            if unit.kind == "data":
                masked = unit.data
            elif unit.kind == "line":
                masked = self._command(unit.data)
            else:
                masked = self._text(unit.data[:-1]) + unit.data[-1:]
            self._done["host"] += masked

    def _heard(self, data: bytes) -> None:
        self._line += data
        while (end := self._line.find(b"\n") + 1) or len(self._line) > LONGEST_LINE:
            line = bytes(self._line[: end or None])
            del self._line[: end or None]
            text = line.strip(b"\r\n\x00")
            masked = line.replace(text, self._answer(text), 1) if end else _blotted(line)
            self._done["modem"] += masked
            self._typed(self._host.hears(line))
        self._host.hears(bytes(self._line))

    def _answer(self, text: bytes) -> bytes:
        if text.startswith(b">"):
            return text[:1] + self._text(text[1:])
        if _BODY_AFTER.match(text):
            self._in_body = True
        elif self._in_body and text and not _ENDS_BODY.fullmatch(text):
            if _HEX_LINE.fullmatch(text):
                self._in_body = False  # a PDU is one line
            return self._text(text)
        elif text:
            self._in_body = False
        if _PLACE_IN.match(text):
            return re.sub(rb"\d", b"0", text)
        return self._command(text)

    def _command(self, line: bytes) -> bytes:
        if found := _TEXT_MODE.search(line):
            self._text_mode = found[1] == b"1"
        line = _DIALLED.sub(lambda found: found[1] + self._as(found[2]), line)
        for secret in (_SECRET, _ACCESS, _BEARER, _BEARER_SHOWN):
            line = secret.sub(_end_blotted, line)
        return self._numbered(line)

    def _numbered(self, text: bytes) -> bytes:
        if _NUMBERS_IN.search(text):
            text = _NUMBER_QUOTED.sub(lambda found: found[1] + self._as(found[2]) + b'"', text)
            text = _UCS2_QUOTED.sub(lambda found: b'"%b"' % _blotted(found[1]), text)
        if _NAMES_IN.match(text):
            text = _QUOTED.sub(_name_blotted, text)
        return _DIGITS.sub(lambda found: self._as(found[0]), text)

    def _as(self, digits: bytes) -> bytes:
        """What stands for a number: of its length, and where that fits of the range for fiction."""
        if digits in self._numbers.values():
            return digits
        if digits not in self._numbers:
            start = b"447700900" if len(digits) == 12 else b""
            number = start + b"%0*d" % (len(digits) - len(start), len(self._numbers))
            self._numbers[digits] = number[-len(digits) :]
        return self._numbers[digits]

    def _text(self, text: bytes) -> bytes:
        """A message as it goes over the line: a PDU keeps its form, anything else is blotted."""
        bare = text.strip()
        if self._text_mode or not _HEX_LINE.fullmatch(bare):
            return _blotted(text)
        try:
            masked = self._pdu(bytes.fromhex(bare.decode())).hex().encode()
        except (IndexError, ValueError):
            masked = _blotted(bare)
        if bare.upper() == bare:
            masked = masked.upper()
        return text.replace(bare, masked)

    def _pdu(self, octets: bytes) -> bytes:
        """Centre, number and words hidden; kind, reference, times and parts as they were.

        Raises IndexError or ValueError for what is none (3GPP TS 23.040 §9.2).
        """
        centre = octets[0]
        tpdu = octets[1 + centre :]
        masked = octets[:2] + self._semi_octets(octets[2 : 1 + centre]) if centre else octets[:1]
        kind = tpdu[0] & 0x03
        number = 3 if kind == 0 else 4
        rest = number + (tpdu[number - 2] + 1) // 2
        digits = tpdu[number:rest]
        alphabetic = tpdu[number - 1] & 0x70 == 0x50
        masked += tpdu[:number]
        masked += bytes(len(digits)) if alphabetic else self._semi_octets(digits)
        if kind == 2:
            return masked + tpdu[rest : rest + 15] + bytes(len(tpdu[rest + 15 :]))
        times = (0, 7, 1, 7)[tpdu[0] >> 3 & 3] if kind == 1 else 7
        data = rest + 2 + times + 1
        words = _words_blotted(tpdu[rest + 1], tpdu[data - 1], tpdu[data:], bool(tpdu[0] & 0x40))
        return masked + tpdu[rest:data] + words

    def _semi_octets(self, octets: bytes) -> bytes:
        swapped = _swapped(octets.hex())
        if not (digits := swapped.rstrip("f")):
            raise ValueError("an address without a digit")
        hidden = self._as(digits.encode()).decode()
        return bytes.fromhex(_swapped(hidden.ljust(len(swapped), "f")))


def _swapped(pairs: str) -> str:
    return re.sub("(.)(.)", r"\2\1", pairs)


def _words_blotted(coding: int, length: int, data: bytes, has_header: bool) -> bytes:
    taken = data[0] + 1 if has_header else 0
    if taken > len(data):
        raise IndexError
    match Content(coding).alphabet:
        case "gsm":
            fill = -8 * taken % 7
            count = max(0, length - (8 * taken + fill) // 7)
            words = gsm7.packed(b"x" * count, fill)
        case "ucs2":
            words = b"\0x" * (len(data) // 2 + 1)
        case _:
            words = b"x" * len(data)
    room = len(data) - taken
    return data[:taken] + words[:room].ljust(room, b"\0")


def _blotted(text: bytes) -> bytes:
    """Digits become 0, other signs x; what ends a line stays."""
    text = re.sub(rb"[0-9]", b"0", text)
    return re.sub(rb"[^0-9\r\n\x1a\x1b> ]", b"x", text)


def _end_blotted(found: re.Match[bytes]) -> bytes:
    return found[0].removesuffix(found[1]) + re.sub(rb'[^",\r\n]', b"0", found[1])


def _name_blotted(found: re.Match[bytes]) -> bytes:
    """Statuses and dates stay; a number has been hidden before."""
    inner = found[1]
    if re.fullmatch(rb"\+?\d*|(?:REC|STO) [A-Z]+|[0-9/,:+-]+", inner):
        return found[0]
    return b'"%b"' % re.sub(rb"[^0]", b"x", inner)
