"""Proof that every thread still turns: the watchdog is fed only when all have beaten."""

from collections.abc import Callable


class Beats:
    """Who has beaten when. ``limit_s`` is how long a thread may be busy with one thing.

    The loop's own beat is that it asks. ``interval_s`` is how often it should.
    """

    def __init__(self, clock: Callable[[], float], interval_s: float, limit_s: float) -> None:
        self.interval_s = interval_s
        self._clock = clock
        self._limit_s = limit_s
        self._last: dict[str, float] = {}

    def watch(self, name: str) -> Callable[[], None]:
        """From now on this thread must beat; call the answer in it, often."""
        self._last[name] = self._clock()

        def beat() -> None:
            self._last[name] = self._clock()

        return beat

    def silent(self, now: float) -> list[str]:
        """The threads that have not beaten within the limit."""
        return [name for name, last in list(self._last.items()) if now - last > self._limit_s]
