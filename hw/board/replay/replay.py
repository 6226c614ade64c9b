"""A recorded session in a modem's place: asked what was asked then, it answers what came then.

    replay = Replay(session.read(path))
    replay.feed(b"AT+CSQ\\r", now)
    replay.output(now + 1)

It knows no command. Each thing the host said in the recording has its answer, every line with
its delay; the same thing said again gets the next such answer, and the last of them for ever
after. Where nothing was recorded for the very same command, one to the same command with other
values must do; failing that the answer is ERROR, and :attr:`Replay.missing` says to what.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from outcry.hw.board.modem.schedule import Schedule
from outcry.hw.board.replay.host_side import PROMPT, HostSide, Unit
from outcry.hw.board.replay.session import Chunk

_SHAPE = re.compile(r"AT(\+[A-Z0-9]+|&?[A-Z])?(\d*)(=\?|=|\?)?")
_ERROR = b"\r\nERROR\r\n"
_BELONGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"CONNECT OK|CONNECT FAIL|ALREADY CONNECT"), "AT+CIPSTART"),
    (re.compile(rb"\+HTTPACTION: "), "AT+HTTPACTION"),
    (re.compile(rb"\+CDNSGIP: "), "AT+CDNSGIP"),
    (re.compile(rb"\+CDS: |\+CMTI: |\+CMGS: "), "text"),
    (re.compile(rb"\+CIPRXGET: 1|CLOSED|SEND OK|SEND FAIL"), "data"),
)
"""Lines that may come long after, and what they are then an answer to."""


@dataclass
class Exchange:
    """What the host said once, and every piece of what came of it, with its delay in seconds."""

    key: str
    at: float
    echoed: bool = False
    used: bool = False
    pieces: list[tuple[float, bytes]] = field(default_factory=list, repr=False)


class Replay:
    """All times are seconds of a clock that the caller moves."""

    def __init__(self, chunks: list[Chunk], now: float = 0.0) -> None:
        """Raises ValueError for a session in which no host says anything."""
        heard = _Heard(chunks)
        if not heard.exchanges:
            raise ValueError("in this session nothing was asked of the modem")
        self.missing: list[str] = []
        """The commands, without their values, to which the recording holds no answer."""
        self.when_missing: Callable[[str], None] = lambda command: None
        self._before = heard.before
        self._answers = _by_key(heard.exchanges)
        self._schedule = Schedule(now)
        self._host = HostSide()
        self._output = bytearray()

    def power_on(self, now: float) -> None:
        """Say what the modem said in the recording before it was asked anything."""
        self._schedule.run(now)
        self._plan(self._before)

    def feed(self, data: bytes, now: float) -> None:
        self._schedule.run(now)
        units = self._host.take(data)
        while units:
            units = [*units[1:], *self._asked(units[0])]

    def output(self, now: float) -> bytes:
        """All that was said up to now and not taken before."""
        self._schedule.run(now)
        said = bytes(self._output)
        self._output.clear()
        return said

    def due(self) -> float | None:
        """When something next comes by itself."""
        return self._schedule.due()

    def _asked(self, unit: Unit) -> list[Unit]:
        """Answer; returns what the host had already said in the belief that it was a text."""
        key = _key(unit)
        exchange = self._found(key)
        if exchange is None and key in ("", "escape"):
            return []
        if exchange is None:
            if (name := _shape(key)) not in self.missing:
                self.missing.append(name)
                self.when_missing(name)
            self._say(_ERROR)
            return self._host.hears(_ERROR)
        if exchange.echoed:
            self._say(unit.data.rstrip(b"\x1a\x1b"))
        self._plan(exchange.pieces)
        return self._host.hears(b"".join(data for _, data in exchange.pieces))

    def _found(self, key: str) -> Exchange | None:
        exchanges = self._answers.get(key) or self._answers.get(_shape(key))
        if not exchanges:
            return None
        found = next((each for each in exchanges if not each.used), exchanges[-1])
        found.used = True
        return found

    def _plan(self, pieces: list[tuple[float, bytes]]) -> None:
        for seconds, data in pieces:
            self._schedule.after(seconds, lambda data=data: self._say(data))  # type: ignore[misc]

    def _say(self, data: bytes) -> None:
        self._output += data


def _key(unit: Unit) -> str:
    """What a unit is looked up by: a command as the modem reads it, or that it is no command."""
    return unit.command if unit.kind == "line" else unit.kind


def _shape(key: str) -> str:
    """A command without its values: ``AT+CMGS=``, ``AT+CMGS=?``, ``AT+CMGS?``, ``ATE``."""
    found = _SHAPE.match(key)
    if found is None:
        return key
    name, _, form = found.groups(default="")
    return f"AT{name}{form}"


def _by_key(exchanges: list[Exchange]) -> dict[str, list[Exchange]]:
    answers: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        for key in {exchange.key, _shape(exchange.key)}:
            answers.setdefault(key, []).append(exchange)
    return answers


class _Heard:
    """The recording, read once from front to back."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.exchanges: list[Exchange] = []
        self.before: list[tuple[float, bytes]] = []
        self._host = HostSide()
        self._echo = b""  # what the host has said and the modem may yet repeat
        self._echoes = False
        self._line = b""
        self._line_t = 0.0
        self._goes_on: Exchange | None = None  # to which a PDU's line belongs
        for chunk in chunks:
            if chunk.side == "host":
                self._says(chunk)
            else:
                self._answers(chunk)
        self._piece(self._line_t, self._line)

    def _says(self, chunk: Chunk) -> None:
        self._echo += chunk.data.translate(None, b"\x1a\x1b")
        for unit in self._host.take(chunk.data):
            self._begins(unit, chunk.t)

    def _begins(self, unit: Unit, t: float) -> None:
        if key := _key(unit):
            self._piece(self._line_t, self._line)
            self._line = b""
            self.exchanges.append(Exchange(key, t, self._echoes))
            self._echoes = False

    def _answers(self, chunk: Chunk) -> None:
        for piece in re.findall(rb"[^\n]*\n|[^\n]+", self._without_echo(chunk.data)):
            self._line += piece
            self._line_t = chunk.t
            whole = self._line.endswith(b"\n") and self._line.strip()
            if whole or PROMPT.search(self._line):
                line, self._line = self._line, b""
                self._piece(chunk.t, line)
                for unit in self._host.hears(line):
                    self._begins(unit, chunk.t)

    def _without_echo(self, data: bytes) -> bytes:
        same = 0
        while same < min(len(data), len(self._echo)) and data[same] == self._echo[same]:
            same += 1
        if same and self._host.pending:
            self._echoes = True
        elif same and self.exchanges:
            self.exchanges[-1].echoed = True
        self._echo = self._echo[same:] if same == len(data) else b""
        return data[same:]

    def _piece(self, t: float, line: bytes) -> None:
        if not line:
            return
        exchange = self._goes_on or self._asked_for(line)
        if exchange is None:
            self.before.append((t, line))
        else:
            exchange.pieces.append((max(0.0, t - exchange.at), line))
        self._goes_on = exchange if line.strip().startswith((b"+CDS: ", b"+CMT: ")) else None

    def _asked_for(self, line: bytes) -> Exchange | None:
        """The exchange that this line answers: as a rule the last."""
        last = self.exchanges[-1] if self.exchanges else None
        if last is None or (last.key.startswith("AT+CIPSEND") and not last.pieces):
            return last
        start = next((start for each, start in _BELONGS if each.match(line.strip())), "")
        return next((each for each in reversed(self.exchanges) if each.key.startswith(start)), last)
