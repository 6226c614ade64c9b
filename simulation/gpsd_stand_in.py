"""In gpsd's place: a server that says what it is told to, which no receiver makes gpsd say."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

_VERSION = b'{"class":"VERSION"}\n'
_WATCH = b'{"class":"DEVICES","devices":[{}]}\n{"class":"WATCH","enable":true}\n'


class OneAtATime:
    """A server on a port of its own that converses with one caller after the other."""

    def __init__(self, converse: Callable[[socket.socket], None]) -> None:
        """A caller is hung up on when ``converse`` returns, or raises ``OSError``."""
        self._converse = converse
        self._caller: socket.socket | None = None  # the last one
        self._closing = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up on everybody, and answer nobody any more."""
        self._closing = True
        self._server.shutdown(socket.SHUT_RDWR)  # ends the waiting for another one
        self._server.close()
        if self._caller is not None:
            with suppress(OSError):  # it has hung up itself
                self._caller.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while not self._closing:
                caller, _ = self._server.accept()
                self._caller = caller
                with caller, suppress(OSError):
                    if not self._closing:
                        self._converse(caller)


class GpsdStandIn(OneAtATime):
    """Greets as gpsd does, and gives ``answer(question)``, with its line's end, to what is asked."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        super().__init__(self._answers)

    def _answers(self, caller: socket.socket) -> None:
        caller.sendall(_VERSION)
        while question := caller.recv(4096):
            caller.sendall(_WATCH if b"WATCH" in question else self._answer(question))


def polled(question: bytes, tpv: Sequence[object], heard: Mapping[str, str] | None) -> bytes:
    """What gpsd says of its receivers. ``heard``: when it heard each last; without it, an error."""
    answer: dict[str, object] = {"class": "POLL", "active": 1, "tpv": tpv, "sky": []}
    if b"DEVICES" in question:
        devices = [{"path": path, "activated": at} for path, at in (heard or {}).items()]
        answer = {"class": "ERROR" if heard is None else "DEVICES", "devices": devices}
    return json.dumps(answer).encode() + b"\n"
