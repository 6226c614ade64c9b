"""What was tried of something that ought to be done, and when to try it again."""

from __future__ import annotations

from collections.abc import Sequence

from outcry.responder.rules.calls import ActionKind
from outcry.responder.rules.events import Entry, What
from outcry.responder.rules.model import Want

RETRY_AFTER_S = (5, 15, 60, 300, 900)  # then every 900 s: a busy network, then a modem to be fixed
TRIES = 100  # with the waits above: about a day
UNKNOWN_TRIES = 1  # a text whose outcome was lost is sent once more, never zero times

LOOKED_UP = (ActionKind.PUBLISH, ActionKind.FOLLOW_UP, ActionKind.CORRECT)
"""Where a try is preceded by a look at what is there: repeating an unknown is harmless."""


def tries(history: Sequence[Entry], want: Want) -> dict[str, Entry]:
    """Every try at this, by key, oldest first, each with the last that was heard of it."""
    found: dict[str, Entry] = {}
    for entry in history:
        if (entry.data.get("kind"), entry.data.get("target")) == (want.kind, want.target):
            found[entry.data["key"]] = entry
    return found


def next_try(kind: ActionKind, came: Sequence[Entry]) -> float | None:
    """When to try (again), 0 meaning at once; None: it is done, under way or given up.

    ``came``: what came of the tries so far, oldest first. One that was dropped before it began
    counts for nothing.
    """
    made = [entry for entry in came if entry.what is not What.DROPPED]
    whats = [entry.what for entry in made]
    if not made:
        return 0.0
    if {What.PLANNED, What.DONE, What.DELIVERED} & set(whats) or len(made) >= TRIES:
        return None
    last = made[-1]
    if last.what is What.UNKNOWN and kind not in LOOKED_UP:
        return last.at if whats.count(What.UNKNOWN) <= UNKNOWN_TRIES else None
    return last.at + RETRY_AFTER_S[min(len(made), len(RETRY_AFTER_S)) - 1]
