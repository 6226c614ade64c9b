"""HQ's end of its callers: makes them, tells them of calls, and ends them.

A caller dies with its lifeline, a pipe whose other end HQ alone holds: when HQ closes it, or dies
itself in whatever way, the kernel kills the caller. What a caller says is read as JSON.
"""

import json
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from outcry.responder.callers import gate, outgoing
from outcry.responder.callers.patience import Patience

_BOOT = (
    "import sys; sys.path[:] = sys.argv[4:]; "
    "from outcry.responder.callers.nursery import main; main()"
)
_GONE_WITHIN_S = 5.0  # after it was killed
_LONGEST_WORD = 1 << 20  # bytes that a caller says at once

NO_ANSWER = "no answer in time"

May = Callable[[], str | None]
"""Asked before each request: why the call may not be made any more; None: it may."""


class Withheld(Exception):
    """HQ said no, and nothing was sent that could have done what was asked for.

    ``wait_s``: in so many seconds it may be tried again; None: people have decided otherwise.
    """

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Lost(Exception):
    """Nobody knows what came of a call: it was ended at its limit, or its process died."""


class NothingLeft(Lost):
    """The same, and it had not even asked to send anything."""


class Came(NamedTuple):
    """What a call returned, and how long its server wants to be left alone, in seconds."""

    value: Any
    wait_s: float | None


class Caller:
    """One process. Its calls are made one after the other."""

    def __init__(self, connection: Connection, lifeline: int, patience: Patience) -> None:
        self._connection = connection
        self._lifeline: int | None = lifeline
        self._patience = patience

    def is_alive(self) -> bool:
        """Whether it waits for a call: one that has ended says so by the end of its pipe."""
        with suppress(OSError):
            return self._lifeline is not None and not self._connection.poll()
        return False

    def end(self) -> None:
        """Kill it, and wait until it is gone: nothing leaves it afterwards."""
        if self._lifeline is None:
            return
        os.close(self._lifeline)
        self._lifeline = None
        with suppress(EOFError, OSError):
            until = time.monotonic() + _GONE_WITHIN_S
            while self._connection.poll(max(until - time.monotonic(), 0.0)):
                self._connection.recv_bytes()
        self._connection.close()

    def call(
        self,
        work: Callable[..., Any],
        arguments: tuple[object, ...],
        limit_s: float,
        account: str,
        may: May,
    ) -> Came:
        """What ``work`` returns there within ``limit_s``; ``account`` is whom a server knows it by.

        Raises :class:`Withheld` and :class:`Lost`. After the latter the process is gone.
        """
        rests_s = self._patience.rests_for(account)
        if rests_s:
            raise Withheld("wants to be left alone", rests_s)
        until = time.monotonic() + limit_s
        one = _OneCall(self._connection, self._patience, may, until)
        try:
            task = work, arguments, limit_s, outgoing.named()
            self._connection.send_bytes(pickle.dumps(task))
            return one.hear()
        except (EOFError, OSError, ValueError, TypeError):
            in_time = time.monotonic() < until
            raise one.lost("its process has died" if in_time else NO_ANSWER) from None
        finally:
            one.close()
            if one.wait_s is not None:
                self._patience.rest(account, one.wait_s)
            if not one.is_over:
                self.end()


