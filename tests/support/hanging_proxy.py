"""A network on its worst day: lets requests through, and then keeps the answer to itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from local_server import LocalServer, answer, answer_json


class HangingProxy(LocalServer):
    """Stands before a server; answers to what ``loses`` matches never arrive.

    What ``refuses`` has an answer to is not passed on; what ``holds`` matches is kept until
    ``let_go``, and passed on then, whether or not anybody still waits for it. ``rewords`` changes
    answers.
    """

    def __init__(self, server: str) -> None:
        self.loses: Callable[[str, str], bool] = lambda method, path: False
        self.refuses: Callable[[bytes], tuple[int, object] | None] = lambda body: None
        self.holds: Callable[[str, str], bool] = lambda method, path: False
        self.rewords: Callable[[str, int, bytes], tuple[int, bytes]] = lambda _, *said: said
        self.held = 0
        self.let_go = threading.Event()
        self.refused = self.lost = 0
        self.asked: list[tuple[str, str]] = []
        self.over = threading.Event()
        self._behind = server
        super().__init__()

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        path = request.path.split("?")[0]
        self.asked.append((request.command, path))
        refusal = self.refuses(body)
        if refusal is not None:
            self.refused += 1
            return answer_json(request, *refusal)
        if self.holds(request.command, path):
            self.held += 1
            self.let_go.wait(120)
        kept = ("host", "connection", "content-length", "accept-encoding")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in kept}
        headers["X-Signed-For"] = self.url
        passed = Request(self._behind + request.path, body or None, headers, method=request.command)
        try:
            with urlopen(passed, timeout=30) as came:
                status, said, kind = came.status, came.read(), came.headers
        except HTTPError as error:
            status, said, kind = error.code, error.read(), error.headers
        status, said = self.rewords(path, status, said)
        if self.loses(request.command, path):
            self.lost += 1
            self.over.wait(60)
            request.close_connection = True
        else:
            answer(request, status, said, kind.get("Content-Type", "application/json"))

    def stop(self) -> None:
        self.over.set()
        self.let_go.set()
        super().stop()
