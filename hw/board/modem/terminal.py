"""The side of the modem that the host talks to: bytes, echo, lines, prompts, answers, faults.

It knows no command: each is served by its handler. One command runs at a time; what the host sends
meanwhile waits, as in the UART's buffer.
"""

from collections import deque
from collections.abc import Callable, Mapping

from outcry.hw.board.modem.at import AtError, Cme, Cms, Command, LineReader, Refused, commands
from outcry.hw.board.modem.context import Context
from outcry.hw.board.modem.faults import Fault, Faults, Kind, Stage
from outcry.hw.board.modem.handler import Answer, Entry, Handler, Signal, Steps, Wait, framed
from outcry.hw.board.modem.schedule import Planned

CR, LF = 0x0D, 0x0A
CTRL_Z = 0x1A
ESC = 0x1B
INPUT_LIMIT = 4096  # belief: bytes sent before a command has ended are kept, and served then
_PASSING = (Kind.LATE, Kind.URC, Kind.CRASH)  # the command is served all the same
NOISE = b"\xfe\x00\xf0I\xff\x80T\xc1~\x92"


class _Ended(AtError):
    """A fault has ended the command line, and said all there is to say."""


class Terminal:
    def __init__(
        self, context: Context, faults: Faults, reset: Callable[[], None], errors: Callable[[], int]
    ) -> None:
        """``errors`` is +CMEE's value: whether and how an equipment error is worded."""
        self.echo = True
        self.listening = True  # False while the UART is not up: what arrives is lost
        self.muted = False
        self.handlers: Mapping[str, Handler] = {}
        self._context = context
        self._faults = faults
        self._reset = reset
        self._errors = errors
        self._reader = LineReader()
        self._input: deque[tuple[float, int]] = deque()
        self._output = bytearray()
        self._held: list[bytes] = []
        self._running: Steps | None = None
        self._entry: Entry | None = None
        self._typed = bytearray()
        self._entry_limit: Planned | None = None
        self._crash: Planned | None = None
        self._line_ended = False

    # The host's end of the wire

    def feed(self, data: bytes) -> None:
        if self.muted or not self.listening:
            return
        ended = self._line_ended and self._entry is None
        for byte in data:
            if ended and byte == LF:  # CR LF end a line together: the LF is no input of its own
                ended = False
                continue
            ended = byte == CR and self._entry is None
            if len(self._input) < INPUT_LIMIT:
                self._input.append((self._context.now, byte))
                self._pump()
        self._line_ended = ended

    def output(self) -> bytes:
        """Everything said since the last call."""
        said = bytes(self._output)
        self._output.clear()
        return said

    # What the rest of the modem says without being asked

    def urc(self, line: str) -> None:
        """An unsolicited line; held back while a text is being typed, lost while the modem is off."""
        if self.listening:
            self.raw(framed(line))

    def raw(self, data: bytes) -> None:
        if self._entry is not None:
            self._held.append(data)
        else:
            self._say(data)

    def result(self, name: str, *lines: str) -> None:
        """The late result of a command that was answered with OK before."""
        fault = self._struck(name, "result")
        data = framed(*lines)
        if fault is None:
            self.raw(data)
        elif fault.seconds > 0:
            self._context.schedule.after(fault.seconds, lambda: self._spoils(data, fault))
        else:
            self._spoils(data, fault)

    def _spoils(self, data: bytes, fault: Fault) -> None:
        if fault.kind is Kind.RESET:
            self._reset()
        else:
            self.raw(_spoilt(data, fault))
        if fault.kind is Kind.CRASH and self._crash is None:
            self._crash = self._context.schedule.after(fault.seconds, self._reset)

    def restart(self) -> None:
        """Forget all that was going on, as a reset does."""
        if self._crash is not None:
            self._crash.cancel()
        self._running = self._entry = self._crash = None
        self._typed.clear()
        self._held.clear()
        self._input.clear()
        self._line_ended = False
        self._reader.forget()

    # Bytes to commands

    def _pump(self) -> None:
        while self._input and (self._running is None or self._entry is not None):
            arrived, byte = self._input.popleft()
            if self._entry is not None:
                self._type(self._entry, byte)
                continue
            if self.echo and byte != ESC:
                self._say(bytes([byte]))
            try:
                line = self._reader.take(byte)
                found = commands(line) if line else None
            except Refused:
                self._say(framed("ERROR"))
                continue
            if found is not None:
                self._running = self._run(found, arrived)
                self._resume(None)

    def _type(self, entry: Entry, byte: int) -> None:
        if entry.length is None and byte in (CTRL_Z, ESC):
            self._finish_entry(bytes(self._typed) if byte == CTRL_Z else None)
            return
        if self.echo:
            self._say(bytes([byte]))
        if entry.length is not None or len(self._typed) < INPUT_LIMIT:
            self._typed.append(byte)
        if byte == CR and entry.again:
            self._say(entry.again)
        if entry.length is not None and len(self._typed) == entry.length:
            self._finish_entry(bytes(self._typed))

    def _finish_entry(self, typed: bytes | None) -> None:
        self._entry = None
        if self._entry_limit is not None:
            self._entry_limit.cancel()
        self._typed.clear()
        held, self._held = self._held, []
        for data in held:
            self._say(data)
        self._resume(typed)

    def _resume(self, value: bytes | None) -> None:
        running = self._running
        while running is not None:
            try:
                step = running.send(value)
            except StopIteration:
                if self._running is running:
                    self._running = None
                return
            if self._running is not running:  # a reset came from within
                return
            value = None
            if isinstance(step, Entry):
                self._opens(step)
                return
            if isinstance(step, Signal) and not step.told:
                step.then(lambda: self._wake(running))
                return
            if isinstance(step, Wait) and step.seconds > 0:
                self._context.schedule.after(step.seconds, lambda: self._wake(running))
                return

    def _opens(self, entry: Entry) -> None:
        self._entry = entry

        def enough() -> None:
            if self._entry is entry:
                self._finish_entry(bytes(self._typed))
                self._pump()

        if entry.seconds is not None:
            self._entry_limit = self._context.schedule.after(entry.seconds, enough)

    def _wake(self, running: Steps) -> None:
        if self._running is running:
            self._resume(None)
            self._pump()

    # Commands to answers

    def _run(self, found: list[Command], arrived: float) -> Steps:
        for command in found:
            name = command.name
            self._context.witness(arrived, "at", modem=self._context.name, command=f"AT{name}")
            yield Wait(self._context.draw(self._context.timing.query))
            try:
                yield from self._meets(name, "command")
                answer = yield from self._answer(command)
                ends = answer.final and command is found[-1]
                data = answer.body + (framed(answer.final) if ends else b"")
                yield from self._tells(name, "answer", data)
                yield from self._meets(name, "after")
            except _Ended:
                return Answer()
            except AtError as error:
                yield from self._tells(name, "answer", framed(self._worded(error)))
                return Answer()
        return Answer()

    def _answer(self, command: Command) -> Steps:
        """The handler's own answer. Raises AtError."""
        handler = self.handlers.get(command.name)
        if handler is None:
            raise Refused
        answer = handler(command)
        if isinstance(answer, Answer):
            return answer
        value: bytes | None = None
        while True:
            try:
                step = answer.send(value)
            except StopIteration as stop:
                returned: Answer = stop.value
                return returned
            if isinstance(step, Entry):
                yield from self._tells(command.name, "prompt", step.prompt)
            value = yield step
            if isinstance(step, Entry) and value is not None:
                yield from self._meets(command.name, "text")

    def _meets(self, name: str, stage: Stage) -> Steps:
        """A fault in what the host says, if there is one. Raises _Ended where it takes it away."""
        fault = self._struck(name, stage)
        if fault is not None:
            passes = fault.kind in _PASSING
            yield from self._strike(fault, b"" if passes else framed("OK"))
            if not passes:
                raise _Ended
        return Answer()

    def _tells(self, name: str, stage: Stage, data: bytes) -> Steps:
        """Say this, or what a fault makes of it. Raises _Ended where no text can follow."""
        fault = self._struck(name, stage)
        if fault is None:
            self._say(data)
        else:
            yield from self._strike(fault, data)
            if stage == "prompt" and fault.kind in (Kind.ERROR, Kind.RESET):
                raise _Ended
        return Answer()

    def _struck(self, name: str, stage: Stage) -> Fault | None:
        fault = self._faults.take(name, stage)
        if fault is not None:
            self._context.see("fault", command=f"AT{name}", stage=stage, kind=fault.kind.value)
        return fault

    def _strike(self, fault: Fault, data: bytes) -> Steps:
        yield Wait(0.0 if fault.kind is Kind.CRASH else fault.seconds)
        self._spoils(data, fault)
        return Answer()

    def _worded(self, error: AtError) -> str:
        if isinstance(error, Cms):
            return f"+CMS ERROR: {error.code}"
        if isinstance(error, Cme) and (errors := self._errors()):
            return f"+CME ERROR: {error.code if errors == 1 else error.text}"
        return "ERROR"

    def _say(self, data: bytes) -> None:
        if not self.muted:
            self._output += data


def _spoilt(data: bytes, fault: Fault) -> bytes:
    match fault.kind:
        case Kind.SILENT:
            return b""
        case Kind.ERROR:
            return framed(fault.text or "ERROR")
        case Kind.GARBAGE:
            return NOISE
        case Kind.PARTIAL:
            return data[: len(data) // 2]
        case Kind.URC:
            return framed(fault.text) + data
        case _:
            return data
