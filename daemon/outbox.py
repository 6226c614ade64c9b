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

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from outcry.daemon.alarm import Alarm, State
from outcry.report import AlarmKind

COUNTER_BLOCK = 65_536  # one write a start reserves numbers for years of reports
HQ = 0  # a text's recipient: HQ, or a contact's number in the enrolment, from 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 1), reserved INTEGER);
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
    MAYBE_SENT = "maybe sent"  # its outcome was lost once: it is sent once more, same words
    GIVEN = "given"  # the network took it
    UNKNOWN = "unknown"  # lost twice
    SUPERSEDED = "superseded"  # a newer text says more


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
        return self.outcome in (TextOutcome.OPEN, TextOutcome.MAYBE_SENT)


class Outbox:
    """The device's only durable memory. One thread uses it.

    ``on_fault(reason)`` is told when the card cannot be used; the outbox goes on in memory.
    """

    def __init__(self, path: Path, on_fault: Callable[[str], None]) -> None:
        self._path = path
        self._on_fault = on_fault
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
        except (sqlite3.DatabaseError, ValueError) as error:
            self._set_aside(error)
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

    def answer_report(self, counter: int) -> None:
        """HQ has this report: it need not be sent again."""
        self.add_report(replace(self.reports[counter], answered=True))

    def add_text(self, counter: int, recipient: int, template: str) -> StoredText:
        """Keep a text to be sent; an open one of this kind to this recipient is superseded."""
        for text in list(self.texts.values()):
            if text.is_open and (text.recipient, text.template) == (recipient, template):
                self.set_text(replace(text, outcome=TextOutcome.SUPERSEDED))
        self._last_text += 1
        text = StoredText(self._last_text, counter, recipient, template)
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
        """Texts still to be sent, in the order they were written."""
        return [text for _, text in sorted(self.texts.items()) if text.is_open]

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._dirty:
            self._write()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self, read: bool) -> None:
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.executescript(_SCHEMA)
            if read:
                self._load(database)
        except BaseException:
            database.close()
            raise
        self._database = database

    def _load(self, database: sqlite3.Connection) -> None:
        for (reserved,) in database.execute("SELECT reserved FROM counter"):
            self._next_counter = self._reserved = reserved
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
                self.texts[id_] = StoredText(
                    id_, counter, recipient, template, TextOutcome(outcome)
                )

    def _set_aside(self, error: Exception) -> None:
        """A damaged file must not keep the next alarm from the card."""
        self._on_fault(f"the outbox cannot be read ({type(error).__name__}); a new one is begun")
        self.alarm, self.reports, self.texts = Alarm(), {}, {}
        for suffix in ("", "-wal", "-shm"):
            damaged = self._path.with_name(self._path.name + suffix)
            try:
                damaged.replace(damaged.with_name(f"damaged-{damaged.name}"))
            except FileNotFoundError:
                continue
            except OSError as reason:
                self._on_fault(f"the damaged outbox cannot be moved ({type(reason).__name__})")

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
