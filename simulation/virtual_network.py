"""A network of simulated peers, for running a modem in simulated time without any socket."""

import heapq
from collections.abc import Callable, Iterable
from itertools import count
from typing import Protocol

from outcry.hw.board.modem.network import ConnectionState

Deeds = Iterable[tuple[float, bytes | None]]


class Peer(Protocol):
    """A server's side of one connection."""

    def received(self, data: bytes, now: float) -> bytes | Deeds:
        """Answer at once (b"": with nothing yet), or say or close (None) after so many seconds."""
        ...


class VirtualNetwork:
    """Peers by (host, port); whatever else is asked for refuses the connection."""

    def __init__(self) -> None:
        self._peers: dict[tuple[str, int], Callable[[], Peer]] = {}

    def listen(self, host: str, port: int, accept: Callable[[], Peer]) -> None:
        """``accept`` makes the peer of each new connection."""
        self._peers[host, port] = accept

    def stop(self, host: str, port: int) -> None:
        """Nobody listens there any more; connections that stand are their peers' to end."""
        self._peers.pop((host, port), None)

    def connect(self, host: str, port: int, now: float) -> "VirtualConnection":
        accept = self._peers.get((host, port))
        return VirtualConnection(accept() if accept is not None else None)

    def resolve(self, host: str) -> str | None:
        return host if any(known == host for known, _ in self._peers) else None


class VirtualConnection:
    def __init__(self, peer: Peer | None) -> None:
        self._peer = peer
        self._state: ConnectionState = "failed" if peer is None else "open"
        self._coming: list[tuple[float, int, bytes | None]] = []
        self._order = count()

    def state(self, now: float) -> ConnectionState:
        return self._state

    def send(self, data: bytes, now: float) -> None:
        if self._peer is not None and self._state == "open":
            answer = self._peer.received(data, now)
            deeds: Deeds = [(0.0, answer)] if isinstance(answer, bytes) else answer
            for seconds, said in deeds:
                heapq.heappush(self._coming, (now + seconds, next(self._order), said))

    def receive(self, now: float) -> bytes:
        data = b""
        while self._coming and self._coming[0][0] <= now and self._state == "open":
            said = heapq.heappop(self._coming)[2]
            if said is None:
                self.close(now)
            else:
                data += said
        return data

    def close(self, now: float) -> None:
        self._state = "closed"
        self._coming.clear()

    def due(self) -> float | None:
        return self._coming[0][0] if self._coming else None
