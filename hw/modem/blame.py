"""Which commands the modem does not survive, so that the next start can do without them."""

from collections.abc import Callable

ONCE_S = 120.0  # once may be chance; long enough for an alarm to leave
OFTEN_S = 3600.0


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
