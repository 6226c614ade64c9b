"""The conversation: one command at a time, nothing in between, nothing lost."""

import logging
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from outcry.hw.modem.errors import ModemReset, ModemSilent, ModemStuck, Stopping
from outcry.hw.modem.events import Outcome
from outcry.hw.modem.lines import (
    ALWAYS,
    HEX,
    RESET,
    UNLESS_ASKED,
    WITH_BODY,
    LineBuffer,
    Urc,
)
from outcry.hw.modem.port import BEAT_S, Port

log = logging.getLogger("outcry.modem")

CALL_OFF = b"\x1b\r"  # ESC leaves text entry; CR ends whatever line ESC may have begun
FILL = b"\r" * 1460  # a modem left counting the bytes of a CIPSEND sees nothing else
FILL_AT = 3  # the unanswered AT after which that is tried
PROMPT = ">"
ANSWER_S = 5.0  # most commands answer in 20-90 ms; the manual allows them 5 s
QUIET_S = 0.2  # silence this long: nothing of an earlier answer is under way
RESET_S = 2.0  # from AT+CFUN=1,1 to silence; its OK comes after the restart
PATIENCE_S = 5.0  # how long an un-abortable command may hold up somebody in need

FINAL = r"OK|ERROR|\+CM[ES] ERROR: .*"
_PROMPT_REFUSED = r"ERROR|\+CM[ES] ERROR: .*|SEND FAIL|CLOSED|\+PDP: DEACT"
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


