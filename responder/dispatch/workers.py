"""Who makes outside calls, and where: a lane for each place, so that a slow one delays no other.

A text, a message by a channel and a post all go the same way: the workflow asks the performer of
its kind for a lane, leases the row, and makes the call on the lane's thread. What becomes known
later, such as a delivery report, reaches the same row through ``Workflow.hear``.
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from outcry.responder.dispatch.outbox import Call
from outcry.responder.rules.events import Came

DECIDED_OTHERWISE = "people have decided otherwise"
Work = Callable[[], None]
May = Callable[[Connection | None], str | None]
"""Why the call that is being made may not go on; None: it may. Looks by this connection, if any:
then what it finds stays so until that transaction ends."""


class Lane(NamedTuple):
    """One place that is called; of a group only so many at once."""

    group: str
    place: str


class Performer(Protocol):
    """Makes calls of some kinds, each on its lane's thread."""

    def lane(self, call: Call) -> Lane | None:
        """Calls of one lane are made one after the other. None: it cannot be made now."""

    def limit_s(self, call: Call) -> float:
        """How long the call can last at the very most, in seconds.

        Infinite: as long as it takes. Its lease is then short, and renewed while it lasts.
        """

    def perform(self, call: Call, may: May) -> Came:
        """Make it, as long as ``may`` allows it: asked in the last moment before anything leaves.

        Whatever is raised is an unknown outcome.
        """


class Lanes:
    """A thread for each lane that has work, ``at_once`` in a group.

    One that outlives its limit is left behind, and its lane is free again: its call has become
    unknown by then. Threads end with the process; what they were about is found at the next start.
    """

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives monotonic seconds."""
        self._at_once = at_once
        self._clock = clock
        self._busy: dict[Lane, tuple[threading.Event, float]] = {}

    def is_free(self, lane: Lane) -> bool:
        """Whether work for it would begin at once. Only the workflow's own thread asks."""
        now = self._clock()
        self._busy = {
            lane: (done, until)
            for lane, (done, until) in self._busy.items()
            if not done.is_set() and now < until
        }
        in_group = sum(busy.group == lane.group for busy in self._busy)
        return lane not in self._busy and in_group < self._at_once

    def run(self, lane: Lane, limit_s: float, work: Work, then: Work) -> None:
        """Do the work, which lasts ``limit_s`` at most and never raises.

        ``then`` is called when that is done and the lane is free again.
        """
        done = threading.Event()

        def whole() -> None:
            try:
                work()
            finally:
                done.set()
                then()

        self._busy[lane] = (done, self._clock() + limit_s)
        threading.Thread(target=whole, name=" ".join(lane), daemon=True).start()
