"""The short way answers as h11 does, to the byte, and takes nothing that h11 would not."""

from __future__ import annotations

import asyncio
import re
import socket
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import body_of, rest_of
from starlette.responses import Response

from outcry.responder.web import whole_posts
from outcry.responder.web.listener import Listener
from outcry.responder.web.whole_posts import TakesPosts, WholePosts

LIMIT_S = 30.0
LINE = b"POST /v1/reports HTTP/1.1\r\n"
REPORT = b"r" * 116
PLAIN = LINE + b"Host: hq\r\nContent-Length: 116\r\n\r\n" + REPORT
FROM_A_DEVICE = (
    LINE
    + b"Host: hq\r\nContent-Type: application/octet-stream\r\nContent-Length: 116\r\n\r\n"
    + REPORT
)
FROM_NGINX = (
    b"POST /v1/reports HTTP/1.1\r\nHost: hq.example\r\nX-Forwarded-For: 192.0.2.7\r\n"
    b"X-Forwarded-Proto: http\r\ncontent-length: 116\r\nUser-Agent:\r\n\r\n" + REPORT
)
FOLDED = PLAIN.replace(b"Host: hq", b"Host: hq\r\nX: y\r\n more")
_DATE = re.compile(rb"date: [^\r]*\r\n")


class Echo(TakesPosts):
    """Answers each request with its body, and keeps what it was asked."""

    path = "/v1/reports"

    def __init__(self):
        self.asked = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.status, self.headers, self.guests = 200, {}, []

    async def __call__(self, scope, receive, send):
        body = await body_of(receive)
        if body is None:
            return
        done = self.begin(body, scope["method"], scope["path"])
        if not done.done():
            await asyncio.wait([done])
        await self.answer(done, None)(scope, receive, send)

    def begin(self, body, method="POST", path=path):
        self.asked.append((method, path, body))
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if self.may_answer.is_set():
            done.set_result(body)
        else:
            waiting = loop.run_in_executor(None, self.may_answer.wait, LIMIT_S)
            waiting.add_done_callback(lambda _: done.set_result(body))
        return done

    def answer(self, done, guest):
        self.guests.append(guest)
        return Response(done.result(), self.status, self.headers)


class End:
    """One listener and its application."""

    def __init__(self, short=True, **more):
        self.app = Echo()
        app = self.app if short else self.app.__call__
        self.listener = Listener("device", app, "127.0.0.1", 0, **more)
        self.listener.start()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.listener.port), LIMIT_S)

    def answers(self, *pieces):
        """What comes back until the listener closes, without its dates, and what was asked."""
        self.app.asked.clear()
        with self.connect() as line:
            for piece in pieces:
                line.sendall(piece)
            line.shutdown(socket.SHUT_WR)
            return _DATE.sub(b"", rest_of(line)), [*self.app.asked]


def one_of(line):
    """One answer, of which the body ends as a report does."""
    said = b""
    while not said.endswith(REPORT):
        said += line.recv(65536)
    return _DATE.sub(b"", said)


@pytest.fixture(scope="module")
def short():
    end = End()
    yield end
    assert end.listener.stop(LIMIT_S)


@pytest.fixture(scope="module")
def long():
    """The same with uvicorn's own protocol."""
    end = End(short=False)
    yield end
    assert end.listener.stop(LIMIT_S)


@pytest.fixture
def taken(monkeypatch):
    """The bodies that went the short way."""
    bodies = []
    begin = WholePosts._begin

    def watched(self, body):
        bodies.append(body)
        begin(self, body)

    monkeypatch.setattr(WholePosts, "_begin", watched)
    return bodies


@pytest.mark.parametrize("sent", [PLAIN, FROM_A_DEVICE, FROM_NGINX, FOLDED])
def test_a_report_that_comes_whole_goes_the_short_way_and_is_answered_the_same(
    short, long, taken, sent
):
    said, asked = short.answers(sent)
    assert taken == [REPORT]
    assert (said, asked) == long.answers(sent)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert said.endswith(REPORT)


