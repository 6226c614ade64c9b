"""A real board process, for the tests that look at it from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from stage.stage import witnessed

LIMIT_S = 120.0
PROGRAM = Path(sys.executable).with_name("outcry-board")


def wait_for(condition: Callable[[], object], limit_s: float = LIMIT_S) -> Any:
    """What the condition gives as soon as it gives anything."""
    until = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < until, "what the test waited for did not happen"
        time.sleep(0.02)
    return found


class RunningBoard:
    """``outcry-board run`` in a directory, and its other commands."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.wait_for = wait_for
        self.process = subprocess.Popen(
            [PROGRAM, "run", "--dir", directory, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()

    def asks(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [PROGRAM, *arguments],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env={**os.environ, "OUTCRY_BOARD": str(self.directory)},
        )

    def told(self, *arguments: str) -> Any:
        """The answer to a command, which must be done."""
        done = self.asks("--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def events(self, what: str) -> list[dict[str, Any]]:
        return [event for event in witnessed(self.directory) if event["what"] == what]

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=LIMIT_S)
        assert errors == ""
        return self.process.returncode


Run = Callable[..., RunningBoard]


@contextmanager
def boards_in(folder: Path) -> Iterator[Run]:
    """Starts boards with the given options; all are stopped at the end."""
    with ExitStack() as running:

        def run(*options: str, directory: Path | None = None) -> RunningBoard:
            board = RunningBoard(directory or folder / f"board{next(number)}", *options)
            running.callback(board.stop)
            return board

        number = count()
        yield run


@pytest.fixture
def run_board(tmp_path: Path) -> Iterator[Run]:
    with boards_in(tmp_path) as run:
        yield run


@pytest.fixture(scope="module")
def untouched_board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBoard]:
    """One for all that is refused, which changes nothing."""
    with boards_in(tmp_path_factory.mktemp("untouched")) as run:
        yield run("--instant", "--warm", "--receiver", "none")
