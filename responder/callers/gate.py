"""Inside a caller: nothing is sent before HQ has said yes to it, in the last moment.

Libraries need not take part. What they send with is made to ask first: sockets as they connect,
HTTP/1.1 of the standard library (urllib3, requests) and of httpcore (httpx), and SMTP's DATA.
"""

import fcntl
import http.client
import os
import signal
import smtplib
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from outcry.responder.callers import retry_after

FRESH_S = 3.0  # so old a yes may be when the request begins to leave; a stopped process wakes later
LOOKS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, safe methods)."""
CONNECT = "connect"
"""What a connection is asked for as, which says nothing yet."""

_LINGER = struct.Struct("ii")  # SO_LINGER: on or off, seconds
_ELSEWHERE = "location"
"""What libraries follow. What was to do something would be asked there as a mere look, whose answer
passes for its own; or be done by somebody else, with our token.
"""


class Denied(BaseException):
    """HQ says no. Not an Exception, which a library would catch, and try again."""


class Hq(Protocol):
    """HQ, as a caller hears it."""

    def ask(self, server: str, method: str) -> tuple[str | None, float]:
        """Why this may not be sent now, None: it may; and when HQ looked, by ``now``."""

    def answered(self, server: str, ok: bool, wait_s: float | None) -> None:
        """What a server made of it; ``wait_s``: how long it wants to be left alone."""


class Gate:
    """All that leaves goes through here. ``in_doubt``: something left that nobody has answered.

    ``refused``: something was refused, as was said by the server or by somebody before it.
    """

    def __init__(self, hq: Hq) -> None:
        self._hq = hq
        self._lock = threading.Lock()
        self._until = 0.0
        self.denied = False
        self.in_doubt = self.refused = False

    def begin(self, limit_s: float) -> None:
        """A call: the kernel ends this process when it has lasted for its limit."""
        self.denied = self.in_doubt = self.refused = False
        self._until = time.monotonic() + limit_s
        _end_in(limit_s)

    def end(self) -> None:
        """The call is over."""
        _end_in(0.0)

    def ask(self, server: str, method: str) -> None:
        """Raise ``Denied``, or let what is asked for begin to leave within ``FRESH_S``."""
        with self._lock:
            looked_at = float("-inf")
            while looked_at < now() - FRESH_S:  # either process may have been stopped meanwhile
                _end_in(self._left())
                why, looked_at = ("", 0.0) if self.denied else self._hq.ask(server, method)
                if why is not None:
                    self.denied = True
                    raise Denied
                _end_in(min(FRESH_S, self._left()))  # and if it is stopped from here on
            if method not in (*LOOKS, CONNECT):
                self.in_doubt = True

    def left(self) -> None:
        """It has begun to leave: from now on the call's own limit counts again."""
        _end_in(self._left())

    def answered(self, server: str, status: int, headers: Mapping[str, str] | None = None) -> None:
        """An HTTP answer has come, with these headers. One that sends elsewhere settles nothing."""
        with self._lock:
            if 400 <= status < 500 and status != 408:
                self.refused, self.in_doubt = self.refused or self.in_doubt, False
            elif status < 300:
                self.in_doubt = False
            self._hq.answered(server, status < 300, retry_after.wanted_s(headers or {}, status))

    def connected(self, server: str) -> None:
        """A connection stands, which answers nothing that was sent by another."""
        with self._lock:
            self._hq.answered(server, True, None)

    def _left(self) -> float:
        return max(self._until - time.monotonic(), 0.001)


