"""The notifier: how HQ reaches a phone. For now by SMS, through a modem at HQ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from outcry.hw.modem import (
    Modem,
    ModemEvent,
    ModemSettings,
    ModemState,
    Outcome,
    Port,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.responder.rules.events import What


@dataclass(frozen=True)
class Came:
    """What came of a text: DONE, FAILED, UNKNOWN, later DELIVERED or UNDELIVERED."""

    ref: str
    what: What
    why: str = ""


@dataclass(frozen=True)
class TextArrived:
    """A text came in; whether it is a sealed report is for the inbox to say."""

    text: str = field(repr=False)
    sender: str = field(default="", repr=False)


@dataclass(frozen=True)
class Ready:
    """The notifier may be able to send now, when it was not before."""


NotifierEvent = Came | TextArrived | Ready

_OUTCOMES = {
    Outcome.DONE: What.DONE,
    Outcome.FAILED: What.FAILED,
    Outcome.UNKNOWN: What.UNKNOWN,
}


class Notifier(Protocol):
    """Sends texts, one at a time: at most one can be in doubt when the power goes."""

    def start(self) -> None:
        """Look after what the texts leave by, from now on."""

    def stop(self, timeout_s: float) -> bool:
        """Let go of it; False if that took longer than ``timeout_s``."""

    def ready(self) -> bool:
        """Whether a text given now can leave now."""

    def send(self, ref: str, number: str, text: str) -> None:
        """Send; a :class:`Came` with this ``ref`` follows, whatever happens."""


class SmsNotifier:
    """SMS through HQ's own modem."""

    def __init__(
        self,
        settings: ModemSettings,
        open_port: Callable[[], Port],
        on_event: Callable[[NotifierEvent], None],
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_event`` is called on the modem's thread and must return at once."""
        self._on_event = on_event
        self._modem = Modem(settings, open_port, self._translate, clock, beat)

    def start(self) -> None:
        """Look after the modem from now on."""
        self._modem.start()

    def stop(self, timeout_s: float) -> bool:
        """Let go of the modem; False if that took longer than ``timeout_s``."""
        return self._modem.stop(timeout_s)

    def ready(self) -> bool:
        """Whether the modem is registered and has nothing left to send."""
        status = self._modem.status()
        return status.state.registered and status.queued_texts == 0

    def send(self, ref: str, number: str, text: str) -> None:
        """Hand a text to the modem."""
        self._modem.send_sms(ref, number, text)

    def _translate(self, event: ModemEvent) -> None:
        match event:
            case SmsOutcome():
                self._on_event(Came(event.ref, _OUTCOMES[event.outcome], event.reason))
            case SmsReport():
                came = What.DELIVERED if event.delivered else What.UNDELIVERED
                self._on_event(Came(event.ref, came))
            case SmsReceived():
                self._on_event(TextArrived(event.text, event.sender))
            case ModemState():
                self._on_event(Ready())
            case _:
                pass  # posts and data paths: HQ's modem has none
