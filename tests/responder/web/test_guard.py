"""The guard before people's pages: who may read over plain HTTP."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import PlainTextResponse

from outcry.responder.web.guard import Guard, client_address

HERE, ALSO_HERE, AFAR, OURS = "127.0.0.1", "::1", "203.0.113.9", "192.0.2.1"


def asked(client, server, scheme="http", behind_proxy=False, headers=()):
    """The answer's status and headers, when asked from this address at that one."""
    guard = Guard(PlainTextResponse("a page"), behind_proxy, "'sha256-x'")
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/", "scheme": scheme, "headers": list(headers),
        "client": client and (client, 5000), "server": server and (server, 8443),
    }  # fmt: skip
    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), scope


@pytest.mark.parametrize(
    ("client", "server", "scheme", "status"),
    [
        (HERE, HERE, "http", 200),
        (ALSO_HERE, ALSO_HERE, "http", 200),
        (AFAR, OURS, "http", 403),
        (AFAR, HERE, "http", 403),
        (HERE, OURS, "http", 403),
        (None, HERE, "http", 403),
        (HERE, None, "http", 403),
        (AFAR, OURS, "https", 200),
    ],
)
def test_plain_http_is_served_only_where_both_ends_are_this_machine(client, server, scheme, status):
    assert asked(client, server, scheme)[0] == status


def test_a_refusal_has_the_strict_headers_too():
    _, headers, _ = asked(AFAR, OURS)
    assert headers[b"content-security-policy"].startswith(b"default-src 'none'")


@pytest.mark.parametrize(
    ("client", "server", "said", "status"),
    [
        (HERE, HERE, b"https", 200),
        (HERE, HERE, b"http", 403),
        (AFAR, OURS, b"https", 403),
    ],
)
def test_only_a_proxy_on_this_machine_is_believed(client, server, said, status):
    headers = [(b"x-forwarded-proto", said)]
    assert asked(client, server, behind_proxy=True, headers=headers)[0] == status


def test_a_strangers_forwarded_address_is_not_believed():
    headers = [(b"x-forwarded-for", b"198.51.100.7")]
    scope = asked(AFAR, OURS, headers=headers)[2]
    assert client_address(scope, behind_proxy=False) == AFAR
    assert client_address(scope, behind_proxy=True) == AFAR
