"""A real listener under real sockets: what dribbles is ended, and the rest is served."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time

import pytest
from certificates import make_certificate
from starlette.concurrency import run_in_threadpool

from outcry.beats import Beats
from outcry.responder.journal import Entry
from outcry.responder.web.door import ANSWER_S, HEADER_S, Cause, Limits
from outcry.responder.web.listener import TELL_S, Listener

pytestmark = pytest.mark.slow

LIMIT_S = 60.0
GET = b"GET / HTTP/1.1\r\nHost: hq\r\n\r\n"
BIG = 8 * 1024 * 1024  # more than the kernel holds for one who does not read


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Watched(Listener):
    """A listener that counts its turns: what was sent two turns ago has been read."""

    def __init__(self, app, *tls, **more):
        self.turns = 0
        super().__init__("people", app, "127.0.0.1", 0, *tls, beat=self._turn, **more)

    def _turn(self):
        self.turns += 1

    def reads(self):
        before = self.turns
        wait_until(lambda: self.turns >= before + 2)


@pytest.fixture
def listen(clock):
    """Starts a listener; ended with the test."""
    started = []

    def start(app, *tls, **more):
        listener = Watched(app, *tls, clock=clock, **more)
        listener.start()
        started.append(listener)
        return listener

    yield start
    for listener in started:
        assert listener.stop(LIMIT_S)


async def answer(send, body=b"ok", more=False):
    start = {"type": "http.response.start", "status": 200}
    length = [] if more else [(b"content-length", b"%d" % len(body))]
    await send({**start, "headers": length})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def at_once(scope, receive, send):
    await answer(send)


async def big(scope, receive, send):
    await answer(send, b"x" * BIG)


async def after_the_body(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await answer(send)


async def without_end(scope, receive, send):
    await answer(send, b"event", more=True)
    while True:
        await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"event" * 1000, "more_body": True})


def connect(listener, source="127.0.0.1"):
    address = "127.0.0.1", listener.port
    return socket.create_connection(address, timeout=LIMIT_S, source_address=(source, 0))


def wait_until(condition):
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_ended(connection):
    """Wait until HQ has ended it; what it said before is thrown away."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        pass
    return True


def read_answer(connection):
    said = b""
    while not said.endswith(b"ok"):
        said += connection.recv(100)
        assert said
    return said


def is_served(listener):
    with connect(listener, "127.0.0.2") as raw:
        raw.sendall(GET)
        return read_answer(raw).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "half", [b"", b"POST /v1/rep", b"GET / HTTP/1.1\r\nHost: hq\r\n", GET[:-1], GET + b"GET /"]
)
def test_half_a_request_is_ended(listen, clock, half):
    listener = listen(at_once)
    with connect(listener) as raw:
        raw.sendall(half)
        listener.reads()
        clock.now += HEADER_S + 1
        assert is_ended(raw)
        assert is_served(listener)


def test_a_header_that_comes_byte_by_byte_is_ended(listen, clock):
    listener = listen(at_once)
    with connect(listener) as raw:
        for byte in b"GET":
            raw.sendall(bytes([byte]))
            listener.reads()
            clock.now += HEADER_S / 2
        assert is_ended(raw)


def test_a_connection_that_waits_to_be_used_stays_on_the_devices_port(listen, clock):
    """A device connects before there is an alarm."""
    listener = listen(at_once, silent_s=1500.0, kept_s=1500.0)
    with connect(listener) as raw:
        for _ in range(2):
            listener.reads()
            clock.now += 1400
            listener.reads()
            raw.sendall(GET)
            assert read_answer(raw).startswith(b"HTTP/1.1 200")


def test_a_body_that_stops_coming_is_ended(listen, clock):
    listener = listen(after_the_body)
    with connect(listener) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: hq\r\nContent-Length: 100\r\n\r\nx")
        listener.reads()
        clock.now += ANSWER_S + 1
        assert is_ended(raw)


