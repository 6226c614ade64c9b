"""The database's layout through the releases: an older one is brought up to date at start.

A new database is made as the tables are now, an existing one goes through the
steps in ``versions``; a test holds both ways to the same result on both
databases. Alembic is loaded only when there is a step to take.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select, text

BASELINE = "0001"  # what was released before layouts had numbers
_HERE = Path(__file__).parent
_LOCK = 0x0A7C  # any number, the same in every process

# Alembic's own.
version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


class TooNew(Exception):
    """A later release wrote this database."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database has layout {found}, made by a later release of outcry-responder; "
            "install that release again, this one would not understand it"
        )


def known() -> list[str]:
    """The layouts this release knows, oldest first."""
    return sorted(path.name[4:8] for path in (_HERE / "versions").glob("step[0-9]*.py"))


def bring_up_to_date(connection: Connection, metadata: MetaData) -> tuple[str | None, str]:
    """Make the tables, or change them, inside this transaction: the layout before, and after.

    One process at a time. Raises :class:`TooNew`.
    """
    if connection.dialect.name == "postgresql":  # a writer on SQLite is alone anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    newest = known()[-1]
    found = _found(connection)
    if found is None:
        metadata.create_all(connection)
        _stamp(connection, newest)
    elif found not in known():
        raise TooNew(found)
    elif found != newest:
        _upgrade(connection)
    return found, newest


def _found(connection: Connection) -> str | None:
    """The layout that is there; None: there is no database yet."""
    there = inspect(connection)
    if there.has_table(version.name):
        return str(connection.scalar(select(version.c.version_num)))
    if not there.has_table("wearer"):
        return None
    _stamp(connection, BASELINE)
    return BASELINE


def _stamp(connection: Connection, layout: str) -> None:
    version.create(connection)
    connection.execute(insert(version).values(version_num=layout))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
