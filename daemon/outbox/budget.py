"""A budget: what may be spent in any 24 hours. It counts by the hour, on the strict side."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from outcry.daemon.outbox.runtime_cache import Hours, Memory
from outcry.daemon.settings import Settings

HOUR_S = 3600.0
HOURS = 24
# One report and its receipt: 229 bytes of HTTP out (with a host name of 10 letters), about 150 in,
# and five packets with headers of 40.
EXCHANGE_BYTES = 600


@dataclass(eq=False)
class Budget:
    """Counts what is spent against a limit, in a unit of the caller's. For one thread.

    ``clock()`` is monotonic seconds. ``keep`` is called with the whole count at each change, and
    ``spent`` is what an earlier budget on the same clock passed to it. When the budget is spent,
    one more is allowed each ``drip_s`` seconds; by default none.
    """

    limit: int
    clock: Callable[[], float]
    spent: Hours = field(default_factory=dict)
    keep: Callable[[Hours], None] = lambda spent: None
    drip_s: float | None = None

    def __post_init__(self) -> None:
        self.spent = dict(self.spent)
        self._last_at = -math.inf

    @property
    def left(self) -> int:
        """What may still be spent now, 0 or more."""
        return max(self.limit - sum(self._counted().values()), 0)

    @property
    def is_spent(self) -> bool:
        return self.left == 0

    @property
    def allows(self) -> bool:
        """Whether something may be spent now: from what is left, or as the next drip."""
        if not self.is_spent:
            return True
        return self.drip_s is not None and self.clock() - self._last_at >= self.drip_s

    def spend(self, amount: int) -> None:
        """Count this, even if it is more than is left."""
        self.spent = self._counted()
        hour = self._hour()
        self.spent[hour] = self.spent.get(hour, 0) + amount
        self._last_at = self.clock()
        self.keep(dict(self.spent))

    def _counted(self) -> Hours:
        """The hour that began 24 h ago counts: its end may be more recent. An hour still to come
        is another boot's."""
        hour = self._hour()
        return {at: amount for at, amount in self.spent.items() if hour - HOURS <= at <= hour}

    def _hour(self) -> int:
        return int(self.clock() // HOUR_S)


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
