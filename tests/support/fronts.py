"""HQ behind a proxy, as somebody outside meets it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from parts import needs_caddy, needs_nginx
from served import Address, DeviceAddress
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcry.responder.intake.app import DeviceApp
from outcry.responder.web.door import Guest
from outcry.responder.web.whole_posts import TakesPosts
from stage.proxies import Proxy

BOTH = [pytest.param("nginx", marks=needs_nginx), pytest.param("caddy", marks=needs_caddy)]


class Watched(TakesPosts):
    """Notes what reaches an application, by either way."""

    path = DeviceApp.path

    def __init__(self, front: Front, app: Any) -> None:
        self._front, self._app = front, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._note(scope["method"], scope["path"])

        async def read() -> Message:
            message = await receive()
            self._front.bytes_read += len(message.get("body", b""))
            return message

        await self._app(scope, read, send)

    def begin(self, body: bytes) -> asyncio.Future[Any]:
        self._note("POST", self.path)
        self._front.bytes_read += len(body)
        return self._app.begin(body)

    def answer(self, done: asyncio.Future[Any], guest: Guest | None) -> Response:
        return self._app.answer(done, guest)

    def _note(self, method: str, path: str) -> None:
        self._front.asked.append(f"{method} {path}")


@dataclass
class Front:
    """A proxy, HQ's two listeners behind it, and what has reached them."""

    kind: str
    proxy: Proxy
    people: Address
    device: DeviceAddress
    asked: list[str] = field(default_factory=list)  # method and path, as HQ was asked
    bytes_read: int = 0

    def watched(self, app: ASGIApp) -> Watched:
        return Watched(self, app)

    @contextmanager
    def visitor(self, address: str = "127.0.0.1") -> Iterator[httpx.Client]:
        """A browser at this address, which believes the proxy's authority and no other."""
        trust = ssl.create_default_context(cafile=self.proxy.authority)
        transport = httpx.HTTPTransport(verify=trust, local_address=address)
        with httpx.Client(transport=transport, base_url=self.proxy.url, timeout=60) as client:
            yield client

    def connected(self, secure: bool = True, address: str = "127.0.0.1") -> socket.socket:
        """A connection from this address, to write into what no browser would."""
        url = self.proxy.url if secure else self.proxy.plain
        opened = socket.create_connection(("127.0.0.1", urlsplit(url).port), 60, (address, 0))
        if not secure:
            return opened
        trust = ssl.create_default_context(cafile=self.proxy.authority)
        return trust.wrap_socket(opened, server_hostname="localhost")


def port(address: Address) -> int:
    return urlsplit(address.url).port or 0
