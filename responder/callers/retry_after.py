"""How long a server wants to be left alone: the header Retry-After (RFC 9110)."""

from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 86_400.0  # a server that wants longer is asked once a day


def wait_s(said: str, now: str) -> float | None:
    """The seconds in it: a number, or a date beside the answer's own date; None: neither."""
    try:
        if said.isdecimal():
            return min(float(said), LONGEST_WAIT_S)
        span = parsedate_to_datetime(said) - parsedate_to_datetime(now)
    except (OverflowError, TypeError, ValueError):
        return None
    return min(max(span.total_seconds(), 0.0), LONGEST_WAIT_S)
