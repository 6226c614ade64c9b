"""The conversation: one command at a time, nothing in between, nothing lost."""

import logging
import re
from collections import deque
from collections.abc import Callable

from outcry.hw.modem.errors import ModemOff, ModemReset, ModemSilent, ModemStuck, Stopping
from outcry.hw.modem.lines import (
    ALWAYS,
    FINAL,
    HEX,
    PROMPT,
    PUSHED_DATA,
    RESET,
    UNLESS_ASKED,
    WITH_BODY,
    LineBuffer,
    Reply,
    Urc,
)
from outcry.hw.modem.port import BEAT_S, Port
from outcry.hw.modem.recovery import ECHO, Quarantine

log = logging.getLogger("outcry.modem")

CALL_OFF = b"\x1b\r"  # ESC leaves text entry; CR ends whatever line ESC may have begun
FILL = b"\r" * 1460  # a modem left counting the bytes of a CIPSEND sees nothing else
FILL_AT = 3  # the unanswered AT after which that is tried
PLAIN = bytes(range(1, 0x80))  # all that a modem says beside a peer's bytes
MUCH = 12  # bytes beside these: less than RDY and +CPIN: READY make at another rate
WORDS = "ATQ0V1"  # answer, and in words: a stored profile may say otherwise (manual p.31-36)
IN_NUMBERS = "0"  # OK, where it does not
ANSWER_S = 5.0  # most commands answer in 20-90 ms; the manual allows them 5 s
LAST_TRY_S = 2.0  # for a modem that is slow with everything
USUAL_S = 0.1  # at most, for a plain command (public logs: 20 to 90 ms)
QUIET_S = 0.2  # silence this long: nothing of an earlier answer is under way, at the least
ANSWERS_KEPT = 7  # how long so many took tells how slow this modem is with everything
SLOWER = 1.5  # than the half of them
RESTART_QUIET_S = 2.0  # from AT+CFUN=1,1 to silence; its OK comes after the restart
IDLE_S = 2.0  # for how long a command that can wait may hold up a text or an alarm
LINGER_S = 0.3  # between a CLOSED in front of a prompt and the prompt, if one still comes

REFUSED = r"ERROR|\+CM[ES] ERROR: .*"
_ERROR = re.compile(REFUSED)


