"""HQ's regular housekeeping: it seals the record, and deletes alarms whose time has come."""

from collections.abc import Callable

from outcry.responder import journal
from outcry.responder.archive import retention
from outcry.responder.storage import audit_chain
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.housekeeping")

SEAL_EVERY_S = 60.0  # what is changed within the first minute is found by its alarm's own links
DELETE_EVERY_S = 3600.0
TELL_EVERY_S = 86_400.0


class Housekeeping:
    """``look`` does what is due; any number of processes may do so side by side."""

    def __init__(self, database: Store, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix seconds."""
        self._store = database
        self._clock = clock
        self._due = dict.fromkeys((self._seal, self._delete, self._tell), float("-inf"))

    def look(self) -> None:
        """Do what is due, each thing at most as often as it should be."""
        now = self._clock()
        every = {self._seal: SEAL_EVERY_S, self._delete: DELETE_EVERY_S, self._tell: TELL_EVERY_S}
        for work, last in self._due.items():
            if not 0 <= now - last < every[work]:  # a clock that was set back waits for nothing
                self._due[work] = now
                work(now)

    def _seal(self, now: float) -> None:
        with self._store.write() as connection:
            audit_chain.seal(connection, now)

    def _delete(self, now: float) -> None:
        retention.apply(self._store, now)

    def _tell(self, _now: float) -> None:
        """Into the journal, where it is kept apart from the database."""
        with self._store.read() as connection:
            head = audit_chain.head(connection)
        log.tell(journal.Entry.NEWEST_LINK, line=head.n, link=head.link.hex())
