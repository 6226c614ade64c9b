"""The owner's way up the ladder: what it remembers of failures, and how it restarts the modem."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from outcry.hw.modem.jobs import JobQueue
from outcry.hw.modem.ladder import RUNGS, Failure, Rung, Situation, Step, next_rung

if TYPE_CHECKING:
    from outcry.hw.modem.link import Link

log = logging.getLogger("outcry.modem")

ONCE_S = 120.0  # one crash may be chance; long enough for an alarm to leave
OFTEN_S = 3600.0  # two within an hour are not


class Recovery:
    """Keeps what the ladder is asked with, and restarts the modem where it says so."""

    def __init__(
        self,
        jobs: JobQueue,
        clock: Callable[[], float],
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        """``power_cycle`` restarts the modem by its wire, if there is one."""
        self._jobs = jobs
        self._clock = clock
        self._power_cycle = power_cycle
        self.quarantine = Quarantine(clock)
        self._times: Counter[Failure] = Counter()
        self._climbed_at: Counter[Failure] = Counter()
        self._text_tried_at = float("-inf")
        self._shut_for_text_at = float("-inf")

    def met(self, failure: Failure) -> None:
        """``failure`` has come once more in a row."""
        self._times[failure] += 1

    def over(self, failure: Failure) -> None:
        """What ``failure`` prevents has succeeded."""
        self._times[failure] = self._climbed_at[failure] = 0

    def times(self, failure: Failure) -> int:
        """How often ``failure`` has come in a row."""
        return self._times[failure]

    def climbed(self, failure: Failure) -> None:
        """A rung above SHUT is being taken."""
        self._climbed_at[failure] = self._times[failure]

    def text_tried(self) -> None:
        """A text has had its try."""
        self._text_tried_at = self._clock()

    def shut_for_text(self) -> None:
        """The connection is being shut because texts are refused beside it."""
        self._shut_for_text_at = self._clock()

    def situation(self, failure: Failure, since: float | None = None) -> Situation:
        """What is known here of ``failure``, met now or at ``since``."""
        head = self._jobs.head_text()
        return Situation(
            failure,
            self._clock() if since is None else since,
            times=self._times[failure],
            climbed_at=self._climbed_at[failure],
            has_wire=self._power_cycle is not None,
            text_waits=head is not None,
            text_on_its_way=head is not None and head.given,
            text_tried_at=self._text_tried_at,
            shut_for_text_at=self._shut_for_text_at,
            alarm_since=self._jobs.urgent_since,
        )

    def next(self, failure: Failure, since: float | None = None) -> Step:
        """The rung for ``failure``, met now or at ``since``."""
        return next_rung(self.situation(failure, since), self._clock())

    def bide(self, link: "Link", refuse_posts: Callable[[str], None]) -> Step:
        """Wait until the rung for a silent modem is due, or until the modem says something."""
        since = self._clock()
        step = self.next(Failure.SILENT, since)
        silences = self._times[Failure.SILENT]
        log.warning("modem silent (%d); next look in %.0f s", silences, step.at - since)
        link.begin_epoch()
        while not link.urcs and self._clock() < step.at:
            link.listen(step.at)
            refuse_posts("the modem is silent")
            step = self.next(Failure.SILENT, since)
        return step

    def take(self, link: "Link", step: Step) -> None:
        """Restart the modem if ``step`` says so; calling it is how each epoch begins."""
        rung: Rung | None = step.rung
        if rung is Rung.WIRE and not self._pull_wire(link):
            rung = RUNGS[rung].or_else
        if rung is Rung.COMMAND:
            link.restart(RUNGS[rung].commands[0], RUNGS[rung].limit_s)

    def _pull_wire(self, link: "Link") -> bool:
        """Restart the modem by its wire; False if that fails."""
        if self._power_cycle is None:
            return False
        log.warning("modem power-cycled")
        try:
            self._power_cycle()
        except Exception as exc:  # noqa: BLE001 - a library of pins may raise any; go on without
            log.error("modem: its power wire fails (%s)", type(exc).__name__)
            return False
        link.begin_epoch()
        return True


class Quarantine:
    """Commands in which the modem restarted or fell silent; each is left out for a while.

    Firmware that crashes in one command must not crash in it at every start while an alarm waits.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._crashes: dict[str, list[float]] = {}
        self._skipped: dict[str, float] = {}

    def add(self, name: str) -> None:
        """The modem has crashed in the command ``name``."""
        now = self._clock()
        recent = [t for t in self._crashes.get(name, []) if now - t < OFTEN_S]
        self._crashes[name] = [*recent, now]

    def holds(self, name: str) -> bool:
        """Whether the modem crashed lately in the command ``name``."""
        return self._clock() < self._until(name)

    def skips(self, name: str) -> bool:
        """Whether to leave ``name`` out now; that is remembered until the modem is set up again."""
        if not self.holds(name):
            return False
        self._skipped[name] = self._until(name)
        return True

    def _until(self, name: str) -> float:
        crashes = self._crashes.get(name)
        if not crashes:
            return float("-inf")
        return crashes[-1] + (OFTEN_S if len(crashes) > 1 else ONCE_S)

    @property
    def retry_at(self) -> float:
        """When all that was left out may be tried again; infinite if nothing was."""
        return max(self._skipped.values(), default=float("inf"))

    def forget_skipped(self) -> None:
        """The modem is set up from the start."""
        self._skipped.clear()
