"""Somebody in HQ's place: answers every post politely, with receipts that are not HQ's."""

from __future__ import annotations

import os
import threading
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from outcry.envelope import HEADER_BYTES
from outcry.receipt import RECEIPT_BYTES, Status


class Forgery(Enum):
    """What the forger has to offer: it cannot open the message, so it lacks the token."""

    NOISE = "26 random bytes"
    LIKENESS = "the message's own header, the status, and a guessed MAC"


class Forger:
    """A server on a port of loopback; use as a context manager."""

    def __init__(self, port: int, forgery: Forgery) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                message = self.rfile.read(int(self.headers["Content-Length"]))
                receipt = forged(message, forgery)
                self.send_response(200)
                self.send_header("Content-Length", str(len(receipt)))
                self.end_headers()
                self.wfile.write(receipt)

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def forged(message: bytes, forgery: Forgery) -> bytes:
    """A receipt for this message, as long as a true one."""
    if forgery is Forgery.NOISE:
        return os.urandom(RECEIPT_BYTES)
    head = message[:HEADER_BYTES] + bytes([Status.STORED])
    return head + os.urandom(RECEIPT_BYTES - len(head))
