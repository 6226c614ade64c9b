"""A responder that only answers alarms, for campaigns that kill it: the real workflow on a database.

``python -m bench.headquarters.answering DIRECTORY URL PEER EPOCH``: decides and calls, on
the embedded database in DIRECTORY or on PostgreSQL at URL, with people and a
network that are requests to PEER. Its clock began at EPOCH and runs fast, so
that nobody waits for retries; leases go by the database's own clock.
"""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from outcry.responder import settings
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.publisher import Draft, Limits, Posted, Publisher, PublishingFailed
from outcry.responder.rules.events import Came, Outcome
from outcry.responder.rules.model import OWN_PAGE
from outcry.responder.service import workflow
from outcry.responder.service.assemble import Adapters, Clock, assemble
from outcry.responder.settings import Settings
from outcry.responder.storage.store import Store, only_one
from outcry.responder.transports.apprise import Channels

NOON = 1_795_348_800.0  # 22 November 2026, 12:00 UTC
SPEED = 10.0
LIMIT_S = 2.0
LATE_S = 0.3
LOOK_EVERY_S = 0.2
NETWORK = "loop"
NETWORKS = (OWN_PAGE, NETWORK)


def clock_from(epoch: float) -> float:
    """Unix seconds of the campaign: NOON was at ``epoch``, and time flies."""
    return NOON + (time.time() - epoch) * SPEED


def ask(peer: str, path: str, what: Mapping[str, Any]) -> Any:
    """One request; PublishingFailed when it certainly never began, anything else is unknown."""
    request = urllib.request.Request(f"{peer}{path}", json.dumps(what).encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            raise PublishingFailed("nobody is there") from None
        raise


class Network:
    """The loopback network: it can be asked by key, and repeats nothing by itself."""

    name = NETWORK
    limit_s = LIMIT_S
    limits = Limits(500)

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def check(self) -> list[Any]:
        """Nothing to check."""
        return []

    def find(self, key: str, draft: Draft) -> Posted | None:
        """Ask."""
        found = ask(self._peer, "/find", {"key": key})
        return Posted(found["id"], found["id"]) if found else None

    def post(self, key: str, draft: Draft) -> Posted:
        """Post."""
        id_ = ask(self._peer, "/post", {"key": key, "text": draft.text})["id"]
        return Posted(id_, id_)

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Post an answer."""
        return self.post(key, draft)

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Post a correction."""
        return self.post(key, draft)

    def delete(self, to: Posted) -> None:
        """Nothing is taken back here."""


class People(Channels):
    """People, each reached by one request that names the link they are sent."""

    def __init__(self, peer: str) -> None:
        super().__init__(LIMIT_S)
        self._peer = peer

    def attempt(self, url: str, title: str, body: str) -> Came:
        """Tell."""
        try:
            ask(self._peer, "/tell", {"link": body.rpartition("/c/")[2]})
        except PublishingFailed:
            return Came(Outcome.FAILED)
        return Came(Outcome.DONE)


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

        def networks(chosen: Settings, database: Store, clock: Clock) -> dict[str, Publisher]:
            own_page = OwnPage(database, chosen.people.public_url, clock)
            return {OWN_PAGE: own_page, NETWORK: Network(peer)}

        hq = assemble(
            settings.check({"state": {"directory": directory, "database": url}}),
            Adapters(
                clock=lambda: clock_from(float(epoch)),
                publishers=networks,
                channels=People(peer),
            ),
        )
        print("READY", flush=True)
        sys.stdin.readline()  # when all are ready
        hq.workflow.start()
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
