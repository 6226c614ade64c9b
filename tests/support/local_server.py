"""An HTTP server on this machine for as long as a test lasts."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LocalServer:
    """What it does with a request, a subclass says in ``serve``."""

    def __init__(self) -> None:
        local = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                local.serve(self, self.rfile.read(length) if length else b"")

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *args: Any) -> None:
                """Tests read no log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def answer(
    request: BaseHTTPRequestHandler, status: int, said: bytes, kind: str = "application/json"
) -> None:
    """Send this whole."""
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(said)))
    request.end_headers()
    request.wfile.write(said)


def answer_json(request: BaseHTTPRequestHandler, status: int, said: object) -> None:
    """Send this as JSON."""
    answer(request, status, json.dumps(said).encode())
