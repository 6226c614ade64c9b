"""Whether everything that a case file shows is as HQ wrote it down: chains first, then tables."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, text

from outcry.responder.storage import chain_check, evidence, versions
from outcry.responder.storage.chain_check import Verified

Part = Callable[[Connection, Collection[tuple[int | None, int]]], Iterator[str]]
PARTS: tuple[Part, ...] = (evidence.problems, versions.problems)


def verify(connection: Connection) -> Verified:
    """Look at all of it; what the tables hold is compared with the entries that still hold."""
    if connection.dialect.name == "postgresql":  # hashing takes a while, in one transaction
        for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = 0"))
    with _any_bytes(connection):
        found = chain_check.verify(connection)
        wrong = [each for part in PARTS for each in _told(part, connection, found)]
    return replace(found, problems=tuple(_printable(one) for one in (*found.problems, *wrong)))


def _told(part: Part, connection: Connection, found: Verified) -> Iterator[str]:
    try:
        yield from part(connection, found.unheld)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        where = part.__module__.rpartition(".")[2]
        why = type(error).__name__
        yield f"{where}: something in the database is of no kind that Outcry writes ({why})"


@contextmanager
def _any_bytes(connection: Connection) -> Iterator[None]:
    """Read what is no UTF-8, too: SQLite keeps any bytes as text, and somebody may have put some there."""
    driver = connection.connection.driver_connection
    if driver is None or connection.dialect.name != "sqlite":
        yield
        return
    before = driver.text_factory
    driver.text_factory = lambda kept: kept.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before


def _printable(words: str) -> str:
    """A name in the database may hold anything, such as commands to a terminal."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in words)
