"""The owner's real thread on a real serial device: the simulated SIM800's pty."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from outcry.hw.board.modem.faults import Fault, Kind
from outcry.hw.modem import (
    Condition,
    DataPath,
    Modem,
    ModemEvent,
    ModemSettings,
    ModemState,
    Outcome,
    PortLost,
    PostAnswered,
    SerialPort,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from tests.support.simulated_modem import SimulatedModem

ANA = "+447700900201"
LIMIT_S = 120.0


class Reports(BaseHTTPRequestHandler):
    """HQ's listener: answers every report with its own bytes, backwards."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))[::-1]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


class ClosingReports(BaseHTTPRequestHandler):
    """A listener whose answer ends with the connection alone."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"receipt")

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def hq(request: pytest.FixtureRequest) -> Iterator[int]:
    handler = getattr(request, "param", Reports)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


class Owned:
    """A started owner and what it has told so far."""

    def __init__(self, modem: Modem, events: list[ModemEvent]) -> None:
        self.modem = modem
        self.events = events

    def got(self, kind: type) -> list[Any]:
        return [event for event in list(self.events) if isinstance(event, kind)]

    def wait_for(self, condition: Callable[[], object]) -> None:
        until = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < until, "what the test waited for did not happen"
            time.sleep(0.005)


@pytest.fixture
def own() -> Iterator[Callable[..., Owned]]:
    owned: list[Owned] = []

    def start(path: str, **settings: Any) -> Owned:
        events: list[ModemEvent] = []
        modem = Modem(
            ModemSettings(apn="internet", **settings),
            partial(SerialPort, path),
            events.append,
            time.monotonic,
        )
        owned.append(Owned(modem, events))
        modem.start()
        return owned[-1]

    yield start
    for each in owned:
        assert each.modem.stop(60)


@pytest.mark.slow
def test_text_report_post_and_received_text_over_a_real_port(
    own: Callable[..., Owned], hq: int
) -> None:
    with SimulatedModem() as board:
        owner = own(board.port, host="127.0.0.1", port=hq)
        owner.modem.send_sms("t1", ANA, "Ana, I am being taken 😀")
        owner.wait_for(lambda: owner.got(SmsReport))
        assert [t.text for t in board.texts(ANA)] == ["Ana, I am being taken 😀"]
        owner.wait_for(lambda: owner.got(DataPath))
        body = bytes(range(256))
        owner.modem.post("p1", body)
        owner.wait_for(lambda: owner.got(PostAnswered))
        (answered,) = owner.got(PostAnswered)
        assert (answered.status, answered.body) == (200, body[::-1])
        board.text(ANA, "where are you?")
        owner.wait_for(lambda: owner.got(SmsReceived))
        assert [(text.sender, text.text) for text in owner.got(SmsReceived)] == [
            (ANA, "where are you?")
        ]
        assert owner.modem.status().data_up
        assert owner.modem.stop(5)


@pytest.mark.slow
@pytest.mark.parametrize("hq", [ClosingReports], indirect=True)
def test_an_answer_that_ends_with_the_connection_is_an_answer(
    own: Callable[..., Owned], hq: int
) -> None:
    with SimulatedModem() as board:
        owner = own(board.port, host="127.0.0.1", port=hq)
        for number in range(3):
            owner.wait_for(lambda: owner.modem.status().data_up)
            owner.modem.post(f"p{number}", b"sealed")
            owner.wait_for(lambda n=number: len(owner.got(PostAnswered)) > n)
        assert {answered.body for answered in owner.got(PostAnswered)} == {b"receipt"}
        assert owner.modem.stop(5)


@pytest.mark.slow
def test_told_to_stop_the_thread_ends_at_once_even_inside_the_long_wait(
    own: Callable[..., Owned],
) -> None:
    with SimulatedModem() as board:
        owner = own(board.port)
        owner.wait_for(lambda: owner.modem.status().state is Condition.REGISTERED)
        board.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage="answer"))
        owner.modem.send_sms("t1", ANA, "help")
        owner.wait_for(lambda: board.texts(ANA))
        assert owner.modem.stop(5)
        (ended,) = owner.got(SmsOutcome)
        assert ended.outcome is Outcome.UNKNOWN


@pytest.mark.slow
def test_a_device_that_vanishes_and_returns_is_taken_up_again(
    own: Callable[..., Owned], tmp_path: Any
) -> None:
    link = tmp_path / "modem"
    with SimulatedModem() as first:
        link.symlink_to(first.port)
        owner = own(str(link))
        owner.wait_for(lambda: owner.modem.status().state is Condition.REGISTERED)
    owner.wait_for(lambda: owner.modem.status().state is Condition.SILENT)
    owner.modem.send_sms("t1", ANA, "help")
    with SimulatedModem() as second:
        link.unlink()
        link.symlink_to(second.port)
        owner.wait_for(lambda: owner.got(SmsOutcome))
        assert [t.text for t in second.texts(ANA)] == ["help"]
        assert ModemState(Condition.SILENT, "no answer to AT") not in owner.events
        assert owner.modem.stop(5)


def test_a_device_that_is_not_there_is_named_lost() -> None:
    with pytest.raises(PortLost, match="cannot open"):
        SerialPort("/dev/there-is-no-such-modem")


def test_a_wake_ends_a_wait_and_holds_until_the_next_one() -> None:
    with SimulatedModem() as board:
        port = SerialPort(board.port)
        port.wake()
        port.wake()
        assert port.read(LIMIT_S) == b""
        bell = threading.Timer(0.05, port.wake)
        bell.start()
        assert port.read(LIMIT_S) == b""
        bell.join()
        assert port.read(0.0) == b""
        port.close()
        port.close()
        port.wake()


def test_a_hung_up_device_is_lost_not_silent() -> None:
    master, slave = os.openpty()
    port = SerialPort(os.ttyname(slave))
    os.close(slave)
    os.close(master)
    with pytest.raises(PortLost):
        port.read(LIMIT_S)
    with pytest.raises(PortLost):
        port.write(b"AT\r")
    port.close()


def test_what_was_written_arrives_unchanged() -> None:
    master, slave = os.openpty()
    port = SerialPort(os.ttyname(slave))
    everything = bytes(range(256))
    port.write(everything)
    assert os.read(master, 1000) == everything
    os.write(master, everything)
    assert port.read(LIMIT_S) == everything
    port.close()
    os.close(slave)
    os.close(master)


@pytest.mark.slow
def test_a_device_that_takes_no_bytes_is_lost_within_seconds() -> None:
    master, slave = os.openpty()
    port = SerialPort(os.ttyname(slave))
    with pytest.raises(PortLost, match="takes no bytes"):
        port.write(bytes(4_000_000))
    port.close()
    os.close(slave)
    os.close(master)
