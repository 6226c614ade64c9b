"""The two databases the responder can live in, and how each is made safe to act upon.

SQLite is embedded: WAL mode, every commit synced, one process. PostgreSQL
serves any number of processes; a process that is stopped in the midst of a
transaction loses it after seconds, so that it holds nobody up.
"""

import importlib.util
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event

BUSY_S = 8.0  # a writer waits for others, in all; who gives up twice is not yet taken for stuck
BRIEFLY_S = 0.25  # what can be done later does not hold up an alarm that waits for its turn
_BUSY_MS = round(1000 * BUSY_S)
ABANDONED_MS = 5_000  # a transaction nobody goes on with: its process is stopped, or dead
_STATEMENT_MS = 20_000  # none of ours takes a tenth of a second
_CONNECT_S = 5
_CONNECTIONS = 20  # of one process; PostgreSQL allows 100 in all by default


class DriverMissing(Exception):
    """PostgreSQL is asked for and cannot be spoken to."""

    def __init__(self) -> None:
        super().__init__(
            "state.database: psycopg is not installed; on Debian: apt install python3-psycopg, "
            "elsewhere: pip install 'outcry[postgresql]'"
        )


def sqlite_engine(path: Path) -> Engine:
    """The file, made if need be, readable by its owner alone."""
    path.touch(mode=0o600, exist_ok=True)  # SQLite gives its -wal and -shm the same mode
    # hide_parameters: a failing statement must not carry names and numbers into a log
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def postgresql_engine(url: str) -> Engine:
    """Connections to a server; ``url`` as ``postgresql+psycopg://user@host/name``."""
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = {
        "synchronous_commit": "on",  # a receipt promises that it is on disk, whatever the server's default
        "idle_in_transaction_session_timeout": ABANDONED_MS,
        "lock_timeout": _BUSY_MS,
        "statement_timeout": _STATEMENT_MS,
    }
    if importlib.util.find_spec("psycopg") is None:
        raise DriverMissing
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_pre_ping=True,  # the server may have been restarted, or have ended the session
        connect_args={
            "connect_timeout": _CONNECT_S,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
    event.listen(engine, "handle_error", _silence)
    return engine


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
    waits_s: float | None = connection.get_execution_options().get("outcry_waits_s")
    if waits_s is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={round(1000 * waits_s)}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_MS}")


def _silence(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL repeats the row that would not do: its first line is all anybody needs."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = tuple(str(arg).partition("\n")[0] for arg in error.args[:1])
