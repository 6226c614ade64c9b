"""What the modem's owner remembers of failures: how often each came, and which command was to blame."""

from collections import Counter
from collections.abc import Callable

from outcry.hw.modem.jobs import Tray
from outcry.hw.modem.ladder import Failure, Situation, Step, next_rung

ONCE_S = 120.0  # once may be chance; long enough for an alarm to leave
OFTEN_S = 3600.0


class Recovery:
    """What the owner's thread remembers between two failures, and asks the ladder with."""

    def __init__(self, tray: Tray, clock: Callable[[], float], has_wire: bool) -> None:
        self._tray = tray
        self._clock = clock
        self._has_wire = has_wire
        self.blame = Blame(clock)
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
        head = self._tray.head_text()
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
            alarm_since=self._tray.urgent_since,
        )

    def next(self, failure: Failure, since: float | None = None) -> Step:
        """The rung for ``failure``, met now or at ``since``."""
        return next_rung(self.situation(failure, since), self._clock())


class Blame:
    """A command in which the modem restarted or fell silent is left out for a while.

    A firmware that dies of one command must not die of it at every start while an alarm waits.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._falls: dict[str, list[float]] = {}
        self._left_out: dict[str, float] = {}

    def fell(self, name: str) -> None:
        """The modem fell while ``name`` was under way."""
        now = self._clock()
        self._falls[name] = [t for t in self._falls.get(name, []) if now - t < OFTEN_S] + [now]

    def rests_on(self, name: str) -> bool:
        """Whether the modem fell lately while ``name`` was under way."""
        return self._clock() < self._until(name)

    def spares(self, name: str) -> bool:
        """Whether ``name`` is to be left out now; it is then remembered as owed."""
        if not self.rests_on(name):
            return False
        self._left_out[name] = self._until(name)
        return True

    def _until(self, name: str) -> float:
        falls = self._falls.get(name)
        if not falls:
            return float("-inf")
        return falls[-1] + (OFTEN_S if len(falls) > 1 else ONCE_S)

    @property
    def owed_at(self) -> float:
        """When all that was left out may be tried again; infinite if nothing was."""
        return max(self._left_out.values(), default=float("inf"))

    def pay(self) -> None:
        """Everything is being told anew."""
        self._left_out.clear()
