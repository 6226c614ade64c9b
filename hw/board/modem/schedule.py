"""What will happen by itself, and when: the one clockwork under the whole board."""

import heapq
from collections.abc import Callable
from itertools import count


class Planned:
    """One thing planned; cancelling it leaves it in the heap, where it then does nothing."""

    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at = at
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Schedule:
    """Actions by time, in seconds of whatever clock the owner moves; equal times keep their order.

    Nothing here waits: :meth:`run` does all that is due up to a given moment, each action at its
    own time, so that a simulation may jump.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._heap: list[tuple[float, int, Planned]] = []
        self._order = count()

    def after(self, seconds: float, action: Callable[[], None]) -> Planned:
        return self.at(self.now + seconds, action)

    def at(self, moment: float, action: Callable[[], None]) -> Planned:
        """Two actions at the very same moment keep their order; one in the past is due now."""
        planned = Planned(max(self.now, moment), action)
        heapq.heappush(self._heap, (planned.at, next(self._order), planned))
        return planned

    def due(self) -> float | None:
        """When the next action is due, or None when nothing is planned."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Do everything due up to ``now``. A ``now`` in the past changes nothing."""
        while (due := self.due()) is not None and due <= now:
            planned = heapq.heappop(self._heap)[2]
            self.now = planned.at
            action, planned.action = planned.action, None
            if action is not None:
                action()
        self.now = max(self.now, now)
