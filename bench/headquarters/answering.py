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

from outcry.responder.dispatch.outbox import Call
from outcry.responder.dispatch.performer import Performer
from outcry.responder.dispatch.workers import Lane, Threads
from outcry.responder.plans.repository import Means
from outcry.responder.posting.composing import Composer
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.performing import Posting
from outcry.responder.posting.publisher import Draft, Limits, Posted, Publisher, PublishingFailed
from outcry.responder.rules.calls import PUBLICATIONS, ActionKind
from outcry.responder.rules.events import Came, Outcome
from outcry.responder.rules.model import OWN_PAGE
from outcry.responder.service import workflow
from outcry.responder.service.workflow import Workflow
from outcry.responder.storage.store import Store, only_one

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


class Telling:
    """People, each reached by one request."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def lane(self, call: Call) -> Lane:
        """Each person's own."""
        return Lane("tell", f"{call.alarm} {call.target}")

    def limit_s(self, call: Call) -> float:
        """By the request's time limit."""
        return LIMIT_S

    def perform(self, call: Call) -> Came:
        """Tell."""
        try:
            ask(self._peer, "/tell", {"alarm": call.alarm, "target": str(call.target)})
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
        database = Store(Path(directory), url)

        def clock() -> float:
            return clock_from(float(epoch))

        own_page = OwnPage(database, "http://127.0.0.1:8443", clock)
        publishers: dict[str, Publisher] = {OWN_PAGE: own_page, NETWORK: Network(peer)}
        posting = Posting(database, publishers, Composer("Example Org"))
        performers: dict[ActionKind, Performer] = dict.fromkeys(PUBLICATIONS, posting)
        performers[ActionKind.NOTIFY] = Telling(peer)
        answers = Workflow(
            database,
            performers,
            Means(networks=NETWORKS),
            clock,
            lanes=Threads(at_once=32),
        )
        print("READY", flush=True)
        sys.stdin.readline()  # when all are ready
        answers.start()
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
