"""How often a server that refuses everything is asked within a minute, however much there is to say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from outcry.responder.callers import outgoing
from outcry.responder.callers.processes import Callers
from outcry.responder.posting.bluesky import Bluesky
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.isolated import Isolated
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import Draft, OutcomeUnknown, PublishingFailed
from outcry.responder.posting.x import X
from outcry.responder.transports.apprise import Channels

CALLS = 24  # of a minute: alarms that are looked for and said, by a clock that the bench moves
_PRELOAD = "outcry.responder.transports.apprise:load"
_KEYS = ("api_key", "api_secret", "access_token", "access_token_secret")
NETWORKS: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
    "mastodon": (Mastodon, {"token": "t"}),
    "bluesky": (Bluesky, {"handle": "org.example", "app_password": "p"}),
    "x": (X, dict.fromkeys(_KEYS, "k")),
    "facebook": (Facebook, {"page": "1", "token": "t", "app_secret": "s"}),
}


class _Refusing:
    def __init__(self) -> None:
        self.asked = 0
        refusing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                refusing.asked += 1
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_PUT = do_GET

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A caller that was ended hears no answer."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def requests_to_a_refusing_network_per_min(
    names: tuple[str, ...] = (*NETWORKS, "apprise"),
) -> float:
    """The most that any of them sends in a minute of 24 alarms; none sends nothing."""
    counted = [_requests(name) for name in names]
    assert min(counted) > 0
    return max(counted)


def _requests(name: str) -> int:
    now = [0.0]
    outgoing.name(["127.0.0.0/8"])  # the server is here
    with closing(_Refusing()) as server, closing(Callers(_PRELOAD, lambda: now[0])) as callers:
        say = _sayer(name, server.port, callers)
        for _ in range(CALLS):
            say()
            now[0] += 60.0 / (CALLS + 1)
        return server.asked


def _sayer(name: str, port: int, callers: Callers) -> Callable[[], None]:
    if name == "apprise":
        channels = Channels(callers=callers)
        return lambda: (
            channels.attempt(f"json://127.0.0.1:{port}/?retry=5&wait=0", "t", "b") and None
        )
    kind, account = NETWORKS[name]
    publisher = Isolated(kind, {**account, "server": f"http://127.0.0.1:{port}"}, callers)
    words = Draft("words", "en", time.time(), b"picture", "a map")

    def say() -> None:
        for what in (publisher.find, publisher.post):
            try:
                what("alarm-1", words)
            except (PublishingFailed, OutcomeUnknown):
                continue

    return say
