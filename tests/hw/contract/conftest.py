"""What the driver relies on, asked of the simulated SIM800 and, with --hardware, of a real one.

    pytest --hardware tests/hw/contract --modem /dev/serial0 --modem-number +44... \\
        --modem-apn internet --modem-peer 192.0.2.1:80

``--modem-number`` is the SIM's own, to which it sends itself texts (each costs one);
``--modem-peer`` is any HTTP server that the SIM's data path can reach. Tests that need what was
not given are skipped by its name. Nothing is stored in the modem for good.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from outcry.hw.board.modem.timing import Timing
from outcry.hw.modem.lines import Reply, Urc
from outcry.hw.modem.link import Link
from outcry.hw.modem.port import SerialPort
from tests.support.simulated_modem import SimulatedModem

QUICK = replace(
    Timing.instant(),
    query=(0.01, 0.03),
    boot_uart=(0.3, 0.3),
    boot_ready=(0.8, 0.8),
    registration=(0.6, 0.6),
    sms_submit=(0.1, 0.2),
    sms_delivery=(0.1, 0.2),
    sms_report=(0.1, 0.2),
    connect=(0.1, 0.2),
    one_way=(0.02, 0.05),
)
NETWORK_LIMIT_S = 180.0  # a real network's worst: registration, a text to oneself
PIECE_S = 0.1


class Bench:
    """One modem on a port, our own link to it, and what the bench knows of its network."""

    def __init__(
        self, path: str, number: str | None, apn: str, peer: tuple[str, int] | None
    ) -> None:
        self._port = SerialPort(path)
        self._number = number
        self._peer = peer
        self.apn = apn
        self.urcs: list[Urc] = []
        self.link = Link(
            self._port, time.monotonic, lambda: None, lambda: False, lambda began: None
        )

    @property
    def number(self) -> str:
        if self._number is None:
            pytest.skip("no number: give the SIM's own with --modem-number, to text itself")
        return self._number

    @property
    def peer(self) -> tuple[str, int]:
        if self._peer is None:
            pytest.skip("no peer: give an HTTP server its data path can reach with --modem-peer")
        return self._peer

    def command(self, text: str, **how: Any) -> Reply:
        return self.link.command(text, **how)

    def does(self, text: str, **how: Any) -> Reply:
        """A command that must be done."""
        reply = self.link.command(text, **how)
        assert reply.done, f"{text.partition('=')[0]} ended in {reply.final or 'silence'}"
        return reply

    def raw(self, data: bytes, until: str, limit_s: float = 5.0) -> bytes:
        """Say bytes; everything up to and with what matches ``until``, byte for byte."""
        self._port.write(data)
        said, ends = b"", time.monotonic() + limit_s
        while not re.search(until.encode(), said):
            assert time.monotonic() < ends, f"only {said!r} came within {limit_s:g} s"
            said += self._port.read(PIECE_S)
        return said

    def hears(self, start: str, limit_s: float = NETWORK_LIMIT_S) -> Urc:
        """An unsolicited line that begins so, however long ago it came."""
        ends = time.monotonic() + limit_s
        while True:
            self.link.listen(time.monotonic() + PIECE_S)
            while self.link.urcs:
                self.urcs.append(self.link.urcs.popleft())
            for urc in self.urcs:
                if urc.text.startswith(start):
                    self.urcs.remove(urc)
                    return urc
            assert time.monotonic() < ends, f"no {start} within {limit_s:g} s"

    def until(self, condition: Callable[[], object], limit_s: float = NETWORK_LIMIT_S) -> None:
        """Look again and again, as the driver does, until it holds."""
        ends = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < ends, f"not within {limit_s:g} s"
            self.link.listen(time.monotonic() + 3 * PIECE_S)

    def is_registered(self) -> bool:
        fields = (self.command("AT+CREG?").value("+CREG") or "").split(",")
        return len(fields) > 1 and fields[1] in ("1", "5")

    def begin(self) -> None:
        """As the driver begins an epoch; then as it is when registered and ready for texts."""
        self.link.attention(tries=6)
        for command in ("ATE0", "AT+CMEE=1"):
            self.command(command)
        self.until(self.is_registered)
        self.until(lambda: self.command("AT+CMGF=0").done)

    def close(self) -> None:
        self._port.write(b"\x1b\r")
        self._port.close()


class Peer(BaseHTTPRequestHandler):
    """A server on the internet."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="session")
def local_peer() -> Iterator[tuple[str, int]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _real(config: pytest.Config) -> Bench:
    path = config.getoption("--modem")
    if path is None:
        pytest.skip("no modem: give its serial port with --modem")
    host, _, port = (config.getoption("--modem-peer") or "").rpartition(":")
    return Bench(
        path,
        config.getoption("--modem-number"),
        config.getoption("--modem-apn"),
        (host, int(port)) if host else None,
    )


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.hardware)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A modem at the driver's beginning: echo off, registered, ready for texts."""
    if request.param == "real":
        bench = _real(request.config)
        try:
            bench.begin()
            yield bench
        finally:
            bench.close()
        return
    peer = request.getfixturevalue("local_peer")
    with SimulatedModem(timing=QUICK) as modem:
        bench = Bench(modem.port, modem.sim.number, "internet", peer)
        try:
            bench.begin()
            yield bench
        finally:
            bench.close()