@pytest.mark.parametrize("status", [200, 400, 404, 405, 408, 409, 413, 500])
def test_each_status_is_said_as_h11_says_it(short, long, status):
    for end in (short, long):
        end.app.status = status
        end.app.headers = {"Allow": "POST", "Content-Type": "text/plain"}
    try:
        assert short.answers(PLAIN) == long.answers(PLAIN)
    finally:
        for end in (short, long):
            end.app.status, end.app.headers = 200, {}


NOT_WHOLE_OR_NOT_PLAIN = {
    "a byte more": PLAIN + b"r",
    "a byte less": PLAIN[:-1],
    "two at once": PLAIN + PLAIN,
    "no host": LINE + b"Content-Length: 116\r\n\r\n" + REPORT,
    "two hosts": PLAIN.replace(b"Host: hq", b"Host: hq\r\nHost: other"),
    "no length": LINE + b"Host: hq\r\n\r\n" + REPORT,
    "no length and no body": LINE + b"Host: hq\r\n\r\n",
    "two lengths": PLAIN.replace(b"Host: hq", b"Content-Length: 6\r\nHost: hq"),
    "a length with a sign": PLAIN.replace(b"116", b"+116"),
    "a length with a line in it": PLAIN.replace(b"116", b"1_1_6"),
    "a negative length": LINE + b"Host: hq\r\nContent-Length: -1\r\n\r\n",
    "chunks": LINE + b"Host: hq\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nr\r\n0\r\n\r\n",
    "chunks and a length": PLAIN.replace(b"Host: hq", b"Host: hq\r\nTransfer-Encoding: chunked"),
    "an expectation": PLAIN.replace(b"Host: hq", b"Host: hq\r\nExpect: 100-continue"),
    "the last of its connection": PLAIN.replace(b"Host: hq", b"Host: hq\r\nConnection: close"),
    "an upgrade": PLAIN.replace(b"Host: hq", b"Host: hq\r\nConnection: upgrade\r\nUpgrade: h2c"),
    "an older HTTP": PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "another path": PLAIN.replace(b"reports", b"reports?x"),
    "an escaped path": PLAIN.replace(b"reports", b"report%73"),
    "another method": PLAIN.replace(b"POST", b"GET"),
    "a name with a space": PLAIN.replace(b"Host:", b"Host :"),
    "a null": PLAIN.replace(b"hq", b"h\0q"),
    "an end among its lines": PLAIN.replace(b"Host: hq\r\n", b"Host: hq\r\n\n"),
    "an end of bare lines": LINE + b"Host: hq\nContent-Length: 116\n\nabc\r\n\r\n" + REPORT,
    "a header too long": PLAIN.replace(b"hq", b"q" * 2048),
    "nothing": b"",
    "its line alone": LINE,
}


@pytest.mark.parametrize("sent", NOT_WHOLE_OR_NOT_PLAIN.values(), ids=NOT_WHOLE_OR_NOT_PLAIN)
def test_whatever_else_comes_is_left_to_h11(short, long, taken, sent):
    said = short.answers(sent)
    assert not taken
    assert said == long.answers(sent)


values = st.text(st.characters(max_codepoint=255), max_size=12).map(lambda v: v.encode("latin-1"))
names = st.sampled_from(
    b"Host|content-length|Content-Type|Expect|Connection|X-Forwarded-For|Transfer-Encoding|"
    b"X y||Upgrade|Content-Length ".split(b"|")
)
usual = st.sampled_from([b"hq", b"116", b"close", b"100-continue", b"chunked", b"116,116", b"0"])
lines = st.lists(st.tuples(names, usual | values), max_size=4)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines, st.sampled_from([b"\r\n", b"\n"]), st.sampled_from([REPORT, b"", REPORT + b"x"]))
def test_no_header_is_read_in_another_way(short, long, lines, end, body):
    """Of any header it holds: what was asked, what is answered, and what is closed."""
    begins = LINE + b"Host: hq" + end + b"Content-Length: 116" + end
    said = b"".join(name + b": " + value + end for name, value in lines)
    sent = begins + said + b"\r\n" + body
    assert short.answers(sent) == long.answers(sent)


