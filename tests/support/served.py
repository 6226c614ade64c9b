"""Applications on a real listener, and a browser for them."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from outcry.responder.intake.app import DeviceApp
from outcry.responder.web.door import Guest
from outcry.responder.web.listener import Listener
from outcry.responder.web.whole_posts import TakesPosts

LIMIT_S = 10.0


class Address:
    """A listener that stays, whichever application is behind it: starting one takes long."""

    app: ASGIApp

    def __init__(self) -> None:
        self._listener = Listener("people", self, "127.0.0.1", 0)
        self._listener.start()
        self.url = f"http://127.0.0.1:{self._listener.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def stop(self) -> None:
        assert self._listener.stop(LIMIT_S)


class DeviceAddress(Address, TakesPosts):
    """The same for the devices' application, which takes whole posts by a shorter way."""

    path = DeviceApp.path
    app: TakesPosts

    def begin(self, body: bytes) -> asyncio.Future[Any]:
        return self.app.begin(body)

    def answer(self, done: asyncio.Future[Any], guest: Guest | None) -> Response:
        return self.app.answer(done, guest)


def browser(url: str) -> httpx.Client:
    """A client for plain HTTP: loading the certificates for TLS would take longer than a test."""
    return httpx.Client(base_url=url, timeout=30, verify=False)


def rest_of(line: socket.socket) -> bytes:
    """All that comes until the other end has closed, or has reset the connection."""
    said = b""
    with suppress(ConnectionResetError):
        while data := line.recv(65536):
            said += data
    return said


async def body_of(receive: Receive) -> bytes | None:
    """A request's whole body; None if whoever asks has gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
