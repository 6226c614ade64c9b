"""One TCP connection seen through GPRS: the real connection, late in both directions.

Bytes keep their order whatever their delays; once lost, they vanish without a word, as they do
when a carrier has forgotten an idle connection.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from outcry.hw.board.modem.context import Context
from outcry.hw.board.modem.gprs import Fate
from outcry.hw.board.modem.network import Connection, Network
from outcry.hw.board.modem.timing import Span

RUBBISH_BYTES = 200  # a reply of that many random bytes to whatever is sent


class Owner(Protocol):
    """Told by the link; every call names the link, since an old one may still speak."""

    def connected(self, link: "Link", opened: bool) -> None: ...

    def arrived(self, link: "Link", data: bytes) -> None: ...

    def closed(self, link: "Link") -> None: ...


class Link:
    def __init__(
        self, context: Context, network: Network, address: tuple[str, int], owner: Owner, fate: Fate
    ) -> None:
        self.sent = 0
        self.acknowledged = 0
        self.idle_limit_s: float | None = None
        """A carrier's NAT forgets the connection after so long without a byte; None: never."""
        self._context = context
        self._owner = owner
        self._fate = fate
        self._connection: Connection | None = None
        self._connecting = True
        self._ended = False
        self._last_up = self._last_down = self._last_byte = context.now
        low, high = context.timing.connect
        self._half_connect = (low / 2, high / 2)
        if fate == "true":
            self._after(self._half_connect, lambda: self._reach(network, *address))
        else:
            self._after(context.timing.connect, lambda: owner.connected(self, True))

    def lose(self, fate: Fate = "lost") -> None:
        """From now on nothing that is sent arrives, in either direction."""
        self._fate = fate

    def send(self, data: bytes, acknowledged: Callable[[], None]) -> None:
        """Hand over bytes; ``acknowledged`` is called when the peer's TCP has them."""
        self.sent += len(data)
        self._last_up = max(self._last_up, self._drawn())
        self._context.schedule.at(self._last_up, lambda: self._delivers(data, acknowledged))

    def poll(self) -> None:
        """Look what the real connection has done since the last time."""
        connection, now = self._connection, self._context.now
        if connection is None or self._ended:
            return
        state = connection.state(now)
        if self._connecting and state != "connecting":
            self._connecting = False
            self._after(self._half_connect, lambda: self._owner.connected(self, state == "open"))
            self._ended = state == "failed"
            return
        while data := connection.receive(now):
            self._down(partial(self._owner.arrived, self, data))
        if not self._connecting and connection.state(now) == "closed":
            self._ended = True
            self._down(lambda: self._owner.closed(self))

    def due(self) -> float | None:
        return None if self._connection is None or self._ended else self._connection.due()

    def close(self) -> None:
        """The host closes: what was handed over still leaves, nothing more is heard."""
        self._ended = True
        connection = self._connection
        if connection is not None:
            self._context.schedule.at(self._last_up, lambda: connection.close(self._context.now))

    def _reach(self, network: Network, host: str, port: int) -> None:
        if not self._ended:
            self._connection = network.connect(host, port, self._context.now)
            self.poll()

    def _delivers(self, data: bytes, acknowledged: Callable[[], None]) -> None:
        one_way = self._context.timing.one_way
        if self._fate == "rubbish":
            noise = self._context.random.randbytes(RUBBISH_BYTES)
            self._after(one_way, acknowledged)
            self._after(one_way, lambda: self._owner.arrived(self, noise))
        elif self._remembered() and self._connection is not None:
            self._connection.send(data, self._context.now)
            self._context.see("tcp-sent", bytes=len(data))
            self._after(one_way, lambda: self._acknowledges(data, acknowledged))
            self.poll()

    def _acknowledges(self, data: bytes, acknowledged: Callable[[], None]) -> None:
        if self._fate == "true":
            self.acknowledged += len(data)
            acknowledged()

    def _down(self, action: Callable[[], None]) -> None:
        def unless_lost() -> None:
            if self._remembered():
                action()

        self._last_down = max(self._last_down, self._drawn())
        self._context.schedule.at(self._last_down, unless_lost)

    def _remembered(self) -> bool:
        """Whether a packet passes now, which is then the latest the carrier has seen."""
        idle, self._last_byte = self._context.now - self._last_byte, self._context.now
        if self._fate == "true" and self.idle_limit_s is not None and idle > self.idle_limit_s:
            self.lose()
            self._context.see("tcp-forgotten")
        return self._fate == "true"

    def _drawn(self) -> float:
        return self._context.now + self._context.draw(self._context.timing.one_way)

    def _after(self, span: Span, action: Callable[[], None]) -> None:
        self._context.schedule.after(self._context.draw(span), action)


class Linked:
    """What has a link while it has a connection, and lives by it."""

    _link: Link | None = None

    def poll(self) -> None:
        if self._link is not None:
            self._link.poll()

    def due(self) -> float | None:
        return self._link.due() if self._link is not None else None

    def lose(self, fate: Fate) -> None:
        """What is still to come does not arrive, or a stranger's answer does."""
        if self._link is not None:
            self._link.lose(fate)
