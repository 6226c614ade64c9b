"""The responder's memory: every table, and the two ways to use them.

``write`` is one transaction, ``read`` one that sees a single moment. A receipt
is made only after ``write`` has returned: then it is on disk. On SQLite a
writer owns the database; on PostgreSQL it owns the alarms it has locked, and
``history.append`` locks the one it adds to.

A change to a table needs a step in ``migrations/versions``; a test compares them.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.functions import FunctionElement

from outcry.responder.settings import Settings
from outcry.responder.storage import migrations
from outcry.responder.storage.engine import BRIEFLY_S, BUSY_S, postgresql_engine, sqlite_engine

DATABASE = "responder.sqlite"
_LOCK = "responder.lock"
LARGEST_ID = 2**31 - 1  # what PostgreSQL's INTEGER holds

metadata = sa.MetaData()


WORKING = {"working": True}
"""The mark of a column that the service goes on changing, and that no case file shows."""


def _table(name: str, *columns: SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *columns)


# SQLite's integers hold 64 bits.
Unsigned32 = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

# PostgreSQL sorts as its locale does, unless it is told to go by the letters alone.
Sorted = sa.String().with_variant(sa.String(collation="C"), "postgresql")

wearer = _table(
    "wearer",
    sa.Column("device", Unsigned32, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("number", sa.String),
    sa.Column("psk", sa.LargeBinary, nullable=False),
    sa.Column("quorum", sa.Integer, nullable=False),
    sa.Column("enrolled_at", sa.Float, nullable=False),
    sa.Column("highest_counter", Unsigned32, info=WORKING),
    sa.Column("heard_at", sa.Float, info=WORKING),
    # How often the device beats, as the plan says; NULL: nobody minds its silence.
    sa.Column("heartbeat_s", sa.Float, server_default="600", info=WORKING),
    # When the silence watch looks for it next, in seconds listened (overdue.py); NULL: not by itself.
    sa.Column("due_at", sa.Float, info=WORKING),
    # The alarm of the silence that has not ended. No foreign key: it may be deleted before it ends.
    sa.Column("silence", sa.Integer, info=WORKING),
    # By what it is found, sorted and drawn: roll.py. When the last drill was (Unix seconds).
    sa.Column("sort_name", Sorted, info=WORKING),
    sa.Column("battery", sa.Integer, info=WORKING),
    sa.Column("low_battery", sa.Boolean, info=WORKING),
    sa.Column("latitude", sa.Float, info=WORKING),
    sa.Column("longitude", sa.Float, info=WORKING),
    sa.Column("drilled_at", sa.Float, info=WORKING),
    sa.Index("wearer_due", "due_at"),
    sa.Index("wearer_name", "sort_name", "device"),
    sa.Index("wearer_heard", "heard_at", "device"),
    sa.Index("wearer_battery", "battery", "device"),
    sa.Index("wearer_low", "low_battery", "device"),
    sa.Index("wearer_drilled", "drilled_at", "device"),
    sa.Index("wearer_place", "latitude", "longitude"),
)

wearer_word = _table(  # how the words of a wearer's name, device and number begin: roll.py
    "wearer_word",
    sa.Column("word", Sorted, primary_key=True),
    sa.Column("device", sa.ForeignKey("wearer.device", ondelete="CASCADE"), primary_key=True),
    sa.Index("wearer_word_device", "device"),
)

listening = _table(  # one row: since when HQ can be sure that it would have heard a device
    "listening",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("looked_at", sa.Float, nullable=False),  # Unix seconds
    sa.Column("deaf_s", sa.Float, nullable=False),  # of Unix time, while HQ did not listen
    sa.Column("since", sa.Float, nullable=False),  # in seconds listened
)

contact = _table(
    "contact",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("device", sa.ForeignKey("wearer.device"), nullable=False),
    sa.Column("number_in_list", sa.Integer, nullable=False),  # from 1, as printed at enrolment
    sa.Column("name", sa.String, nullable=False),
    sa.Column("number", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("pin_salt", sa.LargeBinary, nullable=False),
    sa.Column("pin_hash", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("device", "number_in_list"),
)

alarm = _table(
    "alarm",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("device", sa.ForeignKey("wearer.device"), nullable=False),
    sa.Column("device_alarm", Unsigned32, nullable=False),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("arrived_at", sa.Float, nullable=False),
    # When the workflow looks at it next; NULL: when something happens.
    sa.Column("due_at", sa.Float, info=WORKING),
    # When it ended, if HQ has looked since anything happened and it is over; how, and whether it was
    # public (rules/ending.py).
    sa.Column("settled_at", sa.Float, info=WORKING),
    sa.Column("ending", sa.String, info=WORKING),
    sa.Column("published", sa.Boolean, info=WORKING),
    # The kind is part of what an alarm is: no report of a drill can ever be counted to a real one.
    sa.UniqueConstraint("device", "device_alarm", "kind"),
    sa.Index("alarm_due", "due_at"),
    sa.Index("alarm_settled", "settled_at", "kind", "arrived_at"),
    sa.Index("alarm_arrived", "arrived_at"),
)

safe_code = _table(
    "safe_code",
    sa.Column("device", sa.ForeignKey("wearer.device"), primary_key=True),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

heartbeat = _table(  # the last one of each device
    "heartbeat",
    sa.Column("device", sa.ForeignKey("wearer.device"), primary_key=True),
    sa.Column("counter", Unsigned32, nullable=False),
    sa.Column("received_at", sa.Float, nullable=False),
    sa.Column("report", sa.LargeBinary, nullable=False),
)

message = _table(
    "message",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("device", sa.ForeignKey("wearer.device"), nullable=False),
    sa.Column("counter", Unsigned32, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),  # SHA-256 of the sealed bytes
    sa.Column("alarm", sa.ForeignKey("alarm.id"), nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("received_at", sa.Float, nullable=False),
    sa.Column("stale", sa.Boolean, nullable=False),  # a withdrawal not newer than all heard before
    sa.Column("report", sa.LargeBinary, nullable=False),
    sa.Index("message_counter", "device", "counter"),
    sa.Index("message_alarm", "alarm", "received_at"),
)

unjudged = _table(  # withdrawals, for as long as nobody has said what their code means
    "unjudged",
    sa.Column("message", sa.ForeignKey("message.id"), primary_key=True),
    sa.Column("taps", sa.String, nullable=False),
)

history = _table(
    "history",
    sa.Column("alarm", sa.ForeignKey("alarm.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("data", sa.String, nullable=False),  # JSON
    sa.Column("salt", sa.LargeBinary),
    sa.Column("link", sa.LargeBinary),  # to the entry before: record.py
)

# Said in a question as it is here, it lets the index answer: an alarm of a day has a thousand reports.
BESIDE_REPORTS = history.c.what != sa.literal_column("'REPORT'")
sa.Index(
    "history_beside_reports",
    history.c.alarm,
    history.c.what,
    sqlite_where=BESIDE_REPORTS,
    postgresql_where=BESIDE_REPORTS,
)

sa.Index(  # what people did lately, in all alarms
    "history_lately",
    history.c.at,
    sqlite_where=BESIDE_REPORTS,
    postgresql_where=BESIDE_REPORTS,
)

proposal = _table(  # changes of plans that wait for a second officer
    "proposal",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("device", sa.ForeignKey("wearer.device"), nullable=False),
    sa.Column("asked_by", sa.ForeignKey("officer.name"), nullable=False),
    sa.Column("asked_at", sa.Float, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
    sa.Column("wanted", sa.String, nullable=False),  # JSON: each key and its value
    sa.UniqueConstraint("device", "asked_by"),
)

shift = _table(  # what officers tell each other that belongs to no alarm
    "shift",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("officer", sa.String, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("to", sa.String),  # who has the next shift; NULL: nobody was handed one
    sa.Column("read_by", sa.String),
    sa.Column("read_at", sa.Float),
    sa.Index("shift_read", "read_at"),
)

announcement = _table(  # what all duty officers are told that belongs to no alarm
    "announcement",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("data", sa.String, nullable=False),  # JSON
    sa.Column("told", sa.String, nullable=False),  # JSON: the channels that have had it
    sa.Column("due_at", sa.Float),  # NULL: nobody is left to be told
    sa.Index("announcement_due", "due_at"),
)

record = _table(  # HQ's own chain, see record.py
    "record",
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("data", sa.String, nullable=False),  # JSON
    sa.Column("alarm", sa.Integer),  # the one that was deleted: its number is never given again
    sa.Column("subject", sa.String),  # such as "wearer:0badcafe": its newest line counts
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("leaf", sa.LargeBinary),  # NULL: a line of an earlier release
    sa.Column("link", sa.LargeBinary, nullable=False),
    sa.Index("record_subject", "subject", "n"),
)
REMOVED = record.c.alarm.is_not(None)
sa.Index("record_removed", record.c.alarm, sqlite_where=REMOVED, postgresql_where=REMOVED)

stamp = _table(  # RFC 3161 time stamps over links of the record
    "stamp",
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),  # the line's
    sa.Column("reply", sa.LargeBinary, nullable=False),  # DER, as the server sent it
)

forgotten = _table(  # what was deleted for good: enough to know a message of it again
    "forgotten",
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("device", sa.ForeignKey("wearer.device"), nullable=False),
    sa.Column("counter", Unsigned32, nullable=False),
    sa.Index("forgotten_device", "device"),
)

action = _table(
    "action",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("alarm", sa.ForeignKey("alarm.id"), nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Column("owner", sa.String),  # the process that makes the call
    # How often it was begun.
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", sa.Float),  # by the database's clock; calling past it: nobody knows
    sa.UniqueConstraint("alarm", "key"),
    sa.Index("action_state", "state"),
)

draft = _table(  # what is published, word for word the same at every try
    "draft",
    sa.Column("alarm", sa.ForeignKey("alarm.id"), primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("picture", sa.LargeBinary),  # PNG
    sa.Column("alt", sa.String, nullable=False),
)

invitation = _table(
    "invitation",
    sa.Column("token", sa.String, primary_key=True),
    sa.Column("alarm", sa.ForeignKey("alarm.id"), nullable=False),
    sa.Column("contact", sa.ForeignKey("contact.id"), nullable=False),
    sa.UniqueConstraint("alarm", "contact"),
)

post = _table(
    "post",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String, nullable=False, unique=True),
    sa.Column("published_at", sa.Float, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False, server_default="en"),
    sa.Column("picture", sa.LargeBinary),  # PNG
    sa.Column("alt", sa.String, nullable=False, server_default=""),
    sa.Column("correction", sa.String),
    sa.Column("answers", sa.ForeignKey("post.id")),
)

officer = _table(
    "officer",
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("totp_secret", sa.String, nullable=False),  # base32, as an authenticator reads it
    sa.Column(
        "totp_used", sa.Integer, info=WORKING
    ),  # the last time step whose code was used: none works twice
    sa.Column("password_hash", sa.String),  # argon2id; NULL until the officer has chosen one
    sa.Column("welcome_hash", sa.LargeBinary, unique=True),  # SHA-256 of the one-time link's token
    sa.Column("welcome_until", sa.Float),
    # Logins refused since the last one.
    sa.Column("refused", sa.Integer, nullable=False, default=0, info=WORKING),
)

recovery_code = _table(
    "recovery_code",
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256: a code has 80 random bits
    sa.Column("officer", sa.ForeignKey("officer.name"), nullable=False),
)

officer_session = _table(
    "officer_session",
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the cookie's token
    sa.Column("officer", sa.ForeignKey("officer.name"), nullable=False),
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
)

plan = _table(  # what was agreed with a wearer, where it differs from what the settings say
    "plan",
    sa.Column("device", sa.ForeignKey("wearer.device"), primary_key=True),
    sa.Column("terms", sa.String, nullable=False),  # JSON, see plans/document.py
    sa.Column("changed_at", sa.Float, nullable=False),
)

sms_code = _table(  # what a contact can answer with by SMS, each once
    "sms_code",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("contact", sa.ForeignKey("contact.id"), nullable=False),
    sa.Column("salt", sa.LargeBinary, nullable=False),  # the same for all codes of one card
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("burned_at", sa.Float),
    sa.Index("sms_code_contact", "contact"),
)

finding = _table(  # what the last check of channels and credentials saw
    "finding",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("checked_at", sa.Float, nullable=False),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("remedy", sa.String, nullable=False),
    sa.Column("expires_at", sa.Float),
)


class StateBusy(Exception):
    """Another responder works on this state directory; stop it first, two would act twice."""


class Store(AbstractContextManager["Store"]):
    """One database, made or brought up to date on opening."""

    def __init__(self, directory: Path, url: str = "") -> None:
        """The embedded one in ``directory``, or with ``url`` the one on that PostgreSQL server.

        Raises :class:`migrations.TooNew` for a database of a later release. ``layouts`` tells
        which one it had, if any, and which it has now.
        """
        self.shared = bool(url)  # other processes may be at work on it
        self._writing = threading.Lock()
        if self.shared:
            self._engine = postgresql_engine(url)
            self._reading: sa.Engine = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        else:
            make_private(directory)
            self._engine = self._reading = sqlite_engine(directory / DATABASE)
        with self.write() as connection:
            self.layouts = before, after = migrations.bring_up_to_date(connection, metadata)
            if before not in (None, after):
                from outcry.responder.storage import adoption  # it needs the tables below

                adoption.adopt(connection, connection.scalar(sa.select(database_now())) or 0.0)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.directory, settings.database)

    @contextmanager
    def write(self, *, gives_way: bool = False) -> Iterator[sa.Connection]:
        """One transaction; on return it is on disk, on an exception it never was.

        ``gives_way``: where another process holds the embedded database, raise soon: this process's
        next writer waits meanwhile, and has an alarm. Any raises after a while: ``OperationalError``
        or ``TimeoutError``.
        """
        with (
            self._turn() as left_s,
            self._engine.connect().execution_options(
                outcry_waits_s=min(left_s, BRIEFLY_S) if gives_way else left_s
            ) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[float]:
        """The embedded database's next writer of this process; how long (s) it may wait for others."""
        if self.shared:
            yield BUSY_S
            return
        until = time.monotonic() + BUSY_S
        if not self._writing.acquire(timeout=BUSY_S):
            raise TimeoutError
        try:
            yield max(0.0, until - time.monotonic())
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One moment of the database."""
        with self._reading.connect() as connection, connection.begin():
            yield connection

    def fold(self) -> None:
        """Take what was deleted off the disk: SQLite's log would hold it for a while yet.

        PostgreSQL does that by itself, when it vacuums.
        """
        if self._engine.dialect.name == "sqlite":
            with closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; SQLite folds its log into the database."""
        self._engine.dispose()


