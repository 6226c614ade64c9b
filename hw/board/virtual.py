"""A network of simulated peers, for running a modem in simulated time without any socket."""

from collections.abc import Callable
from typing import Protocol

from outcry.hw.board.network import ConnectionState


class Peer(Protocol):
    """A server's side of one connection."""

    def received(self, data: bytes, now: float) -> bytes:
        """Answer what has come, with b"" for nothing (yet)."""
        ...


class VirtualNetwork:
    """Peers by (host, port); whatever else is asked for refuses the connection."""

    def __init__(self) -> None:
        self._peers: dict[tuple[str, int], Callable[[], Peer]] = {}

    def listen(self, host: str, port: int, accept: Callable[[], Peer]) -> None:
        self._peers[host, port] = accept

    def connect(self, host: str, port: int, now: float) -> "VirtualConnection":
        accept = self._peers.get((host, port))
        return VirtualConnection(accept() if accept is not None else None)

    def resolve(self, host: str) -> str | None:
        return host if any(known == host for known, _ in self._peers) else None


class VirtualConnection:
    def __init__(self, peer: Peer | None) -> None:
        self._peer = peer
        self._state: ConnectionState = "failed" if peer is None else "open"
        self._inbound = bytearray()

    def state(self, now: float) -> ConnectionState:
        return self._state

    def send(self, data: bytes, now: float) -> None:
        if self._peer is not None and self._state == "open":
            self._inbound += self._peer.received(data, now)

    def receive(self, now: float) -> bytes:
        data = bytes(self._inbound)
        self._inbound.clear()
        return data

    def close(self, now: float) -> None:
        """Either side ends it; the modem still reads what came before."""
        self._state = "closed"

    def due(self) -> float | None:
        return None
