"""Supervision without an alarm: heartbeats, and what is wrong with the device.

A heartbeat goes at every interval, and early when something that an alarm needs
has failed or recovered, but at most once a minute: HQ should learn of a dying
battery while there is still time. One that HQ did not answer is followed by
another after a minute, rarely. The first one goes a minute after the start:
a device that restarts again and again must not seem silent.
"""

from dataclasses import dataclass
from math import inf

from outcry.daemon.outbox.last_refusal import LastRefusal
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.service.judge import TROUBLES, modem_marks
from outcry.daemon.service.whereabouts import Whereabouts
from outcry.daemon.touch.inputs import Senses
from outcry.hw.modem import Modem
from outcry.report import NO_FLAGS, Flag

AT_ONCE_GAP_S = 60.0
LOST_S = 60.0  # a change of cells takes seconds
ASKS_AGAIN_RARELY = 12  # intervals, or the day's least budget would not do for all
FIRST_S = 60.0  # from the start; by then a modem is registered and connected


@dataclass(eq=False, repr=False)
class Marks:
    """What is wrong with the device, or worth knowing, as a report carries it."""

    _battery_low_mv: int
    _modem: Modem
    _senses: Senses
    _outbox: Outbox
    _whereabouts: Whereabouts
    _last_refusal: LastRefusal
    _battery_low: bool = False
    _card_fails: bool = False
    _registered_at: float = inf
    _is_lost: bool = False
    restarted: bool = False
    """Whether an alarm was open when the daemon started."""

    def look(self, now: float) -> None:
        """See to card, texts' last refusal and network. Not for use inside an outbox step."""
        if self._outbox.notices_loss():
            self._outbox.commit()
        self._card_fails = not self._outbox.durable
        modem = self._modem.status()
        self._last_refusal.keep("" if modem.text_foreseen else modem.text_refusal)
        self._registered_at = now if modem.state.registered else min(self._registered_at, now)
        self._is_lost = now - self._registered_at >= LOST_S

    def now(self) -> Flag:
        modem, low_mv = self._modem.status(), self._battery_low_mv
        radio = modem_marks(modem, low_mv, self._battery_low, self._is_lost)
        self._battery_low = bool(radio & Flag.BATTERY_LOW)
        of_device = (
            Flag.RESTARTED * self.restarted
            | Flag.MOVING * bool(self._whereabouts.moving)
            | Flag.CARD_FAULT * self._card_fails
        )
        return Flag(self._senses.marks | radio | of_device)


class Supervision:
    """When the next heartbeat is due, in seconds of the loop's clock."""

    def __init__(self, interval_s: float, marks: Marks, now: float) -> None:
        self._interval_s = interval_s
        self._marks = marks
        self._sent_at = self._began_at = now
        self._told = NO_FLAGS
        self._asks_again_at = now
        self.due = now + min(interval_s, FIRST_S)
        """When to send the next heartbeat."""

    def is_silent(self, answered_at: float | None, now: float) -> bool:
        """Whether HQ has not answered for two and a half intervals, after which it calls us silent."""
        heard_at = self._began_at if answered_at is None else answered_at
        return now - heard_at > 2.5 * self._interval_s

    def look(self, now: float, unanswered: bool = False) -> None:
        """Bring the next heartbeat forward if something failed or recovered, or HQ did not answer."""
        self._marks.look(now)
        if asks_again := unanswered and now >= self._asks_again_at:
            self._asks_again_at = now + ASKS_AGAIN_RARELY * self._interval_s
        if asks_again or self._marks.now() & TROUBLES != self._told & TROUBLES:
            self.due = min(self.due, max(now, self._sent_at + AT_ONCE_GAP_S))

    def sent(self, marks: Flag, now: float) -> None:
        """A heartbeat with these marks goes out."""
        self._told = marks
        self._sent_at = now
        self.due = now + self._interval_s