class database_now(FunctionElement[float]):
    """Unix seconds by the clock that all processes on one database share."""

    type = sa.Float()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite_now(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_now, "postgresql")
def _postgresql_now(*_: object, **__: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


def lock_alarms(connection: sa.Connection, ids: Iterable[int]) -> None:
    """Nobody else changes these alarms until the transaction ends; on SQLite nobody does anyway.

    Always in the same order, so that no two processes wait for each other.
    """
    if connection.dialect.name == "postgresql":
        locked = sa.select(alarm.c.id).where(alarm.c.id.in_(list(ids))).order_by(alarm.c.id)
        connection.execute(locked.with_for_update(key_share=True))


def lock_wearer(connection: sa.Connection, device: int) -> None:
    """Nobody else changes this wearer's row until the transaction ends; on SQLite nobody does anyway."""
    if connection.dialect.name == "postgresql":
        locked = sa.select(wearer.c.device).where(wearer.c.device == device)
        connection.execute(locked.with_for_update(key_share=True))


def each(name: str) -> sa.BindParameter[Any]:
    """For ``in_`` in a statement that is made once: the values come when it is executed."""
    return sa.bindparam(name, expanding=True)


def write_rows(
    connection: sa.Connection, made_once: sa.Executable, rows: Sequence[dict[str, Any]]
) -> None:
    """As the connection executes this for each row; on SQLite, which takes our values as they are,
    at half the cost. ``made_once``: the statement is remembered."""
    if connection.dialect.name != "sqlite":
        connection.execute(made_once, rows)
        return
    sql, names, fixed = _compiled(made_once, tuple(rows[0]))
    values = [tuple(map((fixed | row).__getitem__, names)) for row in rows]
    connection.exec_driver_sql(sql, values)


@lru_cache(maxsize=16)
def _compiled(statement: Any, keys: tuple[str, ...]) -> tuple[str, Sequence[str], dict[str, Any]]:
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=keys)
    return str(compiled), compiled.positiontup, compiled.params


def is_new(settings: Settings) -> bool:
    """Whether nobody was ever enrolled here, without making a database to find out."""
    return not settings.database and not (settings.directory / DATABASE).exists()


def make_private(directory: Path) -> None:
    """Make the state directory for its owner alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Hold the state directory; raises :class:`StateBusy` while another process does."""
    make_private(directory)
    handle = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            why = f"another responder works on {directory}; stop it first, two would act twice"
            raise StateBusy(why) from None
        yield
    finally:
        os.close(handle)
