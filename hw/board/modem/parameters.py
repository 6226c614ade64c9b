"""Settings that a command stores, reads and lists, and does nothing else: one row each.

The ranges are those of the manual (V1.12); they are what =? lists, and what is enforced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from outcry.hw.board.modem.at import Command, Refused
from outcry.hw.board.modem.terminal import Answer, says


@dataclass(frozen=True)
class Parameter:
    """``default`` and ``ranges`` as the modem prints them; a range of ``*`` takes anything."""

    default: str
    ranges: str
    profile: bool = False  # kept by AT&W
    lasting: bool = False  # kept at once, over a reset


TABLE = {
    "+CMEE": Parameter("0", "(0-2)", profile=True),
    "+IPR": Parameter(
        "115200",
        "(0,1200,2400,4800,9600,14400,19200,28800,38400,57600,115200,230400,460800)",
        profile=True,
    ),
    "+IFC": Parameter("0,0", "(0-2),(0-2)", profile=True),
    "+ICF": Parameter("3,3", "(1-6),(0-3)", profile=True),
    "+CREG": Parameter("0", "(0-2)", profile=True),
    "+CGREG": Parameter("0", "(0-2)", profile=True),
    "+CSCS": Parameter('"IRA"', '("IRA","GSM","UCS2","HEX","PCCP","PCDN","8859-1")', profile=True),
    "+CMGF": Parameter("0", "(0,1)"),
    "+CNMI": Parameter("2,1,0,0,0", "(0-3),(0-3),(0,2),(0,1),(0,1)"),
    "+CSMP": Parameter("17,167,0,0", "(0-255),(0-255),(0-255),(0-255)", lasting=True),
    "+CSDH": Parameter("0", "(0,1)"),
    "+CGSMS": Parameter("1", "(0-3)"),
    "+CMMS": Parameter("0", "(0-2)"),
    "+SRSPT": Parameter("0", "(0,1)"),
    "+CLIP": Parameter("0", "(0,1)"),
    "+CLIR": Parameter("0", "(0-2)"),
    "+COLP": Parameter("0", "(0,1)"),
    "+CCWA": Parameter("0", "(0,1)"),
    "+CRC": Parameter("0", "(0,1)"),
    "+CVHU": Parameter("0", "(0,1)"),
    "+CUSD": Parameter("0", "(0-2)"),
    "+CTZU": Parameter("0", "(0-3)"),
    "+CLTS": Parameter("0", "(0,1)"),
    "+DDET": Parameter("0", "(0,1)"),
    "+CSCLK": Parameter("0", "(0-2)"),
    "+CBATCHK": Parameter("0", "(0,1)"),
    "+CSMINS": Parameter("0", "(0,1)"),
    "+CENG": Parameter("0,0", "(0-3),(0,1)"),
    "+SJDR": Parameter("0,1,255,1", "(0,1),(0-3),(0-255),(0,1)"),
    "+CIPMUX": Parameter("0", "(0)"),
    "+CIPMODE": Parameter("0", "(0)"),
    "+CIPHEAD": Parameter("0", "(0,1)"),
    "+CIPSPRT": Parameter("1", "(0-2)"),
    "+CIPQSEND": Parameter("0", "(0,1)"),
    "+CIPSRIP": Parameter("0", "(0,1)"),
    "+CIPSHOWTP": Parameter("0", "(0,1)"),
    "+CIPCSGP": Parameter('0,"CMNET","",""', "(0,1),*,*,*"),
    "+CIPTKA": Parameter("1,7200,75,9", "(0,1),(30-7200),(30-600),(1-9)"),
}


class Parameters:
    """The values in force; what was kept by &W or by itself comes back after a reset."""

    def __init__(self, kept: Mapping[str, str] | None = None) -> None:
        """``kept`` is what was stored in this modem before, as the modem prints it."""
        self._kept = {name: _split(value) for name, value in (kept or {}).items()}
        self._values: dict[str, tuple[str, ...]] = {}
        self.restore()

    def restore(self) -> None:
        self._values = {name: _split(row.default) for name, row in TABLE.items()} | self._kept

    def keep(self) -> None:
        """AT&W."""
        self._kept |= {name: self._values[name] for name, row in TABLE.items() if row.profile}

    def forget(self) -> None:
        """AT&F: values as delivered; what is kept stays kept until AT&W."""
        self._values = {name: _split(row.default) for name, row in TABLE.items()}

    def number(self, name: str, position: int = 0) -> int:
        return int(self._values[name][position])

    def text(self, name: str, position: int = 0) -> str:
        return self._values[name][position]

    def answer(self, command: Command) -> Answer:
        """Store, read or list. Raises Refused for a value out of range."""
        name, row = command.name, TABLE[command.name]
        match command.form:
            case "test":
                return says(f"{name}: {row.ranges}")
            case "read":
                return says(f"{name}: {self.shown(name)}")
            case "run":
                raise Refused
        self.store(name, command.args)
        return says()

    def shown(self, name: str) -> str:
        quoted = [field.startswith('"') for field in re.findall(r'"[^"]*"|[^,]+', _row(name))]
        return ",".join(
            f'"{value}"' if quote else value
            for value, quote in zip(self._values[name], quoted, strict=True)
        )

    def store(self, name: str, args: tuple[str, ...]) -> None:
        row = TABLE[name]
        ranges = _ranges(row.ranges)
        if len(args) > len(ranges):
            raise Refused
        if not all(_within(arg, allowed) for arg, allowed in zip(args, ranges, strict=False)):
            raise Refused
        old = self._values[name]
        given = (new or before for new, before in zip(args, old, strict=False))
        self._values[name] = (*given, *old[len(args) :])
        if row.lasting:
            self._kept[name] = self._values[name]


def _row(name: str) -> str:
    return TABLE[name].default


def _split(text: str) -> tuple[str, ...]:
    return tuple(field.strip('"') for field in text.split(","))


def _ranges(text: str) -> list[str]:
    return re.findall(r"\([^)]*\)|\*", text)


def _within(value: str, allowed: str) -> bool:
    if not value or allowed == "*":
        return True
    for choice in allowed.strip("()").split(","):
        low, dash, high = choice.partition("-")
        if dash and low.isdecimal():
            if value.isdecimal() and int(low) <= int(value) <= int(high):
                return True
        elif value == choice.strip('"'):
            return True
    return False