def now() -> float:
    """Seconds since this machine was started, asleep or not: the same in every process."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def install(gate: Gate) -> None:
    """Make everything in this process ask first. httpcore is looked after by ``guard_httpcore``."""
    global _installed
    _installed = gate
    _guard_sockets(gate)
    _guard_http_client(gate)
    _guard_mail(gate)


_installed: Gate | None = None


def _guard_sockets(gate: Gate) -> None:
    def guarded(connect: Callable[[Any, Any], int | None]) -> Callable[[Any, Any], int | None]:
        """Asks as it connects; what is not sent yet when it is closed is thrown away."""

        def reaches(self: Any, address: Any) -> int | None:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                if self.type == socket.SOCK_STREAM:
                    _forgets(self, True)
                server = f"{_name(*address[:2])} {CONNECT}"
                gate.ask(server, CONNECT)
                gate.left()
                came = connect(self, address)
                gate.connected(server)
                return came
            return connect(self, address)

        return reaches

    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, guarded(getattr(socket.socket, name)))


def _guard_http_client(gate: Gate) -> None:
    connection = http.client.HTTPConnection
    put, send, got = connection.putrequest, connection.send, connection.getresponse

    def begins(self: Any, method: str, *more: Any, **named: Any) -> None:
        self.asks_as = self.asked_as = method
        put(self, method, *more, **named)

    def sends(self: Any, data: Any) -> None:
        method, self.asks_as = getattr(self, "asks_as", None), None
        if method is None:
            return send(self, data)
        if self.sock is None and self.auto_open:
            self.connect()
        gate.ask(_name(self.host, self.port), method)
        try:
            _forgets(self.sock, True)
            return send(self, data)
        finally:
            gate.left()

    def hears(self: Any, *more: Any, **named: Any) -> Any:
        used = self.sock
        came = got(self, *more, **named)
        _forgets(used, False)
        gate.answered(_name(self.host, self.port), came.status, dict(came.headers.items()))
        if self.asked_as not in LOOKS:
            del came.headers[_ELSEWHERE]
        return came

    connection.putrequest = begins  # type: ignore[method-assign]
    connection.send = sends  # type: ignore[method-assign]
    connection.getresponse = hears  # type: ignore[method-assign]


def _guard_mail(gate: Gate) -> None:
    data = smtplib.SMTP.data

    def last(self: Any, message: Any) -> Any:
        """Only after DATA a mail is sent; before, who sends it to whom is talked over."""
        server = _name(self._host, "smtp")
        gate.ask(server, "DATA")
        gate.left()
        came = data(self, message)
        gate.answered(server, 200 if came[0] == 250 else 400)
        return came

    smtplib.SMTP.data = last  # type: ignore[assignment, method-assign]


def guard_httpcore() -> None:
    """Make httpcore ask, in a caller; elsewhere nothing."""
    gate = _installed
    if gate is None:
        return
    import httpcore

    connection = httpcore.HTTP11Connection
    handle = connection.handle_request
    if handle.__module__ == __name__:
        return

    def handles(self: Any, request: Any) -> Any:
        server = _name(request.url.host.decode(), request.url.port)

        def trace(event: str, _info: Any) -> None:
            if event == "http11.send_request_headers.started":
                gate.ask(server, request.method.decode())
                _forgets(self._network_stream.get_extra_info("socket"), True)
            elif event.startswith("http11.send_request_headers."):  # complete, or failed
                gate.left()

        request.extensions = {**request.extensions, "trace": trace}
        came = handle(self, request)
        _forgets(came.extensions["network_stream"].get_extra_info("socket"), False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in came.headers}
        gate.answered(server, came.status, headers)
        if request.method.decode() not in LOOKS:
            came.headers = [each for each in came.headers if each[0].lower() != _ELSEWHERE.encode()]
        return came

    connection.handle_request = handles  # type: ignore[method-assign]


def _forgets(used: Any, now: bool) -> None:
    """Whether a connection that is closed, or whose process is killed, throws away what the kernel
    has not sent yet. Not after an answer: then there is nothing, and a reset would be impolite.
    """
    if used is not None:
        with suppress(OSError):
            used.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(now, 0))


def _name(host: Any, port: Any) -> str:
    return f"{host}:{port or ''}"


def _end_in(seconds: float) -> None:
    """By the kernel: a stopped process is ended before it takes another step. 0: not at all."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def dies_with(lifeline: int) -> None:
    """End this process, by the kernel, as soon as the other end of this pipe is closed."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
    try:
        if not os.read(lifeline, 1):  # closed before anybody listened
            os._exit(1)
    except BlockingIOError:
        return
