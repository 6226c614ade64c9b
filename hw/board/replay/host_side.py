"""What a host says, seen from between it and its modem: lines, typed texts, counted data.

Unlike the modem's own terminal this one only listens. It must tell a text from a command
even where the prompt was lost, so it takes what follows AT+CMGS for a text until the modem has
visibly refused.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["line", "text", "data", "escape"]
CR, CTRL_Z, ESC = 0x0D, 0x1A, 0x1B

PROMPT = re.compile(rb"(?:^|[\r\n\x00])(?:> |DOWNLOAD\r\n)")
_REFUSAL = re.compile(
    rb"(?:^|\n)(?:ERROR|\+CM[ES] ERROR: [^\r\n]*|SEND FAIL|CLOSED|\+PDP: DEACT)\r\n"
)
_TEXT = re.compile(r"\+CMG[SWC]=(?!\?)")
_DATA = re.compile(r"\+(?:CIPSEND|HTTPDATA)=(\d+)|\+CIPSEND$")
_WORDS = re.compile(r'("[^"]*(?:"|$))|([^"]+)')  # in quotes, and others


@dataclass(frozen=True)
class Unit:
    """One thing said. ``data`` is all of it, with what ended it."""

    kind: Kind
    data: bytes = field(repr=False)

    @property
    def command(self) -> str:
        """A line as a modem reads it: from AT on, in capitals and without spaces but in quotes."""
        text = "".join(chr(byte) for byte in self.data if 0x20 <= byte < 0x7F)
        start = text.upper().find("AT")
        said = text[start:] if start >= 0 else ""
        return _WORDS.sub(lambda found: found[1] or found[2].replace(" ", "").upper(), said)


class HostSide:
    def __init__(self) -> None:
        self._said = bytearray()
        self._entry: int | None = None  # bytes to come; 0: until ^Z; None: no entry
        self._kind: Kind = "text"
        self._prompted = False

    @property
    def pending(self) -> bytes:
        """What is said of a unit that has not ended."""
        return bytes(self._said)

    def take(self, data: bytes) -> list[Unit]:
        """The units that these bytes complete."""
        return [unit for byte in data if (unit := self._ended(byte)) is not None]

    def hears(self, answer: bytes) -> list[Unit]:
        """What the modem says to it. A command refused before a prompt is followed by no text:
        what was taken for one is then returned as what it is."""
        self._prompted |= PROMPT.search(answer) is not None
        if self._entry is None or self._prompted or not _REFUSAL.search(answer):
            return []
        self._entry = None
        said = bytes(self._said)
        self._said.clear()
        return self.take(said)

    def _ended(self, byte: int) -> Unit | None:
        self._said.append(byte)
        if self._entry is None:
            return self._unit("line") if byte == CR else None
        if self._entry > 0:
            return self._unit(self._kind) if len(self._said) == self._entry else None
        if byte in (CTRL_Z, ESC):
            return self._unit(self._kind if byte == CTRL_Z else "escape")
        return None

    def _unit(self, kind: Kind) -> Unit:
        unit = Unit(kind, bytes(self._said))
        self._said.clear()
        self._entry = None
        if kind == "line":
            self._opens(unit.command)
        return unit

    def _opens(self, command: str) -> None:
        """Which commands are followed by something that is no command."""
        self._prompted = False
        if _TEXT.search(command):
            self._entry, self._kind = 0, "text"
        elif found := _DATA.search(command):
            self._entry, self._kind = (int(found[1]) or None) if found[1] else 0, "data"
