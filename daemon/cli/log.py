"""``outcry log``: what happened, one line for each event, read from the journal.

Only entries written by the daemon's journal module are shown, and systemd's about
the service: neither can hold a position, a number, a name or a key. All else that
the unit wrote is left out.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outcry.daemon.journal import Entry
from outcry.hw import sms_errors

UNIT = "outcry.service"
_ENTRIES = {entry.message_id: entry for entry in Entry}
_DETAILS = ("OUTCRY_STATE", "OUTCRY_PATH", "OUTCRY_RECIPIENT", "OUTCRY_COUNT")  # as a Line has them
_FIELDS = ("MESSAGE", "MESSAGE_ID", "_PID", "OUTCRY_ALARM", *_DETAILS)
SYSTEMD = "systemd"  # in place of an entry's name


class NoJournal(Exception):
    """The journal cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class Line:
    """One thing that happened, at ``at`` (Unix seconds); of ``alarm``, or of none."""

    at: float
    entry: str
    words: str
    alarm: str = ""
    state: str = ""
    path: str = ""
    recipient: str = ""
    count: str = ""

    def text(self) -> str:
        """For a person, in local time."""
        moment = datetime.fromtimestamp(self.at).strftime("%Y-%m-%d %H:%M:%S")
        line = f"{moment}  {self.alarm or '-':<8}  {self.words}"
        return f"{line}\n{'':<31}{self.why}" if self.why else line

    @property
    def why(self) -> str:
        """The reason the modem gave as a number, in words."""
        failed = self.entry == Entry.TEXT_FAILED.name
        return ": ".join(sms_errors.told(self.count)) if failed else ""

    def as_json(self) -> str:
        """One line of JSON, without fields that do not apply."""
        told = self.__dict__ | {"why": self.why}
        return json.dumps({key: value for key, value in told.items() if value})


def read(since: str | None) -> Iterator[str]:
    """The journal's lines about the service, as JSON. Raises :class:`NoJournal`.

    ``since`` is as ``journalctl --since`` takes it.
    """
    command = ["journalctl", f"--unit={UNIT}", "--output=json", "--quiet", "--no-pager"]
    command.append(f"--output-fields={','.join(_FIELDS)}")
    if since is not None:
        command.append(f"--since={since}")
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError:
        raise NoJournal(
            "there is no journalctl here: this system keeps no journal, and the service's lines are"
            " where its standard error went"
        ) from None
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        yield from process.stdout
        said = process.stderr.read().strip()
    if process.returncode:
        raise NoJournal(said or f"journalctl ended with {process.returncode}")


def lines(source: Iterable[str], everything: bool = False) -> Iterator[Line]:
    """The journal's lines that can be shown; heartbeats only with ``everything``."""
    for text in source:
        line = _line(text)
        if line is not None and (everything or line.entry != Entry.HEARTBEAT.name):
            yield line


def of_alarm(told: Iterable[Line], alarm: str) -> list[Line]:
    """The lines of an alarm, by the first letters of its id, and all others meanwhile."""
    known = list(told)
    places = [place for place, line in enumerate(known) if line.alarm.startswith(alarm.lower())]
    during = known[places[0] : places[-1] + 1] if places else []
    return [line for line in during if not line.alarm or line.alarm.startswith(alarm.lower())]


def _line(text: str) -> Line | None:
    try:
        fields = json.loads(text)
        at = int(fields["__REALTIME_TIMESTAMP"]) / 1e6
        words = fields["MESSAGE"]
        entry = _name(fields)
    except (ValueError, KeyError, TypeError):
        return None
    if entry is None or not isinstance(words, str):
        return None
    alarm, *details = (str(fields.get(name, "")) for name in ("OUTCRY_ALARM", *_DETAILS))
    if alarm:
        words = words.removeprefix(f"alarm {alarm}: ")
    return Line(at, entry, words, alarm, *details)


def _name(fields: dict[str, Any]) -> str | None:
    """Which entry it is; ``None`` if something else wrote it."""
    entry = _ENTRIES.get(fields.get("MESSAGE_ID", ""))
    if entry is not None:
        return entry.name
    return SYSTEMD if fields.get("_PID") == "1" else None
