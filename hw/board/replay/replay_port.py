"""A recorded session on a pty, for programs that want a serial port."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from outcry.hw.board.modem.pty import PtyPort
from outcry.hw.board.replay import session
from outcry.hw.board.replay.replay import Replay
from outcry.hw.board.waiting import ready, stopping


def serve(
    path: Path,
    *,
    link: Path | None,
    when_ready: Callable[[str], None],
    when_missing: Callable[[str], None],
) -> list[str]:
    """Be the recorded modem until SIGTERM or SIGINT; returns what the recording did not hold.

    ``when_ready`` is told the port, ``when_missing`` each command without an answer, once. Raises
    OSError or ValueError when the file is no session.
    """
    replay = Replay(session.read(path), time.monotonic())
    replay.when_missing = when_missing
    stop = stopping()
    with closing(PtyPort(link)) as port:
        when_ready(port.name)
        replay.power_on(time.monotonic())
        awake: set[int] = set()
        while stop not in awake:
            now = time.monotonic()
            replay.feed(port.read(), now)
            port.write(replay.output(now))
            due = replay.due()
            writable = [port.fileno()] if port.wants_writing else []
            seconds = None if due is None else due - time.monotonic()
            awake = ready([port.fileno(), stop], writable, seconds)
    return replay.missing
