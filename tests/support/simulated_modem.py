"""A simulated modem on a pty inside a test's own process, run by one thread.

with SimulatedModem() as modem:
    serial.Serial(modem.port, 115200)
    modem.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer"))
    ...
    modem.wait_for(lambda: modem.texts("+447700900201"))
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Self

from outcry.hw.board.modem.gprs import How
from outcry.hw.board.modem.network import LoopbackNetwork
from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.pty import PtyPort
from outcry.hw.board.modem.sms.centre import Centre, Text
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.process.board import Board
from outcry.hw.board.sim800 import fault_catalogue
from outcry.hw.board.sim800.sim800 import Sim800
from outcry.hw.board.waiting import ready

_LIMIT_S = 30.0  # how long a test waits for what ought to come at once
_GLANCE_S = 0.01


class SimulatedModem:
    """One SIM800 with a centre of its own; warm and instant unless asked otherwise.

    ``events`` is what an observer saw: dictionaries with ``t`` (CLOCK_MONOTONIC, seconds),
    ``what`` and its facts, in order.
    """

    def __init__(
        self,
        number: str = "+447700900001",
        *,
        timing: Timing | None = None,
        options: Options | None = None,
        warm: bool = True,
        seed: int = 0,
        wall: Callable[[float], datetime] = lambda now: datetime.now(UTC),
    ) -> None:
        self.events: list[dict[str, object]] = []
        self._network = LoopbackNetwork()
        self.board = Board(
            {"wearer": number},
            self._network,
            timing=timing or Timing.instant(),
            random=Random(seed),
            options=options,
            witness=self._witness,
            wall=wall,
            now=time.monotonic(),
        )
        self._warm = warm
        self._pty = PtyPort()
        self._lock = threading.RLock()
        self._wake_read, self._wake_write = os.pipe()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="simulated-modem", daemon=True)

    @property
    def port(self) -> str:
        """Path of the serial port."""
        return self._pty.path

    @property
    def sim(self) -> Sim800:
        return self.board.modems["wearer"]

    @property
    def centre(self) -> Centre:
        return self.board.centre

    def texts(self, number: str) -> list[Text]:
        """What the phone with this number has received."""
        with self._lock:
            return list(self.centre.phone(number).texts)

    def text(self, sender: str, words: str) -> None:
        """A phone texts the modem."""
        with self._moved():
            self.centre.text(sender, self.sim.number, words)

    def phone(self, number: str, on: bool) -> None:
        """A phone is switched off, or on again."""
        with self._moved():
            self.centre.switch(number, on)

    def gprs(self, how: How, *, old_only: bool = False) -> None:
        with self._moved() as now:
            self.sim.set_gprs(how, now, old_only=old_only)

    def network(self, covered: bool) -> None:
        with self._moved() as now:
            self.sim.set_network(covered, now)

    def mute(self, muted: bool) -> None:
        with self._moved() as now:
            self.sim.set_mute(muted, now)

    def sms_fault(self, code: int | None) -> None:
        with self._moved() as now:
            self.sim.set_sms_refusal(code, now)

    def arm(self, fault: str, **details: object) -> None:
        """A fault of the catalogue, by its name. Raises ValueError as :func:`catalogue.arm`."""
        with self._moved():
            fault_catalogue.arm(self.sim, fault, **details)

    def reset(self) -> None:
        with self._moved() as now:
            self.sim.reset(now)

    def commands(self) -> list[str]:
        """Names of the AT commands received, in order."""
        with self._lock:
            return [str(event["command"]) for event in self.events if event["what"] == "at"]

    def wait_for(self, condition: Callable[[], object], limit_s: float = _LIMIT_S) -> None:
        """Wait until something holds. Raises TimeoutError when it does not within the limit."""
        until = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError("what the test waited for did not happen")
            time.sleep(_GLANCE_S)

    def __enter__(self) -> Self:
        now = time.monotonic()
        if self._warm:
            self.sim.warm(now)
        else:
            self.sim.power_on(now)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping = True
        self._wake()
        self._thread.join(_LIMIT_S)
        self._pty.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    @contextmanager
    def _moved(self) -> Iterator[float]:
        """Change something from outside the thread, at this moment; yields the moment."""
        with self._lock:
            now = time.monotonic()
            self.board.advance(now)
            yield now
        self._wake()

    def _wake(self) -> None:
        os.write(self._wake_write, b"!")

    def _witness(self, t: float, what: str, **facts: object) -> None:
        self.events.append({"t": t, "what": what, **facts})

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                now = time.monotonic()
                come = self._pty.read()
                self.sim.wire.host_baud = self._pty.baud()  # not before: these came at this rate
                self.sim.feed(come, now)
                self._pty.write(self.sim.output(now))
                due = self.board.due()
                readable, writable = self._network.waiting()
            self._sleep(due, readable, writable)

    def _sleep(self, due: float | None, readable: list[int], writable: list[int]) -> None:
        if self._pty.wants_writing:
            writable = [*writable, self._pty.fileno()]
        seconds = None if due is None else due - time.monotonic()
        awake = ready([*readable, self._wake_read, self._pty.fileno()], writable, seconds)
        if self._wake_read in awake:
            os.read(self._wake_read, 4096)
