"""What systemd is told, where there is a systemd to tell."""

from __future__ import annotations

import os
from collections.abc import Callable

try:
    from systemd.daemon import notify as _notify
    from systemd.journal import send as _send
except ImportError:  # systemd-python is an extra, and a folder named systemd may shadow it
    _notify = _send = None


def notify(**words: str) -> None:
    """Tell systemd, as ``READY="1"`` or ``STATUS="..."``; nothing happens outside a unit."""
    if _notify is not None:
        _notify("\n".join(f"{name}={value}" for name, value in words.items()))


def watchdog_interval_s() -> float | None:
    """How often systemd wants to hear from us (half its limit), or None."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    return int(limit_us) / 2e6 if limit_us.isdigit() and _notify is not None else None


def journal_send() -> Callable[..., None] | None:
    """The way into the journal, fields and all; None unless systemd has started us."""
    return _send if os.environ.get("JOURNAL_STREAM") else None
