"""The real loop and the real modem owner on one clock and one thread, whatever the modem is.

Waiting for the serial port is what moves the clock. Hours pass in milliseconds, and a bound in
seconds can be asserted without a stopwatch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from outcry.daemon.journal import Entry
from outcry.daemon.touch.edges import Edge
from outcry.enrolment import Enrolment
from outcry.envelope import SEALED_BYTES
from outcry.hw.board.modem.wire import HOST_BAUD
from outcry.hw.modem import Modem, ModemEvent, ModemSettings, PortLost
from outcry.hw.modem.errors import Stopping
from outcry.receipt import RECEIPT_BYTES, Status
from simulation.virtual_network import Deeds
from simulation.world import ENROLMENT, HOLD_S, WALL, World

HQ = (ENROLMENT.hq.host, ENROLMENT.hq.port)
LEAST_S = 1e-6  # a wait; a shorter one could be lost in the sum of the world's and a boot's time
OVERTIME_S = 60.0  # after the end nothing can go on for longer


class FarEnd(Protocol):
    """What is at the other end of the serial line. All times are seconds of the world's clock."""

    def feed(self, data: bytes, now: float) -> None:
        """Bytes arrive."""

    def output(self, now: float) -> bytes:
        """All that has been said up to now and was not taken before."""

    def due(self) -> float | None:
        """When something next happens by itself."""

    def advance(self, now: float) -> None:
        """Let everything happen that is due up to now."""


class _Port:
    def __init__(self, world: ClockedWorld) -> None:
        self._world = world
        self._woken = False
        self.rate = HOST_BAUD

    @property
    def rate(self) -> int:
        return self._world.baud

    @rate.setter
    def rate(self, rate: int) -> None:
        self._world.baud = rate

    def write(self, data: bytes) -> None:
        if self._world.unplugged:
            raise PortLost("unplugged")
        self._world.line.feed(data, self._world.now)

    def read(self, timeout_s: float) -> bytes:
        world = self._world
        until = world.now + (max(timeout_s, LEAST_S) if timeout_s > 0 else 0.0)
        while True:
            world.pump()
            if world.unplugged:
                raise PortLost("unplugged")
            data = world.line.output(world.now)
            if data or self._woken or world.now >= until:
                self._woken = False
                return data
            world.move(until)

    def wake(self) -> None:
        self._woken = True

    def close(self) -> None: ...


class _Doorbell(threading.Event):
    """The owner's, while it has no port: waiting for it moves the clock, too."""

    def __init__(self, world: ClockedWorld) -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        world = self._world
        until = world.now + (timeout or 0.0)
        while True:
            world.pump()
            if self.is_set() or world.now >= until:
                return self.is_set()
            world.line.output(world.now)  # nobody hears it
            world.move(until)


class HqListener:
    """HQ's end of one connection: opens each report and answers it, or as a test wants."""

    def __init__(self, world: ClockedWorld) -> None:
        self._world = world
        self._pending = b""

    def received(self, data: bytes, now: float) -> bytes | Deeds:
        self._pending += data
        _, end, body = self._pending.partition(b"\r\n\r\n")
        if not end or len(body) < SEALED_BYTES:
            return b""
        self._pending = body[SEALED_BYTES:]
        sealed = body[:SEALED_BYTES]
        self._world.arrived.append((now, sealed))
        return self._world.hq_says(sealed)


class ClockedWorld(World):
    """As World, with the real modem owner and ``line`` at the other end of its port."""

    line: FarEnd
    baud = HOST_BAUD
    """What the wearable's port is set to."""
    power_cycle: Callable[[bool], None] | None = None
    """What the owner's wire does, if there is one."""

    def __init__(
        self,
        folder: Path,
        seed: int = 1,
        *,
        enrolment: Enrolment | None = ENROLMENT,
        settings: Mapping[str, Any] | None = None,
        unset_clock: float | None = None,
    ) -> None:
        """``settings`` are fields of ModemSettings that are to be otherwise.

        ``unset_clock`` is what the system's clock says that nobody has set; without it NTP has.
        """
        self._otherwise = settings or {}
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._running = False
        self.unplugged = False
        self.arrived: list[tuple[float, bytes]] = []
        self.told: list[tuple[float, ModemEvent]] = []
        self.receipts: list[float] = []  # when the device found a receipt valid
        self.hq_says: Callable[[bytes], bytes | Deeds] = self.receipt_of
        super().__init__(
            folder,
            enrolment,
            wall=WALL if unset_clock is None else unset_clock,
            seed=seed,
            synchronised=unset_clock is None,
        )

    def make_modem(self, settings: ModemSettings) -> Modem:
        return Modem(
            replace(settings, **self._otherwise),
            self._open,
            self._on_event,
            self.clock,
            power_cycle=self.power_cycle,
            doorbell=_Doorbell(self),
        )

    def sleeps(self, seconds: float) -> None:
        """The owner's thread waits and reads nothing, while all the rest goes on."""
        until = self.now + seconds
        while self.now < until:
            self.pump()
            self.move(until)

    def _open(self) -> _Port:
        if self.unplugged:
            raise PortLost("absent")
        return _Port(self)

    def _on_event(self, event: ModemEvent) -> None:
        self.told.append((self.now, event))
        self.messages.put(event)

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Let something happen at a time of the clock."""
        self._plans.append((when, next(self._order), action))
        self._plans.sort()

    def presses(self, when: float, seconds: float = 2.0) -> float:
        """The wearer holds the button; returns when that is a valid hold."""
        self.at(when, lambda: self.messages.put(Edge(True, self.clock())))
        self.at(when + seconds, lambda: self.messages.put(Edge(False, self.clock())))
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
        if self._running and self.loop.next_due() <= self.clock():
            self.loop.tick()

    def move(self, until: float) -> None:
        times = [until, self.booted_at + self.loop.next_due()]
        due = self.line.due()
        if due is not None:
            times.append(due)
        if self._plans:
            times.append(self._plans[0][0])
        self.now = max(self.now, min(times))
        self.line.advance(self.now)
        if self.now > self._end + OVERTIME_S:
            raise Stopping

    def receipt_of(self, sealed: bytes, status: Status = Status.STORED) -> bytes:
        return self.http(self.receipt(sealed, status))

    def http(self, body: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def forged(self, sealed: bytes) -> bytes:
        return self.http(sealed[:9] + bytes([1]) + bytes(RECEIPT_BYTES - 10))

    def keep(self, level: int, sentence: str, fields: dict[str, str]) -> None:
        super().keep(level, sentence, fields)
        if fields.get("MESSAGE_ID") == Entry.RECEIPT.message_id:
            self.receipts.append(self.now)
