"""HQ behind a proxy, as somebody outside meets it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest
from parts import needs_caddy, needs_nginx
from served import Address
from starlette.types import ASGIApp

from stage.proxies import Proxy

BOTH = [pytest.param("nginx", marks=needs_nginx), pytest.param("caddy", marks=needs_caddy)]


@dataclass
class Front:
    """A proxy, HQ's two listeners behind it, and what has reached them."""

    kind: str
    proxy: Proxy
    people: Address
    device: Address
    asked: list[str] = field(default_factory=list)  # method and path, as HQ was asked
    bytes_read: int = 0

    def watched(self, app: ASGIApp) -> ASGIApp:
        async def watching(scope, receive, send):
            self.asked.append(f"{scope['method']} {scope['path']}")

            async def read():
                message = await receive()
                self.bytes_read += len(message.get("body", b""))
                return message

            await app(scope, read, send)

        return watching

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
