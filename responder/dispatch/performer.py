"""Who makes the outside calls: one performer for each kind, and what each call comes to.

A text, a message by a channel and a post all go the same way: the workflow asks the performer of
its kind for a lane, leases the row, and makes the call on the lane's thread. What becomes known
later, such as a delivery report, reaches the same row through ``Workflow.hear``.
"""

from __future__ import annotations

from typing import Protocol

from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.workers import Lane
from outcry.responder.rules.events import Came


class Performer(Protocol):
    """Makes calls of some kinds, each on its lane's thread."""

    def lane(self, call: Call) -> Lane | None:
        """Calls of one lane are made one after the other. None: it cannot be made now."""

    def limit_s(self, call: Call) -> float:
        """How long the call can last at the very most, in seconds.

        Infinite: as long as it takes. Its lease is then short, and renewed while it lasts.
        """

    def perform(self, call: Call) -> Came:
        """Make it. Whatever is raised is an unknown outcome."""
