"""The process that callers are made from: it has loaded what takes long, and holds no secret.

It has one thread, so that it can be forked at any time. What it is sent are two ends of pipes for
each new caller: one to be told of calls by, and a lifeline.
"""

import json
import os
import pickle
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from outcry.responder import hosts
from outcry.responder.callers import outgoing
from outcry.responder.callers.gate import Denied, Gate, dies_with, install

IDLE_S = 600.0  # without a call for so long a caller ends, and its libraries' memory with it
MOST_BYTES = 1 << 30  # of memory; an answer without end fills no more
LONGEST_CALL = 64 << 20  # bytes of what a caller is told

Task = tuple[Callable[..., Any], tuple[object, ...], float, frozenset[hosts.Named]]
"""A function that can be imported, its arguments, for how many seconds it may last, and where it may
connect beside the open internet.
"""


def main() -> None:
    """``FD LIFELINE PRELOAD PATH...``: serve until the lifeline's other end is closed."""
    asked, lifeline, preload = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # HQ decides when: by the lifeline
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for callers
    dies_with(lifeline)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as first:
        first.write("1000")  # where memory runs out, this ends and HQ lives
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    if preload:
        module, _, name = preload.partition(":")
        with suppress(Exception):  # what is missing is said by the call that needs it
            getattr(import_module(module), name)()
    with socket.socket(fileno=asked) as requests:
        while True:
            said, fds, _, _ = socket.recv_fds(requests, 1, 2)
            if not said:
                return
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                dies_with(fds[1])
                os.close(lifeline)
                requests.close()
                serve(Connection(fds[0]))
                os._exit(0)
            for fd in fds:
                os.close(fd)


class _Hq:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, server: str, method: str) -> tuple[str | None, float]:
        self.say("ask", server, method)
        why, looked_at = json.loads(self._connection.recv_bytes())
        return why, looked_at

    def answered(self, server: str, ok: bool, wait_s: float | None) -> None:
        self.say("answered", server, ok, wait_s)

    def say(self, *words: object) -> None:
        """In JSON: HQ reads nothing from here that could do more than be read."""
        self._connection.send_bytes(json.dumps(words).encode())


def serve(connection: Connection) -> None:
    """Make calls, one after the other, until there were none for long or nobody is there."""
    hq = _Hq(connection)
    gate = Gate(hq)
    install(gate)
    outgoing.confine()
    with suppress(EOFError, OSError):
        while connection.poll(IDLE_S):
            task: Task = pickle.loads(connection.recv_bytes(LONGEST_CALL))
            work, arguments, limit_s, named = task
            outgoing.only(named)
            gate.begin(limit_s)
            said = _made(work, arguments)
            gate.end()
            hq.say(*said, gate.in_doubt, gate.refused)


def _made(work: Callable[..., Any], arguments: tuple[object, ...]) -> tuple[object, ...]:
    try:
        return "came", work(*arguments)
    except Denied:
        return "denied", None
    except Exception as error:  # noqa: BLE001 - a library may raise anything
        return "raised", type(error).__name__
