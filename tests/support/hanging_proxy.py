"""A network on its worst day: lets requests through, and then keeps the answer to itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


class HangingProxy:
    """Stands before a server; answers to what ``loses`` matches never arrive."""

    def __init__(self, server: str) -> None:
        self.loses: Callable[[str, str], bool] = lambda method, path: False
        self.asked: list[tuple[str, str]] = []
        self.over = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length) if length else None
                path = self.path.split("?")[0]
                proxy.asked.append((self.command, path))
                kept = ("host", "connection", "content-length", "accept-encoding")
                headers = {k: v for k, v in self.headers.items() if k.lower() not in kept}
                headers["X-Signed-For"] = proxy.url
                request = Request(server + self.path, body, headers, method=self.command)
                try:
                    with urlopen(request, timeout=30) as answer:
                        status, said, kind = answer.status, answer.read(), answer.headers
                except HTTPError as error:
                    status, said, kind = error.code, error.read(), error.headers
                if proxy.loses(self.command, path):
                    proxy.over.wait(60)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *args: Any) -> None:
                """Tests read no log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
