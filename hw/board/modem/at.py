"""AT command lines: from bytes to lines to commands (ITU-T V.250; SIM800 manual p. 22 to 24)."""

import re
from dataclasses import dataclass
from typing import Literal

LINE_LIMIT = 556  # characters; manual p. 24
COMMANDS_LIMIT = 39  # in one line; manual p. 24

Form = Literal["run", "read", "test", "set"]
_FORMS: dict[str | None, Form] = {None: "run", "?": "read", "=?": "test", "=": "set"}


class AtError(Exception):
    """A command is refused; becomes ERROR, +CME ERROR or +CMS ERROR on the line."""


class Refused(AtError):
    """A bare ERROR."""


_CME_TEXTS = {
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    16: "incorrect password",
    30: "no network service",
    50: "Incorrect parameters",
    100: "unknown",
    148: "unspecified GPRS error",
}


class _Numbered(AtError):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Cme(_Numbered):
    """An equipment error (manual p. 329), shown as +CMEE says."""

    @property
    def text(self) -> str:
        return _CME_TEXTS.get(self.code, _CME_TEXTS[100])


class NotAllowed(Cme):
    """Not in this state, or not with these values."""

    def __init__(self) -> None:
        super().__init__(3)


class Cms(_Numbered):
    """A message service error (manual p. 332): always a number."""


@dataclass(frozen=True)
class Command:
    """One command of a line: ``+CMGS`` with what follows it. A basic command's digits are args."""

    name: str
    form: Form = "run"
    args: tuple[str, ...] = ()

    def text(self, position: int, default: str = "") -> str:
        """An argument without its quotes, or the default where there is none."""
        return self.args[position] if position < len(self.args) and self.args[position] else default

    def number(self, position: int, default: int | None = None) -> int:
        """An argument as a whole number. Raises Refused where there is none."""
        text = self.text(position)
        if not text and default is not None:
            return default
        if not text.isascii() or not text.isdecimal():
            raise Refused
        return int(text)

    def flag(self, position: int) -> bool:
        """An argument that is 0 or 1. Raises Refused for anything else."""
        if (number := self.number(position)) > 1:
            raise Refused
        return number == 1


class LineReader:
    """Bytes to lines, as they arrive in command mode. A line ends with CR; A/ repeats the last."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._last = ""
        self._too_long = False

    def take(self, byte: int) -> str | None:
        """The line this byte completes; None while there is none. Raises Refused for a long one.

        What stands before AT is noise and is dropped; a line without AT is no command: "".
        """
        if byte == 0x0D:
            return self._complete()
        if byte == 0x08:
            del self._line[-1:]
        elif byte == 0x2F and self._line.upper() == b"A":
            self._line.clear()
            return self._last
        elif 0x20 <= byte < 0x7F:
            if len(self._line) < LINE_LIMIT:
                self._line.append(byte)
            else:
                self._too_long = True
        return None

    def forget(self) -> None:
        self._line.clear()
        self._too_long = False

    def _complete(self) -> str:
        line, too_long = self._line.decode("ascii"), self._too_long
        self.forget()
        start = line.upper().find("AT")
        if start < 0:
            return ""
        if too_long:
            raise Refused
        self._last = line[start:]
        return self._last


_QUOTED = r'"[^"]*(?:"|$)'
_COMMAND = re.compile(
    rf"""
      ;                                                         # between two extended commands
    | (?P<extended> [+^*#$%] (?: {_QUOTED} | [^";] )* )
    | D (?P<dialled> [^;]* )
    | (?P<basic> &?[A-Z] ) (\d*) (?: =(\d*) | (\?) )?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_EXTENDED = re.compile(r"([+^*#$%][A-Z0-9+]*)(=\?|\?|=)?(.*)", re.IGNORECASE | re.DOTALL)
_ARGUMENT = re.compile(rf'(?:^|,)((?:{_QUOTED}|[^",])*)')


def commands(line: str) -> list[Command]:
    """The commands of a line that starts with AT, in order; AT alone is one without a name.

    Raises Refused for nonsense.
    """
    line = re.sub(rf"({_QUOTED})| ", r"\1", line)  # some libraries send ``AT + HTTPINIT``
    found: list[Command] = []
    at = len("AT")
    if len(line) == at:
        return [Command("")]
    while at < len(line):
        match = _COMMAND.match(line, at)
        if match is None:
            raise Refused
        at = match.end()
        if match["extended"]:
            found.append(_extended(match["extended"]))
        elif match["dialled"] is not None:
            found.append(Command("D", "run", (match["dialled"],)))
        elif match["basic"]:
            found.append(_basic(*match.groups()[2:]))
    if len(found) > COMMANDS_LIMIT:
        raise Refused
    return found


def _basic(name: str, digits: str, value: str | None, asks: str | None) -> Command:
    if asks:
        return Command(name.upper() + digits, "read")
    if value is not None:
        return Command(name.upper() + digits, "set", (value,))
    return Command(name.upper(), "run", (digits,) if digits else ())


def _extended(piece: str) -> Command:
    match = _EXTENDED.match(piece)
    if match is None:
        raise Refused
    name, sign, rest = match.groups()
    form = _FORMS[sign]
    if form == "set":
        arguments = tuple(each.strip('"') for each in _ARGUMENT.findall(rest))
        return Command(name.upper(), "set", arguments)
    if rest:
        raise Refused
    return Command(name.upper(), form)
