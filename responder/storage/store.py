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
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Self

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.functions import FunctionElement

from outcry.responder.settings import Settings
from outcry.responder.storage import migrations
from outcry.responder.storage.engine import postgresql_engine, sqlite_engine

DATABASE = "responder.sqlite"
_LOCK = "responder.lock"
LARGEST_ID = 2**31 - 1  # what PostgreSQL's INTEGER holds

metadata = MetaData()


def _table(name: str, *columns: SchemaItem) -> Table:
    return Table(name, metadata, *columns)


Unsigned32 = Integer().with_variant(BigInteger(), "postgresql")  # SQLite's integers hold 64 bits

wearer = _table(
    "wearer",
    Column("device", Unsigned32, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("number", String),
    Column("psk", LargeBinary, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("enrolled_at", Float, nullable=False),
    Column("highest_counter", Unsigned32),
    Column("heard_at", Float),
)

contact = _table(
    "contact",
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("number_in_list", Integer, nullable=False),  # from 1, as printed at enrolment
    Column("name", String, nullable=False),
    Column("number", String, nullable=False),
    Column("language", String, nullable=False),
    Column("pin_salt", LargeBinary, nullable=False),
    Column("pin_hash", LargeBinary, nullable=False),
    UniqueConstraint("device", "number_in_list"),
)

alarm = _table(
    "alarm",
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("device_alarm", Unsigned32, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("arrived_at", Float, nullable=False),
    Column("due_at", Float),  # when the workflow looks at it next; NULL: when something happens
    # The kind is part of what an alarm is: no report of a drill can ever be counted to a real one.
    UniqueConstraint("device", "device_alarm", "kind"),
    Index("alarm_due", "due_at"),
)

safe_code = _table(
    "safe_code",
    Column("device", ForeignKey("wearer.device"), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

heartbeat = _table(  # the last one of each device
    "heartbeat",
    Column("device", ForeignKey("wearer.device"), primary_key=True),
    Column("counter", Unsigned32, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("report", LargeBinary, nullable=False),
)

message = _table(
    "message",
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("counter", Unsigned32, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of the sealed bytes
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("path", String, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("stale", Boolean, nullable=False),  # a withdrawal not newer than all heard before
    Column("report", LargeBinary, nullable=False),
    Index("message_counter", "device", "counter"),
    Index("message_alarm", "alarm"),
)

unjudged = _table(  # withdrawals, for as long as nobody has said what their code means
    "unjudged",
    Column("message", ForeignKey("message.id"), primary_key=True),
    Column("taps", String, nullable=False),
)

history = _table(
    "history",
    Column("alarm", ForeignKey("alarm.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("what", String, nullable=False),
    Column("data", String, nullable=False),  # JSON
    Column("salt", LargeBinary),
    Column("link", LargeBinary),  # to the entry before: record.py
)

record = _table(  # HQ's own chain, see record.py
    "record",
    Column("n", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("what", String, nullable=False),
    Column("data", String, nullable=False),  # JSON
    Column("alarm", Integer),  # the one that was deleted: its number is never given again
    Column("salt", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
)

forgotten = _table(  # what was deleted for good: enough to know a message of it again
    "forgotten",
    Column("digest", LargeBinary, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("counter", Unsigned32, nullable=False),
    Index("forgotten_device", "device"),
)

action = _table(
    "action",
    Column("id", Integer, primary_key=True),
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("state", String, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("owner", String),  # the process that makes the call
    Column("generation", Integer, nullable=False, server_default="0"),  # how often it was begun
    Column("lease_until", Float),  # by the database's clock; calling past it: nobody knows
    UniqueConstraint("alarm", "key"),
    Index("action_state", "state"),
)

draft = _table(  # what is published, word for word the same at every try
    "draft",
    Column("alarm", ForeignKey("alarm.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("target", String, primary_key=True),
    Column("made_at", Float, nullable=False),
    Column("text", String, nullable=False),
    Column("language", String, nullable=False),
    Column("picture", LargeBinary),  # PNG
    Column("alt", String, nullable=False),
)

invitation = _table(
    "invitation",
    Column("token", String, primary_key=True),
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("contact", ForeignKey("contact.id"), nullable=False),
    UniqueConstraint("alarm", "contact"),
)

post = _table(
    "post",
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("published_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("text", String, nullable=False),
    Column("language", String, nullable=False, server_default="en"),
    Column("picture", LargeBinary),  # PNG
    Column("alt", String, nullable=False, server_default=""),
    Column("correction", String),
    Column("answers", ForeignKey("post.id")),
)

officer = _table(
    "officer",
    Column("name", String, primary_key=True),
    Column("made_at", Float, nullable=False),
    Column("totp_secret", String, nullable=False),  # base32, as an authenticator reads it
    Column("totp_used", Integer),  # the last time step whose code was used: none works twice
    Column("password_hash", String),  # argon2id; NULL until the officer has chosen one
    Column("welcome_hash", LargeBinary, unique=True),  # SHA-256 of the one-time link's token
    Column("welcome_until", Float),
    Column("refused", Integer, nullable=False, default=0),  # logins refused since the last one
)

recovery_code = _table(
    "recovery_code",
    Column("hash", LargeBinary, primary_key=True),  # SHA-256: a code has 80 random bits
    Column("officer", ForeignKey("officer.name"), nullable=False),
)

officer_session = _table(
    "officer_session",
    Column("hash", LargeBinary, primary_key=True),  # SHA-256 of the cookie's token
    Column("officer", ForeignKey("officer.name"), nullable=False),
    Column("made_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)

plan = _table(  # what was agreed with a wearer, where it differs from what the settings say
    "plan",
    Column("device", ForeignKey("wearer.device"), primary_key=True),
    Column("terms", String, nullable=False),  # JSON, see plans/document.py
    Column("changed_at", Float, nullable=False),
)

sms_code = _table(  # what a contact can answer with by SMS, each once
    "sms_code",
    Column("id", Integer, primary_key=True),
    Column("contact", ForeignKey("contact.id"), nullable=False),
    Column("salt", LargeBinary, nullable=False),  # the same for all codes of one card
    Column("hash", LargeBinary, nullable=False),
    Column("burned_at", Float),
    Index("sms_code_contact", "contact"),
)

finding = _table(  # what the last check of channels and credentials saw
    "finding",
    Column("id", Integer, primary_key=True),
    Column("checked_at", Float, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("what", String, nullable=False),
    Column("remedy", String, nullable=False),
    Column("expires_at", Float),
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
        if self.shared:
            self._engine = postgresql_engine(url)
            self._reading: Engine = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._writing: AbstractContextManager[object] = nullcontext()
        else:
            make_private(directory)
            self._engine = self._reading = sqlite_engine(directory / DATABASE)
            self._writing = threading.Lock()
        with self.write() as connection:
            self.layouts = migrations.bring_up_to_date(connection, metadata)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.directory, settings.database)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction; on return it is on disk, on an exception it never was."""
        with (
            self._writing,
            self._engine.connect().execution_options(outcry_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
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

    type = Float()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite_now(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_now, "postgresql")
def _postgresql_now(*_: object, **__: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


def lock_alarms(connection: Connection, ids: Iterable[int]) -> None:
    """Nobody else changes these alarms until the transaction ends; on SQLite nobody does anyway.

    Always in the same order, so that no two processes wait for each other.
    """
    if connection.dialect.name == "postgresql":
        locked = select(alarm.c.id).where(alarm.c.id.in_(list(ids))).order_by(alarm.c.id)
        connection.execute(locked.with_for_update(key_share=True))


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
            raise StateBusy(
                f"another responder works on {directory}; stop it first, two would act twice"
            ) from None
        yield
    finally:
        os.close(handle)
