"""Lines out of bytes: which the modem says of its own accord, and what those of an answer tell.

Any byte is tolerated: a SIM800 sends 00 49 49 49 49 FF FF FF FF at every
power-on (manual p.23), noise is normal life, and neither may stop the owner.
"""

import re
from dataclasses import dataclass, field

from outcry.hw.modem.events import Outcome

SYNC = b"IIII\xff\xff\xff\xff"
SYNC_LINE = "power-on sync bytes"
LONGEST_LINE = 1024  # bytes; manual p.24: 556 characters; more without an end is noise
NOISE = "".join(map(chr, (*range(0x21), *range(0x7F, 0x100))))
PUSHED_DATA = "+IPD"
_HEADED = re.compile(rb"\+IPD,? ?(\d{1,4}):")
_HTTP = b"HTTP/1."
HEAD_MOST = 4096  # bytes of an HTTP answer before its body
_HTTP_HEAD = re.compile(rb"HTTP/1\.[01] \d{3}[^\0]{0,4000}?\r\n\r\n", re.DOTALL)
_HTTP_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,4})\r\n", re.IGNORECASE)
_LINE_END = re.compile(rb"[\r\n]")  # an echo ends with CR alone, and some answers do
_SPACELESS = re.compile(r"^(\+[A-Z]+(?: ERROR)?):(?! )")  # some firmware leaves the space out


class LineBuffer:
    """Bytes in; lines, a prompt, or a counted run of raw bytes out."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._half_end = False  # the last line ended with CR, and its LF may still come
        self.pushed = False
        """Whether the peer's bytes come unasked among the lines, after +IPD or bare."""

    def feed(self, data: bytes) -> None:
        self._bytes += data

    def line(self) -> str | None:
        """The next whole line without its ends and without noise around it; never an empty one.

        Bytes of the peer that come unasked are one line, ``+IPD: `` and themselves in Latin-1.
        """
        while True:
            if self.pushed and (taken := self._peer_says()) is not None:
                return taken or None
            ending = _LINE_END.search(self._bytes)
            end = ending.start() if ending else -1
            sync = self._bytes.find(SYNC)
            if sync >= 0 and (end < 0 or sync < end):
                del self._bytes[: sync + len(SYNC)]
                return SYNC_LINE
            if end < 0:
                if len(self._bytes) > LONGEST_LINE:
                    del self._bytes[: -len(SYNC)]
                return None
            text = self._bytes[:end].decode("latin-1").strip(NOISE)
            ended = self._bytes[end : end + 2]
            self._half_end = ended == b"\r"
            del self._bytes[: end + (2 if ended == b"\r\n" else 1)]
            if text:
                return _SPACELESS.sub(r"\1: ", text)

    def _peer_says(self) -> str | None:
        """The peer's bytes, empty while they are not whole; None where a line begins."""
        start = len(self._bytes) - len(self._bytes.lstrip(b"\r\n"))
        if headed := _HEADED.match(self._bytes, start):
            begin, end = headed.end(), headed.end() + int(headed[1])
        elif http := _HTTP_HEAD.match(self._bytes, start):
            length = _HTTP_LENGTH.search(self._bytes, start, http.end())
            begin, end = start, http.end() + (int(length[1]) if length else 0)
        else:
            begun = self._bytes.startswith(_HTTP, start) and len(self._bytes) < HEAD_MOST
            return "" if begun else None
        if len(self._bytes) < end:
            return ""
        data = bytes(self._bytes[begin:end])
        del self._bytes[:end]
        return f"{PUSHED_DATA}: {data.decode('latin-1')}"

    def prompt(self) -> bool:
        """Whether the unfinished line is the prompt ``>``; it is taken out."""
        if self._bytes.decode("latin-1").strip(NOISE) != ">":
            return False
        self._bytes.clear()
        return True

    def raw(self, count: int) -> bytes | None:
        """Exactly ``count`` bytes, whatever they are, once they are all there."""
        if self._half_end and self._bytes:
            self._half_end = False
            if self._bytes[0] == 0x0A:
                del self._bytes[0]
        if len(self._bytes) < count:
            return None
        data = bytes(self._bytes[:count])
        del self._bytes[:count]
        return data

    def clear(self) -> None:
        """Forget an unfinished line."""
        self._bytes.clear()


