"""The last look before something is published: asked by whatever does it, right before it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection

from outcry.responder.dispatch.workers import May
from outcry.responder.posting.publisher import Withheld

_may: ContextVar[May | None] = ContextVar("_may", default=None)


@contextmanager
def under(may: May) -> Iterator[None]:
    """What is published in here, on this thread, asks ``may`` first."""
    token = _may.set(may)
    try:
        yield
    finally:
        _may.reset(token)


def why_not(connection: Connection | None = None) -> str | None:
    """Why nothing may be published here now; None: it may."""
    may = _may.get()
    return None if may is None else may(connection)


def require(connection: Connection | None = None) -> None:
    """Raise :class:`Withheld` unless this may be published now, or in this transaction."""
    why = why_not(connection)
    if why is not None:
        raise Withheld(why)