def test_many_on_one_connection_are_answered_one_by_one(short, taken):
    with short.connect() as line:
        said = set()
        for _ in range(20):
            line.sendall(PLAIN)
            said.add(one_of(line))
    assert len(said) == 1
    assert taken == [REPORT] * 20


KEPT = PLAIN.replace(b"Host: hq", b"Host: hq\r\nConnection: keep-alive")


@pytest.mark.parametrize("first", [PLAIN, KEPT], ids=["short", "h11"])
def test_what_comes_before_the_answer_waits_for_it(short, first):
    """The next report, whole, and then one in two halves: each has its turn."""
    short.app.asked.clear()
    short.app.may_answer.clear()
    other = PLAIN[:-1] + b"R"
    with short.connect() as line:
        line.sendall(first)
        wait_for(lambda: len(short.app.asked) == 1)
        line.sendall(other)
        line.sendall(PLAIN[:50])
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.settimeout(LIMIT_S)
        assert len(short.app.asked) == 1
        short.app.may_answer.set()
        wait_for(lambda: len(short.app.asked) == 2)
        line.sendall(PLAIN[50:])
        wait_for(lambda: len(short.app.asked) == 3)
        line.shutdown(socket.SHUT_WR)
        said = rest_of(line)
    assert said.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert [body for *_, body in short.app.asked] == [REPORT, REPORT[:-1] + b"R", REPORT]


BEGUN = {
    "a body": LINE + b"Host: hq\r\nContent-Length: %d\r\n\r\n" % len(PLAIN),
    "a header": LINE + b"Content-Length: 116\r\nX-Y: ",
    "a line": b"PO",
}


@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
def test_what_looks_whole_may_be_the_rest_of_what_came_before(short, long, begun):
    said = []
    for end in (short, long):
        end.app.asked.clear()
        with end.connect() as line:
            line.sendall(begun)
            threading.Event().wait(0.2)  # so that both come by themselves
            line.sendall(PLAIN)
            line.shutdown(socket.SHUT_WR)
            said.append((_DATE.sub(b"", rest_of(line)), [*end.app.asked]))
    assert said[0] == said[1]


def test_who_stops_waits_for_the_answer_under_way_and_keeps_no_connection():
    end = End()
    end.app.may_answer.clear()
    with end.connect() as line:
        line.sendall(PLAIN)
        wait_for(lambda: end.app.asked)
        end.listener.ask_to_stop()
        threading.Event().wait(0.3)
        end.app.may_answer.set()
        assert rest_of(line).endswith(REPORT)
    assert end.listener.stop(LIMIT_S)


def test_the_time_between_reports_does_not_run_while_one_is_under_way():
    end = End(kept_s=1.0)
    with end.connect() as line:
        line.sendall(PLAIN)
        one_of(line)
        end.app.may_answer.clear()
        line.sendall(PLAIN)
        threading.Event().wait(1.5)
        end.app.may_answer.set()
        assert one_of(line).endswith(REPORT)
        assert rest_of(line) == b""  # and then it does
    assert end.listener.stop(LIMIT_S)


def test_a_sender_that_went_away_leaves_nothing_behind(short):
    short.app.asked.clear()
    short.app.may_answer.clear()
    line = short.connect()
    line.sendall(PLAIN)
    wait_for(lambda: len(short.app.asked) == 1)
    line.close()
    short.app.may_answer.set()
    wait_for(lambda: short.listener.connections == 0)
    assert short.answers(PLAIN)[0].endswith(REPORT)


def test_what_is_remembered_is_bounded():
    for number in range(3000):
        whole_posts._length_said(LINE + b"Host: h%d\r\nContent-Length: 1" % number)
    assert whole_posts._length_said.cache_info().currsize <= 1024


def wait_for(true):
    waiting = threading.Event()
    for _ in range(int(LIMIT_S * 100)):
        if true():
            return
        waiting.wait(0.01)
    raise AssertionError
