"""Between a program and a real modem: bytes pass both ways, and into a session file."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TextIO

from outcry.hw.board.modem.pty import PtyPort
from outcry.hw.board.replay.masking import Masker
from outcry.hw.board.replay.session import Chunk, Side, head
from outcry.hw.board.waiting import ready, stopping
from outcry.hw.modem.errors import PortLost
from outcry.hw.modem.port import SerialPort


class Recording:
    """A session on its way into a file. ``clock`` gives monotonic seconds."""

    def __init__(
        self, file: TextIO, clock: Callable[[], float], *, baud: int, masked: bool
    ) -> None:
        self._file = file
        self._clock = clock
        self._began = clock()
        self._masker = Masker() if masked else None
        print(head(baud=baud, masked=masked), file=file)

    def passes(self, side: Side, data: bytes) -> None:
        chunk = Chunk(self._clock() - self._began, side, data)
        for each in [chunk] if self._masker is None else self._masker.take(chunk):
            print(each.line(), file=self._file)

    def close(self) -> None:
        """Write what masking held back."""
        for each in self._masker.rest() if self._masker is not None else []:
            print(each.line(), file=self._file)


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
        raise OSError(f"{port}: {error}; is it in use, and may you open it?") from error
    with (
        closing(modem),
        # Written line by line, so that what was recorded survives a crash.
        open(path, "x", buffering=1, encoding="utf-8", opener=partial(os.open, mode=0o600)) as file,
        closing(PtyPort(link)) as program,
        closing(Recording(file, time.monotonic, baud=baud, masked=masked)) as recording,
    ):
        stop = stopping()
        when_ready(program.name)
        try:
            _pass_on(program, modem, recording, stop)
        except PortLost as error:
            raise OSError(f"{port}: {error}; what passed is in {path}") from error


def _pass_on(program: PtyPort, modem: SerialPort, recording: Recording, stop: int) -> None:
    descriptors = (program.fileno(), modem.fileno(), stop)
    while stop not in ready(descriptors, [program.fileno()] if program.wants_writing else [], None):
        if data := program.read():
            recording.passes("host", data)
            modem.write(data)
        if data := modem.read(0.0):
            recording.passes("modem", data)
            program.write(data)
        program.flush()
