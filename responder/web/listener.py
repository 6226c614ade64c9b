"""A listener: one uvicorn server on one address, on a thread of its own."""

import asyncio
import math
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcry.responder import journal
from outcry.responder.part import Part
from outcry.responder.web.door import HEADER_S, USUAL, Door, Limits
from outcry.responder.web.whole_posts import TakesPosts, WholePosts

log = journal.Log("outcry.responder.listener")

KEPT_S = 60.0  # a browser asks again within a page's while, or connects once more
STOP_WITHIN_S = 1  # for answers under way; then connections are cut
SWEEP_S = 1.0
TELL_S = 60.0
_ACCEPTED_AT_ONCE = 32  # then those that are in have their turn


class CannotListen(Exception):
    """The address cannot be had; another program may hold the port, or the host is not ours."""


class Listener(Part):
    """Serves an application from ``start`` to ``stop``."""

    def __init__(
        self,
        name: str,
        app: ASGIApp,
        host: str,
        port: int,
        certificate: Path | None = None,
        key: Path | None = None,
        *,
        limits: Limits = USUAL,
        kept_s: float = KEPT_S,
        silent_s: float = HEADER_S,
        beat: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes the address at once; raises :class:`CannotListen`.

        ``kept_s``: how long a connection is kept between requests; ``silent_s``: before the first.
        ``beat`` is called each second while the listener's loop turns.
        """
        super().__init__(name)
        self._app = app
        self._beat = beat
        self._told_at = -math.inf
        self._door = _listen(name, host, port, partial(Door, limits, kept_s, silent_s, clock))
        http: Any = "h11"
        if isinstance(app, TakesPosts):
            http = partial(WholePosts, app=app, door=self._door)
        try:
            config = uvicorn.Config(
                self._serve,
                interface="asgi3",
                http=http,
                ws="none",
                lifespan="off",
                access_log=False,  # paths hold sealed reports and tokens
                log_config=None,
                proxy_headers=False,  # whose word counts is the guard's decision
                server_header=False,
                timeout_keep_alive=int(kept_s),
                backlog=_ACCEPTED_AT_ONCE,
                timeout_graceful_shutdown=STOP_WITHIN_S,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
            config.load()
        except OSError as error:  # ssl.SSLError too
            self._door.close()
            why = f"{type(error).__name__}: {error.strerror or 'not a PEM file that fits'}"
            raise CannotListen(f"{name}: certificate or key cannot be used: {why}") from None
        self._server = uvicorn.Server(config)  # leaves signals alone outside the main thread

    @property
    def port(self) -> int:
        """The port, also when 0 was asked for."""
        return int(self._door.getsockname()[1])

    @property
    def connections(self) -> int:
        """How many there are now."""
        return self._door.connections

    def ask_to_stop(self) -> None:
        self._server.should_exit = True

    def run(self) -> None:
        with self._door:
            asyncio.run(self._work())

    async def _work(self) -> None:
        sweeping = asyncio.create_task(self._sweep())
        await self._server.serve(sockets=[self._door])
        sweeping.cancel()

    async def _sweep(self) -> None:
        while True:
            self._beat()
            self._door.sweep()
            self._tell(self._door.clock())
            await asyncio.sleep(SWEEP_S)

    def _tell(self, now: float) -> None:
        """What was ended, with its causes: once a minute, however many there were."""
        if now < self._told_at + TELL_S or not self._door.ended:
            return
        self._told_at = now
        for cause, count in self._door.ended.items():
            log.tell(journal.Entry.CROWDED, listener=self.name, count=count, cause=cause)
        self._door.ended.clear()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        guest = self._door.guest(scope.get("client"))
        if guest is None:  # gone already
            await self._app(scope, receive, send)
            return
        guest.works()

        async def sent(message: Message) -> None:
            await send(message)
            guest.works()

        try:
            await self._app({**scope, "guest": guest}, receive, sent)
        finally:
            guest.rests()


def _listen(name: str, host: str, port: int, door: Callable[[int], Door]) -> Door:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = door(family)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen()
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise CannotListen(
            f"{name}: cannot listen on {host}:{port}: {error.strerror}; "
            "stop what holds the port, or write another in the settings"
        ) from None
    return listening
