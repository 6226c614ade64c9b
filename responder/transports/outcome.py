"""What came of a message that was to leave."""

from __future__ import annotations

from typing import NamedTuple

from outcry.responder.rules.events import What


class Came(NamedTuple):
    """DONE, FAILED (certainly nothing left) or UNKNOWN, and why: words that hold no secret.

    Of a text it may be known later that it was DELIVERED or UNDELIVERED.
    """

    what: What
    why: str = ""
