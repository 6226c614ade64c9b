"""The loopback network of the campaigns, made where its calls are made: in a process of its own."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from outcry.responder.posting.publisher import Draft, Limits, Posted, PublishingFailed

LIMIT_S = 4.0
NETWORK = "loop"


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
    """The loopback network: it can be asked by key, and repeats nothing by itself.

    Made where its calls are made, see ``posting/isolated.py``.
    """

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
