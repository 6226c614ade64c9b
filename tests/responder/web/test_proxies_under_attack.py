"""The shipped nginx and Caddy before somebody who means harm, and before an HQ that is away."""

from __future__ import annotations

import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from fronts import BOTH, Front, port
from parts import needs_nginx
from served import LIMIT_S, Address
from starlette.responses import PlainTextResponse

from outcry.responder.service.people_app import people_app
from outcry.responder.web.listener import Listener
from stage.ports import free_port
from stage.proxies import proxy

pytestmark = pytest.mark.slow

HALF = b"GET /half HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BEATS = 5  # of a silent stream, 15 s apart: longer than nginx's patience of 60 s
AT_ONCE = 64  # requests of one source, as nginx.conf has it
STANDS_FOR = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Stands-For;"


# Half-open requests, and streams that are none


def drips(opened, ended):
    """Half a request goes on a byte at a time, until the proxy hangs up."""
    opened.sendall(HALF)
    opened.settimeout(0.5)
    while True:
        try:
            if not opened.recv(4096):
                break
        except TimeoutError:
            pass
        except OSError:
            break
        try:
            opened.sendall(b"x")
        except OSError:
            break
    ended.set()


@pytest.mark.timeout(300)
def test_half_a_request_is_cut_soon_and_a_silent_stream_or_device_never(front, olga, world):
    """In order: the half request ends before HQ has said a second time that it is there."""
    with (
        ThreadPoolExecutor(1) as attacker,
        front.connected(secure=False) as device,
        olga.client.stream("GET", "/console/live", headers=olga.headers()) as events,
    ):
        lines = (line for line in events.iter_lines() if line)
        assert next(lines) == ": here"
        half = threading.Event()
        attacker.submit(drips, front.connected(), half)
        heard = [next(lines)]
        assert half.is_set()
        heard += [next(lines) for _ in range(BEATS - 2)]
        assert heard == [": here"] * (BEATS - 1)
        sealed = world.device.message().sealed
        head = f"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Length: {len(sealed)}\r\n\r\n"
        device.sendall(head.encode() + sealed)
        assert device.recv(100).startswith(b"HTTP/1.1 200 "), "it had connected over a minute ago"


# Many at once


@pytest.fixture
def limited(request, tmp_path):
    """nginx before an HQ that takes its time; who asks is what X-Stands-For says."""
    people, arrived, go = Address(), threading.Semaphore(0), threading.Event()

    async def slow(scope, receive, send):
        import asyncio

        arrived.release()
        while not go.is_set():
            await asyncio.sleep(0.01)
        await PlainTextResponse("done")(scope, receive, send)

    people.app = slow
    hq = port(people)
    connections = getattr(request, "param", 768)
    with proxy("nginx", tmp_path / "proxy", hq, hq, connections, STANDS_FOR) as running:
        yield Front("nginx", running, people, people), arrived, go
    go.set()
    people.stop()


@needs_nginx
@pytest.mark.parametrize(
    ("one", "another"),
    [
        (["198.51.100.7"], "198.51.100.8"),
        (["2001:db8:1:2:a::1", "2001:db8:1:2:ffff:1:2:3"], "2001:db8:1:3::1"),
        (["2001:db8:0:2::1", "2001:db8:0:2:a:b:c:d"], "2001:db8:0:3::1"),
    ],
)
def test_one_source_has_so_many_requests_and_its_neighbour_is_served(limited, one, another):
    front, arrived, go = limited
    waiting = []

    def asks(source):
        opened = front.connected()
        opened.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nX-Stands-For: {source}\r\n\r\n".encode())
        return opened

    for n in range(AT_ONCE):
        waiting.append(asks(one[n % len(one)]))
        assert arrived.acquire(timeout=60)
    with asks(one[-1]) as refused:
        assert refused.recv(100).startswith(b"HTTP/1.1 429 ")
    waiting.append(asks(another))
    assert arrived.acquire(timeout=60)
    go.set()
    for opened in waiting:
        with opened:
            assert opened.recv(100).startswith(b"HTTP/1.1 200 ")


@needs_nginx
def test_wearers_behind_one_address_are_many_and_take_no_turn_of_their_contacts(limited):
    """All hold their buttons at once, and each report takes its time on a slow network."""
    front, arrived, go = limited
    report = "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{}\r\n\r\nhi"
    page = "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n"
    with ExitStack() as connections:
        waiting = []
        for asked, secure in (*[(report, False)] * (AT_ONCE + 5), (page, True)):
            waiting.append(connections.enter_context(front.connected(secure=secure)))
            waiting[-1].sendall(asked.format("X-Stands-For: 198.51.100.7").encode())
            assert arrived.acquire(timeout=LIMIT_S)
        go.set()
        assert all(opened.recv(100).startswith(b"HTTP/1.1 200 ") for opened in waiting)


