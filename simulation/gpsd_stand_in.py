"""In gpsd's place: a server that says what it is told to, which no receiver makes gpsd say."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

_VERSION = b'{"class":"VERSION"}\n'
_WATCH = b'{"class":"DEVICES","devices":[{}]}\n{"class":"WATCH","enable":true}\n'


class Server:
    """A server on a port of its own that converses with each caller in a thread."""

    def __init__(self, converse: Callable[[socket.socket], None]) -> None:
        """A caller is hung up on when ``converse`` returns, or raises ``OSError``."""
        self._converse = converse
        self._callers: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()

    def close(self) -> None:
        """Hang up on everybody, and answer nobody any more."""
        self._server.shutdown(socket.SHUT_RDWR)  # ends the waiting for another one
        self._serving.join()
        self._server.close()
        for caller in tuple(self._callers):
            with suppress(OSError):  # it has hung up itself
                caller.shutdown(socket.SHUT_RDWR)
        for thread in tuple(self._threads):
            thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._server.accept()
                thread = threading.Thread(target=self._meet, args=(caller,), daemon=True)
                self._callers.add(caller)
                self._threads.add(thread)
                thread.start()

    def _meet(self, caller: socket.socket) -> None:
        with caller, suppress(OSError):
            self._converse(caller)
        self._callers.discard(caller)
        self._threads.discard(threading.current_thread())


class GpsdStandIn(Server):
    """Greets as gpsd does, and gives ``answer(question)``, with its line's end, to what is asked.

    Who wants to hear a receiver's own sentences gets ``sentences(question)``, and is hung up on.
    """

    def __init__(
        self,
        answer: Callable[[bytes], bytes],
        sentences: Callable[[bytes], bytes] = lambda question: b"",
    ) -> None:
        self._answer = answer
        self._sentences = sentences
        super().__init__(self._answers)

    def _answers(self, caller: socket.socket) -> None:
        caller.sendall(_VERSION)
        while question := caller.recv(4096):
            if b"nmea" in question:
                caller.sendall(_WATCH + self._sentences(question))
                return
            caller.sendall(_WATCH if b"WATCH" in question else self._answer(question))


def said(latitude: float, longitude: float) -> bytes:
    """The sentence in which a receiver tells this place (degrees), without a time."""
    north, east = (divmod(abs(degrees) * 60, 60) for degrees in (latitude, longitude))
    ns, ew = "NS"[latitude < 0], "EW"[longitude < 0]
    place = f"{north[0]:02.0f}{north[1]:09.6f},{ns},{east[0]:03.0f}{east[1]:09.6f},{ew}"
    return f"$GPGGA,,{place},1,08,1.0,,M,,M,,\r\n".encode()


def polled(question: bytes, tpv: Sequence[object], heard: Mapping[str, str] | None) -> bytes:
    """What gpsd says of its receivers. ``heard``: when it heard each last; without it, an error."""
    answer: dict[str, object] = {"class": "POLL", "active": 1, "tpv": tpv, "sky": []}
    if b"DEVICES" in question:
        devices = [{"path": path, "activated": at} for path, at in (heard or {}).items()]
        answer = {"class": "ERROR" if heard is None else "DEVICES", "devices": devices}
    return json.dumps(answer).encode() + b"\n"
