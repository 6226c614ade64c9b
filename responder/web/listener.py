"""A listener: one uvicorn server on one address, on a thread of its own."""

import asyncio
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from outcry.responder.part import Part

# A device keeps its connection warm between heartbeats (10 min by default): longer than two.
KEEP_ALIVE_S = 1500
STOP_WITHIN_S = 1  # for answers under way; then connections are cut
_QUEUE = 512


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
    ) -> None:
        """Takes the address at once; raises :class:`CannotListen`."""
        super().__init__(name)
        self._socket = _listen(name, host, port)
        try:
            config = uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                access_log=False,  # paths hold sealed reports and tokens
                log_config=None,
                proxy_headers=False,  # whose word counts is the guard's decision
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=STOP_WITHIN_S,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
            config.load()
        except OSError as error:  # ssl.SSLError too
            self._socket.close()
            why = f"{type(error).__name__}: {error.strerror or 'not a PEM file that fits'}"
            raise CannotListen(f"{name}: certificate or key cannot be used: {why}") from None
        self._server = uvicorn.Server(config)  # leaves signals alone outside the main thread

    @property
    def port(self) -> int:
        """The port, also when 0 was asked for."""
        return int(self._socket.getsockname()[1])

    def ask_to_stop(self) -> None:
        self._server.should_exit = True

    def run(self) -> None:
        with self._socket:
            asyncio.run(self._server.serve(sockets=[self._socket]))


def _listen(name: str, host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_QUEUE)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise CannotListen(
            f"{name}: cannot listen on {host}:{port}: {error.strerror}; "
            "stop what holds the port, or write another in the settings"
        ) from None
    return listening