# What is kept


def test_nothing_of_what_was_asked_or_by_whom_is_written_anywhere(front, world):
    """Links, PINs, cookies and addresses, whatever goes wrong on the way."""
    source = "127.0.0.77"
    world.hq.takes(world.device.message())
    token = world.invitation(1)
    link = f"/c/{token}"
    with front.visitor(source) as client:
        client.get(link)
        client.post(f"{link}/seen", data={"pin": "135790"}, headers={"Cookie": "secret=c00k1e"})
        client.post(f"{link}/seen", content=b"pin=135790" + b"x" * 70_000)
        client.post(f"{link}/seen", content=b"pin=135790" + b"x" * 200_000)
        client.get(f"/%00{link}")
        client.get(f"/{token * 2000}")
        for bad in (
            f"GET {link} NONSENSE\r\n\r\n",
            f"GET {link} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        ):
            with front.connected(address=source) as opened:
                opened.sendall(bad.encode())
                opened.recv(4096)
        with front.connected(secure=False, address=source) as opened:
            opened.sendall(f"GET {link} HTTP/1.1\r\n".encode())
        with socket.create_connection(
            ("127.0.0.1", urlsplit(front.proxy.url).port), 60, (source, 0)
        ) as opened:
            opened.sendall(f"GET {link} HTTP/1.1\r\n\r\n".encode())  # no TLS at all
            opened.recv(4096)
        died(front, client, link)
    written = front.proxy.written()
    for secret in (token, "135790", "c00k1e", source):
        assert secret.encode() not in written, secret


def died(front, client, link):
    """HQ breaks off in the middle of an answer, and at its beginning."""

    async def breaks_off(scope, receive, send):
        start = {"type": "http.response.start", "status": 200}
        await send(start | {"headers": [(b"content-length", b"999999")]})
        await send({"type": "http.response.body", "body": b"x" * 9999, "more_body": True})
        raise RuntimeError("gone")

    front.people.app = breaks_off
    with pytest.raises(httpx.HTTPError):
        client.get(link)


@needs_nginx
@pytest.mark.parametrize("limited", [16], indirect=True)
def test_not_even_when_nginx_has_no_connection_left(limited):
    """Then it says so itself, to its log: of the one whom it could not serve."""
    front, arrived, go = limited
    ask = b"GET /c/t0ken HTTP/1.1\r\nHost: x\r\nX-Stands-For: 198.51.100.7\r\n\r\n"
    with ExitStack() as connections:
        answer = b""
        while not answer:
            opened = connections.enter_context(front.connected(address="127.0.0.77"))
            opened.sendall(ask)
            while not (answer or arrived.acquire(timeout=0.05)):
                if select.select([opened], [], [], 0)[0]:
                    answer = opened.recv(100)
        go.set()
    assert answer.startswith(b"HTTP/1.1 503 ")
    for secret in (b"t0ken", b"127.0.0.77", b"198.51.100.7"):
        assert secret not in front.proxy.written()


# HQ is away


@pytest.fixture(params=BOTH)
def alone(request, tmp_path):
    """A proxy behind which nobody listens yet."""
    device, people = free_port(), free_port()
    with proxy(request.param, tmp_path / "proxy", device, people) as running:
        yield Front(request.param, running, None, None), people


def test_who_finds_hq_away_is_told_what_to_do_and_reading_is_tried_again(alone, world):
    front, people = alone
    with front.visitor() as client:
        read, head, sent = (client.request(how, "/c/t0ken") for how in ("GET", "HEAD", "POST"))
        assert {each.status_code for each in (read, head, sent)} == {503}
        assert "Wait a minute, then open the link again." in read.text == sent.text
        assert read.headers["refresh"] == head.headers["refresh"]
        assert "refresh" not in sent.headers, "nobody answers twice without knowing"
        assert {each.headers["cache-control"] for each in (read, sent)} == {"no-store"}
        with front.connected(secure=False, address="127.0.0.77") as device:
            device.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: hq\r\nContent-Length: 1\r\n\r\nx")
            assert device.recv(100).startswith(b"HTTP/1.1 502 ")
        for secret in (b"t0ken", b"127.0.0.77"):
            assert secret not in front.proxy.written()
        world.hq.restarts({"people": {"behind_proxy": True, "public_url": front.proxy.url}})
        listener = Listener("people", people_app(world.hq.parts), "127.0.0.1", people)
        listener.start()
        try:
            assert client.get("/").status_code == 200
        finally:
            assert listener.stop(LIMIT_S)
