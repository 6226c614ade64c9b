"""A budget: what may be spent in any 24 hours. It counts by the hour, on the strict side."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from outcry.daemon.outbox.runtime_cache import Hours, Memory
from outcry.daemon.settings import Settings

HOUR_S = 3600.0
HOURS = 24
# One report and its receipt: 229 bytes of HTTP out (with a host name of 10 letters), about 150 in,
# and five packets with headers of 40.
EXCHANGE_BYTES = 600


class Budget:
    """Counts what is spent against a limit, in a unit of the caller's. For one thread.

    ``clock()`` is monotonic seconds. ``keep`` is called with the whole count at each change, and
    ``spent`` is what an earlier budget on the same clock passed to it. When the budget is spent,
    one more is allowed each ``drip_s`` seconds; by default none.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float],
        spent: Hours | None = None,
        keep: Callable[[Hours], None] = lambda spent: None,
        drip_s: float | None = None,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._spent = dict(spent or {})
        self._keep = keep
        self._drip_s = drip_s
        self._last_at = -math.inf

    @property
    def left(self) -> int:
        """What may still be spent now, 0 or more."""
        return max(self._limit - sum(self._counted().values()), 0)

    @property
    def is_spent(self) -> bool:
        return self.left == 0

    @property
    def allows(self) -> bool:
        """Whether something may be spent now: from what is left, or as the next drip."""
        if not self.is_spent:
            return True
        return self._drip_s is not None and self._clock() - self._last_at >= self._drip_s

    def spend(self, amount: int) -> None:
        """Count this, even if it is more than is left."""
        self._spent = self._counted()
        hour = self._hour()
        self._spent[hour] = self._spent.get(hour, 0) + amount
        self._last_at = self._clock()
        self._keep(dict(self._spent))

    def _counted(self) -> Hours:
        """The hour that began 24 h ago counts: its end may be more recent. An hour still to come
        is another boot's."""
        hour = self._hour()
        return {at: amount for at, amount in self._spent.items() if hour - HOURS <= at <= hour}

    def _hour(self) -> int:
        return int(self._clock() // HOUR_S)


class Budgets(NamedTuple):
    """What later positions and supervision may cost; alarms themselves have no budget."""

    texts: Budget
    """Texts with later positions."""
    positions: Budget
    """Bytes for position reports."""
    heartbeats: Budget
    """Bytes for heartbeats."""


def budgets(settings: Settings, memory: Memory, clock: Callable[[], float]) -> Budgets:
    """The budgets of a day; ``memory`` keeps the counts over a restart, not over a power cut."""

    def open_(name: str, limit: int, drip_s: float | None = None) -> Budget:
        keep = partial(memory.keep_spent, name)
        return Budget(limit, clock, memory.spent(name), keep, drip_s)

    drip_s = settings.number("reports", "then_every_minutes") * 60
    return Budgets(
        open_("texts", settings.whole("sms", "positions_per_day")),
        open_("positions", settings.whole("reports", "kilobytes_per_day") * 1000, drip_s),
        open_("heartbeats", settings.whole("supervision", "kilobytes_per_day") * 1000),
    )
