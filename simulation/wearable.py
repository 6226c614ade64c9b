"""The wearable's loop and modem owner, the simulated SIM800 and HQ, on one clock and one thread.

Everything between the button's edges and HQ's receipt is the real code; waiting for the serial
port is what moves the clock. Hours pass in milliseconds, and a bound in seconds can be asserted
without a stopwatch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from outcry.daemon.edge import Edge
from outcry.daemon.journal import Entry
from outcry.enrolment import Enrolment
from outcry.envelope import SEALED_BYTES
from outcry.hw.board.board import Board
from outcry.hw.board.options import Options
from outcry.hw.board.sim800 import Sim800
from outcry.hw.board.timing import Timing
from outcry.hw.board.virtual import VirtualNetwork
from outcry.hw.modem import Modem, ModemEvent, ModemSettings
from outcry.hw.modem.errors import Stopping
from outcry.receipt import RECEIPT_BYTES, Status
from simulation.world import ENROLMENT, HOLD_S, NAMES, World

HQ = (ENROLMENT.hq.host, ENROLMENT.hq.port)


class HqListener:
    """HQ's end of one connection: opens each report and answers it, or as a test wants."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._pending = b""

    def received(self, data: bytes, now: float) -> bytes:
        self._pending += data
        _, end, body = self._pending.partition(b"\r\n\r\n")
        if not end or len(body) < SEALED_BYTES:
            return b""
        self._pending = body[SEALED_BYTES:]
        sealed = body[:SEALED_BYTES]
        self._world.arrived.append((now, sealed))
        return self._world.hq_says(sealed)


class _Port:
    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._woken = False

    def write(self, data: bytes) -> None:
        self._world.sim.feed(data, self._world.now)

    def read(self, timeout_s: float) -> bytes:
        world = self._world
        until = world.now + timeout_s
        while True:
            world.pump()
            data = world.sim.output(world.now)
            if data or self._woken or world.now >= until:
                self._woken = False
                return data
            world.move(until)

    def wake(self) -> None:
        self._woken = True

    def close(self) -> None: ...


class SimulatedWorld(World):
    """As World, with the real modem owner on the simulated SIM800.

    ``settings`` are fields of ModemSettings; ``power_wire`` lets the owner switch the modem off
    and on. The modem is up and registered unless ``warm`` is False: then nobody has switched it on.
    """

    def __init__(
        self,
        folder: Path,
        timing: Timing | None = None,
        seed: int = 1,
        *,
        enrolment: Enrolment | None = ENROLMENT,
        options: Options | None = None,
        warm: bool = True,
        power_wire: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._settings = {"apn": "internet", "host": HQ[0], "port": HQ[1], **(settings or {})}
        self._power_wire = power_wire
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self.seen: list[tuple[float, str, dict[str, object]]] = []
        self.arrived: list[tuple[float, bytes]] = []
        self.told: list[tuple[float, ModemEvent]] = []
        self.receipts: list[float] = []  # when the device found a receipt valid
        self.hq_says: Callable[[bytes], bytes] = self.receipt_of
        self.network = VirtualNetwork()
        self.network.listen(*HQ, lambda: HqListener(self))
        self.board = Board(
            {"wearer": "+447700900001"},
            self.network,
            timing=timing or Timing(),
            random=Random(seed),
            options=options,
            witness=lambda t, what, **facts: self.seen.append((t, what, facts)),
            now=100.0,
        )
        if warm:
            self.sim.warm(100.0)
        self._running = False
        super().__init__(folder, enrolment, seed=seed)

    @property
    def sim(self) -> Sim800:
        return self.board.modems["wearer"]

    def make_modem(self) -> Modem:
        return Modem(
            ModemSettings(**self._settings),
            lambda: _Port(self),
            self._on_event,
            lambda: self.now,
            power_cycle=(lambda: self.sim.reset(self.now)) if self._power_wire else None,
        )

    def _on_event(self, event: ModemEvent) -> None:
        self.told.append((self.now, event))
        self.messages.put(event)

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Let something happen at a time of the clock."""
        self._plans.append((when, len(self._plans), action))
        self._plans.sort()

    def presses(self, when: float, seconds: float = 2.0) -> float:
        """The wearer holds the button; returns when that is a valid hold."""
        self.at(when, lambda: self.messages.put(Edge(True, self.now)))
        self.at(when + seconds, lambda: self.messages.put(Edge(False, self.now)))
        return when + HOLD_S

    def run(self, until: float) -> None:
        """Live until then; once a world."""
        self._end = until
        self._running = True
        self.at(until, lambda: self.modem.stop(0))
        self.modem.run_until_stopped()

    def pump(self) -> None:
        """All that can happen now, happens."""
        while self._plans and self._plans[0][0] <= self.now:
            self._plans.pop(0)[2]()
        while not self.messages.empty():
            self.loop.handle(self.messages.get())
            self.loop.tick()
        if self._running and self.loop.next_due() <= self.now:
            self.loop.tick()

    def move(self, until: float) -> None:
        times = [until, self.loop.next_due()]
        due = self.board.due()
        if due is not None:
            times.append(due)
        if self._plans:
            times.append(self._plans[0][0])
        self.now = max(self.now, min(times))
        self.board.advance(self.now)
        if self.now > self._end + 60:
            raise Stopping

    def receipt_of(self, sealed: bytes, status: Status = Status.STORED) -> bytes:
        return self.http(self.receipt(sealed, status))

    def http(self, body: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def forged(self, sealed: bytes) -> bytes:
        return self.http(sealed[:9] + bytes([1]) + bytes(RECEIPT_BYTES - 10))

    def _keep(self, level: int, sentence: str, fields: dict[str, str]) -> None:
        super()._keep(level, sentence, fields)
        if fields.get("MESSAGE_ID") == Entry.RECEIPT.message_id:
            self.receipts.append(self.now)

    def commands(self, name: str) -> list[float]:
        """When the modem received this command."""
        return [t for t, what, facts in self.seen if what == "at" and facts["command"] == name]

    def texts_given(self) -> list[tuple[float, str]]:
        """When the network took a text, and for whom."""
        return [
            (t, NAMES[str(facts["to"])])
            for t, what, facts in self.seen
            if what == "sms-submitted" and facts["part"] == 1
        ]
