"""The modem's owner: one thread through which every byte to and from the modem goes."""

import logging
import threading
from collections.abc import Callable

from outcry.hw.modem.events import ModemEvent, ModemStatus
from outcry.hw.modem.jobs import PostJob, TextJob, Tray
from outcry.hw.modem.port import Port
from outcry.hw.modem.settings import ModemSettings

log = logging.getLogger("outcry.modem")


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
        self._status = ModemStatus()

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
        return self._status

    def run_until_stopped(self) -> None:
        """The body of the thread; call it directly to run on a clock of your own."""
        self._clock()

    def _ring(self) -> None:
        self._doorbell.set()
        port = self._port
        if port is not None:
            port.wake()
