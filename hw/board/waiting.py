"""Waiting for any of several descriptors, for a moment, or to be stopped."""

import math
import os
import select
import signal
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


def stopping() -> int:
    """A descriptor that becomes readable on SIGTERM or SIGINT."""
    wake, notify = os.pipe()
    os.set_blocking(notify, False)
    signal.set_wakeup_fd(notify)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: None)
    return wake