class Link:
    """One open port. Raises ``ModemReset``, ``ModemSilent``, ``PortLost`` and ``Stopping``."""

    def __init__(
        self,
        port: Port,
        clock: Callable[[], float],
        beat: Callable[[], None],
        stopping: Callable[[], bool],
        needed_since: Callable[[float], float | None],
        quarantine: Quarantine | None = None,
    ) -> None:
        """``needed_since`` says since when a command begun at a time has held up a text or alarm."""
        self.urcs: deque[Urc] = deque()
        self.guarded = False
        """Whether a sign of a restart raises ``ModemReset``: from the first command on."""
        self.echo_expected = True
        self._port = port
        self._clock = clock
        self._beat = beat
        self._stopping = stopping
        self._needed_since = needed_since
        self.quarantine = quarantine or Quarantine(clock)
        self._buffer = LineBuffer()
        self._sent = ""
        self._asked = ""
        self._echo_seen = False
        self._echo_was_off = False
        self._headless: str | None = None
        self._answers_s = deque[float](maxlen=ANSWERS_KEPT)
        self.in_step = False
        """Whether the last command was answered."""
        self._noise = 0
        self.now = clock

    def begin_epoch(self) -> None:
        """The modem may have restarted: echo may be on, and signs of a restart are no news."""
        self.guarded = False
        self.echo_expected = True
        self._echo_was_off = False
        self.in_step = False
        self.quarantine.forget_skipped()

    def expect_pushed(self, on: bool) -> None:
        """Whether the peer's bytes come unasked, because the modem has no AT+CIPRXGET."""
        self._buffer.pushed = on

    # What arrives

    def listen(self, until: float) -> bool:
        """Wait for bytes, a wake, or the clock; whether something unsolicited is there."""
        self._sort()
        if not self.urcs and self._receive(until) > 0:
            self._sort()
        return bool(self.urcs)

    def settle(self, quiet_s: float | None = None, limit_s: float = 2.0) -> None:
        """Let late answers pass by; what is unsolicited among them is kept."""
        quiet_s = self._quiet_s() if quiet_s is None else quiet_s
        limit = self._clock() + limit_s
        quiet = self._clock() + quiet_s
        while self._clock() < min(quiet, limit):
            if self._receive(min(quiet, limit)) > 0:
                quiet = self._clock() + quiet_s
        self._sort()
        self._buffer.clear()

    def _quiet_s(self) -> float:
        """Longer for a modem that is slow with everything, or each answer is taken for the next's."""
        return max(QUIET_S, SLOWER * self._answers_after_s)

    def forget_noise(self) -> None:
        self._noise = 0

    @property
    def heard_noise(self) -> bool:
        """Whether much came since the last answer that no line is made of: it may talk at another
        rate."""
        return self._noise >= MUCH

    @property
    def late_s(self) -> float:
        """How much longer than usual the modem takes for a plain command, of late."""
        return max(0.0, self._answers_after_s - USUAL_S)

    @property
    def _answers_after_s(self) -> float:
        return sorted(self._answers_s)[len(self._answers_s) // 2] if self._answers_s else 0.0

    def _receive(self, until: float) -> int:
        """One wait of at most a beat: the bytes that came, 0 for none, -1 when time was up."""
        if self._stopping():
            raise Stopping
        self._beat()
        left = until - self._clock()
        data = self._port.read(max(0.0, min(left, BEAT_S)))
        self._buffer.feed(data)
        if not self._buffer.pushed:  # else these may be the peer's
            self._noise += len(data.translate(None, PLAIN))
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
        if line.startswith(PUSHED_DATA + ": "):
            self.urcs.append(Urc(PUSHED_DATA, line[len(PUSHED_DATA) + 2 :]))
            return True
        if self._sent and line == self._sent:
            self._echo_seen = True
            came_back = self.guarded and not self.echo_expected and self._echo_was_off
            if came_back and not self.quarantine.skips(ECHO):
                self.quarantine.add(ECHO)
                raise ModemReset("its echo is back")
            return True
        answers = bool(asked) and line.startswith(asked)
        if ALWAYS.fullmatch(line) is None and (answers or UNLESS_ASKED.fullmatch(line) is None):
            return False
        if line.startswith(WITH_BODY):
            self._headless = line
            return True
        self.urcs.append(Urc(line, at=self._clock()))
        if self.guarded and not answers and RESET.fullmatch(line):
            raise ModemOff(line.lower()) if line.endswith("POWER DOWN") else ModemReset(line)
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
        idle: bool = False,
        vital: bool = False,
    ) -> Reply:
        """Send ``text`` and collect its answer up to a line that matches ``ends``.

        ``asked`` is how an answer begins that could also come unasked. A line
        matching ``counted`` names, as group 1, how many raw bytes follow it.
        A command that cannot be aborted has ``patience_s``: once a text or an
        alarm has waited for that long, ``ModemStuck`` is raised. An ``idle``
        one is given up, unanswered, after two seconds of that. One that is not
        ``vital`` is left out, and unanswered, while it is in quarantine.
        """
        name = command_name(text)
        if not vital and self.quarantine.skips(name):
            return Reply("")
        self.be_in_step()
        began = self._clock()
        self._say(text)
        self._asked = name
        reply = self._answer(limit_s, ends, asked, counted, patience_s, idle=idle)
        if reply.final:
            self._asked = ""
            if idle:  # as all are that only ask or set
                self._answers_s.append(self._clock() - began)
        if text.endswith("?") and reply.final == "OK" and not reply.lines:
            self.in_step = False  # an OK alone answers no question: whose was it?
        return reply

    def hold(self, ends: str, limit_s: float, patience_s: float | None = None) -> Reply:
        """Leave the modem alone until it says a line in ``ends``; patience as with ``command``."""
        return self._answer(limit_s, ends, patience_s=patience_s)

    def probe(self, ends: str, limit_s: float, *, call_off: bool) -> Reply:
        """Say AT into the wait for a line in ``ends``; if OK is one, a modem that is free says it.

        ``call_off`` ends a text entry in which the modem may still be.
        """
        if call_off:
            self._port.write(CALL_OFF)
        self._say("AT")
        reply = self._answer(limit_s, ends)
        self.in_step = bool(reply.final)
        return reply

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
        instead: str = "",
        counted: bool = False,
        idle: bool = False,
    ) -> Reply:
        """Send ``text``, wait for the prompt, give it ``payload``, wait for a line in ``ends``.

        What the modem may say ``instead`` of the prompt ends the wait as an error does.
        ``on_given`` is called just before the payload is written: from then on
        it may have left. A prompt that does not come is called off with ESC,
        or, where the modem has been told to count bytes, by as many empty lines.
        """
        call_off = b"\r" * len(payload) if counted else CALL_OFF
        refusals = f"{REFUSED}|{instead}" if instead else REFUSED
        self.be_in_step()
        self._say(text)
        try:
            prompt = self._answer(prompt_limit_s, refusals, idle=idle, prompt=True)
            if prompt.final and prompt.final != PROMPT and _ERROR.fullmatch(prompt.final) is None:
                refusal, prompt = prompt, self._answer(LINGER_S, REFUSED, prompt=True)
                if prompt.final == PROMPT:  # it was news, and the modem waits for the text
                    self._port.write(call_off)
                return refusal
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
        return self._answer(limit_s, ends, asked, idle=idle)

    def attention(self, tries: int, limit_s: float = 1.0, told_silent: bool = False) -> None:
        """Say AT until it is answered; raises ``ModemSilent`` after ``tries``.

        ``told_silent``: say it once so that a modem that was told to say nothing answers.
        """
        words = "AT"
        for attempt in range(tries):
            if attempt:
                self._port.write(CALL_OFF if attempt != FILL_AT else FILL)
            self.settle()
            self._say(words)
            self.in_step = True
            last = attempt == tries - 1
            final = self._answer(LAST_TRY_S if last else limit_s, f"{FINAL}|{IN_NUMBERS}").final
            if final and final != IN_NUMBERS:
                self.settle()
                self._asked = ""
                return
            words = WORDS if final or (told_silent and attempt == FILL_AT - 1) else "AT"
        self._crashed(hung=True)
        raise ModemSilent("no answer to AT")

    def answers(self, limit_s: float) -> bool:
        """Whether the modem answers AT, said after whatever noise it may have heard."""
        self.settle()
        return bool(self.probe("OK", limit_s, call_off=True).final)

    def restart(self, command: str, limit_s: float) -> None:
        """Restart the modem by ``command``, whether or not it listens just now."""
        self.begin_epoch()
        self._port.write(CALL_OFF)
        self._say(command)
        self.settle(RESTART_QUIET_S, limit_s)

    def _crashed(self, hung: bool = False) -> None:
        """The modem has crashed in the command asked last."""
        asked, self._asked = self._asked, ""
        if asked:
            log.warning("modem did not survive %s", asked)
            self.quarantine.add(asked, hung)

    def be_in_step(self) -> None:
        """After something unanswered, find out whether the modem answers at all."""
        if not self.in_step:
            self.attention(tries=3)

    def _say(self, text: str) -> None:
        self._sort()
        self._sent = text
        self._echo_seen = False
        self._port.write(text.encode("ascii") + b"\r")

    def _answer(
        self,
        limit_s: float,
        ends: str,
        asked: str = "",
        counted: str = "",
        patience_s: float | None = None,
        *,
        idle: bool = False,
        prompt: bool = False,
    ) -> Reply:
        began = self._clock()
        end, count = re.compile(ends), re.compile(counted or "(?!)")
        bearable_s = IDLE_S if idle else patience_s
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
                    self._echo_was_off |= not (self._echo_seen or self.echo_expected)
                    self._noise = 0
                    return Reply(line, tuple(lines), data)
                if prompt and line == PROMPT:
                    return Reply(PROMPT, tuple(lines))
                if self._noticed(line, asked):
                    continue
                lines.append(line)
                if found := count.fullmatch(line):
                    missing = int(found[1])
            if prompt and self._buffer.prompt():
                return Reply(PROMPT, tuple(lines))
            until = began + limit_s
            needed = self._needed_since(began) if bearable_s is not None else None
            if bearable_s is not None and needed is not None:
                until = min(until, max(needed, began) + bearable_s)
            if self._receive(until) < 0:
                self.in_step = False
                if until < began + limit_s and not idle:
                    raise ModemStuck("a command that cannot be aborted")
                return Reply("", tuple(lines), data)

    def _noticed(self, line: str, asked: str) -> bool:
        """As ``_unsolicited``, and a restart is told to be what the running command did."""
        try:
            return self._unsolicited(line, asked)
        except ModemReset:
            self._crashed()
            raise


def command_name(text: str) -> str:
    """The name of a command line, whether it asks or sets: ``+CREG``."""
    name, _, _ = text.removeprefix("AT").partition("=")
    return name.rstrip("?")
