"""The responder's memory: SQLite in WAL mode, every commit synced to disk.

``write`` is one transaction that owns the database, ``read`` one that sees a
single moment. A receipt is made only after ``write`` has returned.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
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
    create_engine,
    event,
)

DATABASE = "responder.sqlite"
_LOCK = "responder.lock"
_BUSY_MS = 10_000  # an enrolment while the service runs waits for it, and not the reverse for long

metadata = MetaData()

wearer = Table(
    "wearer",
    metadata,
    Column("device", Integer, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("number", String),
    Column("psk", LargeBinary, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("enrolled_at", Float, nullable=False),
    Column("highest_counter", Integer),
    Column("heard_at", Float),
)

contact = Table(
    "contact",
    metadata,
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

alarm = Table(
    "alarm",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("device_alarm", Integer, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("arrived_at", Float, nullable=False),
    Column("due_at", Float),  # when the workflow looks at it next; NULL: when something happens
    # The kind is part of what an alarm is: no report of a drill can ever be counted to a real one.
    UniqueConstraint("device", "device_alarm", "kind"),
    Index("alarm_due", "due_at"),
)

safe_code = Table(
    "safe_code",
    metadata,
    Column("device", ForeignKey("wearer.device"), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

heartbeat = Table(  # the last one of each device
    "heartbeat",
    metadata,
    Column("device", ForeignKey("wearer.device"), primary_key=True),
    Column("counter", Integer, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("report", LargeBinary, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("counter", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of the sealed bytes
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("path", String, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("stale", Boolean, nullable=False),  # a withdrawal not newer than all heard before
    Column("report", LargeBinary, nullable=False),
    Index("message_counter", "device", "counter"),
    Index("message_alarm", "alarm"),
)

unjudged = Table(  # withdrawals, for as long as nobody has said what their code means
    "unjudged",
    metadata,
    Column("message", ForeignKey("message.id"), primary_key=True),
    Column("taps", String, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("alarm", ForeignKey("alarm.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("what", String, nullable=False),
    Column("data", String, nullable=False),  # JSON
)

action = Table(
    "action",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("state", String, nullable=False),
    Column("changed_at", Float, nullable=False),
    UniqueConstraint("alarm", "key"),
    Index("action_state", "state"),
)

invitation = Table(
    "invitation",
    metadata,
    Column("token", String, primary_key=True),
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("contact", ForeignKey("contact.id"), nullable=False),
    UniqueConstraint("alarm", "contact"),
)

post = Table(
    "post",
    metadata,
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

officer = Table(
    "officer",
    metadata,
    Column("name", String, primary_key=True),
    Column("made_at", Float, nullable=False),
    Column("totp_secret", String, nullable=False),  # base32, as an authenticator reads it
    Column("totp_used", Integer),  # the last time step whose code was used: none works twice
    Column("password_hash", String),  # argon2id; NULL until the officer has chosen one
    Column("welcome_hash", LargeBinary, unique=True),  # SHA-256 of the one-time link's token
    Column("welcome_until", Float),
    Column("refused", Integer, nullable=False, default=0),  # logins refused since the last one
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # SHA-256: a code has 80 random bits
    Column("officer", ForeignKey("officer.name"), nullable=False),
)

officer_session = Table(
    "officer_session",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # SHA-256 of the cookie's token
    Column("officer", ForeignKey("officer.name"), nullable=False),
    Column("made_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)


class StateBusy(Exception):
    """Another responder works on this state directory; stop it first, two would act twice."""


class Store:
    """The database of one state directory, made on first use, readable by its owner alone."""

    def __init__(self, directory: Path) -> None:
        make_private(directory)
        path = directory / DATABASE
        path.touch(mode=0o600, exist_ok=True)  # SQLite gives its -wal and -shm the same mode
        # hide_parameters: a failing statement must not carry names and numbers into a log
        self._engine: Engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
        event.listen(self._engine, "connect", _set_up)
        event.listen(self._engine, "begin", _begin)
        self._writing = threading.Lock()
        with self.write() as connection:
            metadata.create_all(connection)

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
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close all connections; SQLite folds its log into the database."""
        self._engine.dispose()


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


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin says, nowhere else
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # a code that was judged is not to be found in free pages
        f"busy_timeout={_BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that will write takes its place at once: upgrading later can fail with "busy".
    writes = connection.get_execution_options().get("outcry_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
