"""What the driver adds to the modem's own time while it texts many people."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from outcry.enrolment import Contact
from simulation.wearable import SimulatedWorld
from simulation.world import ENROLMENT
from stage.stage import NotSeen

CONTACTS = 10
PRESS_AT = 200.0
WATCHED_S = 600.0
WAYS = ("dead", "refused", "connecting", "silent")


def sms_chain_overhead_pct(ways: Sequence[str] = WAYS) -> float:
    """First AT+CMGS to the last +CMGS: with 10 contacts, over the modem's own share of it, %.

    The modem's own share is all the time in which it was serving a command or had the line; the
    rest is what the driver let pass. The worst of the ways in which data can be of no use.
    """
    return max(_overhead_pct(how) for how in ways)


def _overhead_pct(how: str) -> float:
    people = tuple(Contact(f"Contact {n}", f"+4477009001{n:02}") for n in range(CONTACTS))
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as folder:
        world = SimulatedWorld(Path(folder), enrolment=replace(ENROLMENT, contacts=people))
        wire = _Wire(world)
        world.at(PRESS_AT - 20, lambda: world.sim.set_gprs("dead", world.now))
        world.at(PRESS_AT - 19, lambda: world.sim.set_gprs(how, world.now))
        valid = world.presses(PRESS_AT)
        world.run(PRESS_AT + WATCHED_S)
    began = next(t for t in world.commands("AT+CMGS") if t >= valid)
    given = [
        t
        for t, what, facts in world.seen
        if what == "cmgs" and str(facts["outcome"]).startswith("+CMGS:")
    ]
    told = {str(facts["to"]) for _, what, facts in world.seen if what == "sms-submitted"}
    if len(told) < CONTACTS:
        raise NotSeen(f"with data {how} only {len(told)} of {CONTACTS} contacts were texted")
    ended = _end_of_chain(given)
    idle_s = wire.idle_between(began, ended)
    return 100 * idle_s / (ended - began - idle_s)


def _end_of_chain(given: list[float], gap_s: float = 15.0) -> float:
    """The last text of the first round: nothing follows it for a while."""
    for t, after in zip(given, [*given[1:], float("inf")], strict=True):
        if after - t > gap_s:
            return t
    raise NotSeen("no text was given")


class _Wire:
    """Writes down when the host spoke and when the modem did; what lies between is the host's."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._pauses: list[tuple[float, float]] = []
        self._said_at = world.now
        feed, output = world.line.feed, world.line.output

        def heard(data: bytes, now: float) -> None:
            self._pauses.append((self._said_at, now))
            feed(data, now)

        def said(now: float) -> bytes:
            data = output(now)
            if data:
                self._said_at = now
            return data

        world.line.feed, world.line.output = heard, said  # type: ignore[method-assign]

    def idle_between(self, began: float, ended: float) -> float:
        """Seconds in which the modem had answered and was asked nothing."""
        return sum(
            min(asked, ended) - max(answered, began)
            for answered, asked in self._pauses
            if answered < ended and asked > began and asked > answered
        )
