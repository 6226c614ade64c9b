"""gpsd, or whoever sits in its place, at its worst: the gps thread goes on, and never hangs."""

import queue
import socket
import threading
import time
from contextlib import ExitStack

import gpsd
import pytest

from outcry.hw import gps as gps_module
from outcry.hw.gps import Fix, Gps, NoFix, NoFixReason
from simulation.gpsd_stand_in import Server

VERSION = b'{"class":"VERSION"}\n'
WELCOME = b'{"class":"DEVICES","devices":[{}]}\n{"class":"WATCH","enable":true}\n'


@pytest.fixture
def serve():
    """Run a handler for each connection to the port it answers."""
    with ExitStack() as open_servers:

        def start(handler):
            server = Server(handler)
            open_servers.callback(server.close)
            return server.port

        yield start
    if gpsd.gpsd_socket is not None:
        gpsd.gpsd_socket.close()


def test_bytes_that_trickle_in_for_ever_end_in_no_gpsd(serve, monkeypatch):
    monkeypatch.setattr(gps_module, "ASK_LIMIT_S", 0.3)
    over = threading.Event()

    def trickle(connection):
        for _ in range(200):
            if over.wait(0.05):
                return
            connection.send(b" ")

    adapter = Gps("127.0.0.1", serve(trickle), lambda _: None, time.monotonic)
    began = time.monotonic()
    answer = adapter.ask()
    over.set()
    assert answer == NoFix(NoFixReason.NO_GPSD)
    assert time.monotonic() - began < 4, "one read alone may last 5 s"


@pytest.mark.parametrize("bytes_", [b" ", b"x" * 20_000], ids=["a few", "too many"])
def test_an_answer_without_end_is_no_gpsd_and_needs_no_thread_to_be_ended(
    serve, monkeypatch, bytes_
):
    monkeypatch.setattr(gps_module, "ASK_LIMIT_S", 0.5)
    over = threading.Event()

    def trickle(connection):
        connection.sendall(VERSION + WELCOME)
        for _ in range(200):
            if over.wait(0.05):
                return
            connection.sendall(bytes_)

    adapter = Gps("127.0.0.1", serve(trickle), lambda _: None, time.monotonic)
    answer = adapter.ask()
    over.set()
    assert answer == NoFix(NoFixReason.NO_GPSD)
    assert not adapter.connected


@pytest.mark.parametrize("epx", ["NaN", "Infinity", "-1", "0"])
def test_an_accuracy_that_means_nothing_is_not_told(serve, epx):
    tpv = f'{{"mode":3,"lat":1.5,"lon":2.5,"time":"t","epx":{epx}}}'
    poll = f'{{"class":"POLL","active":1,"tpv":[{tpv}],"sky":[{{}}]}}\n'.encode()

    def answer(connection):
        connection.sendall(VERSION)
        connection.recv(100)
        connection.sendall(WELCOME)
        connection.recv(100)
        connection.sendall(poll)

    reading = Gps("127.0.0.1", serve(answer), lambda _: None, time.monotonic).ask()
    assert isinstance(reading, Fix)
    assert reading.accuracy_m is None


def test_a_thread_that_never_began_can_be_stopped():
    Gps("127.0.0.1", 9, lambda _: None, time.monotonic).stop(0.1)


def test_the_thread_beats_and_tells_even_where_nobody_listens():
    beats, readings = threading.Event(), []
    adapter = Gps("127.0.0.1", 9, readings.append, time.monotonic, beats.set)
    adapter.start()
    assert beats.wait(10)
    adapter.stop(5)
    assert set(readings) <= {NoFix(NoFixReason.NO_GPSD)}


def test_an_alarm_that_opens_while_gpsd_is_asked_is_not_kept_waiting():
    answers = queue.SimpleQueue()
    hours_s = 3600.0

    def hear(answer):
        if answers.empty():
            adapter.hurry(True)  # the thread is not waiting yet
        answers.put(answer)

    adapter = Gps("127.0.0.1", 1, hear, time.monotonic, idle_s=hours_s, eager_s=hours_s)
    adapter.start()
    for _ in range(2):
        answers.get(timeout=10)
    adapter.stop()


def test_a_gpsd_that_is_not_there_is_told_with_the_systems_own_words():
    with socket.socket() as free:  # bound, and nobody listens
        free.bind(("127.0.0.1", 0))
        gps = Gps("127.0.0.1", free.getsockname()[1], lambda reading: None, time.monotonic)
        missing = gps.ask()
    assert missing == NoFix(NoFixReason.NO_GPSD)
    assert missing.error == "Connection refused (ECONNREFUSED)"
    assert str(missing).startswith("gpsd does not answer")


def test_localhost_is_not_looked_up(monkeypatch):
    """A device without /etc/hosts, and with mute name servers, would wait past the watchdog."""
    asked = []
    monkeypatch.setattr(gpsd, "connect", lambda *address: asked.append(address))
    monkeypatch.setattr(gps_module, "_Answers", lambda *_: None)
    Gps("localhost", 2947, lambda _: None, time.monotonic).ask()
    assert asked == [("127.0.0.1", 2947)]
