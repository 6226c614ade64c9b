"""A server that takes notifications, as Apprise's ``json://`` sends them."""

from __future__ import annotations

import http.server
import json
import socket
import threading

SECRET = "hush-3141"


class Web(http.server.ThreadingHTTPServer):
    """Takes notifications; its paths say what becomes of them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.taken: list[dict[str, str]] = []
        self.may_answer = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str, scheme: str = "json") -> str:
        return f"{scheme}://ana:{SECRET}@127.0.0.1:{self.server_port}/{path}"


class _Taker(http.server.BaseHTTPRequestHandler):
    server: Web

    def do_POST(self) -> None:
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if "slow" in self.path:
            self.server.may_answer.wait(60)
        if "cut" in self.path:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        word = self.path.rsplit("/", 1)[-1]
        self.send_response(int(word) if word.isdigit() else 200)
        if word.startswith("3"):
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_GET(self) -> None:
        """A page that answers anybody, as the one that a redirect leads to."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass
