"""The modem's owner: one thread through which every byte to and from the modem goes."""

import dataclasses
import logging
import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from outcry.hw.modem.blame import Blame
from outcry.hw.modem.errors import (
    ModemReset,
    ModemSilent,
    ModemStuck,
    PortLost,
    Stopping,
)
from outcry.hw.modem.events import Condition, ModemEvent, ModemStatus
from outcry.hw.modem.jobs import PostJob, TextJob, Tray
from outcry.hw.modem.port import BEAT_S, Port
from outcry.hw.modem.settings import ModemSettings
from outcry.hw.modem.status import StatusBoard

if TYPE_CHECKING:
    from outcry.hw.modem.link import Link
    from outcry.hw.modem.service import Service

log = logging.getLogger("outcry.modem")

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
PAUSE_IN_NEED_S = 2.0  # between looks for a lost modem while somebody needs it
AWAKE_TRIES = 5
RESET_TRIES = 20  # after AT+CFUN=1,1 AT is answered within 8 s as a rule
CYCLE_EVERY = 2  # silences, where there is a wire to switch the modem off
SOFT_RESET_EVERY = 4  # silences, where there is none: a slow modem is only slowed by it


class Modem:
    """A SIM800 on a serial port. It carries texts and posts and knows nothing about alarms.

    Every public method may be called from any thread and returns at once
    (``stop`` alone waits); what came of it arrives at ``on_event``, which is
    called on the owner's thread and should only put the event into a queue.
    """

    def __init__(
        self,
        settings: ModemSettings,
        open_port: Callable[[], Port],
        on_event: Callable[[ModemEvent], None],
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        """``clock`` counts seconds and never goes back. ``beat`` is called at least every 3 s.

        ``power_cycle``, where the board has the wire for it, switches the
        modem off and on (RST low for 105 ms or more, or PWRKEY).
        """
        self._settings = settings
        self._open_port = open_port
        self._on_event = on_event
        self._clock = clock
        self._beat = beat
        self._power_cycle = power_cycle
        self._tray = Tray(clock)
        self._port: Port | None = None
        self._doorbell = threading.Event()
        self._thread: threading.Thread | None = None
        self._board = StatusBoard(self._emit)
        self._silences = 0
        self._service: Service | None = None
        self._blame = Blame(clock)

    def start(self) -> None:
        """Start the owner's thread; it looks after the modem until ``stop``."""
        self._thread = threading.Thread(target=self.run_until_stopped, name="modem", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Stop from any state and wait; False if the thread still runs after ``timeout_s``."""
        self._tray.stop()
        self._ring()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def send_sms(self, ref: str, number: str, text: str) -> None:
        """Queue a text; ``SmsOutcome`` follows, ``SmsReport`` perhaps.

        The text waits, unfailed, until the modem answers and is registered:
        ``status().state`` tells. Texts leave in the order they were queued.
        """
        self._tray.add_text(TextJob(ref, number, text))
        self._ring()

    def post(self, ref: str, body: bytes) -> None:
        """Queue ``POST /v1/reports``; ``PostAnswered`` or ``PostFailed`` follows.

        A post waits for a connection attempt that can be made now, and fails
        when that fails: retrying is the caller's decision.
        """
        self._tray.add_post(PostJob(ref, body))
        self._ring()

    def cancel_post(self, ref: str) -> None:
        """Forget a post; no event follows for it (one may be on its way already)."""
        self._tray.cancel_post(ref)
        self._ring()

    def set_urgent(self, on: bool) -> None:
        """While an alarm is open nothing slow starts before its texts have had their try."""
        self._tray.set_urgent(on)
        self._ring()

    def status(self) -> ModemStatus:
        """What is known now."""
        return dataclasses.replace(self._board.now, queued_texts=self._tray.texts_waiting)

    def _ring(self) -> None:
        self._doorbell.set()
        port = self._port
        if port is not None:
            port.wake()

    # The owner's thread

    def run_until_stopped(self) -> None:
        """The body of the thread; call it directly to run on a clock of your own."""
        failures = 0
        while not self._tray.stopping:
            began = self._clock()
            try:
                if self._service is None:
                    self._service = self._make_service()
                self._hold_port(self._service)
            except Stopping:
                break
            except PortLost as lost:
                self._board.note(Condition.SILENT, str(lost))
                log.warning("modem: %s", lost)
            except Exception as exc:  # noqa: BLE001 - the thread must never die silently
                # Its name alone: a traceback could hold a number or a text.
                log.error("modem: unexpected %s, starting over", type(exc).__name__)
                self._board.note(Condition.SILENT, "a fault in the modem's owner; starting over")
            failures = 1 if self._clock() - began > PAUSES_S[-1] else failures + 1
            pause_s = PAUSES_S[min(failures, len(PAUSES_S)) - 1]
            self._pause(min(pause_s, PAUSE_IN_NEED_S) if self._tray.in_need else pause_s)
        if self._service is not None:
            self._service.interrupt("stopped")

    def _make_service(self) -> "Service":
        # Late: h11 and the PDU codec cost 100 M instructions, and the button is to be armed first.
        from outcry.hw.modem.service import Service

        return Service(self._settings, self._tray, self._emit, self._clock, self._board)

    def _hold_port(self, service: "Service") -> None:
        """Own the port until it is lost or the owner is to stop."""
        from outcry.hw.modem.link import Link

        port = self._port = self._open_port()
        tray = self._tray
        try:
            link = Link(
                port,
                self._clock,
                self._beat,
                lambda: tray.stopping,
                tray.needed_since,
                self._blame,
            )
            tries = AWAKE_TRIES
            while True:
                tries = self._hold_epoch(link, service, tries)
        finally:
            self._port = None
            port.close()

    def _hold_epoch(self, link: "Link", service: "Service", tries: int) -> int:
        """Serve until the modem restarts or falls silent; then how often to call it next time."""
        try:
            link.begin_epoch()
            link.attention(tries)
            if self._board.now.state is Condition.SILENT:
                self._board.note(Condition.STARTING, "it answers")
            service.start(link)
            self._silences = 0
            service.serve(link)
        except ModemReset as reset:
            log.warning("modem restarted: %s", reset)
            service.interrupt("the modem restarted")
            self._board.note(Condition.STARTING, f"it restarted: {reset}")
        except ModemStuck as stuck:
            log.warning("modem reset: %s", stuck)
            service.interrupt("the modem was reset")
            self._board.note(Condition.STARTING, "it was reset")
            self._reset(link)
            return RESET_TRIES
        except ModemSilent as silent:
            service.interrupt("the modem is silent")
            self._board.note(Condition.SILENT, str(silent))
            return self._revive(link, service)
        return AWAKE_TRIES

    def _revive(self, link: "Link", service: "Service") -> int:
        """Wait a while, ever longer unless somebody needs the modem; then try what there is.

        Returns how often to call it then.
        """
        self._silences += 1
        pause_s = PAUSES_S[min(self._silences, len(PAUSES_S)) - 1]
        log.warning("modem silent (%d); next look in %.0f s", self._silences, pause_s)
        link.begin_epoch()
        began = self._clock()
        at_once = self._power_cycle is not None and self._silences == 1
        in_need_s = 0.0 if at_once else PAUSE_IN_NEED_S
        while not link.urcs:
            until = began + (min(pause_s, in_need_s) if self._tray.in_need else pause_s)
            if self._clock() >= until:
                break
            link.listen(until)
            service.refuse_posts("the modem is silent")
        every = SOFT_RESET_EVERY
        if self._power_cycle is not None:
            every = 1 if self._tray.in_need else CYCLE_EVERY
        if self._silences % every:
            return AWAKE_TRIES
        self._reset(link)
        return AWAKE_TRIES if self._power_cycle is None else RESET_TRIES

    def _reset(self, link: "Link") -> None:
        """Switch the modem off and on if there is a wire for it; else by the command for it."""
        if self._power_cycle is None:
            link.reset()
            return
        log.warning("modem power-cycled")
        try:
            self._power_cycle()
        except Exception as exc:  # noqa: BLE001 - the wire is the last means, not the only one
            log.error("modem: its power wire fails (%s)", type(exc).__name__)
            link.reset()
        link.begin_epoch()

    def _pause(self, pause_s: float) -> None:
        """Wait without a port."""
        for _ in range(math.ceil(pause_s / BEAT_S)):
            self._beat()
            if self._service is not None:
                self._service.interrupt("the serial port is closed")
            if self._tray.stopping:
                return
            self._doorbell.clear()
            if self._doorbell.wait(min(pause_s, BEAT_S)):
                return

    def _emit(self, event: ModemEvent) -> None:
        try:
            self._on_event(event)
        except Exception as exc:  # noqa: BLE001 - the user's fault must not cost the next text
            log.error("modem: %s in the user's on_event", type(exc).__name__)
