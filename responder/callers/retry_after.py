"""How long a server wants to be left alone: Retry-After (RFC 9110), or the end of its limit."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 3600.0
"""A server that wants longer is asked once an hour: whoever stands between it and us could have said
so, and would silence an alarm there for as long as they like."""
LONGEST_RESET_S = 900.0  # a limit's end may be that of another than the one that refuses

_RESETS = ("x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")
"""How X, Mastodon and Bluesky say it, which have no Retry-After.
https://docs.x.com/fundamentals/rate-limits, https://docs.joinmastodon.org/api/rate-limits/
"""
_A_TIME = 1e9  # Unix seconds; what is less is a number of seconds


def wanted_s(headers: Mapping[str, str], status: int) -> float | None:
    """The seconds in an answer of this status; None: it says nothing of it."""
    said = {name.lower(): str(value) for name, value in headers.items()}
    now = said.get("date", "")
    wait = wait_s(said.get("retry-after", ""), now) if status in (429, 503) else None
    if wait is None and status == 429:
        wait = _reset_s(next((said[name] for name in _RESETS if name in said), ""), now)
    return wait


def wait_s(said: str, now: str) -> float | None:
    """The seconds in it: a number, or a date beside the answer's own date; None: neither."""
    try:
        if said.isdecimal():
            return min(float(said), LONGEST_WAIT_S)
        span = parsedate_to_datetime(said) - parsedate_to_datetime(now)
    except (OverflowError, TypeError, ValueError):
        return None
    return min(max(span.total_seconds(), 0.0), LONGEST_WAIT_S)


def _reset_s(said: str, now: str) -> float | None:
    try:
        if said.isdecimal() and float(said) < _A_TIME:
            return min(float(said), LONGEST_RESET_S)
        is_number = said.isdecimal()
        at = datetime.fromtimestamp(float(said), UTC) if is_number else datetime.fromisoformat(said)
        span = at - parsedate_to_datetime(now)
    except (OSError, OverflowError, TypeError, ValueError):
        return None
    return min(max(span.total_seconds(), 0.0), LONGEST_RESET_S)
