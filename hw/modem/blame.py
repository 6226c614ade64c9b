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

    def spares(self, name: str) -> bool:
        """Whether ``name`` is to be left out now; it is then remembered as owed."""
        falls = self._falls.get(name)
        if not falls:
            return False
        until = falls[-1] + (OFTEN_S if len(falls) > 1 else ONCE_S)
        if self._clock() >= until:
            return False
        self._left_out[name] = until
        return True

    @property
    def owed_at(self) -> float:
        """When all that was left out may be tried again; infinite if nothing was."""
        return max(self._left_out.values(), default=float("inf"))

    def pay(self) -> None:
        """Everything is being told anew."""
        self._left_out.clear()
