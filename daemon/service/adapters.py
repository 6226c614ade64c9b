"""The outside world as the wearable uses it: clocks, randomness, the journal, and the hardware."""

import os
import queue
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from outcry.daemon.journal import Entry, Journal
from outcry.daemon.service.parts import Message
from outcry.daemon.service.systemd import Service, journal_sink
from outcry.daemon.service.true_time import synchronised_at
from outcry.daemon.settings import NO_PIN, Settings
from outcry.daemon.touch.edges import StrapEdge
from outcry.hw.gps import Gps
from outcry.hw.modem import Modem, ModemSettings, SerialPort
from outcry.hw.pin_library import PinUnusable
from outcry.hw.power import Power, Wire
from outcry.hw.switch import Button, Strap
from outcry.hw.vibration import Vibration

Part = TypeVar("Part", Strap, Vibration, Power)


@dataclass(eq=False, repr=False)
class Adapters:
    """The real ones. A part that cannot be used is reported and left out; the rest goes on.

    ``life`` closes the parts at the end, in reverse order. The simulation replaces single parts in
    a subclass.
    """

    settings: Settings
    messages: queue.SimpleQueue[Message]
    life: ExitStack
    button: Button | None
    service: Service = field(default_factory=Service)
    journal: Journal = field(default_factory=lambda: Journal(journal_sink()))
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    synchronised_at: Callable[[], float | None] = synchronised_at
    random: Callable[[int], bytes] = os.urandom

    def modem(self, settings: ModemSettings, beat: Callable[[], None]) -> Modem:
        """The modem's owner, with the wire that restarts the modem if there is one."""
        port, baud = self.settings.text("modem", "port"), self.settings.whole("modem", "baud")
        power = self._power()
        modem = Modem(
            settings,
            lambda: SerialPort(port, baud),
            self.messages.put,
            self.clock,
            beat,
            None if power is None else partial(self._cycle, power),
        )
        self.life.callback(modem.stop, 3.0)
        return modem

    def _cycle(self, power: Power, is_on: bool) -> None:
        """Restart the modem by its wire; a fault is told before it is raised."""
        try:
            power.cycle(is_on=is_on)
        except PinUnusable as error:
            self.journal.tell(Entry.PART_FAULT, detail=str(error))
            raise

    def gps(self, beat: Callable[[], None]) -> Gps:
        host, port = self.settings.text("gps", "host"), self.settings.whole("gps", "port")
        gps = Gps(host, port, self.messages.put, self.clock, beat)
        self.life.callback(gps.stop, 1.0)
        return gps

    def vibration(self) -> Vibration | None:
        """The motor, if it is wanted and can be used."""
        if not self.settings.flag("vibration", "enabled"):
            return None
        return self._usable(lambda: Vibration(self.settings.whole("vibration", "pin")))

    def strap(self) -> Strap | None:
        """The strap's loop, if it can be watched."""
        pin = self.settings.whole("strap", "pin")

        def tell(closed: bool, at: float) -> None:
            self.messages.put(StrapEdge(closed, at))

        return self._usable(lambda: Strap(pin, tell))

    def _power(self) -> Power | None:
        pin = self.settings.whole("modem", "power_pin")
        if pin == NO_PIN:
            return None
        wire = self.settings.text("modem", "power_wire").replace("power key", Wire.POWER_KEY.value)
        return self._usable(lambda: Power(pin, Wire(wire)))

    def _usable(self, make: Callable[[], Part]) -> Part | None:
        try:
            part = make()
        except PinUnusable as error:
            self.journal.tell(Entry.PART_FAULT, detail=f"{error}; then restart outcry")
            return None
        self.life.callback(part.close)
        return part
