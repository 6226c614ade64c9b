"""The people and the network of a response: one real HTTP server that keeps every request.

It answers a little before and a little after it has kept it, so that a kill can come on either side.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

HUNG_S = 30.0  # at most
LONGEST_DELAY_S = 0.03  # before it keeps a request and again before it answers
_LINK = re.compile(r"/c/(\w+)")  # the token of a contact's link


class Peer:
    """What was asked of the people and the network."""

    def __init__(self, random: Random) -> None:
        self.told: Counter[tuple[int, str]] = Counter()
        self.posted: Counter[str] = Counter()
        self.posted_at: dict[str, float] = {}  # monotonic seconds, when it was asked for
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.first_told_at: dict[int, float] = {}  # monotonic seconds, by alarm
        self.asked = 0
        self._random = random
        self.links: Mapping[str, tuple[int, str]] = {}  # the alarm and target of each contact's
        self._lock = threading.Lock()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                came_at = time.monotonic()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(peer.delay())
                answer = json.dumps(peer.keep(self.path, json.loads(body), came_at)).encode()
                time.sleep(peer.delay())
                peer.may_answer.wait(HUNG_S)
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A caller that was killed hears no answer."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def delay(self) -> float:
        with self._lock:
            self.asked += 1
            return self._random.uniform(0, LONGEST_DELAY_S)

    def keep(self, path: str, what: dict[str, Any], came_at: float) -> Any:
        with self._lock:
            if path.startswith("/tell"):  # as Apprise's json:// says it
                alarm, target = self.links[_LINK.findall(what["message"])[0]]
                self.told[alarm, target] += 1
                self.first_told_at.setdefault(alarm, time.monotonic())
                return {}
            if path == "/find":
                return {"id": what["key"]} if self.posted[what["key"]] else None
            self.posted[what["key"]] += 1
            self.posted_at.setdefault(what["key"], came_at)
            return {"id": what["key"]}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
