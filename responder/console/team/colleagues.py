"""Who else of the duty officers there is to hand something over to."""

from sqlalchemy import Connection, select

from outcry.responder.storage import store


class NoSuchOfficer(Exception):
    """No other officer who can log in has this name."""


def colleagues_of(connection: Connection, officer: str) -> tuple[str, ...]:
    """The other officers who have settled in, and so can log in."""
    name = store.officer.c.name
    settled = store.officer.c.password_hash.is_not(None)
    others = select(name).where(settled, name != officer).order_by(name)
    return tuple(connection.scalars(others))
