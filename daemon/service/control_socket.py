"""How the command line asks the running daemon: a UNIX socket in the runtime directory.

Only root and the service's own user can open it. It takes four questions, each
one word on a line: ``status`` (what is known), ``drill`` (begin one), ``heartbeat``
(send one now) and ``buzz`` (a short pulse). It cannot raise, end or change an
alarm. Each answer is one line of JSON.
"""

import json
import os
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from outcry.hw.system_errors import told

SOCKET_NAME = "control"
QUESTIONS = ("status", "drill", "heartbeat", "buzz")
LONGEST_QUESTION = 64
PATIENCE_S = 2.0  # with a caller who connects and says nothing
ANSWER_LIMIT_S = 5.0  # the loop answers within a turn

Answer = dict[str, Any]


class Asked(NamedTuple):
    """The command line asks; the loop answers by calling ``answer`` once."""

    question: str
    answer: Callable[[Answer], None]


class NotAnswering(Exception):
    """Nobody answered; the message says why and what to do."""


class NotRunning(NotAnswering):
    """There is no daemon."""


class NotAllowed(NotAnswering):
    """There may be a daemon, but not for this user."""


class Control:
    """The daemon's end. Raises ``OSError`` if the socket cannot be made."""

    def __init__(self, folder: Path, ask: Callable[[Asked], None]) -> None:
        """``ask`` is called on the socket's thread and should only put the question into a queue."""
        self._ask = ask
        self._path = folder / SOCKET_NAME
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(os.fspath(self._path))
            self._path.chmod(0o600)
            self._socket.listen(32)
        except OSError:
            self._socket.close()
            raise
        threading.Thread(target=self._serve, name="control", daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # close alone leaves the thread in accept()
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:  # closed, or out of descriptors: the alarm needs nothing from here
                return
            with caller, suppress(OSError):
                caller.settimeout(PATIENCE_S)
                answer = self._answer(_line(caller))
                caller.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, question: str) -> Answer:
        if question not in QUESTIONS:
            return {"error": f"write one of: {', '.join(QUESTIONS)}"}
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._ask(Asked(question, answers.put))
        try:
            return answers.get(timeout=ANSWER_LIMIT_S)
        except queue.Empty:
            return {"error": "the daemon is busy: `journalctl -u outcry` says with what"}


def ask(folder: Path, question: str) -> Answer:
    """What the running daemon answers. Raises :class:`NotAnswering`."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
            daemon.settimeout(PATIENCE_S + ANSWER_LIMIT_S)
            daemon.connect(os.fspath(folder / SOCKET_NAME))
            daemon.sendall(question.encode("ascii") + b"\n")
            answer = json.loads(_line(daemon, longest=1_000_000))
    except PermissionError:
        raise NotAllowed("only root may ask; put `sudo` in front") from None
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(
            "outcry is not running; `systemctl status outcry` says why, `systemctl start outcry`"
            " starts it"
        ) from None
    except (OSError, ValueError) as error:
        why = f"{told(error)}; `journalctl -u outcry` may say why"
        raise NotAnswering(f"outcry does not answer: {why}") from None
    if not isinstance(answer, dict):
        raise NotAnswering("what answers there is not outcry")
    if question == "status" and "error" in answer:
        raise NotAnswering(str(answer["error"]))
    return answer


def _line(other: socket.socket, longest: int = LONGEST_QUESTION) -> str:
    """One line, as far as it came. Bytes outside ASCII match no question."""
    with other.makefile("rb") as file:
        return file.readline(longest).decode("ascii", "replace").strip()
