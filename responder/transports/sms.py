"""HQ's own modem: a text is sent and its outcome waited for; what comes in is handed on."""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from outcry.hw.modem import (
    Modem,
    ModemEvent,
    ModemSettings,
    ModemState,
    Port,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.responder.callers.processes import May
from outcry.responder.rules.events import Came, Outcome

ASKS_EVERY_S = 0.5  # whether a text that waits may still leave
LISTENS_S = 0.5  # for one thing to hand on: so soon the thread that does it can end


class SmsModem:
    """Sends one text at a time: at most one is in doubt when the power goes.

    The modem's own thread is never held up: what it says waits until ``hand_on`` is called.
    """

    def __init__(
        self,
        settings: ModemSettings,
        open_port: Callable[[], Port],
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """``clock`` gives monotonic seconds; ``beat`` is called often on the modem's thread."""
        self._modem = Modem(settings, open_port, self._take, clock, beat)
        self._awaited: dict[str, Future[Came]] = {}
        self._news: queue.SimpleQueue[ModemEvent] = queue.SimpleQueue()

    def start(self) -> None:
        self._modem.start()

    def stop(self, timeout_s: float) -> bool:
        """Let go of the modem; False if that took longer than ``timeout_s``."""
        return self._modem.stop(timeout_s)

    def ready(self) -> bool:
        """Whether a text given now can leave now: registered, and nothing left to send."""
        status = self._modem.status()
        return status.state.registered and status.queued_texts == 0

    def send(self, ref: int, number: str, text: str, may: May = lambda: None) -> Came:
        """Send, and return what came of it, however long the modem takes to know.

        ``may`` is asked again as long as the text waits for its network: taken back where it says no.
        """
        came: Future[Came] = Future()
        self._awaited[str(ref)] = came
        self._modem.send_sms(str(ref), number, text)
        while True:
            with suppress(TimeoutError):
                return came.result(ASKS_EVERY_S)
            why = None
            with suppress(Exception):  # the database: then it stays as it was allowed
                why = may()
            if why is not None and self._modem.amend_sms(str(ref), None):
                del self._awaited[str(ref)]
                return Came(Outcome.DROPPED, why)

    def hand_on(
        self,
        on_report: Callable[[int, Came], None],
        on_text: Callable[[str, str, bool, float | None], None],
        on_change: Callable[[], None],
    ) -> None:
        """Hand on the next thing the modem says; wait a moment for it. From one thread.

        ``on_report``: more is known of a text (ref, what came of it) than ``send`` has returned.
        ``on_text``: one came in (sender, text, whether
        it is whole, and no part of a longer one, when it was sent by its SMS centre's clock). ``on_change``: the modem may be ready now. What
        these raise is raised here, and the thing is handed on again later, until it is taken.
        """
        try:
            event = self._news.get(timeout=LISTENS_S)
        except queue.Empty:
            return
        try:
            match event:
                case SmsOutcome():
                    on_report(int(event.ref), _came(event))
                case SmsReport():
                    came = Outcome.DELIVERED if event.delivered else Outcome.UNDELIVERED
                    on_report(int(event.ref), Came(came, ""))
                case SmsReceived():
                    on_text(event.sender, event.text, event.whole, event.sent_at)
                    event.kept()
                case ModemState():
                    on_change()
                case _:
                    pass  # posts and data paths: HQ's modem has none
        except Exception:
            self._news.put(event)
            raise

    def _take(self, event: ModemEvent) -> None:
        """On the modem's thread: nothing here waits."""
        if isinstance(event, SmsOutcome) and event.ref in self._awaited:
            self._awaited.pop(event.ref).set_result(_came(event))
        else:
            self._news.put(event)


def _came(event: SmsOutcome) -> Came:
    return Came(Outcome[event.outcome.name], event.reason)