class Link:
    """One open port. Raises ``ModemReset``, ``ModemSilent``, ``PortLost`` and ``Stopping``."""

    def __init__(
        self,
        port: Port,
        clock: Callable[[], float],
        beat: Callable[[], None],
        stopping: Callable[[], bool],
        needed_since: Callable[[float], float | None],
    ) -> None:
        """``needed_since`` tells since when a command begun then has been in somebody's way."""
        self.urcs: deque[Urc] = deque()
        self.guarded = False
        """Whether a sign of a restart raises ``ModemReset``: from the first command on."""
        self.echo_expected = True
        self._port = port
        self._clock = clock
        self._beat = beat
        self._stopping = stopping
        self._needed_since = needed_since
        self._buffer = LineBuffer()
        self._sent = ""
        self._headless: str | None = None
        self._in_step = False

    def begin_epoch(self) -> None:
        """The modem may have restarted: echo may be on, and signs of a restart are no news."""
        self.guarded = False
        self.echo_expected = True
        self._in_step = False

    # What arrives

    def listen(self, until: float) -> bool:
        """Wait for bytes, a wake, or the clock; whether something unsolicited is there."""
        self._sort()
        if not self.urcs and self._receive(until) > 0:
            self._sort()
        return bool(self.urcs)

    def settle(self, quiet_s: float = QUIET_S, limit_s: float = 2.0) -> None:
        """Let late answers pass by; what is unsolicited among them is kept."""
        limit = self._clock() + limit_s
        quiet = self._clock() + quiet_s
        while self._clock() < min(quiet, limit):
            if self._receive(min(quiet, limit)) > 0:
                quiet = self._clock() + quiet_s
        self._sort()
        self._buffer.clear()

    def _receive(self, until: float) -> int:
        """One wait of at most a beat: the bytes that came, 0 for none, -1 when time was up."""
        if self._stopping():
            raise Stopping
        self._beat()
        left = until - self._clock()
        data = self._port.read(max(0.0, min(left, BEAT_S)))
        self._buffer.feed(data)
        if left <= 0 and (not data or left < -ANSWER_S):
            return -1
        return len(data)

    def _sort(self) -> None:
        """Keep what is unsolicited of all whole lines; the rest answers nothing any more."""
        while (line := self._buffer.line()) is not None:
            self._unsolicited(line)

    def _unsolicited(self, line: str, asked: str = "") -> bool:
        """Whether ``line`` answers nothing; if it is news it is kept, in order."""
        if self._headless is not None:
            head, self._headless = self._headless, None
            if HEX.fullmatch(line):
                self.urcs.append(Urc(head, line))
                return True
        if self._sent and line == self._sent:
            if self.guarded and not self.echo_expected:
                raise ModemReset("its echo is back")
            return True
        answers = bool(asked) and line.startswith(asked)
        if ALWAYS.fullmatch(line) is None and (answers or UNLESS_ASKED.fullmatch(line) is None):
            return False
        if line.startswith(WITH_BODY):
            self._headless = line
            return True
        self.urcs.append(Urc(line))
        if self.guarded and not answers and RESET.fullmatch(line):
            raise ModemReset(line)
        return True

    # What is asked

    def command(
        self,
        text: str,
        limit_s: float = ANSWER_S,
        ends: str = FINAL,
        *,
        asked: str = "",
        counted: str = "",
        patience_s: float | None = None,
    ) -> Reply:
        """Send ``text`` and collect its answer up to a line that matches ``ends``.

        ``asked`` is how an answer begins that could also come unasked. A line
        matching ``counted`` names, as group 1, how many raw bytes follow it.
        A command that cannot be aborted has ``patience_s``: once somebody has
        been in need for that long, ``ModemStuck`` is raised.
        """
        self._be_in_step()
        self._say(text)
        return self._answer(limit_s, ends, asked, counted, patience_s)

    def hold(self, ends: str, limit_s: float, patience_s: float | None = None) -> Reply:
        """Leave the modem alone until it says a line in ``ends``; patience as with ``command``."""
        return self._answer(limit_s, ends, patience_s=patience_s)

    def with_prompt(
        self,
        text: str,
        payload: bytes,
        on_given: Callable[[], None],
        *,
        prompt_limit_s: float,
        limit_s: float,
        ends: str = FINAL,
        asked: str = "",
        counted: bool = False,
    ) -> Reply:
        """Send ``text``, wait for the prompt, give it ``payload``, wait for a line in ``ends``.

        ``on_given`` is called just before the payload is written: from then on
        it may have left. A prompt that does not come is called off with ESC,
        or, where the modem has been told to count bytes, by as many empty lines.
        """
        call_off = b"\r" * len(payload) if counted else CALL_OFF
        self._be_in_step()
        self._say(text)
        try:
            prompt = self._answer(prompt_limit_s, _PROMPT_REFUSED, prompt=True)
        except Stopping:
            self._port.write(call_off)
            raise
        if not prompt.final:
            self._port.write(call_off)
        if prompt.final != PROMPT:
            return prompt
        on_given()
        self._sent = payload.rstrip(b"\x1a").decode("latin-1")
        self._port.write(payload)
        return self._answer(limit_s, ends, asked)

    def attention(self, tries: int, limit_s: float = 1.0) -> None:
        """Say AT until it is answered; raises ``ModemSilent`` after ``tries``."""
        for attempt in range(tries):
            if attempt:
                self._port.write(CALL_OFF if attempt != FILL_AT else FILL)
            self.settle()
            self._say("AT")
            self._in_step = True
            if self._answer(limit_s, FINAL).final:
                self.settle()
                return
        raise ModemSilent("no answer to AT")

    def reset(self) -> None:
        """Restart the modem by AT+CFUN=1,1 (manual p.96), whether or not it listens just now."""
        self.begin_epoch()
        self._port.write(CALL_OFF)
        self._say("AT+CFUN=1,1")
        self.settle(quiet_s=RESET_S, limit_s=2 * RESET_S)

    def _be_in_step(self) -> None:
        if not self._in_step:
            self.attention(tries=3)

    def _say(self, text: str) -> None:
        self._sort()
        self._sent = text
        self._port.write(text.encode("ascii") + b"\r")

    def _answer(
        self,
        limit_s: float,
        ends: str,
        asked: str = "",
        counted: str = "",
        patience_s: float | None = None,
        prompt: bool = False,
    ) -> Reply:
        began = self._clock()
        end, count = re.compile(ends), re.compile(counted or "(?!)")
        lines: list[str] = []
        data = b""
        missing = 0
        while True:
            while (piece := self._buffer.raw(missing) if missing else b"") is not None:
                data, missing = data + piece, 0
                line = self._buffer.line()
                if line is None:
                    break
                if end.fullmatch(line):
                    self._unsolicited(line, asked=line)
                    return Reply(line, tuple(lines), data)
                if self._unsolicited(line, asked):
                    continue
                lines.append(line)
                if found := count.fullmatch(line):
                    missing = int(found[1])
            if prompt and self._buffer.prompt():
                return Reply(PROMPT, tuple(lines))
            until = began + limit_s
            needed = self._needed_since(began) if patience_s is not None else None
            if patience_s is not None and needed is not None:
                until = min(until, max(needed, began) + patience_s)
            if self._receive(until) < 0:
                self._in_step = False
                if until < began + limit_s:
                    raise ModemStuck("a command that cannot be aborted")
                return Reply("", tuple(lines), data)
