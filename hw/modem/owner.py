"""The modem's owner: one thread through which every byte to and from the modem goes."""

import dataclasses
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from outcry.hw.modem.errors import (
    ModemOff,
    ModemReset,
    ModemSilent,
    ModemStuck,
    PortLost,
    RestartDue,
    Stopping,
)
from outcry.hw.modem.events import Condition, ModemEvent, ModemStatus
from outcry.hw.modem.jobs import JobQueue, PostJob, TextJob
from outcry.hw.modem.port import BEAT_S, RARE_RATES, RATES, Port, find_rate
from outcry.hw.modem.settings import ModemSettings
from outcry.hw.modem.status import StatusBoard

if TYPE_CHECKING:
    from outcry.hw.modem.link import Link
    from outcry.hw.modem.service import Service

log = logging.getLogger("outcry.modem")

WENT_OFF = "it switched itself off ({}): see to its supply, then take that away for a moment"
# Silences in a row, where nothing was heard: trying rates takes 3 s, and most of them are mute.
RATES_EVERY = 4
HELD_S = 60.0  # a port that was held for longer was not lost "again"
UNLOADED_PAUSE_S = 60.0  # after a fault while the driver itself is loaded
UNLOADED_IN_NEED_S = 2.0  # the same while an alarm is open or a text waits


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
        power_cycle: Callable[[bool], None] | None = None,
        doorbell: threading.Event | None = None,
    ) -> None:
        """``clock`` counts seconds and never goes back. ``beat`` is called at least every 3 s.

        ``power_cycle``, where the board has a wire for it, restarts the modem (hw/power.py); it is
        told whether the modem is known to be on.
        ``doorbell`` is what the owner waits for while it has no port; one that
        moves a clock instead of waiting runs the owner in virtual time.
        """
        self._settings = settings
        self._open_port = open_port
        self._on_event = on_event
        self._clock = clock
        self._beat = beat
        self._power_cycle = power_cycle
        self._jobs = JobQueue(clock)
        self._port: Port | None = None
        self._doorbell = doorbell or threading.Event()
        self._thread: threading.Thread | None = None
        self._board = StatusBoard(self._emit)
        self._board.measured(text_refusal=settings.refused_before)
        self._service: Service | None = None
        self._went_off = ""
        self._baud = 0  # of the settings
        self._rate: int | None = None

    def start(self) -> None:
        """Start the owner's thread; it looks after the modem until ``stop``."""
        self._thread = threading.Thread(target=self.run_until_stopped, name="modem", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Stop from any state and wait; False if the thread still runs after ``timeout_s``."""
        self._jobs.stopping = True
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
        self._jobs.add_text(TextJob(ref, number, text))
        self._ring()

    def amend_sms(self, ref: str, text: str | None) -> bool:
        """Give a queued text other words, or with ``None`` take it back: no event follows.

        False once any of it may have left, and where there is none: nothing has changed.
        """
        return self._jobs.amend_text(ref, text)

    def post(self, ref: str, body: bytes) -> None:
        """Queue ``POST /v1/reports``; ``PostAnswered`` or ``PostFailed`` follows.

        A post waits for a connection attempt that can be made now, and fails
        when that fails: retrying is the caller's decision.
        """
        self._jobs.add_post(PostJob(ref, body))
        self._ring()

    def cancel_post(self, ref: str) -> None:
        """Forget a post; no event follows for it (one may be on its way already)."""
        self._jobs.cancel_post(ref)
        self._ring()

    def set_urgent(self, on: bool) -> None:
        """While an alarm is open nothing slow starts before its texts have had their try."""
        self._jobs.set_urgent(on)
        self._ring()

    def status(self) -> ModemStatus:
        return dataclasses.replace(self._board.now, queued_texts=self._jobs.texts_waiting)

    def _ring(self) -> None:
        self._doorbell.set()
        port = self._port
        if port is not None:
            port.wake()

    # The owner's thread

    def run_until_stopped(self) -> None:
        """The body of the thread; call it directly to run on a clock of your own."""
        while not self._jobs.stopping:
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
            self._pause(self._pause_s(began))
        if self._service is not None:
            self._service.interrupt("stopped")

    def _make_service(self) -> "Service":
        # Late: h11 and the PDU codec cost 100 M instructions, and the button is to be armed first.
        from outcry.hw.modem.recovery import Recovery
        from outcry.hw.modem.service import Service

        recovery = Recovery(self._jobs, self._clock, self._power_cycle)
        return Service(self._settings, self._jobs, self._emit, self._clock, self._board, recovery)

    def _pause_s(self, began: float) -> float:
        """For how long to leave alone a port that was opened at ``began`` and lost."""
        if self._service is None:  # what cannot be loaded must not be asked here either
            return UNLOADED_IN_NEED_S if self._jobs.in_need else UNLOADED_PAUSE_S
        from outcry.hw.modem.ladder import Failure

        recovery = self._service.recovery
        if self._clock() - began > HELD_S:
            recovery.over(Failure.PORT_LOST)
        recovery.met(Failure.PORT_LOST)
        return recovery.next(Failure.PORT_LOST).at - self._clock()

    def _hold_port(self, service: "Service") -> None:
        """Own the port until it is lost or the owner is to stop."""
        from outcry.hw.modem.ladder import CALLS
        from outcry.hw.modem.link import Link

        port = self._port = self._open_port()
        self._baud = port.rate
        port.rate = self._rate or port.rate
        jobs = self._jobs
        try:
            link = Link(
                port,
                self._clock,
                self._beat,
                lambda: jobs.stopping,
                jobs.needed_since,
                service.recovery.quarantine,
            )
            calls = CALLS
            while True:
                calls = self._hold_epoch(link, service, calls)
        finally:
            self._port = None
            port.close()

    def _hold_epoch(self, link: "Link", service: "Service", calls: int) -> int:
        """Serve until the modem fails, take the ladder's rung; then how often to call it next."""
        from outcry.hw.modem.ladder import Failure

        recovery = service.recovery
        try:
            link.begin_epoch()
            self._call(link, calls, recovery.times(Failure.SILENT))
            self._went_off = ""
            recovery.is_on = True
            if self._board.now.state is Condition.SILENT:
                self._board.note(Condition.STARTING, "it answers")
            service.start(link)
            recovery.over(Failure.SILENT)
            service.serve(link)
        except (ModemSilent, ModemOff) as silent:
            service.interrupt("the modem is silent", link)
            if isinstance(silent, ModemOff):
                self._went_off = WENT_OFF.format(silent)
                recovery.is_on = False
            self._board.note(Condition.SILENT, self._went_off or str(silent))
            recovery.met(Failure.SILENT)
            step = recovery.bide(link, service.refuse_posts)
        except ModemReset as reset:
            log.warning("modem restarted: %s", reset)
            service.interrupt("the modem restarted", link, crashed=True)
            self._board.note(Condition.STARTING, f"it restarted: {reset}")
            step = recovery.restarted()
        except (ModemStuck, RestartDue) as stuck:
            log.warning("modem reset: %s", stuck)
            service.interrupt("the modem was reset", link)
            self._board.note(Condition.STARTING, "it was reset")
            step = recovery.next(Failure.HELD_UP) if isinstance(stuck, ModemStuck) else stuck.step
        recovery.take(link, step)
        return step.calls

    def _call(self, link: "Link", calls: int, silences: int) -> None:
        """Say AT until it is answered, at last at other rates. Raises ``ModemSilent``."""
        from outcry.hw.modem.link import WORDS, command_name

        looks_due = silences % RATES_EVERY == 0
        try:
            spared = link.quarantine.spares(command_name(WORDS))
            link.attention(calls, told_silent=looks_due and not spared)
        except ModemSilent:
            port, looks = self._port, silences // RATES_EVERY
            rates = RARE_RATES if looks and looks % 2 == 0 else RATES
            if port is None or not (looks_due or link.heard_noise):
                raise
            link.forget_noise()
            if not (found := find_rate(link, port, self._baud, rates)):
                raise
            self._board.note(Condition.STARTING, found)
            self._rate = port.rate

    def _pause(self, pause_s: float) -> None:
        """Wait without a port."""
        while pause_s > 0:
            self._beat()
            if self._service is not None:
                self._service.interrupt("the serial port is closed")
            if self._jobs.stopping:
                return
            self._doorbell.clear()
            if self._doorbell.wait(min(pause_s, BEAT_S)):
                return
            pause_s -= BEAT_S

    def _emit(self, event: ModemEvent) -> None:
        try:
            self._on_event(event)
        except Exception as exc:  # noqa: BLE001 - the user's fault must not cost the next text
            log.error("modem: %s in the user's on_event", type(exc).__name__)
