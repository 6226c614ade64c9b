"""Starts that fail again and again: growing pauses that any repair ends, and the reason in sight.

systemd starts the service again after a second, for ever. Its own growing pause (RestartSteps=) does
not help here: Debian 12 has none (systemd 254 has), and it counts every restart since the service was
last started by hand, so a device that the watchdog restarts now and then would be slow to restart in
the middle of an alarm. So the next start itself waits, and only if the one before it was refused.

Each restart costs half a dozen of systemd's own lines in the journal, and the reason is said once
more behind them: `systemctl status outcry`, which shows the last ten, always has it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

FILE_NAME = "refused.json"
NOT_ARMED = "NOT ARMED, nobody watches the button"
LOOK_EVERY_S = 0.5
LONGEST_S = 3600.0
LONGEST_WITHOUT_BUTTON_S = 600.0  # what only a new process would see is seen then
TRY_BUTTON_EVERY_S = 4.0  # its pin may only be lent to `outcry check`
STARTING_S = 30.0  # asked of systemd again and again, which ends a start after 90 s otherwise


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

    def wait(self, button_is_free: Callable[[], bool]) -> None:
        """Wait until another try makes sense. Only a start after a refused one waits.

        ``button_is_free`` is asked now and then, if the button's pin was what could not be had.
        """
        if self._note is None or not self._note.exists():
            return
        with suppress(OSError, ValueError):
            self._before = json.loads(self._note.read_text(encoding="utf-8"))
        with suppress(OSError):
            self._note.unlink()  # killed from here on, the next start is at once
        self._tell_systemd(self._before.get("problems", []))
        left = self._before.get("pause", 0.0)
        try_at = left - TRY_BUTTON_EVERY_S if self._before.get("of_button") else -LOOK_EVERY_S
        while left > 0 and self._files() == self._before["files"]:
            if left <= try_at:
                if button_is_free():
                    return
                try_at = left - TRY_BUTTON_EVERY_S
            if left % (STARTING_S / 3) < LOOK_EVERY_S:
                self._tell_systemd(self._before["problems"])
            self._sleep(LOOK_EVERY_S)
            left -= LOOK_EVERY_S

    def refuse(self, what: str, problems: list[str], of_button: bool = False) -> None:
        """Report why this start failed, and note it. ``of_button``: its pin cannot be had."""
        from outcry.daemon.journal import Entry, Journal
        from outcry.daemon.service.systemd import journal_sink

        self._tell_systemd(problems)
        if self._note is None or not os.environ.get("JOURNAL_STREAM"):
            print(what, *(f"  {problem}" for problem in problems), sep="\n", file=sys.stderr)
        else:
            journal = Journal(journal_sink())
            for problem in problems:
                journal.tell(Entry.NOT_ARMED, detail=f"{what} {problem}")
        if self._note is not None:
            known = problems == self._before.get("problems")
            before = self._before.get("pause", 0.5) if known else 0.5
            pause = min(2 * before, LONGEST_WITHOUT_BUTTON_S if of_button else LONGEST_S)
            note = {"problems": problems, "pause": pause, "files": self._files()}
            with suppress(OSError):  # then the next start is simply at once
                self._note.write_text(json.dumps(note | {"of_button": of_button}), encoding="utf-8")

    def _tell_systemd(self, problems: list[str]) -> None:
        from outcry import systemd  # late: most starts have nothing to say here

        status = f"{NOT_ARMED}: {'; '.join(problems)}"
        systemd.notify(STATUS=status, EXTEND_TIMEOUT_USEC=f"{STARTING_S * 1e6:.0f}")

    def _files(self) -> list[list[int]]:
        """When the files that a person would repair were last changed, or given to somebody else."""
        from outcry.daemon.messages.identity import FILE_NAME as ENROLMENT

        found = []
        for path in (self._config, Path(os.environ.get("STATE_DIRECTORY", "")) / ENROLMENT):
            try:
                seen = path.stat()
                found.append([seen.st_ctime_ns, seen.st_size, seen.st_ino])
            except OSError:
                found.append([])
        return found
