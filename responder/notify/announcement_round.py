"""The round that tells all duty officers what belongs to no alarm, and ends what has waited too long.

Any number of processes may go round side by side: each takes an announcement for a while before it tells
it. One that is killed meanwhile leaves it to be told again, rather twice than never.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select, update

from outcry.responder.plans import announcements, authority
from outcry.responder.rules.events import Outcome
from outcry.responder.storage import store
from outcry.responder.storage.store import Store
from outcry.responder.transports.apprise import Channels

TAKEN_S = 120.0  # longer than all calls for one announcement may last
AGAIN_S = 60.0
TELL_FOR_S = 86_400.0  # then the console alone shows it


@dataclass
class AnnouncementRound:
    """``look`` tells what is due. ``clock`` gives Unix seconds, ``public_url`` ends without a slash."""

    store: Store
    officers: Mapping[str, str] = field(repr=False)
    channels: Channels
    public_url: str
    clock: Callable[[], float]
    _rests_until: float = field(default=float("-inf"), init=False)

    def look(self) -> None:
        """End the changes that have lapsed, then tell each announcement to those who have not had it.

        After a fault it rests: where the database is held, alarms must not wait behind this.
        """
        now = self.clock()
        if 0.0 < self._rests_until - now <= AGAIN_S:
            return
        self._rests_until = now + AGAIN_S
        self._look(now)
        self._rests_until = float("-inf")

    def _look(self, now: float) -> None:
        with self.store.read() as connection:
            lapsed = select(store.proposal.c.id).where(store.proposal.c.until <= now)
            is_over = connection.scalar(lapsed.limit(1)) is not None
        if is_over:
            with self.store.write(gives_way=True) as connection:
                authority.lapse(connection, now)
        with self.store.read() as connection:
            table = store.announcement
            due = select(table).where(table.c.due_at <= now).order_by(table.c.id)
            found = connection.execute(due).all()
        for row in found:
            self._tell(row)

    def _tell(self, row: Row[Any]) -> None:
        now = self.clock()
        with self.store.write(gives_way=True) as connection:
            if not _moved(connection, row, row.due_at, now + TAKEN_S):
                return  # another process tells it
            words = announcements.words(connection, row.what, row.data)
        told = set(json.loads(row.told))
        left = [name for name in self.officers if name not in told]
        body = f"{words}. {self.public_url}/console"

        def attempt(name: str) -> None:
            came = self.channels.attempt(self.officers[name], "Outcry: duty officers", body)
            if came.outcome is not Outcome.FAILED:
                told.add(name)

        # No pool: the end of the process would wait for it.
        threads = [threading.Thread(target=attempt, args=(name,), daemon=True) for name in left]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        is_done = told >= self.officers.keys() or now - row.at > TELL_FOR_S
        again_at = None if is_done else now + AGAIN_S
        with self.store.write(gives_way=True) as connection:
            _moved(connection, row, now + TAKEN_S, again_at, told=json.dumps(sorted(told)))


def _moved(
    connection: Connection, row: Row[Any], due_at: float, to: float | None, **more: str
) -> bool:
    table = store.announcement
    same = update(table).where(table.c.id == row.id, table.c.due_at == due_at)
    return connection.execute(same.values(due_at=to, **more)).rowcount == 1
