"""Starts that fail again and again: reported once, with growing pauses that any repair ends.

systemd starts the service again after a second, for ever. Its own growing pause (RestartSteps=) does
not help here: it counts every restart since the service was last started by hand, so a device that
the watchdog restarts now and then would be slow to restart in the middle of an alarm. So the next
start itself waits, and only if the one before it was refused.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

FILE_NAME = "refused.json"
LOOK_EVERY_S = 0.5
LONGEST_S = 60.0
LONGEST_WITHOUT_BUTTON_S = 4.0  # its pin may only be lent to `outcry check`


class Refusals:
    """Whether the start before this one was refused, kept in the service's runtime directory.

    Outside systemd (no ``$RUNTIME_DIRECTORY``) nothing is kept and nothing waits.
    """

    def __init__(self, config: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        """``config`` is the settings file: when it changes, the wait is over."""
        runtime = os.environ.get("RUNTIME_DIRECTORY")
        self._note = Path(runtime) / FILE_NAME if runtime else None
        self._config = config
        self._sleep = sleep
        self._before: dict[str, Any] = {}

    def wait(self) -> None:
        """Wait until another try makes sense. Only a start after a refused one waits."""
        if self._note is None or not self._note.exists():
            return
        with suppress(OSError, ValueError):
            self._before = json.loads(self._note.read_text(encoding="utf-8"))
        with suppress(OSError):
            self._note.unlink()  # killed from here on, the next start is at once
        self._tell_systemd(self._before.get("problems", []))
        left = self._before.get("pause", 0.0)
        while left > 0 and self._files() == self._before["files"]:
            self._sleep(LOOK_EVERY_S)
            left -= LOOK_EVERY_S

    def refuse(self, what: str, problems: list[str], longest_s: float = LONGEST_S) -> None:
        """Report why this start failed, unless the last one did for the same reason, and note it."""
        from outcry.daemon.journal import Entry, Journal
        from outcry.daemon.service.systemd import journal_sink

        self._tell_systemd(problems)
        known = problems == self._before.get("problems")
        if self._note is None or not os.environ.get("JOURNAL_STREAM"):
            print(what, *(f"  {problem}" for problem in problems), sep="\n", file=sys.stderr)
        elif not known:
            journal = Journal(journal_sink())
            for problem in problems:
                journal.tell(Entry.NOT_ARMED, detail=f"{what} {problem}")
        if self._note is not None:
            before = self._before.get("pause", 0.5) if known else 0.5
            pause = min(2 * before, longest_s)
            note = {"problems": problems, "pause": pause, "files": self._files()}
            with suppress(OSError):  # then the next start is simply at once
                self._note.write_text(json.dumps(note), encoding="utf-8")

    def _tell_systemd(self, problems: list[str]) -> None:
        from outcry.daemon.service.systemd import Service

        Service().status(f"NOT ARMED, nobody watches the button: {'; '.join(problems)}")

    def _files(self) -> list[list[int]]:
        """When the files that a person would repair were last changed."""
        from outcry.daemon.messages.identity import FILE_NAME as ENROLMENT

        found = []
        for path in (self._config, Path(os.environ.get("STATE_DIRECTORY", "")) / ENROLMENT):
            try:
                seen = path.stat()
                found.append([seen.st_mtime_ns, seen.st_size, seen.st_ino])
            except OSError:
                found.append([])
        return found
