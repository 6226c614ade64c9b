"""The devices' port answers the same by both ways a post can take through its listener."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from outcry import receipt
from outcry.receipt import Status
from outcry.report import MessageType
from outcry.responder.intake.app import DeviceApp
from outcry.responder.web.listener import Listener
from outcry.responder.web.whole_posts import WholePosts

LIMIT_S = 30.0
_DATE = re.compile(rb"date: [^\r]*\r\n")


def post(body):
    head = f"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Line:
    """A device's connection."""

    def __init__(self, listener):
        self._socket = socket.create_connection(("127.0.0.1", listener.port), LIMIT_S)
        self.address = self._socket.getsockname()

    def asks(self, request):
        """The whole answer, without its date."""
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])
        while len(body) < length:
            body += self._socket.recv(65536)
        return _DATE.sub(b"", head + b"\r\n\r\n" + body)

    def close(self):
        self._socket.close()


@pytest.fixture(params=["short", "h11's"])
def way(request, world, monkeypatch):
    """A line to the world's HQ by one of the ways; it went the short one as often as it should."""
    short = request.param == "short"
    begun = []
    begin = WholePosts._begin
    monkeypatch.setattr(WholePosts, "_begin", lambda *it: (begun.append(it), begin(*it)))
    app = DeviceApp(world.hq.inbox)
    listener = Listener("device", app if short else app.__call__, "127.0.0.1", 0)
    listener.start()
    line = Line(listener)
    line.listener = listener
    line.app = app
    yield line
    line.close()
    assert listener.stop(LIMIT_S)
    assert bool(begun) == short


def test_a_report_gets_its_receipt_and_its_line_a_place_of_its_own(way, world):
    message = world.device.message()
    guest = way.listener._door.guest(way.address)
    answer = way.asks(post(message.sealed))
    assert answer.startswith(
        b"HTTP/1.1 200 OK\r\ncontent-length: 26\r\ncontent-type: application/octet-stream\r\n\r\n"
    )
    assert receipt.verify(answer[-26:], message.report.token, message.header) is Status.STORED
    assert way.asks(post(message.sealed)) == answer, "a repeat has the same receipt"
    assert way.listener._door.knows(guest or way.listener._door.guest(way.address))
    assert world.hq.history() == world.hq.history(1)


def test_what_cannot_be_opened_is_refused_and_vouches_for_nobody(way):
    answer = way.asks(post(bytes(116)))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"not a sealed report" in answer
    assert not way.listener._door.knows(way.listener._door.guest(way.address))


def test_an_old_heartbeat_is_told_which_would_be_new(way, world):
    newer, older = (world.device.message(MessageType.HEARTBEAT, counter=n) for n in (5, 4))
    way.asks(post(newer.sealed))
    answer = way.asks(post(older.sealed))
    assert answer.startswith(b"HTTP/1.1 409 Conflict\r\n")
    assert b"content-type: application/octet-stream\r\n" in answer


def test_a_fault_on_our_side_is_a_bare_500_and_the_next_report_is_taken(way, world, monkeypatch):
    take_all = world.hq.inbox.take_all

    def breaks(_sealed, _path):
        monkeypatch.setattr(world.hq.inbox, "take_all", take_all)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.hq.inbox, "take_all", breaks)
    message = world.device.message()
    answer = way.asks(post(message.sealed))
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"space" not in answer
    assert way.asks(post(message.sealed)).startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_inbox_that_hangs_is_a_500_in_time(way, world, monkeypatch):
    lets_go = threading.Event()
    monkeypatch.setattr(world.hq.inbox, "take_all", lambda *_: lets_go.wait())
    way.app._batches.limit_s = 0.1
    try:
        answer = way.asks(post(world.device.message().sealed))
    finally:
        lets_go.set()
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
