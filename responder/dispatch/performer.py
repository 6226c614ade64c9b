"""Who makes the outside calls: one performer for each kind, and what each call comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.workers import Lane
from outcry.responder.rules.events import What

Outcome = tuple[What, Mapping[str, str]]
"""DONE, FAILED (certainly nothing happened) or UNKNOWN, and what the history is to say with it."""


class Performer(Protocol):
    """Makes calls of some kinds, each on its lane's thread."""

    def lane(self, call: Call) -> Lane:
        """Calls of one lane are made one after the other."""

    def limit_s(self, call: Call) -> float:
        """How long the call can last at the very most, in seconds."""

    def perform(self, call: Call) -> Outcome:
        """Make it. Whatever is raised is an unknown outcome."""
