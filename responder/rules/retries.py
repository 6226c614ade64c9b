"""When to try again what ought to be done."""

from __future__ import annotations

from collections.abc import Sequence

from outcry.responder.rules.calls import PUBLICATIONS, ActionKind
from outcry.responder.rules.events import CallEnded, CallPlanned, Outcome

RETRY_AFTER_S = (5, 15, 60, 300, 900)  # then every 900 s: a busy network, then a modem to be fixed
TRIES = 100  # with the waits above: about a day
UNKNOWN_TRIES = 1  # a text whose outcome was lost is sent once more, never zero times


def next_try(kind: ActionKind, tries: Sequence[CallPlanned | CallEnded]) -> float | None:
    """When to try (again), 0 meaning at once; None: it is done, under way or given up.

    ``tries``: what was heard last of those so far, oldest first. One that was dropped before it began counts for nothing.
    What is published is looked for before each try: repeating an unknown one is harmless.
    """
    made = [each for each in tries if each.outcome is not Outcome.DROPPED]
    came = [each.outcome for each in made]
    if not made:
        return 0.0
    if {None, Outcome.DONE, Outcome.DELIVERED} & set(came) or len(made) >= TRIES:
        return None
    last = made[-1]
    if last.outcome is Outcome.UNKNOWN and kind not in PUBLICATIONS:
        return last.at if came.count(Outcome.UNKNOWN) <= UNKNOWN_TRIES else None
    return last.at + RETRY_AFTER_S[min(len(made), len(RETRY_AFTER_S)) - 1]
