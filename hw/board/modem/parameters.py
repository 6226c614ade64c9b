"""Settings that a command stores, reads and lists, and does nothing else: one row each.

Each family of modems has a table of its own. Its ranges are what =? lists, and what is enforced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from outcry.hw.board.modem.at import Command, Refused
from outcry.hw.board.modem.handler import Answer, says


@dataclass(frozen=True)
class Parameter:
    """``default`` and ``ranges`` as the modem prints them; a range of ``*`` takes anything."""

    default: str
    ranges: str
    profile: bool = False  # kept by AT&W
    lasting: bool = False  # kept at once, over a reset


class Parameters:
    """The values in force; what was kept by &W or by itself comes back after a reset."""

    def __init__(
        self, table: Mapping[str, Parameter], kept: Mapping[str, str] | None = None
    ) -> None:
        """``kept`` is what was stored in this modem before, as the modem prints it."""
        self._table = table
        self._kept = {name: _split(value) for name, value in (kept or {}).items()}
        self._values: dict[str, tuple[str, ...]] = {}
        self.restore()

    def restore(self) -> None:
        self._values = {name: _split(row.default) for name, row in self._table.items()} | self._kept

    def keep(self) -> None:
        """AT&W."""
        self._kept |= {name: self._values[name] for name, row in self._table.items() if row.profile}

    def forget(self) -> None:
        """AT&F: values as delivered; what is kept stays kept until AT&W."""
        self._values = {name: _split(row.default) for name, row in self._table.items()}

    def number(self, name: str, position: int = 0) -> int:
        return int(self._values[name][position])

    def text(self, name: str, position: int = 0) -> str:
        return self._values[name][position]

    def answer(self, command: Command) -> Answer:
        """Store, read or list. Raises Refused for a value out of range."""
        name, row = command.name, self._table[command.name]
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
        quoted = [
            field.startswith('"')
            for field in re.findall(r'"[^"]*"|[^,]+', self._table[name].default)
        ]
        return ",".join(
            f'"{value}"' if quote else value
            for value, quote in zip(self._values[name], quoted, strict=True)
        )

    def store(self, name: str, args: tuple[str, ...]) -> None:
        row = self._table[name]
        ranges = re.findall(r"\([^)]*\)|\*", row.ranges)
        if len(args) > len(ranges):
            raise Refused
        if not all(_within(arg, allowed) for arg, allowed in zip(args, ranges, strict=False)):
            raise Refused
        old = self._values[name]
        given = (new or before for new, before in zip(args, old, strict=False))
        self._values[name] = (*given, *old[len(args) :])
        if row.lasting:
            self._kept[name] = self._values[name]


def _split(text: str) -> tuple[str, ...]:
    return tuple(field.strip('"') for field in text.split(","))


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
