"""How much of the folder for temporary files a run of the tests takes at most.

On Debian 13 that is memory, half of what the machine has. What a run makes there is what was not
there before it; another program's files count with it, so a figure can only be too large.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

SAMPLE_S = 1.0


class TmpPeak:
    """A plugin for the process that leads a run; ``kept`` takes the megabytes of a whole one."""

    def __init__(self, kept: Path) -> None:
        self.peak = 0
        self._kept = kept
        self._folder = tempfile.gettempdir()
        self._before = set(self._paths())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tmp-peak", daemon=True)

    def pytest_sessionstart(self) -> None:
        self._thread.start()

    @pytest.hookimpl(tryfirst=True)  # before what passed is removed
    def pytest_sessionfinish(self) -> None:
        self._over.set()
        self._thread.join()
        self._kept.parent.mkdir(exist_ok=True)
        self._kept.write_text(f"{self.peak / 1e6:.0f}\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.line(f"{self.peak / 1e6:.0f} MB of {self._folder} at most")

    def _watch(self) -> None:
        over = False
        while not over:
            over = self._over.wait(SAMPLE_S)
            self.peak = max(self.peak, self._taken())

    def _taken(self) -> int:
        return taken(path for path in self._paths() if path not in self._before)

    def _paths(self) -> Iterator[str]:
        """Everything in the folder, and in pytest's own, which has one for each run."""
        for entry in os.scandir(self._folder):
            if entry.name.startswith("pytest-of-"):
                yield from (inner.path for inner in os.scandir(entry.path))
            else:
                yield entry.path


def taken(paths: Iterable[str]) -> int:
    """Bytes that these files and folders take; what goes in the meantime takes nothing."""
    total, left = 0, list(paths)
    while left:
        path = left.pop()
        with contextlib.suppress(OSError):
            found = os.lstat(path)
            total += found.st_blocks * 512
            if stat.S_ISDIR(found.st_mode):
                left += [entry.path for entry in os.scandir(path)]
    return total
