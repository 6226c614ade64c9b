"""One HTTP request of the modem's own client, from connecting to the last byte of the answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

import h11

from outcry.hw.board.modem.context import Context
from outcry.hw.board.modem.gprs import How, fate
from outcry.hw.board.modem.network import Network
from outcry.hw.board.modem.tcp_link import Link, Linked

NOT_HTTP, NETWORK_ERROR, NO_MEMORY, DNS_ERROR, STACK_BUSY = 600, 601, 602, 603, 604  # p. 252
TLS_FAILED, TLS_ALERT = 605, 606
MEMORY = 319488  # bytes of an answer the modem holds; the limit HTTPDATA has (p. 250)
_HTTP = b"HTTP/"  # how every answer begins
_ALERT = 0x15  # the record type in which a TLS server refuses
_URL = re.compile(r"(?:(https?)://)?([^/:]+)(?::(\d+))?(/.*?)?(?::(\d+))?", re.IGNORECASE)
# A ClientHello with TLS 1.0 as the highest version, one cipher suite, no extensions: all that
# R14.18 has to offer (SSL Application Note V1.00 p. 5).
_HELLO = bytes.fromhex("1603010035 01000031 0301") + bytes(32) + bytes.fromhex("00 000a")
_HELLO += bytes.fromhex("002f 0035 000a 0005 0004 0100")


@dataclass(frozen=True)
class Target:
    """Where a URL points. The port may follow the host, or, as the manual has it, the path."""

    host: str
    port: int
    path: str
    tls: bool


def target(url: str, tls: bool) -> Target | None:
    """None for what is no URL to the modem."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    scheme, host, port, path, late_port = match.groups()
    tls = tls or (scheme or "").lower() == "https"
    number = int(port or late_port or (443 if tls else 80))
    return Target(host, number, path or "/", tls) if 0 < number < 65536 else None


@dataclass(frozen=True)
class Result:
    """What +HTTPACTION will say, and what HTTPREAD will give."""

    status: int
    body: bytes = b""
    location: str = ""


@dataclass(eq=False, repr=False)
class Exchange(Linked):
    """Runs by itself; ``_done`` is called once, unless :meth:`end` comes before."""

    _context: Context
    _network: Network
    _how: How
    _to: Target
    _request: bytes
    _method: str
    _done: Callable[[Result], None] | None

    def __post_init__(self) -> None:
        self.received = 0
        self.expected = 0
        self._parser = h11.Connection(our_role=h11.CLIENT)
        self._start = b""
        self._status = 0
        self._location = ""
        self._body = bytearray()
        # Only the answer is h11's to read; what is sent is the modem's own wording.
        self._parser.send(h11.Request(method=self._method, target="/", headers=[("Host", "-")]))
        self._parser.send(h11.EndOfMessage())
        self._connect()

    def end(self) -> None:
        """Stop, without a result."""
        self._done = None
        if self._link is not None:
            self._link.close()
            self._link = None

    def fail(self, status: int) -> None:
        self._finish(Result(status))

    def _connect(self) -> None:
        network, how, host = self._network, self._how, self._to.host
        if how == "connecting":
            return
        if how == "refused":
            self._later(lambda: self.fail(NETWORK_ERROR))
        elif how == "on" and not _is_address(host) and not network.resolve(host):
            self._later(lambda: self.fail(DNS_ERROR))
        else:
            self._link = Link(self._context, network, (host, self._to.port), self, fate(how))

    def _later(self, action: Callable[[], None]) -> None:
        self._context.schedule.after(self._context.draw(self._context.timing.connect), action)

    # What the link tells

    def connected(self, link: Link, opened: bool) -> None:
        if not opened:
            self.fail(NETWORK_ERROR)
        elif self._done is not None:
            link.send(_HELLO if self._to.tls else self._request, lambda: None)

    def arrived(self, link: Link, data: bytes) -> None:
        if self._to.tls:
            self.fail(TLS_ALERT if data[0] == _ALERT else TLS_FAILED)
        elif self._done is not None:
            self._read(data)

    def closed(self, link: Link) -> None:
        if self._to.tls:
            self.fail(TLS_FAILED)
        elif self._done is not None:
            self._read(b"")

    def _read(self, data: bytes) -> None:
        self._start = (self._start + data)[: len(_HTTP)]
        if not _HTTP.startswith(self._start):
            self.fail(NOT_HTTP)
            return
        try:
            self._parser.receive_data(data)
            while self._done is not None:
                event = self._parser.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                self._take(event)
        except h11.RemoteProtocolError:
            self.fail(NOT_HTTP if data else NETWORK_ERROR)

    def _take(self, event: object) -> None:
        match event:
            case h11.Response():
                headers = {bytes(name): bytes(value) for name, value in event.headers}
                self._status = event.status_code
                self._location = headers.get(b"location", b"").decode("latin-1")
                self.expected = int(headers.get(b"content-length", b"0"))
            case h11.Data():
                self._body += event.data
                self.received = len(self._body)
                if self.received > MEMORY:
                    self.fail(NO_MEMORY)
            case h11.EndOfMessage():
                self._finish(Result(self._status, bytes(self._body), self._location))
            case h11.ConnectionClosed():
                self.fail(NETWORK_ERROR)

    def _finish(self, result: Result) -> None:
        done = self._done
        self.end()
        if done is not None:
            done(result)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
