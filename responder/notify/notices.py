"""What the duty officers are told of HQ itself: no alarm is there to say it.

It may be the database that fails, so nothing of this is kept in it: a notice lives in memory, and
goes straight to the officers' channels.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from outcry.responder import journal
from outcry.responder.rules.events import Outcome
from outcry.responder.transports.apprise import Channels

log = journal.Log("outcry.responder.notices")

AGAIN_AFTER_S = 3600.0  # what goes on is said again so often, and no oftener
RETRY_S = 60.0  # after a channel has certainly not taken it
GIVEN_UP_S = 86_400.0


class Notice(Enum):
    """What there is to tell: a title, and what to do. ``{about}`` names no person and no place."""

    BLIND = (
        "Silent devices are not noticed",
        (
            "HQ cannot look for devices that have fallen silent. Until this is mended nobody is told "
            "if one does: watch the wearers yourself. journalctl -u outcry-responder says why."
        ),
    )
    SEES = (
        "Silent devices are noticed again",
        "HQ can look for devices that have fallen silent again.",
    )
    UNJUDGED = (
        "One device's silence is not noticed",
        (
            "HQ cannot tell whether device {about} is silent: watch its wearer yourself. "
            "journalctl -u outcry-responder says why."
        ),
    )
    DEAF = (
        "HQ was not listening for a while",
        (
            "HQ did not run for minutes, or its clock was set by as much. Alarms of that time come "
            "late; a device that is silent is noticed later, by the time HQ did not listen."
        ),
    )
    CLOCK = (
        "HQ's clock may be wrong",
        (
            "Most devices heard in the last hour agree that HQ's clock is {about} by minutes or "
            "more. Times that HQ tells are wrong by as much, and what rests on them: compare it "
            "with another clock, then see timedatectl."
        ),
    )


@dataclass(eq=False)
class _Telling:
    """A notice on its way to one channel."""

    channel: str
    notice: Notice
    about: str
    said_at: float
    next_at: float


class Notices:
    """Tells all duty officers' channels; each thing at most once an hour. Any thread may tell."""

    def __init__(
        self,
        officers: Mapping[str, str],
        channels: Channels,
        public_url: str,
        clock: Callable[[], float],
    ) -> None:
        """``officers``: addresses by name. ``clock`` gives monotonic seconds."""
        self._officers = officers
        self._channels = channels
        self._public_url = public_url
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[tuple[Notice, str], float] = {}
        self._telling: list[_Telling] = []

    def tell(self, notice: Notice, about: str = "") -> None:
        """Let the officers know, from the thread that ``look``s; returns at once."""
        now = self._clock()
        with self._lock:
            last = self._told.get((notice, about))
            if last is not None and now - last < AGAIN_AFTER_S:
                return
            self._told = {key: at for key, at in self._told.items() if now - at < AGAIN_AFTER_S}
            self._told[notice, about] = now
            self._telling += [_Telling(name, notice, about, now, now) for name in self._officers]
        log.tell(journal.Entry.NOTICE, notice=notice.name, channels=len(self._officers))

    def doubt_the_clock(self, ahead_s: float) -> None:
        """The devices agree that HQ's clock is so many seconds ahead."""
        self.tell(Notice.CLOCK, "fast" if ahead_s > 0 else "slow")

    def look(self) -> None:
        """Send what waits; each channel may take as long as a call may last."""
        now = self._clock()
        with self._lock:
            due = [one for one in self._telling if one.next_at <= now]
        for one in due:
            title, body = one.notice.value
            words = f"{body.format(about=one.about)} {self._public_url}/console"
            came = self._channels.attempt(self._officers[one.channel], title, words)
            with self._lock:
                if came.outcome is not Outcome.FAILED or now - one.said_at > GIVEN_UP_S:
                    self._telling.remove(one)
                else:
                    one.next_at = now + RETRY_S
