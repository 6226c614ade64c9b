"""Every lane in the caller's own thread, one after the other: for tests with their own clock."""

from __future__ import annotations

from outcry.responder.dispatch.workers import Lane, Work


class Inline:
    def is_free(self, lane: Lane) -> bool:
        return True

    def run(self, lane: Lane, limit_s: float, work: Work, then: Work) -> None:
        work()
        then()
