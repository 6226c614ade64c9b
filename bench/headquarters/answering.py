"""A responder that only answers alarms, for campaigns that kill it: the real workflow on a database.

``python -m bench.headquarters.answering DIRECTORY URL PEER EPOCH``: decides and calls, on
the embedded database in DIRECTORY or on PostgreSQL at URL, with people, reached by Apprise, and a
network that are requests to PEER, each made by a process of its own. Its clock began at EPOCH and
runs fast, so that nobody waits for retries, and leaps when SIGUSR1 comes; leases go by the
database's own clock.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.headquarters.loop import LIMIT_S, NETWORK, Network
from outcry.responder import settings
from outcry.responder.callers import outgoing
from outcry.responder.posting.isolated import Isolated
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.publisher import Publisher
from outcry.responder.rules.model import OWN_PAGE
from outcry.responder.service import workflow
from outcry.responder.service.assemble import Adapters, assemble
from outcry.responder.settings import Settings
from outcry.responder.storage.store import Store, only_one
from outcry.responder.transports.apprise import CALLERS, Channels

NOON = 1_795_348_800.0  # 22 November 2026, 12:00 UTC
SPEED = 10.0
LEAP_S = 3600.0
LATE_S = 2.0  # a busy machine takes that long for a transaction
LOOK_EVERY_S = 0.2
NETWORKS = (OWN_PAGE, NETWORK)


def clock_from(epoch: float) -> float:
    """Unix seconds of the campaign: NOON was at ``epoch``, and time flies."""
    return NOON + (time.time() - epoch) * SPEED


class Clock:
    """The campaign's clock, which a person may set wrong."""

    def __init__(self, epoch: float) -> None:
        self._epoch = epoch
        self._wrong_by_s = 0.0

    def __call__(self) -> float:
        """Unix seconds."""
        return clock_from(self._epoch) + self._wrong_by_s

    def leap(self, *_: object) -> None:
        """An hour ahead, or back again."""
        self._wrong_by_s = 0.0 if self._wrong_by_s else LEAP_S


def main(directory: str, url: str, peer: str, epoch: str) -> None:
    """Answer, from the first line on standard input until killed."""
    workflow.LATE_S, workflow.LOOK_EVERY_S, workflow.LOOK_FOR_OTHERS_S = (
        LATE_S,
        LOOK_EVERY_S,
        LOOK_EVERY_S,
    )
    with ExitStack() as running:
        if not url:
            running.enter_context(only_one(Path(directory)))

        def networks(
            chosen: Settings, database: Store, clock: Callable[[], float]
        ) -> dict[str, Publisher]:
            own_page = OwnPage(database, chosen.people.public_url, clock)
            network = Isolated(Network, {"peer": peer}, CALLERS)
            return {OWN_PAGE: own_page, NETWORK: network}

        clock = Clock(float(epoch))
        signal.signal(signal.SIGUSR1, clock.leap)
        outgoing.name(["127.0.0.0/8"])  # PEER is here
        CALLERS.start()

        hq = assemble(
            settings.check({"state": {"directory": directory, "database": url}}),
            Adapters(
                clock=clock,
                publishers=networks,
                channels=Channels(LIMIT_S),
            ),
        )
        print("READY", flush=True)
        sys.stdin.readline()  # when all are ready
        hq.workflow.start()
        while True:
            signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
