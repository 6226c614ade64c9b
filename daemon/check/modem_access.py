"""The two ways in which a check reaches the modem: through the running daemon, or by itself."""

import os
import queue
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from outcry.daemon.journal import Journal
from outcry.daemon.messages.data_delivery import DataDelivery
from outcry.daemon.messages.identity import Identity
from outcry.daemon.messages.receipts import Receipts
from outcry.daemon.messages.reports import Reporter
from outcry.daemon.outbox.budget import Budget, Budgets
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.service import judge
from outcry.daemon.service.assemble import OUTBOX
from outcry.daemon.service.judge import NO_SEAL, PIN_UNSAID, modem_marks
from outcry.daemon.service.status import modem_facts
from outcry.daemon.settings import Settings
from outcry.hw.modem import Modem, ModemEvent, ModemSettings, PostAnswered, PostFailed, SerialPort
from outcry.report import AlarmKind, MessageType, NoFixReason, NoPosition

STOP_LIMIT_S = 3.0


class DaemonsModem:
    """The daemon's modem, by its control socket. Raises :class:`control_socket.NotAnswering`."""

    def __init__(
        self, ask: Callable[[str], dict[str, Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``ask`` puts a question to the daemon."""
        self._ask = ask
        self._clock = clock
        self._asked_at = 0.0

    def facts(self) -> dict[str, Any]:
        """The modem's facts and marks, as :func:`outcry.daemon.service.judge.reach` takes them.

        ``hq_trouble`` is why HQ is out of reach or does not answer, by what is known so far.
        """
        facts = self._ask("status")
        known = {"marks": facts["marks"], "hq_trouble": judge.hq_trouble(facts)}
        return {**facts["modem"], **known}

    def beat(self) -> str:
        """Have the daemon send HQ a heartbeat; returns why it does not, or nothing."""
        self._asked_at = self._clock()
        return str(self._ask("heartbeat").get("error", ""))

    def answer(self) -> tuple[bool, str]:
        """Whether HQ has answered it, and what came in place of an answer."""
        heartbeat = self._ask("status")["heartbeat"]
        ago = heartbeat["answered_s"]
        since_s = self._clock() - self._asked_at
        trouble = "" if heartbeat["waits"] else heartbeat["trouble"]
        return ago is not None and ago <= since_s, trouble


class OwnModem:
    """The modem and the outbox, opened here while no daemon has them. ``life`` closes them.

    A heartbeat takes a counter from the outbox, which is the daemon's file, so ``seals`` is false
    for a user who would leave that unreadable to the daemon. Nor is a PIN said whose saying cannot be
    kept: a few checks would lock the SIM.
    """

    def __init__(
        self,
        settings: Settings,
        asked: ModemSettings,
        who: Identity | None,
        seals: bool,
        life: ExitStack,
        journal: Journal,
    ) -> None:
        self._outbox_path = settings.path("storage", "state") / OUTBOX
        self._who = who if seals else None
        self._life = life
        self._journal = journal
        self._events: queue.SimpleQueue[ModemEvent] = queue.SimpleQueue()
        self._heartbeats: tuple[Reporter, DataDelivery] | None = None
        self._low_mv = settings.number("supervision", "battery_low_volts") * 1000
        if not (seals and (asked.pin is None or asked.said_pins.can_keep())):
            asked = replace(asked, pin=None, no_pin=PIN_UNSAID)
        port, baud = settings.text("modem", "port"), settings.whole("modem", "baud")
        self._modem = Modem(asked, lambda: SerialPort(port, baud), self._events.put, time.monotonic)
        self._modem.start()
        life.callback(self._modem.stop, STOP_LIMIT_S)

    def facts(self) -> dict[str, Any]:
        modem = self._modem.status()
        marks = int(modem_marks(modem, self._low_mv))
        return modem_facts(modem, time.monotonic()) | {"marks": marks, "hq_trouble": ""}

    def beat(self) -> str:
        """Seal a heartbeat and send it; returns why not, or nothing."""
        if self._who is None:
            return "only the service's own user may seal one; `sudo outcry check` does"
        if self._who.enrolment is None or not self._who.enrolment.can_seal():
            return NO_SEAL.words
        if self._heartbeats is None:
            self._heartbeats = self._made(self._who)
        reporter, data = self._heartbeats
        nowhere, modem = NoPosition(NoFixReason.UNKNOWN), self._modem.status()
        data.answered_at = None
        marks = modem_marks(modem, self._low_mv)
        beat = reporter.seal(MessageType.HEARTBEAT, AlarmKind.NONE, 0, 1, nowhere, modem, marks)
        data.post_heartbeat(beat)
        return ""

    def answer(self) -> tuple[bool, str]:
        """Whether HQ has answered it, and what came in place of an answer."""
        assert self._heartbeats is not None
        _, data = self._heartbeats
        while not self._events.empty():
            match self._events.get():
                case PostFailed() as event:
                    data.failed(event)
                case PostAnswered() as event:
                    data.answered(event, time.monotonic())
        return data.answered_at is not None, "" if data.under_way else data.trouble

    def _made(self, who: Identity) -> tuple[Reporter, DataDelivery]:
        assert who.enrolment is not None
        outbox = Outbox(
            self._outbox_path,
            lambda fault: None,  # the check of the disk says so
            who.enrolment.device,
            int(time.time()),
        )
        self._life.callback(outbox.close)
        free = Budget(sys.maxsize, time.monotonic)
        budgets, receipts = Budgets(free, free, free), Receipts(who, outbox, self._journal)
        data = DataDelivery(outbox, receipts, self._modem, self._journal, budgets)
        return Reporter(who, outbox, lambda: None, time.time, os.urandom), data
