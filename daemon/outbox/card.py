"""The card: the outbox's file, opened, checked, read, written, and set aside if it is damaged.

SQLite in WAL mode with ``synchronous=FULL``: a commit that returned survives a
power cut. A card that refuses (full, worn out, read-only) is reported and tried
again with the next write. What it lacks meanwhile is kept in the runtime
directory, where a restart of the service finds it.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from outcry.daemon.alarm.model import Alarm, State
from outcry.daemon.outbox.private_files import of_others, write_whole
from outcry.daemon.outbox.stored import StoredReport, StoredText, TextOutcome
from outcry.hw.system_errors import told
from outcry.report import AlarmKind

LAYOUT = 2  # of the tables below; raised with every change to them
SYNCHRONOUS = "FULL"  # a commit that returned is on the card
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR_SHORT_READ)
LOCK_LIMIT_S = 0.5  # how long an alarm waits for another program's lock on the file

_SCHEMA = f"""
PRAGMA user_version = {LAYOUT};
CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 1), reserved INTEGER);
CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), device INTEGER);
CREATE TABLE IF NOT EXISTS alarm (
    id INTEGER PRIMARY KEY, kind INTEGER, state TEXT, next_sequence INTEGER,
    to_be_answered INTEGER, withdrawn INTEGER, withdrawals TEXT
);
CREATE TABLE IF NOT EXISTS report (
    counter INTEGER PRIMARY KEY, alarm INTEGER, sequence INTEGER,
    sealed BLOB, token BLOB, answered INTEGER, position INTEGER
);
CREATE TABLE IF NOT EXISTS text (
    id INTEGER PRIMARY KEY, counter INTEGER, recipient INTEGER, template TEXT, outcome TEXT,
    sends INTEGER, later INTEGER
);
"""
# An alarm may be open during an upgrade. What the network had taken by then is not sent again.
_UPGRADES = {
    1: """
