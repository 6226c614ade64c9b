"""The internet as the modem's TCP reaches it: a small protocol, and its one shipped form, which
knows only this machine."""

import contextlib
import errno
import ipaddress
import socket
from typing import Literal, Protocol

ConnectionState = Literal["connecting", "open", "failed", "closed"]
CHUNK = 4096  # bytes read at once


class Connection(Protocol):
    """One TCP connection; nothing in it waits. Times are the board's, in seconds."""

    def state(self, now: float) -> ConnectionState: ...

    def send(self, data: bytes, now: float) -> None: ...

    def receive(self, now: float) -> bytes:
        """What has arrived, b"" when nothing has; `state` turns to closed after the last byte."""

    def close(self, now: float) -> None: ...

    def due(self) -> float | None:
        """When something happens here by itself, where that is known (simulated peers).

        Once that has been received, it must name a later moment or None.
        """


class Network(Protocol):
    def connect(self, host: str, port: int, now: float) -> Connection: ...

    def resolve(self, host: str) -> str | None:
        """The address of a name, or None."""


class LoopbackNetwork:
    """Real sockets, to this machine only: any other address fails like an unreachable host."""

    def __init__(self) -> None:
        self.connections: list[LoopbackConnection] = []

    def connect(self, host: str, port: int, now: float) -> "LoopbackConnection":
        connection = LoopbackConnection(self.resolve(host), port)
        self.connections = [each for each in self.connections if each.fileno() >= 0]
        self.connections.append(connection)
        return connection

    def resolve(self, host: str) -> str | None:
        if host.lower() == "localhost":
            return "127.0.0.1"
        with contextlib.suppress(ValueError):
            if (address := ipaddress.ip_address(host)).is_loopback:
                return str(address)
        return None

    def waiting(self) -> tuple[list[int], list[int]]:
        """File descriptors to watch: those that may become readable, and writable."""
        open_ = [each for each in self.connections if each.fileno() >= 0]
        readable = [each.fileno() for each in open_ if each.wants_reading()]
        return readable, [each.fileno() for each in open_ if each.wants_writing()]


class LoopbackConnection:
    def __init__(self, address: str | None, port: int) -> None:
        self._state: ConnectionState = "connecting"
        self._unsent = bytearray()
        family = socket.AF_INET6 if address and ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        known = address is not None and 0 < port < 65536
        if not known or self._socket.connect_ex((address, port)) not in (0, errno.EINPROGRESS):
            self._end("failed")

    def fileno(self) -> int:
        """-1 once it has ended."""
        return self._socket.fileno()

    def wants_reading(self) -> bool:
        return self._state == "open"

    def wants_writing(self) -> bool:
        return self._state == "connecting" or bool(self._unsent)

    def state(self, now: float) -> ConnectionState:
        if self._state == "connecting":
            self._look_whether_connected()
        if self._state == "open" and self._unsent:
            self._flush()
        return self._state

    def send(self, data: bytes, now: float) -> None:
        self._unsent += data
        if self._state == "open":
            self._flush()

    def receive(self, now: float) -> bytes:
        if self._state != "open":
            return b""
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._end("closed")
        return data

    def close(self, now: float) -> None:
        if self._state in ("connecting", "open"):
            self._end("closed")

    def due(self) -> float | None:
        return None

    def _look_whether_connected(self) -> None:
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._end("failed")
            return
        with contextlib.suppress(OSError):
            self._socket.getpeername()
            self._state = "open"

    def _flush(self) -> None:
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._end("closed")

    def _end(self, state: ConnectionState) -> None:
        self._state = state
        self._socket.close()
