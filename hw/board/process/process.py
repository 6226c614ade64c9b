"""The running board: one process, one loop, a directory in which everything of it is found.

DIR/modem-NAME     symlink to the pty of that modem
DIR/receiver       symlink to the receiver's pty, for gpsd
DIR/control.sock   requests (see control) and pin levels
DIR/events.jsonl   what was seen from outside, one JSON object a line
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from outcry.hw.board import meeting
from outcry.hw.board.modem.network import LoopbackNetwork
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.pty import PtyPort
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.pins.pinboard import PinBoard
from outcry.hw.board.process.board import Board
from outcry.hw.board.process.control import Client, Control
from outcry.hw.board.receiver.receiver import Receiver
from outcry.hw.board.receiver.recording import recorded
from outcry.hw.board.sim800.power_wires import PowerWires
from outcry.hw.board.waiting import ready, stopping

BURST_S = 1.0
STALE = 2048  # bytes of NMEA nobody read; a UART would have lost them


class BoardProcess:
    def __init__(
        self,
        directory: Path,
        modems: Mapping[str, str],
        *,
        timing: Timing,
        options: Options,
        warm: bool,
        seed: int | None,
        receiver: str,
        position: tuple[float, float],
        speed: float,
        wires: Mapping[str, int | None],
    ) -> None:
        """``receiver`` is ``generated``, ``none``, or a recording's path; ``wires`` are GPIO numbers
        by the names that :class:`PowerWires` gives them.

        Raises FileExistsError when a board already runs there, OSError or ValueError for a bad
        file.
        """
        generated = receiver in ("generated", "none")
        self._recording = None if generated else recorded(Path(receiver))
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._listener = meeting.listening(directory)
        self._events = (directory / "events.jsonl").open("a", encoding="utf-8")
        self._network = LoopbackNetwork()
        random = Random(seed)
        self.board = Board(
            modems,
            self._network,
            timing=timing,
            random=random,
            options=options,
            witness=self._see,
            now=time.monotonic(),
        )
        self.pins = PinBoard(self.board.schedule, random, self._see)
        first = next(iter(self.board.modems.values()))
        self.pins.wires.append(PowerWires(self.board.schedule, first, **wires).level)
        self.receiver = Receiver(*position, speed=speed)
        self._ports = {name: PtyPort(directory / f"modem-{name}") for name in modems}
        self._receiver_port = None if receiver == "none" else PtyPort(directory / "receiver")
        self._clients: dict[int, Client] = {}
        self._control = Control(self.board, self.pins, self.receiver, self._see)
        self._warm = warm

    @property
    def paths(self) -> list[str]:
        """Where everything is found, for the ready line."""
        files = [str(self._directory / name) for name in (meeting.NAME, "events.jsonl")]
        return [*(port.name for port in self._all_ports()), *files]

    def _see(self, t: float, what: str, **facts: object) -> None:
        """The board's own record, written line by line so that others can follow it."""
        self._events.write(json.dumps({"t": round(t, 6), "what": what, **facts}) + "\n")
        self._events.flush()

    def _all_ports(self) -> list[PtyPort]:
        return [*self._ports.values(), *([self._receiver_port] if self._receiver_port else [])]

    def run(self, when_ready: Callable[[], None]) -> None:
        """Be the board until SIGTERM or SIGINT; then leave nothing but the events."""
        stop = stopping()
        try:
            self._switch_on()
            when_ready()
            while not self._turned(stop):
                pass
        finally:
            self._close()

    def _switch_on(self) -> None:
        now = time.monotonic()
        for modem in self.board.modems.values():
            (modem.warm if self._warm else modem.power_on)(now)
        if self._receiver_port is not None:
            self._burst(self._receiver_port)

    def _burst(self, port: PtyPort) -> None:
        """One second of the receiver, and again in a second."""
        port.read()  # gpsd asks the receiver what it is; this one never answers
        self.receiver.move(BURST_S)
        if self.receiver.state != "silent" and self._recording is not None:
            data = next(self._recording)
        else:
            data = self.receiver.burst(datetime.now(UTC))
        if port.unread() > STALE:
            port.forget_unread()
        port.write(data)
        self.board.schedule.after(BURST_S, lambda: self._burst(port))

    def _turned(self, stop: int) -> bool:
        """Do all that can be done now and wait for more; whether it is time to stop."""
        now = time.monotonic()
        for name, port in self._ports.items():
            come = port.read()
            # Only after the read: what came was sent at the rate before.
            self.board.modems[name].wire.host_baud = port.baud()
            self.board.modems[name].feed(come, now)
        self.board.advance(now)
        for name, port in self._ports.items():
            port.write(self.board.modems[name].output(now))
        due = self.board.due()
        readable, writable = self._network.waiting()
        readable += [port.fileno() for port in self._ports.values()]
        writable += [port.fileno() for port in self._ports.values() if port.wants_writing]
        readable += [stop, self._listener.fileno(), *self._clients]
        seconds = None if due is None else due - time.monotonic()
        awake = ready(readable, writable, seconds)
        self._serve(awake)
        return stop in awake

    def _serve(self, awake: set[int]) -> None:
        if self._listener.fileno() in awake:
            with suppress(BlockingIOError):
                connection, _ = self._listener.accept()
                self._clients[connection.fileno()] = Client(connection, self._control)
        for descriptor in awake & self._clients.keys():
            self.board.advance(time.monotonic())
            client = self._clients[descriptor]
            if not client.serve():
                del self._clients[descriptor]
                client.close()

    def _close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._listener.close()
        (self._directory / meeting.NAME).unlink(missing_ok=True)
        for port in self._all_ports():
            port.close()
        self._events.close()