ALTER TABLE alarm ADD COLUMN withdrawn INTEGER DEFAULT 0;
ALTER TABLE alarm ADD COLUMN withdrawals TEXT DEFAULT '';
ALTER TABLE report ADD COLUMN position INTEGER DEFAULT 0;
ALTER TABLE text ADD COLUMN sends INTEGER DEFAULT 0;
ALTER TABLE text ADD COLUMN later INTEGER DEFAULT 0;
UPDATE text SET sends = 1 WHERE outcome IN ('under way', 'maybe sent');
UPDATE text SET sends = 2 WHERE outcome IN ('under way again', 'unknown', 'given');
UPDATE text SET outcome = 'under way' WHERE outcome = 'under way again';
UPDATE text SET outcome = 'sent' WHERE outcome = 'given';
"""
}

FileId = tuple[int, int]  # of its file system, and in that
Change = tuple[str, tuple[object, ...]]  # a statement and its values


@dataclass
class Found:
    """What was on the card: the newest alarm, and all that HQ has not answered.

    ``damaged``: there may have been more, another device's as well.
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
    """One file. If it cannot be used, ``on_fault(reason)`` is called and nothing raises."""

    def __init__(
        self, path: Path, on_fault: Callable[[str], None], device: int, lacks: Path
    ) -> None:
        """``lacks``: the file for what the card does not take."""
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._lacks = lacks
        self._on_fault = on_fault
        self._device = device
        self.database: sqlite3.Connection | None = None
        self._opened: tuple[FileId | None, FileId | None] | None = None
        self.is_set_aside = False
        """Whether the next write begins a new file."""
        self.trouble = ""
        """Whose the files are, if that is why they cannot be written, and what to do."""

    @property
    def is_open(self) -> bool:
        """Whether the file can be written, as far as is known."""
        return self.database is not None

    def read(self) -> Found:
        """All that can be read. A damaged file must not keep the next alarm off the card."""
        found = Found()
        try:
            self._open(found)
        except _OfAnotherDevice:
            self._set_aside("is another device's", "other")
            self._lacks.unlink(missing_ok=True)
            found.damaged = True
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            found.damaged = True
            if _is_of_the_card(error):
                self._drop(error)
                self._read_copy(found)
            else:
                self._set_aside(f"cannot be read whole ({told(error)})", "damaged")
                self._read_lacking(found)
        return found

    def _read_lacking(self, found: Found) -> None:
        """What a file that cannot be read was still owed may be all of the newest alarm."""
        try:
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
                database.executescript(_SCHEMA)
                _make(database, self._lacking())
                self._load(database, found)
        except (_OfAnotherDevice, sqlite3.Error, ValueError, TypeError) as error:
            self._on_fault(f"what the outbox lacked cannot be read ({told(error)})")
            self._lacks.unlink(missing_ok=True)

    def is_lost(self) -> bool:
        """Whether the file written last, or its log, has lost its name, into which SQLite would write
        on; it is closed. A failed write closes it as well, and it may be exchanged meanwhile."""
        if self._opened is None or None in (named := self._named()):
            return False
        if named == self._opened if self.is_open else named[0] == self._opened[0]:
            return False
        self._on_fault("the outbox was removed or replaced; all that is known is written again")
        self.close()
        if named[1] == self._opened[1]:  # it would be read into the file that has the name now
            self._log.unlink(missing_ok=True)
        self._opened = None
        return True

    def _named(self) -> tuple[FileId | None, FileId | None]:
        """Which files have the name and its log's; zeros: none has, None: that cannot be seen."""
        return _file_id(self._path), _file_id(self._log)

    def write(self, changes: Iterable[Change]) -> bool:
        """Make all these changes, synced, or none; then False, and the next try opens the file again.

        That may be another file, even an empty one: all that is known has to be among them then.
        """
        try:
            if self.database is None:
                self._open(None)
            assert self.database is not None
            _make(self.database, changes)
            self._lacks.unlink(missing_ok=True)
        except _OfAnotherDevice:
            self._set_aside("is another device's", "other")
            return False
        except (sqlite3.Error, OSError) as error:
            self._drop(error)
            if getattr(error, "sqlite_errorcode", None) in DAMAGED:
                self._set_aside(f"cannot be written ({told(error)})", "damaged")
            return False
        return True

    def keep(self, changes: Iterable[Change]) -> None:
        """Keep what the card has not taken where a restart of the service finds it."""
        owed = json.dumps(list(changes), default=lambda raw: {"": raw.hex()})
        try:
            write_whole(self._lacks, owed)
        except OSError as worse:
            self._on_fault(f"a restart of the service would lose it ({type(worse).__name__})")

    def _lacking(self) -> list[Change]:
        """What an earlier start could not write."""
        with suppress(OSError, ValueError):
            text, raw = self._lacks.read_text(), lambda found: bytes.fromhex(found[""])
            return [(statement, values) for statement, values in json.loads(text, object_hook=raw)]
        return []

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self.database is not None:
            self.database.close()
            self.database = None

    def _open(self, found: Found | None) -> None:
        """Open the file, and read it into ``found`` if one is given."""
        database = sqlite3.connect(
            self._path, timeout=LOCK_LIMIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
            _upgrade(database)
            if found is not None:
                self._check_layout(database, found)
            database.executescript(_SCHEMA)
            if found is None:
                self._check_owner(database)
            else:
                _make(database, self._lacking())
                self._load(database, found)
        except BaseException:
            database.close()
            raise
        self.database, self._opened = database, self._named()
        self.trouble, self.is_set_aside = "", False

    def _check_layout(self, database: sqlite3.Connection, found: Found) -> None:
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):  # 0: the file is new
            self._load(database, found)
            raise ValueError("the outbox has another layout")

    def _check_owner(self, database: sqlite3.Connection) -> None:
        for (device,) in database.execute("SELECT device FROM owner"):
            if self._device not in (0, device):
                raise _OfAnotherDevice

    def _load(self, database: sqlite3.Connection, found: Found) -> None:
        """What was read before a failure stays in ``found``."""
        for (reserved,) in database.execute("SELECT reserved FROM counter"):
            found.reserved = max(found.reserved, int(reserved))
        self._check_owner(database)
        newest = "SELECT alarm FROM report ORDER BY counter DESC LIMIT 1"
        open_ = f"SELECT * FROM alarm WHERE id = ({newest}) AND state != '{State.IDLE.value}'"
        for id_, kind, state, next_sequence, to_be_answered, *codes in database.execute(open_):
            found.alarm = Alarm(
                state=State(state),
                id=id_,
                kind=AlarmKind(kind),
                next_sequence=next_sequence,
                to_be_answered=to_be_answered,
            )
            if codes:  # none in a damaged file of the first layout
                withdrawn, withdrawals = bool(codes[0]), tuple(map(int, codes[1].split()))
                found.alarm = replace(found.alarm, withdrawn=withdrawn, withdrawals=withdrawals)
        kept = f"SELECT * FROM report WHERE answered = 0 OR alarm = ({newest}) ORDER BY counter"
        for counter, alarm, sequence, sealed, token, answered, *position in database.execute(kept):
            found.reports[counter] = StoredReport(
                counter, alarm, sequence, sealed, token, bool(answered), position == [1]
            )
        texts = database.execute("SELECT * FROM text")
        for id_, counter, recipient, template, outcome, sends, later in texts:
            found.last_text = max(found.last_text, id_)
            if counter in found.reports:
                found.texts[id_] = StoredText(
                    id_, counter, recipient, template, TextOutcome(outcome), sends, bool(later)
                )

    def _read_copy(self, found: Found) -> None:
        """A card that has become read-only can still say which alarm is open."""
        try:
            with tempfile.TemporaryDirectory(dir=self._lacks.parent) as folder:
                for file in self._path.parent.glob(f"{self._path.name}*"):
                    shutil.copy(file, folder)
                with closing(sqlite3.connect(Path(folder) / self._path.name)) as database:
                    _upgrade(database)
                    database.executescript(_SCHEMA)
                    _make(database, self._lacking())
                    self._load(database, found)
        except Exception as error:  # noqa: BLE001 - the card is broken; the button is watched
            self._on_fault(f"the outbox cannot be read either ({told(error)})")

    def _set_aside(self, why: str, name: str) -> None:
        self._on_fault(f"the outbox {why}; it is set aside, and a new one is started")
        self._opened, self.is_set_aside = None, True
        for suffix in ("", "-wal", "-shm"):
            useless = self._path.with_name(self._path.name + suffix)
            try:
                useless.replace(useless.with_name(f"{name}-{useless.name}"))
            except FileNotFoundError:
                continue
            except OSError as error:
                self._on_fault(f"the old outbox cannot be moved ({told(error)})")

    def _drop(self, error: Exception) -> None:
        """After a failed sync the old connection cannot be trusted: start with a new one."""
        self.trouble = of_others(self._path)
        self._on_fault(self.trouble or f"the card cannot be written ({told(error)})")
        self.close()


def _file_id(path: Path) -> FileId | None:
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return 0, 0
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make(database: sqlite3.Connection, changes: Iterable[Change]) -> None:
    """Make all these changes, or none."""
    database.execute("BEGIN IMMEDIATE")
    for statement, values in changes:
        database.execute(statement, values)
    database.execute("COMMIT")


def _upgrade(database: sqlite3.Connection) -> None:
    """Bring a file of an earlier layout up to date; if it is damaged, change nothing."""
    (layout,) = database.execute("PRAGMA user_version").fetchone()
    if layout not in _UPGRADES:
        return
    try:
        changes = _UPGRADES[layout]
        database.executescript(f"BEGIN; {changes} PRAGMA user_version = {LAYOUT}; COMMIT")
    except sqlite3.OperationalError as error:  # closing undoes what was begun
        if _is_of_the_card(error):
            raise


def _is_of_the_card(error: Exception) -> bool:
    """Whether the card is locked, read-only, full or broken, and the file itself is not damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    is_of_file = code in (sqlite3.SQLITE_ERROR, *DAMAGED)
    return isinstance(error, sqlite3.OperationalError) and not is_of_file
