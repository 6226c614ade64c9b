"""Between a program and a real modem: bytes pass both ways, and into a session file."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from outcry.hw.board.modem.pty import PtyPort
from outcry.hw.board.replay.masking import Masker
from outcry.hw.board.replay.session import Chunk, SessionFile, Side
from outcry.hw.board.waiting import ready, stopping
from outcry.hw.modem.errors import PortLost
from outcry.hw.modem.port import SerialPort


class Recording:
    """Chunks into a file, masked unless told otherwise. ``clock`` gives monotonic seconds."""

    def __init__(
        self, session: SessionFile, clock: Callable[[], float], *, masked: bool = True
    ) -> None:
        self._session = session
        self._clock = clock
        self._began = clock()
        self._masker = Masker() if masked else None

    def passes(self, side: Side, data: bytes) -> None:
        """These bytes have passed now."""
        chunk = Chunk(self._clock() - self._began, side, data)
        for each in [chunk] if self._masker is None else self._masker.take(chunk):
            self._session.add(each)

    def close(self) -> None:
        """Write what masking held back."""
        for each in self._masker.rest() if self._masker is not None else []:
            self._session.add(each)


def record(
    port: str,
    baud: int,
    path: Path,
    *,
    masked: bool,
    link: Path | None,
    when_ready: Callable[[str], None],
) -> None:
    """Record until SIGTERM or SIGINT; ``when_ready`` is told the program's port.

    The file must not exist yet. Raises OSError when the modem's port cannot be opened or goes away,
    or the file cannot be written.
    """
    try:
        modem = SerialPort(port, baud)
    except PortLost as error:
        raise OSError(f"{port}: {error}; what uses it, and may you?") from error
    with (
        closing(modem),
        open(path, "x", encoding="utf-8", opener=_for_owner) as file,
        closing(PtyPort(link)) as program,
        closing(
            Recording(SessionFile(file, baud=baud, masked=masked), time.monotonic, masked=masked)
        ) as recording,
    ):
        stop = stopping()
        when_ready(program.name)
        try:
            _pass_on(program, modem, recording, stop)
        except PortLost as error:
            raise OSError(f"{port}: {error}; what passed is in {path}") from error


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _pass_on(program: PtyPort, modem: SerialPort, recording: Recording, stop: int) -> None:
    descriptors = (program.fileno(), modem.fileno(), stop)
    while True:
        awake = ready(descriptors, [program.fileno()] if program.wants_writing else [], None)
        if stop in awake:
            return
        if data := program.read():
            recording.passes("host", data)
            modem.write(data)
        if data := modem.read(0.0):
            recording.passes("modem", data)
            program.write(data)
        program.flush()
