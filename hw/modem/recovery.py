"""What the modem's owner remembers of failures: how often each came, and in which command."""

from collections import Counter
from collections.abc import Callable

from outcry.hw.modem.jobs import JobQueue
from outcry.hw.modem.ladder import Failure, Situation, Step, next_rung

ONCE_S = 120.0  # one crash may be chance; long enough for an alarm to leave
OFTEN_S = 3600.0  # two within an hour are not


class Recovery:
    """What the owner's thread remembers between two failures, and asks the ladder with."""

    def __init__(self, jobs: JobQueue, clock: Callable[[], float], has_wire: bool) -> None:
        self._jobs = jobs
        self._clock = clock
        self._has_wire = has_wire
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
            has_wire=self._has_wire,
            text_waits=head is not None,
            text_on_its_way=head is not None and head.given,
            text_tried_at=self._text_tried_at,
            shut_for_text_at=self._shut_for_text_at,
            alarm_since=self._jobs.urgent_since,
        )

    def next(self, failure: Failure, since: float | None = None) -> Step:
        """The rung for ``failure``, met now or at ``since``."""
        return next_rung(self.situation(failure, since), self._clock())


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
