"""The two ways a check gets at the modem: through the running daemon, or by itself."""

from __future__ import annotations

import os
import queue
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from outcry.daemon.messages.identity import Identity
from outcry.daemon.messages.reports import Reporter
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import StoredReport
from outcry.daemon.service import control_socket
from outcry.daemon.service.status import modem_facts
from outcry.daemon.settings import Settings
from outcry.envelope import Header
from outcry.hw.modem import (
    Modem,
    ModemEvent,
    ModemSettings,
    PostAnswered,
    PostFailed,
    open_serial,
)
from outcry.receipt import ReceiptRefused, verify
from outcry.report import AlarmKind, MessageType, NoFixReason, NoPosition

REF = "check"
STOP_LIMIT_S = 3.0


class DaemonsLine:
    """The daemon's modem, by its control socket. Raises :class:`control.NotAnswering`."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._asked_at = 0.0

    def facts(self) -> dict[str, Any]:
        """How the modem is."""
        facts: dict[str, Any] = self._ask("status")["modem"]
        return facts

    def beat(self) -> str:
        """Have the daemon send HQ a heartbeat; why it does not, or nothing."""
        self._asked_at = time.monotonic()
        return str(control_socket.ask(self._runtime, "heartbeat").get("error", ""))

    def answer(self) -> tuple[bool, str]:
        """Whether HQ has answered it, and what came in place of an answer."""
        heartbeat = self._ask("status")["heartbeat"]
        ago = heartbeat["answered_s"]
        since_s = time.monotonic() - self._asked_at
        return ago is not None and ago <= since_s, heartbeat["trouble"]

    def _ask(self, question: str) -> dict[str, Any]:
        answer = control_socket.ask(self._runtime, question)
        if "error" in answer:
            raise control_socket.NotAnswering(str(answer["error"]))
        return answer


class OwnLine:
    """A modem and an outbox of our own, while no daemon has them. ``life`` lets go of them.

    A heartbeat is sealed like any: it takes a counter from the outbox, which is the daemon's own
    file, so ``seals`` is false for a user who would leave it unreadable to the daemon.
    """

    def __init__(
        self,
        settings: Settings,
        asked_of_modem: ModemSettings,
        who: Identity | None,
        seals: bool,
        life: ExitStack,
    ) -> None:
        self._settings = settings
        self._who = who
        self._seals = seals
        self._life = life
        self._events: queue.SimpleQueue[ModemEvent] = queue.SimpleQueue()
        self._reporter: Reporter | None = None
        self._beat: StoredReport | None = None
        self._answer = (False, "")
        port, baud = settings.text("modem", "port"), settings.whole("modem", "baud")
        self._modem = Modem(
            asked_of_modem, lambda: open_serial(port, baud), self._events.put, time.monotonic
        )
        self._modem.start()
        life.callback(self._modem.stop, STOP_LIMIT_S)

    def facts(self) -> dict[str, Any]:
        """How the modem is."""
        return modem_facts(self._modem.status(), time.monotonic())

    def beat(self) -> str:
        """Seal a heartbeat and send it; why not, or nothing."""
        if self._who is None or not self._seals:
            return "only the service's own user may seal one; `sudo outcry check` does"
        if self._reporter is None:
            self._reporter = self._make_reporter(self._who)
        self._beat = self._reporter.seal(
            MessageType.HEARTBEAT,
            AlarmKind.NONE,
            0,
            1,
            NoPosition(NoFixReason.UNKNOWN),
            self._modem.status(),
        )
        self._answer = (False, "")
        self._modem.post(REF, self._beat.sealed)
        return ""

    def answer(self) -> tuple[bool, str]:
        """Whether HQ has answered it, and what came in place of an answer."""
        while not self._events.empty():
            match self._events.get():
                case PostFailed(ref, reason) if ref == REF:
                    self._answer = (False, reason)
                case PostAnswered(ref, status, body) if ref == REF:
                    self._answer = self._judged(status, body)
        return self._answer

    def _judged(self, status: int, body: bytes) -> tuple[bool, str]:
        assert self._beat is not None
        assert self._who is not None
        assert self._who.enrolment is not None
        if status != 200:
            return False, f"HTTP {status}"
        try:
            header = Header(self._who.enrolment.device, self._beat.counter)
            verify(body, self._beat.token, header)
        except ReceiptRefused as error:
            return False, str(error)
        return True, ""

    def _make_reporter(self, who: Identity) -> Reporter:
        assert who.enrolment is not None
        outbox = Outbox(
            self._settings.path("storage", "state") / "outbox.sqlite",
            lambda fault: None,  # the check of the disk says so
            who.enrolment.device,
            int(time.time()),
        )
        self._life.callback(outbox.close)
        return Reporter(who, outbox, time.time, os.urandom)