class _OneCall:
    def __init__(self, connection: Connection, patience: Patience, may: May, until: float) -> None:
        self._connection = connection
        self._patience = patience
        self._may = may
        self._until = until
        self._open: list[tuple[str, Any]] = []
        self._no: tuple[str, float | None] = ("not allowed", None)
        self._has_begun = False
        self.wait_s: float | None = None
        self.is_over = False

    def hear(self) -> Came:
        """Answer what the caller asks, until it says what came of it."""
        while self._connection.poll(max(self._until - time.monotonic(), 0.0)):
            what, *words = json.loads(self._connection.recv_bytes(_LONGEST_WORD))
            if what == "ask":
                self._connection.send_bytes(json.dumps(self._judge(str(words[0]))).encode())
            elif what == "answered":
                self._answered(str(words[0]), bool(words[1]), words[2])
            else:
                self.is_over = True
                return self._came(what, *words)
        raise self.lost(NO_ANSWER)

    def lost(self, why: str) -> Lost:
        """What to raise where nobody will say what came of it."""
        return Lost(why) if self._has_begun else NothingLeft(why)

    def _judge(self, server: str) -> tuple[str | None, float]:
        self._give_up(server)
        asked = self._patience.enter(server, self._until)
        looks_at = gate.now()
        if isinstance(asked, float):
            self._no = "it refuses, and is asked again later", asked
            return self._no[0], looks_at
        why = self._may()
        if why is None:
            self._has_begun = True
            self._open.append((server, asked))
        else:
            self._no = why, None
            self._patience.leave(server, asked, ok=True)  # it is not sent
        return why, looks_at

    def _answered(self, server: str, ok: bool, wait_s: float | None) -> None:
        for n, (asked_of, asked) in enumerate(self._open):
            if asked_of == server:
                self._patience.leave(server, asked, ok)
                del self._open[n]
                break
        if wait_s is not None:
            self.wait_s = float(wait_s)

    def _give_up(self, server: str) -> None:
        """A call asks one thing after the other: what it asked before will not be answered now."""
        while any(asked_of == server for asked_of, _ in self._open):
            self._answered(server, False, None)

    def _came(self, what: str, value: Any, in_doubt: bool, was_refused: bool) -> Came:
        if what == "came":
            return Came(value, self.wait_s)
        is_final = self._no[1] is None  # else it is tried again, and looked for before that
        if what == "denied" and not in_doubt and not (was_refused and is_final):
            raise Withheld(*self._no)
        raise Lost(str(self._no[0] if what == "denied" else value))

    def close(self) -> None:
        """What was never answered was not answered well."""
        for server, asked in self._open:
            self._patience.leave(server, asked, ok=False)


class Callers:
    """Makes callers, from one process that is started when the first is wanted. Any thread."""

    def __init__(self, preload: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        """``preload``: ``module:function``, done once for all of them; ``clock``: monotonic seconds."""
        self.patience = Patience(clock)
        self._preload = preload
        self._lock = threading.Lock()
        self._nursery: tuple[socket.socket, int, subprocess.Popen[bytes]] | None = None

    def start(self) -> None:
        """Have the nursery ready before it is needed."""
        with self._lock:
            if self._nursery is None:
                self._nursery = self._new_nursery()

    def new(self) -> Caller:
        """One more process."""
        ours, theirs = socket.socketpair()
        lifeline, held = os.pipe()
        try:
            self._hand_over([theirs.fileno(), lifeline])
        except BaseException:
            os.close(held)
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(lifeline)
        return Caller(Connection(ours.detach()), held, self.patience)

    def close(self) -> None:
        """End the nursery. Callers that work go on."""
        with self._lock:
            self._end_nursery()

    def _hand_over(self, fds: list[int]) -> None:
        with self._lock:
            for again in (True, False):
                if self._nursery is None:
                    self._nursery = self._new_nursery()
                try:
                    socket.send_fds(self._nursery[0], [b"c"], fds)
                    return
                except OSError:  # it has died: memory ran out, say
                    self._end_nursery()
                    if not again:
                        raise

    def _new_nursery(self) -> tuple[socket.socket, int, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair()
        lifeline, held = os.pipe()
        arguments = [str(theirs.fileno()), str(lifeline), self._preload, *sys.path]
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, *arguments],
            pass_fds=(theirs.fileno(), lifeline),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # a library's last words may hold a secret
        )
        theirs.close()
        os.close(lifeline)
        return ours, held, process

    def _end_nursery(self) -> None:
        if self._nursery is not None:
            requests, lifeline, process = self._nursery
            self._nursery = None
            requests.close()
            os.close(lifeline)
            process.wait()
