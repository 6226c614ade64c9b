"""systemd, where it has started us: readiness, status, watchdog, and the way into the journal.

Only this module imports systemd-python. Without it, or outside systemd, nothing happens.
"""

import os
from collections.abc import Callable
from contextlib import suppress

try:
    from systemd._journal import sendv as _sendv  # systemd.journal loads its reader too: 0.7 MB
    from systemd.daemon import notify as _notify
except ImportError:  # an extra; and a folder named systemd, as at the repository's root, shadows it
    _notify = _sendv = None


def notify(**words: str) -> None:
    """Tell systemd, as ``READY="1"`` or ``STATUS="..."``."""
    if _notify is not None and os.environ.get("NOTIFY_SOCKET"):
        with suppress(Exception):  # systemd gone deaf: its watchdog will say so, not we
            _notify("\n".join(f"{name}={value}" for name, value in words.items()))


def watchdog_s() -> float | None:
    """How often systemd wants to hear from us at least, in seconds; ``None``: never."""
    watched = os.environ.get("WATCHDOG_PID") in (None, str(os.getpid()))
    limit_us = os.environ.get("WATCHDOG_USEC", "") if watched else ""
    return int(limit_us) / 1e6 if limit_us.isdecimal() else None


def journal_send() -> Callable[..., None] | None:
    """The way into the journal, fields and all; ``None`` unless systemd has started us."""
    return _send if _sendv is not None and os.environ.get("JOURNAL_STREAM") else None


def _send(message: str, **fields: object) -> None:
    _sendv(f"MESSAGE={message}", *(f"{name}={value}" for name, value in fields.items()))
