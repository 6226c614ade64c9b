"""The shift log: what officers tell each other that belongs to no alarm, and who takes over from whom.

Each entry, and that a hand-over was read, is in HQ's record as it is written: what is changed past
Outcry shows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from outcry.responder.console.team.colleagues import NoSuchOfficer, colleagues_of
from outcry.responder.storage import store, versions
from outcry.responder.storage.store import Store
from outcry.responder.storage.versions import SHIFT

PAGE = 50  # entries


class NotToRead(Exception):
    """Nobody waits for this to be read: it was, or it is the officer's own."""


@dataclass(frozen=True)
class Entry:
    """What an officer wrote, at ``at`` (Unix seconds); ``to``: who takes over the shift from them.

    ``read_by``: who has confirmed to have read that, at ``read_at``.
    """

    id: int
    at: float
    officer: str
    text: str
    to: str | None
    read_by: str | None
    read_at: float | None


@dataclass(frozen=True)
class Entries:
    """A page of the log, newest first; ``older``: from which entry on the next one has older ones."""

    entries: tuple[Entry, ...]
    older: int | None
    colleagues: tuple[str, ...]


@dataclass(frozen=True)
class ShiftLog:
    """Reads and writes the shift log; for any thread. ``clock`` gives Unix seconds."""

    store: Store
    clock: Callable[[], float]
    on_act: Callable[[], None] = lambda: None

    def page(self, officer: str, before: int | None = None) -> Entries:
        """The newest entries, or those before this one, for an officer."""
        table = store.shift
        wanted = select(table).order_by(table.c.id.desc()).limit(PAGE + 1)
        if before is not None:
            wanted = wanted.where(table.c.id < before)
        with self.store.read() as connection:
            found = tuple(Entry(*row) for row in connection.execute(wanted))
            colleagues = colleagues_of(connection, officer)
        shown = found[:PAGE]
        return Entries(shown, shown[-1].id if len(found) > PAGE else None, colleagues)

    def unread(self) -> tuple[Entry, ...]:
        """The hand-overs that nobody has read yet, oldest first."""
        table = store.shift
        waits = table.c.to.is_not(None) & table.c.read_at.is_(None)
        with self.store.read() as connection:
            rows = connection.execute(select(table).where(waits).order_by(table.c.id))
            return tuple(Entry(*row) for row in rows)

    def write(self, officer: str, text: str, to: str | None = None) -> None:
        """Write an entry; with ``to`` the officer ends the shift. Raises :class:`NoSuchOfficer`."""
        now = self.clock()
        with self.store.write() as connection:
            if to is not None and to not in colleagues_of(connection, officer):
                raise NoSuchOfficer
            row = {"at": now, "officer": officer, "text": text, "to": to}
            made = insert(store.shift).values(row).returning(store.shift.c.id)
            number: int = connection.scalars(made).one()
            what = "written" if to is None else "handed over"
            versions.note(connection, SHIFT, number, now, by=officer, what=what, to=to)
        self.on_act()

    def read(self, officer: str, number: int) -> None:
        """An officer has read a hand-over: the one it is for, or who came instead.

        Raises :class:`NotToRead`.
        """
        now, table = self.clock(), store.shift
        waits = (table.c.id == number) & table.c.to.is_not(None) & table.c.read_at.is_(None)
        has_read = update(table).where(waits & (table.c.officer != officer))
        with self.store.write() as connection:
            done = connection.execute(has_read.values(read_by=officer, read_at=now))
            if not done.rowcount:
                raise NotToRead
            versions.note(connection, SHIFT, number, now, by=officer, what="read")
        self.on_act()
