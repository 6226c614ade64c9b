"""Applications on a real listener, and a browser for them."""

from __future__ import annotations

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from outcry.responder.web.listener import Listener

LIMIT_S = 10.0


class Address:
    """A listener that stays, whichever application is behind it: starting one takes long."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self._listener = Listener("people", self, "127.0.0.1", 0)
        self._listener.start()
        self.url = f"http://127.0.0.1:{self._listener.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)

    def stop(self) -> None:
        assert self._listener.stop(LIMIT_S)


def browser(url: str) -> httpx.Client:
    """A client for plain HTTP: loading the certificates for TLS would take longer than a test."""
    return httpx.Client(base_url=url, timeout=30, verify=False)
