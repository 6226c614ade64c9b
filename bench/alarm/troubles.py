"""What the wearable works beside while it is measured: a gpsd that is no help, a busy card."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from enum import Enum
from pathlib import Path
from random import Random
from typing import Self

BURST_BYTES = 4_000_000


class Gpsd(Enum):
    """What answers at gpsd's port."""

    REAL = "gpsd with a fix"
    ABSENT = "no gpsd"
    SILENT = "a gpsd that never says a word"
    RUBBISH = "a gpsd that says rubbish"


class BadGpsd:
    """In gpsd's place on a port of loopback; use as a context manager."""

    def __init__(self, port: int, how: Gpsd) -> None:
        self._how = how
        self._random = Random(1)
        self._server = socket.create_server(("127.0.0.1", port))
        self._guests: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for guest in self._guests:
            guest.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the stage is over
            while True:
                guest, _ = self._server.accept()
                self._guests.append(guest)
                if self._how is Gpsd.RUBBISH:
                    with suppress(OSError):
                        guest.sendall(self._random.randbytes(300) + b"\n{]}\n")


class BusyCard:
    """Somebody else who writes to the same card and syncs it, without end."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "busy"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while not self._over.is_set():
                os.pwrite(descriptor, os.urandom(BURST_BYTES), 0)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
