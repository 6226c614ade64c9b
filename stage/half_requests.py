"""Half a request on each of many connections, and one whole request beside them."""

from __future__ import annotations

import resource
import selectors
import socket
import time
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import Self

from stage.stage import NotSeen

HALF = b"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Le"
MOST_OPEN = 12_000  # of an ordinary user's files; then the oldest is opened once more
AGAIN_S = 0.1  # after a refusal; a device waits a second


class Crowd:
    """So many connections to a port, each with half a request, from so many addresses.

    All are this machine's. Those that HQ ends are not opened again. ``opened``: how many could be connected.
    """

    def __init__(self, port: int, number: int, sources: int = 1) -> None:
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
        self.opened = 0
        self._port, self._number, self._sources = port, number, sources
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for each in self._open:
            each.close()

    def open(self) -> None:
        """Connect them, as quickly as this process can."""
        with selectors.EpollSelector() as connecting:
            for n in range(self._number):
                self._begin(n % self._sources, connecting)
                self._speak(connecting, 0.0)
            self._speak(connecting, 1.0)

    def _begin(self, source: int, connecting: selectors.BaseSelector) -> None:
        if len(self._open) >= MOST_OPEN:
            with suppress(KeyError):
                connecting.unregister(self._open[0])
            self._open.pop(0).close()
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((f"127.1.{source // 250}.{source % 250 + 1}", 0))
        connection.connect_ex(("127.0.0.1", self._port))
        self._open.append(connection)
        connecting.register(connection, selectors.EVENT_WRITE)

    def _speak(self, connecting: selectors.BaseSelector, wait_s: float) -> None:
        """Half a request on each that is connected by now."""
        for key, _ in connecting.select(wait_s):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            connecting.unregister(connection)
            with suppress(OSError):
                connection.send(HALF)
                self.opened += 1


def get(port: int, path: str, source: str, limit_s: float) -> float:
    """Seconds until a page was answered with 200; raises NotSeen if it was not within the limit."""
    request = f"GET {path} HTTP/1.1\r\nHost: hq\r\nConnection: close\r\n\r\n"
    return _asked(port, request.encode(), source, limit_s)


def post(to: int | socket.socket, sealed: bytes, source: str = "", limit_s: float = 60.0) -> float:
    """Seconds until a report had its receipt, sent to a port or on a connection there is."""
    head = f"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Length: {len(sealed)}\r\n\r\n"
    request = head.encode() + sealed
    if isinstance(to, int):
        return _asked(to, request, source, limit_s)
    begun = time.monotonic()
    to.settimeout(limit_s)
    if not _is_answered(to, request):
        raise NotSeen("no receipt on the kept connection")
    return time.monotonic() - begun


def _asked(port: int, request: bytes, source: str, limit_s: float) -> float:
    """As a device or a person does: once more after a refusal."""
    begun = time.monotonic()
    while (spent := time.monotonic() - begun) < limit_s:
        with suppress(OSError, HTTPException):
            address = "127.0.0.1", port
            with socket.create_connection(address, limit_s - spent, (source, 0)) as connection:
                if _is_answered(connection, request):
                    return time.monotonic() - begun
        time.sleep(AGAIN_S)
    raise NotSeen("no answer")


def _is_answered(connection: socket.socket, request: bytes) -> bool:
    connection.sendall(request)
    answer = HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status == 200
