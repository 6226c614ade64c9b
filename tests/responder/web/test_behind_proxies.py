"""What people and devices have of HQ through the shipped nginx and the shipped Caddy."""

from __future__ import annotations

import re

import httpx
import pytest
from console_hand import token_in

from outcry import receipt
from outcry.daemon.settings import SCHEMA
from outcry.responder import translations
from outcry.responder.console.dependencies import PLAN_LIMIT
from outcry.responder.intake.app import BODY_LIMIT
from outcry.responder.web.throttle import FREE_TRIES
from stage.proxies import EXAMPLES
from stage.stage import ROOT

pytestmark = pytest.mark.slow


# People's pages


def test_news_comes_before_hq_has_anything_else_to_say(front, olga, world):
    """A proxy that gathers events would hold this one until the next comes, and the next."""
    with olga.client.stream("GET", "/console/live", headers=olga.headers()) as events:
        lines = (line for line in events.iter_lines() if line)
        assert next(lines) == ": here"
        world.hq.takes(world.device.message())
        assert next(lines).startswith("data: ")


def test_what_a_visitor_claims_about_itself_counts_for_nothing(front, world):
    """It guesses PINs and calls itself another each time; its neighbour's slip is forgiven."""
    world.hq.takes(world.device.message())
    link = f"/c/{world.invitation(1)}"

    def guesses(client, n):
        claims = {"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=198.51.100.{n}"}
        claims |= {"X-Real-IP": f"198.51.100.{n}", "X-Forwarded-Proto": "http"}
        return client.post(f"{link}/seen", data={"pin": "000000"}, headers=claims).status_code

    with front.visitor("127.0.0.21") as guesser, front.visitor("127.0.0.22") as neighbour:
        assert [guesses(guesser, n) for n in range(FREE_TRIES + 1)] == [403] * FREE_TRIES + [429]
        assert guesses(neighbour, 1) == 403


def test_a_form_of_our_own_page_is_taken_and_a_strangers_is_not(front, world, visitor):
    world.hq.takes(world.device.message())
    link = f"/c/{world.invitation(1)}"
    for origin, status in ((front.proxy.url, 200), ("https://elsewhere.example", 403)):
        answer = visitor.post(
            f"{link}/seen", data={"pin": world.pins[0]}, headers={"Origin": origin}
        )
        assert answer.status_code == status


def test_each_header_comes_once_and_hq_alone_sets_it(front, olga):
    for path in ("/", "/console", "/feed"):
        answer = olga.get(path)
        names = [name.lower() for name, _ in answer.headers.multi_items()]
        assert len(names) == len(set(names))
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "content-encoding" not in answer.headers, "a compressed page betrays its secrets"


def test_a_head_has_the_pages_headers_and_no_body(front, olga, world):
    world.hq.takes(world.device.message())
    for path in ("/", "/feed", f"/c/{world.invitation(1)}", "/console", "/console/alarm/1", "/nil"):
        got, head = (
            olga.client.request(method, path, headers=olga.headers()) for method in ("GET", "HEAD")
        )
        assert head.status_code == got.status_code
        assert (head.content, head.headers["content-length"]) == (b"", str(len(got.content)))


def test_a_head_of_the_news_ends(front, olga):
    for _ in range(3):
        answer = olga.client.head("/console/live", headers=olga.headers())
        assert answer.headers["content-type"].startswith("text/event-stream")
    assert olga.get("/console").status_code == 200


def test_a_form_as_long_as_hq_takes_comes_through_and_a_longer_one_ends_at_the_proxy(
    front, olga, world
):
    path = f"/console/wearer/{world.device.enrolment.device:08x}/plan"
    begin = f"token={token_in(olga.get('/console').text)}&plan="
    longest = begin + "x" * (PLAN_LIMIT - len(begin))
    headers = olga.headers() | {"Content-Type": "application/x-www-form-urlencoded"}
    read = olga.client.post(path, content=longest, headers=headers)
    assert read.status_code == 422, "HQ has read it, and it is no plan"
    front.bytes_read = 0
    for content in (longest + "x", iter([longest.encode(), b"x"])):
        assert olga.client.post(path, content=content, headers=headers).status_code == 413
        assert front.bytes_read <= 2 * PLAN_LIMIT


# Plain HTTP: devices, and people who leave the s away


def test_a_device_gets_receipts_over_one_kept_connection_whatever_it_calls_hq(front, world):
    dialled = front.proxy.plain.replace("localhost", "127.0.0.1")  # a bare address needs no DNS
    with httpx.Client(base_url=dialled, timeout=60) as device:
        streams = set()
        for sequence in range(3):
            message = world.device.message(sequence=sequence)
            answer = device.post("/v1/reports", content=message.sealed)
            streams.add(id(answer.extensions["network_stream"]))
            assert receipt.verify(answer.content, message.report.token, message.header)
    assert len(streams) == 1


def test_a_report_as_long_as_hq_takes_comes_through_and_a_longer_one_ends_at_the_proxy(front):
    url = f"{front.proxy.plain}/v1/reports"
    assert httpx.post(url, content=b"x" * BODY_LIMIT).status_code == 400, "HQ has read it"
    front.bytes_read = 0
    for content in (b"x" * (BODY_LIMIT + 1), iter([b"x" * BODY_LIMIT, b"x"])):
        assert httpx.post(url, content=content).status_code in (413, 502)
    assert front.bytes_read <= 2 * BODY_LIMIT


@pytest.mark.parametrize("host", ["localhost", "elsewhere.example"])
def test_plain_http_leads_to_the_same_page_by_https_and_nowhere_else(front, host):
    answer = httpx.get(f"{front.proxy.plain}/post/1?x=1", headers={"Host": host})
    assert answer.status_code == 301
    assert answer.headers["location"] == f"{front.proxy.url}/post/1?x=1"
    assert front.asked == []


def test_the_devices_port_is_not_among_peoples_pages_nor_they_on_it(front, visitor, world):
    sealed = world.device.message().sealed
    assert visitor.post("/v1/reports", content=sealed).status_code == 404
    for path in ("/", "/console/login", "/v1/reports/", "/v1/"):
        assert httpx.get(f"{front.proxy.plain}{path}").status_code == 301


# The files themselves


def test_neither_cuts_a_connection_that_a_device_keeps_between_heartbeats():
    """Neither one that was never used nor one that was."""
    heartbeat = SCHEMA["supervision"]["heartbeat_minutes"].default
    seconds = {"m": 60, "h": 3600}
    for name, words in (
        ("nginx.conf", ("client_header_timeout", "keepalive_timeout")),
        ("Caddyfile", ("read_header", "idle")),
    ):
        text = (EXAMPLES / name).read_text()
        for word in words:
            n, unit = re.search(rf"^\s*{word} (\d+)(\w);?$", text, re.MULTILINE).groups()
            assert int(n) * seconds[unit] > 2 * 60 * heartbeat


def test_who_finds_hq_away_is_told_so_in_every_language():
    page = (ROOT / "config" / "back-soon.html").read_text()
    said = dict(re.findall(r'<p lang="(..)"(?: dir="(rtl)")?><b>', page))
    assert said == {
        language: "rtl" if words.direction == "rtl" else ""
        for language, words in translations.load().items()
    }
