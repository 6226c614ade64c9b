"""The outbox: what has to leave this device, written and synced before any of it is sent.

SQLite in WAL mode with ``synchronous=FULL``: a commit that returned survives a
power cut. On the card there is only what the card may reveal: sealed reports,
receipt tokens, contact indexes, template names, outcomes. No position, text,
name or number.

Everything is also held in memory, and memory leads: a card that refuses to
write (full, worn out, read-only) is told about, and the alarm goes on without
it. What could not be written is tried again with the next step.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from outcry.daemon.alarm import Alarm, State
from outcry.report import AlarmKind

COUNTER_BLOCK = 65_536  # one write a start reserves numbers for years of reports
LAYOUT = 1  # of the tables below; it rises with every change to them
LOCK_LIMIT_S = 0.5  # somebody else's lock on the file; an alarm does not wait for it longer
REMEMBERED = 50  # closed texts and answered reports: their receipts and outcomes may come late
HQ = 0  # a text's recipient: HQ, or a contact's number in the enrolment, from 1

_SCHEMA = f"""
PRAGMA user_version = {LAYOUT};
CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 1), reserved INTEGER);
CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), device INTEGER);
CREATE TABLE IF NOT EXISTS alarm (
    id INTEGER PRIMARY KEY, kind INTEGER, state TEXT, next_sequence INTEGER, to_be_answered INTEGER
);
CREATE TABLE IF NOT EXISTS report (
    counter INTEGER PRIMARY KEY, alarm INTEGER, sequence INTEGER,
    sealed BLOB, token BLOB, answered INTEGER
);
CREATE TABLE IF NOT EXISTS text (
    id INTEGER PRIMARY KEY, counter INTEGER, recipient INTEGER, template TEXT, outcome TEXT
);
"""


class TextOutcome(Enum):
    """What is known of one text; the value is what the card stores."""

    OPEN = "open"
    UNDER_WAY = "under way"  # with a modem that can send it: if the power goes now, it is lost
    MAYBE_SENT = "maybe sent"  # its outcome was lost once: it is sent once more, same words
    UNDER_WAY_AGAIN = "under way again"
    GIVEN = "given"  # the network took it
    UNKNOWN = "unknown"  # lost twice
    SUPERSEDED = "superseded"  # it was under way when a newer one said more


_ONCE_LOST = (TextOutcome.MAYBE_SENT, TextOutcome.UNDER_WAY_AGAIN)
_OPEN = (TextOutcome.OPEN, TextOutcome.UNDER_WAY, *_ONCE_LOST)


@dataclass(frozen=True)
class StoredReport:
    """A sealed report and whether HQ has answered it."""

    counter: int
    alarm: int
    sequence: int
    sealed: bytes
    token: bytes
    answered: bool = False


@dataclass(frozen=True)
class StoredText:
    """An SMS to be sent: which report it tells of, to whom, by which template."""

    id: int
    counter: int
    recipient: int
    template: str
    outcome: TextOutcome = TextOutcome.OPEN

    @property
    def is_open(self) -> bool:
        """Whether it still has to be sent."""
        return self.outcome in _OPEN

    def begun(self) -> StoredText:
        """The text, now that it is with a modem that can send it."""
        again = self.outcome in _ONCE_LOST
        outcome = TextOutcome.UNDER_WAY_AGAIN if again else TextOutcome.UNDER_WAY
        return replace(self, outcome=outcome)

    def lost(self) -> StoredText:
        """The text, now that its outcome was lost: once, and it is sent again; twice is enough."""
        again = self.outcome in _ONCE_LOST
        return replace(self, outcome=TextOutcome.UNKNOWN if again else TextOutcome.MAYBE_SENT)

    def refused(self) -> StoredText:
        """The text, now that it is known not to have left this time."""
        again = self.outcome in _ONCE_LOST
        return replace(self, outcome=TextOutcome.MAYBE_SENT if again else TextOutcome.OPEN)


class _OfAnotherDevice(Exception):
    """The file was written under another enrolment."""


class Outbox:
    """The device's only durable memory. One thread uses it.

    ``on_fault(reason)`` is told when the card cannot be used; the outbox goes on in memory.
    """

    def __init__(
        self,
        path: Path,
        on_fault: Callable[[str], None],
        device: int = 0,
        counter_after_damage: int = 0,
    ) -> None:
        """``device`` is whose reports these are, 0 if there is no HQ. A file of another device is
        set aside: its alarm is another wearer's. ``counter_after_damage`` is where counting goes
        on if the card has lost count; it should be above all that HQ has seen."""
        self._path = path
        self._on_fault = on_fault
        self._device = device
        self._database: sqlite3.Connection | None = None
        self._dirty: dict[tuple[str, int], tuple[str, tuple[object, ...]]] = {}
        self._next_counter = 0
        self._reserved = 0
        self._last_text = 0
        self.alarm = Alarm()
        self.reports: dict[int, StoredReport] = {}
        self.texts: dict[int, StoredText] = {}
        try:
            self._open(read=True)
        except sqlite3.OperationalError as error:  # the card, not the file
            self._drop(error)
            self._read_copy()
            self._next_counter = self._next_counter or counter_after_damage
        except _OfAnotherDevice:
            self._set_aside("is another device's", "other")
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            self._set_aside(f"cannot be read whole ({type(error).__name__})", "damaged")
            self._next_counter = self._next_counter or counter_after_damage
            self._put_all()
        if device:
            self._put("owner", 1, (1, device))
        self._reserve_counters()

    @property
    def durable(self) -> bool:
        """Whether all that is known here is on the card."""
        return self._database is not None and not self._dirty

    @contextmanager
    def step(self) -> Iterator[None]:
        """Change things inside; on leaving they are on the card, synced, or a fault was told."""
        yield
        self._write()
        self._forget()

    def take_counter(self) -> int:
        """A number no message of this device has had before."""
        if self._next_counter >= self._reserved:
            self._reserve_counters()
        counter = self._next_counter
        self._next_counter += 1
        return counter & 0xFFFFFFFF

    def save_alarm(self, alarm: Alarm) -> None:
        """Keep the alarm's state; its timers begin anew after a restart."""
        stored = (alarm.id, alarm.kind, alarm.state, alarm.next_sequence, alarm.to_be_answered)
        before = self.alarm
        self.alarm = alarm
        if alarm.state is State.IDLE or stored == (
            before.id,
            before.kind,
            before.state,
            before.next_sequence,
            before.to_be_answered,
        ):
            return
        self._put_alarm()

    def _put_alarm(self) -> None:
        alarm = self.alarm
        self._put(
            "alarm",
            alarm.id,
            (
                alarm.id,
                int(alarm.kind),
                alarm.state.value,
                alarm.next_sequence,
                alarm.to_be_answered,
            ),
        )

    def add_report(self, report: StoredReport) -> None:
        """Keep a sealed report to be sent."""
        self.reports[report.counter] = report
        self._put(
            "report",
            report.counter,
            (
                report.counter,
                report.alarm,
                report.sequence,
                report.sealed,
                report.token,
                int(report.answered),
            ),
        )

    def answer_report(self, report: StoredReport) -> None:
        """HQ has this report: it need not be sent again."""
        self.add_report(replace(report, answered=True))

    def add_text(
        self, counter: int, recipient: int, template: str, under_way: int | None = None
    ) -> StoredText:
        """Keep a text to be sent. An open one of this kind to this recipient is brought up to date
        in its place in line, so that round on round keeps nobody waiting; one that is
        ``under_way`` (its id) cannot be any more, and the new one goes to the end."""
        place = self._last_text + 1
        for text in self.open_texts():
            if (text.recipient, text.template) == (recipient, template):
                if text.id == under_way:
                    self.set_text(replace(text, outcome=TextOutcome.SUPERSEDED))
                else:
                    place = text.id
        self._last_text = max(self._last_text, place)
        text = StoredText(place, counter, recipient, template)
        self.set_text(text)
        return text

    def set_text(self, text: StoredText) -> None:
        """Keep what is now known of a text."""
        self.texts[text.id] = text
        self._put(
            "text",
            text.id,
            (text.id, text.counter, text.recipient, text.template, text.outcome.value),
        )

    def unanswered(self) -> list[StoredReport]:
        """Reports HQ has not answered, newest first."""
        return [
            report
            for _, report in sorted(self.reports.items(), reverse=True)
            if not report.answered
        ]

    def open_texts(self) -> list[StoredText]:
        """Texts still to be sent, in order: those that may have left already come last."""
        waiting = (text for text in self.texts.values() if text.is_open)
        return sorted(waiting, key=lambda text: (text.outcome in _ONCE_LOST, text.id))

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._dirty:
            self._write()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self, read: bool) -> None:
        database = sqlite3.connect(
            self._path, timeout=LOCK_LIMIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            if read:
                self._check_layout(database)
            database.executescript(_SCHEMA)
            if read:
                self._load(database)
        except BaseException:
            database.close()
            raise
        self._database = database

    def _check_layout(self, database: sqlite3.Connection) -> None:
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):  # 0: the file is new
            self._load(database)
            raise ValueError("the outbox has another layout")

    def _read_copy(self) -> None:
        """A card that has gone read-only can still say which alarm is open."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                for file in self._path.parent.glob(f"{self._path.name}*"):
                    shutil.copy(file, folder)
                with closing(sqlite3.connect(Path(folder) / self._path.name)) as database:
                    database.executescript(_SCHEMA)
                    self._load(database)
        except Exception as error:  # noqa: BLE001 - the card is broken; the button is watched
            self._on_fault(f"the outbox cannot be read either ({type(error).__name__})")

    def _load(self, database: sqlite3.Connection) -> None:
        for (reserved,) in database.execute("SELECT reserved FROM counter"):
            self._next_counter = self._reserved = int(reserved)
        for (device,) in database.execute("SELECT device FROM owner"):
            if self._device not in (0, device):
                raise _OfAnotherDevice
        newest = "SELECT alarm FROM report ORDER BY counter DESC LIMIT 1"
        for id_, kind, state, next_sequence, to_be_answered in database.execute(
            f"SELECT * FROM alarm WHERE id = ({newest})"
        ):
            self.alarm = Alarm(
                state=State(state),
                id=id_,
                kind=AlarmKind(kind),
                next_sequence=next_sequence,
                to_be_answered=to_be_answered,
            )
        for counter, alarm, sequence, sealed, token, answered in database.execute(
            f"SELECT * FROM report WHERE alarm = ({newest})"
        ):
            self.reports[counter] = StoredReport(
                counter, alarm, sequence, sealed, token, bool(answered)
            )
        for id_, counter, recipient, template, outcome in database.execute("SELECT * FROM text"):
            self._last_text = max(self._last_text, id_)
            if counter in self.reports:
                text = StoredText(id_, counter, recipient, template, TextOutcome(outcome))
                if text.outcome in (TextOutcome.UNDER_WAY, TextOutcome.UNDER_WAY_AGAIN):
                    self.set_text(text.lost())
                else:
                    self.texts[id_] = text
        self._forget()

    def _forget(self) -> None:
        """Let go of what is over, but for the newest: an alarm may last for weeks."""
        closed = [text.id for text in self.texts.values() if not text.is_open]
        for id_ in sorted(closed)[:-REMEMBERED]:
            del self.texts[id_]
        needed = {text.counter for text in self.texts.values() if text.is_open}
        answered = [report.counter for report in self.reports.values() if report.answered]
        for counter in sorted(answered)[:-REMEMBERED]:
            if counter not in needed:
                del self.reports[counter]

    def _set_aside(self, why: str, name: str) -> None:
        """A file of no use must not keep the next alarm from the card."""
        self._on_fault(f"the outbox {why}; it is set aside and a new one is begun")
        for suffix in ("", "-wal", "-shm"):
            useless = self._path.with_name(self._path.name + suffix)
            try:
                useless.replace(useless.with_name(f"{name}-{useless.name}"))
            except FileNotFoundError:
                continue
            except OSError as error:
                self._on_fault(f"the old outbox cannot be moved ({type(error).__name__})")

    def _put_all(self) -> None:
        """What could still be read of a damaged file belongs into the new one."""
        if self.alarm.state is not State.IDLE:
            self._put_alarm()
        for report in self.reports.values():
            self.add_report(report)
        for text in self.texts.values():
            self.set_text(text)

    def _reserve_counters(self) -> None:
        self._next_counter = max(self._next_counter, self._reserved)
        self._reserved = self._next_counter + COUNTER_BLOCK
        self._put("counter", 1, (1, self._reserved))
        self._write()

    def _put(self, table: str, key: int, row: tuple[object, ...]) -> None:
        marks = ", ".join("?" * len(row))
        self._dirty[table, key] = (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)

    def _write(self) -> None:
        if not self._dirty:
            return
        try:
            if self._database is None:
                self._open(read=False)  # memory leads
            assert self._database is not None
            self._database.execute("BEGIN IMMEDIATE")
            for statement, row in self._dirty.values():
                self._database.execute(statement, row)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            self._drop(error)
            return
        self._dirty.clear()

    def _drop(self, error: Exception) -> None:
        """After a failed sync nothing about the old handle can be believed: begin with a new one."""
        self._on_fault(f"the card cannot be written ({type(error).__name__})")
        if self._database is not None:
            self._database.close()
            self._database = None
