"""The card: the outbox's file, opened, checked, read, written, and set aside when it is of no use.

SQLite in WAL mode with ``synchronous=FULL``: a commit that returned survives a
power cut. A card that refuses (full, worn out, read-only) is told about and
tried again with the next write.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from outcry.daemon.alarm import Alarm, State
from outcry.daemon.stored import StoredReport, StoredText, TextOutcome
from outcry.report import AlarmKind

LAYOUT = 1  # of the tables below; it rises with every change to one of them, not with a new one
LOCK_LIMIT_S = 0.5  # somebody else's lock on the file; an alarm does not wait for it longer

_SCHEMA = f"""
PRAGMA user_version = {LAYOUT};
CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 1), reserved INTEGER);
CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), device INTEGER);
CREATE TABLE IF NOT EXISTS alarm (
    id INTEGER PRIMARY KEY, kind INTEGER, state TEXT, next_sequence INTEGER, to_be_answered INTEGER
);
CREATE TABLE IF NOT EXISTS withdrawn (alarm INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS report (
    counter INTEGER PRIMARY KEY, alarm INTEGER, sequence INTEGER,
    sealed BLOB, token BLOB, answered INTEGER
);
CREATE TABLE IF NOT EXISTS text (
    id INTEGER PRIMARY KEY, counter INTEGER, recipient INTEGER, template TEXT, outcome TEXT
);
"""

Change = tuple[str, tuple[object, ...]]  # a statement and its values


@dataclass
class Found:
    """What a card held: the newest alarm, and what HQ has not answered of those before it.

    ``damaged``: there may have been more.
    """

    reserved: int = 0
    alarm: Alarm = field(default_factory=Alarm)
    reports: dict[int, StoredReport] = field(default_factory=dict)
    texts: dict[int, StoredText] = field(default_factory=dict)
    last_text: int = 0
    damaged: bool = False


class _OfAnotherDevice(Exception):
    """The file was written under another enrolment."""


class Card:
    """One file. ``on_fault(reason)`` is told when it cannot be used; nothing here raises for it."""

    def __init__(self, path: Path, on_fault: Callable[[str], None], device: int) -> None:
        self._path = path
        self._on_fault = on_fault
        self._device = device
        self._database: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether the file can be written, as far as is known."""
        return self._database is not None

    def read(self) -> Found:
        """All that can be read. A file of no use must not keep the next alarm from the card."""
        found = Found()
        try:
            self._open(found)
        except sqlite3.OperationalError as error:  # the card, not the file
            self._drop(error)
            self._read_copy(found)
            found.damaged = True
        except _OfAnotherDevice:
            self._set_aside("is another device's", "other")
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            self._set_aside(f"cannot be read whole ({type(error).__name__})", "damaged")
            found.damaged = True
        return found

    def write(self, changes: Iterable[Change]) -> bool:
        """Make all these changes, synced, or none: then False, and the next try is with a new handle."""
        try:
            if self._database is None:
                self._open(None)
            assert self._database is not None
            self._database.execute("BEGIN IMMEDIATE")
            for statement, values in changes:
                self._database.execute(statement, values)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            self._drop(error)
            return False
        return True

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self, found: Found | None) -> None:
        """Open the file, and read it into ``found`` if that is wanted."""
        database = sqlite3.connect(
            self._path, timeout=LOCK_LIMIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            if found is not None:
                self._check_layout(database, found)
            database.executescript(_SCHEMA)
            if found is not None:
                self._load(database, found)
        except BaseException:
            database.close()
            raise
        self._database = database

    def _check_layout(self, database: sqlite3.Connection, found: Found) -> None:
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):  # 0: the file is new
            self._load(database, found)
            raise ValueError("the outbox has another layout")

    def _load(self, database: sqlite3.Connection, found: Found) -> None:
        """Read all that matters; what was read before something failed stays found."""
        for (reserved,) in database.execute("SELECT reserved FROM counter"):
            found.reserved = int(reserved)
        for (device,) in database.execute("SELECT device FROM owner"):
            if self._device not in (0, device):
                raise _OfAnotherDevice
        newest = "SELECT alarm FROM report ORDER BY counter DESC LIMIT 1"
        for id_, kind, state, next_sequence, to_be_answered in database.execute(
            f"SELECT * FROM alarm WHERE id = ({newest})"
        ):
            found.alarm = Alarm(
                state=State(state),
                id=id_,
                kind=AlarmKind(kind),
                next_sequence=next_sequence,
                to_be_answered=to_be_answered,
                withdrawn=self._is_withdrawn(database, id_),
            )
        for counter, alarm, sequence, sealed, token, answered in database.execute(
            f"SELECT * FROM report WHERE alarm = ({newest}) OR NOT answered"
        ):
            found.reports[counter] = StoredReport(
                counter, alarm, sequence, sealed, token, bool(answered)
            )
        for id_, counter, recipient, template, outcome in database.execute("SELECT * FROM text"):
            found.last_text = max(found.last_text, id_)
            if counter in found.reports:
                found.texts[id_] = StoredText(
                    id_, counter, recipient, template, TextOutcome(outcome)
                )

    def _is_withdrawn(self, database: sqlite3.Connection, alarm: int) -> bool:
        known = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'withdrawn'")
        if known.fetchone() is None:  # a file from before there were withdrawals
            return False
        found = database.execute("SELECT 1 FROM withdrawn WHERE alarm = ?", (alarm,))
        return found.fetchone() is not None

    def _read_copy(self, found: Found) -> None:
        """A card that has gone read-only can still say which alarm is open."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                for file in self._path.parent.glob(f"{self._path.name}*"):
                    shutil.copy(file, folder)
                with closing(sqlite3.connect(Path(folder) / self._path.name)) as database:
                    database.executescript(_SCHEMA)
                    self._load(database, found)
        except Exception as error:  # noqa: BLE001 - the card is broken; the button is watched
            self._on_fault(f"the outbox cannot be read either ({type(error).__name__})")

    def _set_aside(self, why: str, name: str) -> None:
        self._on_fault(f"the outbox {why}; it is set aside and a new one is begun")
        for suffix in ("", "-wal", "-shm"):
            useless = self._path.with_name(self._path.name + suffix)
            try:
                useless.replace(useless.with_name(f"{name}-{useless.name}"))
            except FileNotFoundError:
                continue
            except OSError as error:
                self._on_fault(f"the old outbox cannot be moved ({type(error).__name__})")

    def _drop(self, error: Exception) -> None:
        """After a failed sync nothing about the old handle can be believed: begin with a new one."""
        self._on_fault(f"the card cannot be written ({type(error).__name__})")
        self.close()
