"""The modem's owner on the board's clock: one thread, simulated time, nothing sleeps."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from outcry.hw.board.modem.options import Options
from outcry.hw.board.modem.timing import Timing
from outcry.hw.board.modem.wire import HOST_BAUD
from outcry.hw.board.process.board import Board
from outcry.hw.board.sim800.sim800 import Sim800
from outcry.hw.modem import (
    Modem,
    ModemEvent,
    ModemSettings,
    ModemStatus,
    PortLost,
    SmsReceived,
)
from outcry.hw.modem.errors import Stopping
from outcry.hw.modem.link import Link
from simulation.virtual_network import VirtualNetwork

HQ = ("192.0.2.1", 8000)
RECEIPT = bytes(range(17))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # as the network has it when the clock is 0


class Hq:
    """HQ's listener as the modem's TCP reaches it: answers each whole request with a receipt."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._pending = b""

    def received(self, data: bytes, now: float) -> bytes:
        self._pending += data
        head, end, rest = self._pending.partition(b"\r\n\r\n")
        if not end:
            return b""
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        if len(rest) < length:
            return b""
        self._world.requests.append(head + end + rest[:length])
        self._pending = rest[length:]
        return self._world.answer


class BoardPort:
    """A port whose waiting moves the board's clock."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._woken = False
        self.closed = False
        self.rate = HOST_BAUD

    @property
    def rate(self) -> int:
        return self._world.sim.wire.host_baud

    @rate.setter
    def rate(self, rate: int) -> None:
        self._world.sim.wire.host_baud = rate

    def write(self, data: bytes) -> None:
        world = self._world
        if world.unplugged:
            raise PortLost("unplugged")
        world.written.append((world.now, data))
        world.sim.feed(data, world.now)

    def read(self, timeout_s: float) -> bytes:
        world = self._world
        until = world.now + timeout_s
        while True:
            world.act()
            if world.unplugged:
                raise PortLost("unplugged")
            data = world.noise + world.sim.output(world.now)
            world.noise = b""
            if data:
                return data
            if self._woken or world.now >= until:
                self._woken = False
                return b""
            world.move(until)

    def wake(self) -> None:
        self._woken = True

    def close(self) -> None:
        self.closed = True


class ScriptedPort:
    """A port that answers each write with given bytes, in given pieces, on a clock of its own."""

    rate = HOST_BAUD

    def __init__(self) -> None:
        self.now = 0.0
        self.written: list[bytes] = []
        self.answers: list[list[bytes]] = []
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.answers:
            self._pieces += self.answers.pop(0)

    def says(self, *pieces: bytes) -> None:
        """Unasked, at the next read."""
        self._pieces += pieces

    def read(self, timeout_s: float) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        self.now += timeout_s
        return b""

    def wake(self) -> None: ...

    def close(self) -> None: ...

    def link(self) -> Link:
        """A link in step with this port, past the start of its epoch."""
        link = Link(self, lambda: self.now, lambda: None, lambda: False, lambda began: None)
        self.answers = [[b"\r\nOK\r\n"]]
        link.attention(1)
        link.guarded, link.echo_expected = True, False
        self.written.clear()
        return link


class World:
    """A simulated SIM800, HQ behind it, the owner in front, and one clock over all."""

    def __init__(
        self,
        settings: ModemSettings,
        *,
        timing: Timing | None = None,
        options: Options | None = None,
        warm: bool = True,
        seed: int = 1,
        power_wire: bool = False,
        doorbell: threading.Event | None = None,
    ) -> None:
        self.now = 1000.0
        self.limit = self.now + 3600
        self.events: list[ModemEvent] = []
        self.stamped: list[tuple[float, ModemEvent]] = []
        self.seen: list[tuple[float, str, dict[str, object]]] = []
        self.written: list[tuple[float, bytes]] = []
        self.requests: list[bytes] = []
        self.answer = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(RECEIPT)) + RECEIPT
        self.unplugged = False
        self.noise = b""
        self.beats: list[float] = []
        self.keeps = True  # whoever is told of a text has it for good
        self.pull_wire: Callable[[], None] = lambda: self.sim.reset(self.now)
        self.on_event: Callable[[ModemEvent], None] = self._keep
        self._plans: list[tuple[float, Callable[[], None]]] = []
        self.network = VirtualNetwork()
        self.network.listen(*HQ, lambda: Hq(self))
        self.board = Board(
            {"wearer": "+447700900001"},
            self.network,
            timing=timing or Timing.instant(),
            random=Random(seed),
            options=options,
            witness=lambda t, what, **facts: self.seen.append((t, what, facts)),
            wall=lambda now: NOON + timedelta(seconds=now),
            now=self.now,
        )
        if warm:
            self.sim.warm(self.now)
        else:
            self.sim.power_on(self.now)
        self.port = BoardPort(self)
        self.starts_again = lambda: Modem(
            settings,
            self._open,
            lambda event: self.on_event(event),
            lambda: self.now,
            lambda: self.beats.append(self.now),
            self._pulled if power_wire else None,
            doorbell,
        )
        self.known_on: list[bool] = []
        """Each time the wire was pulled: whether the modem was known to be on."""
        self.modem = self.starts_again()

    def _pulled(self, is_on: bool) -> None:
        self.known_on.append(is_on)
        self.pull_wire()

    @property
    def sim(self) -> Sim800:
        return self.board.modems["wearer"]

    def _open(self) -> BoardPort:
        if self.unplugged:
            raise PortLost("absent")
        self.port = BoardPort(self)
        return self.port

    def _keep(self, event: ModemEvent) -> None:
        self.events.append(event)
        self.stamped.append((self.now, event))
        if self.keeps and isinstance(event, SmsReceived):
            event.kept()

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan ``action`` for ``seconds`` from now."""
        self._plans.append((self.now + seconds, action))
        self._plans.sort(key=lambda plan: plan[0])

    def act(self) -> None:
        while self._plans and self._plans[0][0] <= self.now:
            self._plans.pop(0)[1]()

    def move(self, until: float) -> None:
        times = [until]
        if self._plans:
            times.append(self._plans[0][0])
        due = self.board.due()
        if due is not None:
            times.append(due)
        self.now = max(self.now, min(times))
        self.board.advance(self.now)
        if self.now > self.limit:
            raise Stopping

    def run(self, seconds: float) -> None:
        """Let the owner live for ``seconds``; it is stopped then, so this runs once a world."""
        self.at(seconds, lambda: self.modem.stop(0))
        self.modem.run_until_stopped()

    def condition_after(self, seconds: float) -> ModemStatus:
        """Run, and what the modem's status was at the end."""
        seen: list[ModemStatus] = []
        self.at(seconds - 0.1, lambda: seen.append(self.modem.status()))
        self.run(seconds)
        return seen[0]

    def got(self, kind: type) -> list[ModemEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def said(self, start: str) -> list[float]:
        """When lines beginning with ``start`` were written to the port."""
        return [t for t, data in self.written if data.startswith(start.encode())]

    def texts(self, number: str) -> list[str]:
        return [text.text for text in self.board.centre.phone(number).texts]


@pytest.fixture
def world() -> Callable[..., World]:
    """Make a world; keyword arguments of ``ModemSettings`` and of ``World``."""

    def make(
        *,
        timing: Timing | None = None,
        options: Options | None = None,
        warm: bool = True,
        seed: int = 1,
        power_wire: bool = False,
        doorbell: threading.Event | None = None,
        **settings: object,
    ) -> World:
        values: dict[str, object] = {"apn": "internet", "host": HQ[0], "port": HQ[1], **settings}
        return World(
            ModemSettings(**values),  # type: ignore[arg-type]
            timing=timing,
            options=options,
            warm=warm,
            seed=seed,
            power_wire=power_wire,
            doorbell=doorbell,
        )

    return make


@pytest.fixture
def port() -> ScriptedPort:
    return ScriptedPort()


@pytest.fixture(scope="session")
def ports() -> type[ScriptedPort]:
    """For tests that need a new port for every example."""
    return ScriptedPort


@pytest.fixture(autouse=True)
def _journal(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "outcry.modem")