@pytest.mark.parametrize("app", [big, without_end])
def test_one_who_asks_and_does_not_read_is_ended(listen, clock, app, wait_for):
    listener = listen(app)
    with connect(listener) as raw:
        raw.sendall(GET)
        listener.reads()

        def is_gone():
            clock.now += ANSWER_S
            listener.reads()
            return listener.connections == 0

        wait_for(is_gone)


def test_a_stream_that_is_read_goes_on(listen, clock):
    listener = listen(without_end)
    with connect(listener) as raw:
        raw.sendall(GET)
        for _ in range(5):
            clock.now += ANSWER_S - 1
            before = listener.turns
            while listener.turns < before + 2:
                assert raw.recv(65_536)


def test_a_tls_handshake_that_does_not_begin_or_end_is_ended(listen, clock, tmp_path):
    listener = listen(at_once, *make_certificate(tmp_path))
    with connect(listener) as silent, connect(listener) as half:
        half.sendall(b"\x16\x03\x01\x02\x00\x01")
        listener.reads()
        clock.now += HEADER_S + 1
        assert is_ended(silent)
        assert is_ended(half)
    trust = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    with trust.wrap_socket(connect(listener), server_hostname="127.0.0.1") as whole:
        whole.sendall(GET)
        assert whole.recv(100).startswith(b"HTTP/1.1 200")


def test_the_cause_is_told_once_a_minute_with_a_count(listen, clock, caplog):
    caplog.set_level(logging.WARNING, "outcry.responder.listener")
    listener = listen(at_once, limits=Limits(strangers=40, each=10))

    def told():
        return [
            record.getMessage() for record in caplog.records if record.name.endswith("listener")
        ]

    crowd = [connect(listener) for _ in range(30)]
    wait_until(told)
    clock.now += 1  # in one second fewer are let into places that are taken
    crowd += [connect(listener) for _ in range(30)]
    for raw in crowd[:50]:
        assert is_ended(raw)
    listener.reads()
    assert len(told()) == 1
    clock.now += TELL_S
    wait_until(lambda: len(told()) == 2)
    first, second = (int(line.split()[1]) for line in told())
    assert first + second == 50
    assert all(line.endswith(Cause.SOURCE) and line.startswith("people:") for line in told())
    assert {record.journal_fields["MESSAGE_ID"] for record in caplog.records} == {
        Entry.CROWDED.message_id
    }
    for raw in crowd:
        raw.close()


def test_one_listener_whose_threads_all_hang_starves_no_other(listen):
    """A database that stands still under the pages holds up no report that needs a thread."""
    hanging, go_on = threading.Semaphore(0), threading.Event()

    def hang():
        hanging.release()
        assert go_on.wait(LIMIT_S)

    async def hangs(scope, receive, send):
        await run_in_threadpool(hang)
        await answer(send)

    async def works(scope, receive, send):
        await run_in_threadpool(lambda: None)
        await answer(send)

    pages, devices = listen(hangs), listen(works)
    crowd = [connect(pages) for _ in range(60)]
    for raw in crowd:
        raw.sendall(GET)
    for _ in range(40):
        assert hanging.acquire(timeout=LIMIT_S)
    assert is_served(devices)
    go_on.set()
    for raw in crowd:
        assert read_answer(raw)
        raw.close()


def test_a_listener_that_stands_still_does_not_beat(clock):
    """One call that blocks its loop, and nobody is answered any more."""
    beats, stuck, go_on = Beats(clock, 5.0, 20.0), threading.Event(), threading.Event()

    async def blocks(scope, receive, send):
        stuck.set()
        assert go_on.wait(LIMIT_S)
        await answer(send)

    listener = Listener("people", blocks, "127.0.0.1", 0, beat=beats.watch("people"), clock=clock)
    listener.start()
    with connect(listener) as raw:
        raw.sendall(GET)
        assert stuck.wait(LIMIT_S)
        clock.now += 21
        assert beats.silent(clock.now) == ["people"]
        go_on.set()
        wait_until(lambda: not beats.silent(clock.now))
    assert listener.stop(LIMIT_S)
