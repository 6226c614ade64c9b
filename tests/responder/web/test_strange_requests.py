"""Requests as no honest sender makes them, byte by byte on a real connection."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest
from served import body_of, rest_of

from outcry.responder.web.listener import Listener

pytestmark = pytest.mark.slow

LIMIT_S = 60.0
POST = b"POST / HTTP/1.1\r\nHost: hq\r\n"
ENOUGH = 1024 * 1024  # bytes, long after which nobody listens any more


@pytest.fixture
def heard():
    """The bodies of all requests that were taken for one."""
    return []


@pytest.fixture
def port(heard):
    """Of a listener that gives every request its own body back, and never finds it slow."""

    async def echoes(scope, receive, send):
        body = await body_of(receive)
        if body is None:
            return
        heard.append(body)
        length = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": body})

    listener = Listener("people", echoes, "127.0.0.1", 0, clock=lambda: 1000.0)
    listener.start()
    yield listener.port
    assert listener.stop(LIMIT_S)


@pytest.fixture
def line(port):
    with socket.create_connection(("127.0.0.1", port), LIMIT_S) as raw:
        yield raw


def answers(line, sent):
    """All that comes back, until the listener has closed."""
    line.sendall(sent)
    line.shutdown(socket.SHUT_WR)
    return rest_of(line)


ENDLESS = {
    "a target": (b"POST /", b"a"),
    "a header's name": (POST, b"a"),
    "a header's value": (POST + b"X: ", b"a"),
    "headers": (POST, b"X: y\r\n"),
    "blank lines before a request": (b"", b"\r\n"),
    "a chunk's extension": (POST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "a trailer": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "a chunk's size": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
}


@pytest.mark.parametrize("which", ENDLESS)
def test_what_has_no_end_is_ended(line, heard, which):
    begun, part = ENDLESS[which]
    with suppress(ConnectionResetError, BrokenPipeError):
        line.sendall(begun + part * (ENOUGH // len(part)))
    assert not rest_of(line).startswith(b"HTTP/1.1 200")
    assert heard == []


def test_a_few_requests_at_once_are_answered_in_order(line):
    *firsts, last = [POST + b"Content-Length: 1\r\n\r\n%d" % n for n in range(5)]
    line.sendall(b"".join(firsts) + last.replace(b"Host", b"Connection: close\r\nHost"))
    said = rest_of(line)
    assert [one[-1:] for one in said.split(b"HTTP/1.1 200 OK")[1:]] == [b"%d" % n for n in range(5)]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_body_is_no_long_header(line, heard, chunked):
    body = b"x" * ENOUGH
    if chunked:
        line.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        line.sendall((b"4000\r\n" + body[:0x4000] + b"\r\n") * (ENOUGH // 0x4000) + b"0\r\n\r\n")
    else:
        line.sendall(POST + b"Content-Length: %d\r\n\r\n" % ENOUGH + body)
    line.recv(65536)
    assert heard == [body]


def test_a_kept_connection_may_say_as_much_as_it_likes_in_all(line, heard):
    padding = b"X: %s\r\n" % (b"y" * 8000)
    for _ in range(20):
        line.sendall(POST + padding + b"Content-Length: 1\r\n\r\nx")
        said = b""
        while not said.endswith(b"\r\n\r\nx"):
            said += line.recv(65536) or pytest.fail("it was closed")
    assert len(heard) == 20


INSIDE = b"GET /inside HTTP/1.1\r\nHost: hq\r\n\r\n"
TWO_WAYS = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n",
    "a length in a list": b"Content-Length: 0, %d\r\n\r\n",
    "a length with a sign": b"Content-Length: +%d\r\n\r\n",
    "another coding": b"Content-Length: %d\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "a coding by another name": b"Content-Length: %d\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a zero byte": b"X: \0\r\nContent-Length: %d\r\n\r\n",
}


@pytest.mark.parametrize("which", TWO_WAYS)
def test_what_a_proxy_may_read_otherwise_is_refused(line, heard, which):
    said = answers(line, POST + TWO_WAYS[which] % len(INSIDE) + INSIDE)
    assert said.startswith(b"HTTP/1.1 400")
    assert b"HTTP/1.1 200" not in said
    assert heard == []


def test_the_old_http_is_answered_and_hung_up(line):
    line.sendall(b"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx")
    assert rest_of(line).endswith(b"\r\n\r\nx")


def test_a_request_byte_by_byte_is_one_request(line, heard):
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n":
        line.sendall(bytes([byte]))
    line.shutdown(socket.SHUT_WR)
    assert rest_of(line).endswith(b"abcd")
    assert heard == [b"abcd"]


def test_who_waits_to_be_asked_for_the_body_is_asked(line):
    line.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    assert line.recv(1024).startswith(b"HTTP/1.1 100")
    line.sendall(b"x")
    line.shutdown(socket.SHUT_WR)
    assert rest_of(line).endswith(b"\r\n\r\nx")
