"""Waiting for any of several descriptors, or for a moment."""

import math
import select
from collections.abc import Iterable


def ready(readable: Iterable[int], writable: Iterable[int], seconds: float | None) -> set[int]:
    """Descriptors on which something can be done, after at most ``seconds`` (None: no limit)."""
    poll = select.poll()
    events: dict[int, int] = dict.fromkeys(readable, select.POLLIN)
    for descriptor in writable:
        events[descriptor] = events.get(descriptor, 0) | select.POLLOUT
    for descriptor, mask in events.items():
        poll.register(descriptor, mask)
    limit = None if seconds is None else max(0, math.ceil(seconds * 1000))
    return {descriptor for descriptor, _ in poll.poll(limit)}
