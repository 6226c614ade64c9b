"""Whether everything that a case file shows is as HQ wrote it down: chains first, then tables."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from sqlalchemy import Connection, text

from outcry.responder.storage import audit_chain, evidence, versions
from outcry.responder.storage.audit_chain import Verified

Part = Callable[[Connection], Iterator[str]]
PARTS: tuple[Part, ...] = (evidence.problems, versions.problems)


def verify(connection: Connection) -> Verified:
    """Look at all of it. What the chains do not hold any more, the tables are not compared with."""
    if connection.dialect.name == "postgresql":  # hashing takes a while, in one transaction
        for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = 0"))
    found = audit_chain.verify(connection)
    if found.problems:
        return found
    wrong = [each for part in PARTS for each in _told(part, connection)]
    return replace(found, problems=tuple(wrong))


def _told(part: Part, connection: Connection) -> list[str]:
    try:
        return list(part(connection))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        where = part.__module__.rpartition(".")[2]
        return [
            f"{where}: something in the database is of no kind that Outcry writes ({type(error).__name__})"
        ]