@dataclass(frozen=True)
class Urc:
    """An unsolicited line; ``body`` is the PDU that follows +CDS: and +CMT:, ``at`` when it came."""

    text: str = field(repr=False)
    body: str = field(default="", repr=False)
    at: float = field(default=0.0, compare=False)


RESET = re.compile(
    rf"RDY|{SYNC_LINE}|NORMAL POWER DOWN|(?:UNDER|OVER)-VOLTAGE POWER DOWN"
    r"|\+CPIN: NOT (?:READY|INSERTED)|\+CFUN: 1"
)
"""The modem has restarted, is going off, or has lost its SIM: it has to be set up again."""

ALWAYS = re.compile(
    rf"RDY|{SYNC_LINE}|NORMAL POWER DOWN|(?:UNDER|OVER)-VOLTAGE .*|\+CPIN: NOT (?:READY|INSERTED)"
    r"|Call Ready|SMS Ready"
    r"|\+CMTI: .*|\+CDS: .*|\+CMT: .*|\+PDP: DEACT|\+SAPBR \d: DEACT|\+HTTPACTION: .*"
    r"|\+CIPRXGET: 1|CLOSED?|CONNECT OK|CONNECT FAIL|ALREADY CONNECT"
    r"|\+SJDR: [A-Z].*|RING|\+CRING: .*|NO CARRIER"
    r"|\*PSUTTZ: .*|DST: .*|\+CTZV: .*|\*PSNWID: .*|\+CIEV: .*"
    r'|\+CG?REG: \d{1,2}(?:,"?[0-9A-Fa-f]{2,4}"?,"?[0-9A-Fa-f]{2,8}"?(?:,\d+)?)?'
)
"""Unsolicited whatever command is running. (An answer to AT+CREG? begins with two digits.)"""

UNLESS_ASKED = re.compile(r"\+CPIN: .*|\+CFUN: \d|\+CMGS: \d+(?:,.*)?|SEND (?:OK|FAIL)|STATE: .*")
"""Unsolicited or an answer: the running command decides."""

WITH_BODY = ("+CDS: ", "+CMT: ")
HEX = re.compile(r"[0-9A-Fa-f]+")

FINAL = r"OK|ERROR|\+CM[ES] ERROR: .*"
PROMPT = ">"
_ERROR_CODE = re.compile(r"\+CM[ES] ERROR: (\d+)")


@dataclass(frozen=True)
class Reply:
    """A command's answer. ``final`` is the line that ended it; empty if none came in time."""

    final: str
    lines: tuple[str, ...] = field(default=(), repr=False)
    data: bytes = field(default=b"", repr=False)

    @property
    def outcome(self) -> Outcome:
        """UNKNOWN without a final line, FAILED for an error, else DONE."""
        if not self.final:
            return Outcome.UNKNOWN
        failed = self.final == "ERROR" or self.final.startswith(("+CME ERROR", "+CMS ERROR"))
        return Outcome.FAILED if failed else Outcome.DONE

    @property
    def done(self) -> bool:
        return self.outcome is Outcome.DONE

    @property
    def code(self) -> int | None:
        """The number of a +CME or +CMS ERROR."""
        found = _ERROR_CODE.fullmatch(self.final)
        return int(found[1]) if found else None

    def value(self, name: str) -> str | None:
        """What follows ``name: `` in the last line that begins with it."""
        for line in reversed(self.lines):
            if line.startswith(name + ": "):
                return line[len(name) + 2 :]
        return None
