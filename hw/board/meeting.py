"""Where programs meet the running board: the socket in its directory.

A socket's path may have 107 characters and no more; going through the directory's own descriptor
makes any directory good enough.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "control.sock"


def listening(directory: Path) -> socket.socket:
    """The board's end. Raises FileExistsError when a board already answers there."""
    try:
        connected(directory).close()
    except OSError:
        (directory / NAME).unlink(missing_ok=True)
    else:
        raise FileExistsError(f"{directory}: a board is already running here")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(directory) as path:
        listener.bind(path)
    listener.listen()
    listener.setblocking(False)
    return listener


def connected(directory: Path, timeout: float | None = None) -> socket.socket:
    """A program's end. Raises OSError when no board answers within ``timeout`` seconds."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout)
    try:
        with _short(directory) as path:
            client.connect(path)
    except OSError:
        client.close()
        raise
    return client


@contextmanager
def _short(directory: Path) -> Iterator[str]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)
