"""Waiting for any of several descriptors, for a moment, or to be stopped."""

import os
import select
import signal
from collections.abc import Iterable


def ready(readable: Iterable[int], writable: Iterable[int], seconds: float | None) -> set[int]:
    """Descriptors on which something can be done, after at most ``seconds`` (None: no limit)."""
    limit = None if seconds is None else max(0.0, seconds)
    can_read, can_write, _ = select.select([*readable], [*writable], [], limit)
    return {*can_read, *can_write}


def stopping() -> int:
    """A descriptor that becomes readable on SIGTERM or SIGINT."""
    wake, notify = os.pipe()
    os.set_blocking(notify, False)
    signal.set_wakeup_fd(notify)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: None)
    return wake
