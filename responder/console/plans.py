"""Wearers' plans at the console: read as the file they are, changed by the rules of that file."""

from __future__ import annotations

import re
from collections.abc import Callable

from outcry.responder.plans import document, repository
from outcry.responder.plans.repository import NoSuchWearer
from outcry.responder.storage.store import Store

_DEVICE = re.compile(r"[0-9a-f]{8}\Z")


class Plans:
    """Reads and changes plans; safe to call from any thread."""

    def __init__(
        self, database: Store, clock: Callable[[], float], on_change: Callable[[], None]
    ) -> None:
        """``clock`` gives Unix seconds; ``on_change`` is called after a plan is on disk."""
        self._store = database
        self._clock = clock
        self._on_change = on_change

    def read(self, device: str) -> str:
        """The plan as a file that explains itself; raises :class:`NoSuchWearer`."""
        with self._store.read() as connection:
            return repository.as_file(connection, _number(device))

    def change(self, device: str, text: str, officer: str) -> None:
        """Agree on another plan; an alarm under way goes on by it at once.

        Raises :class:`NoSuchWearer`, and ``terms.PlanInvalid`` with every problem in the file.
        """
        number, now = _number(device), self._clock()
        with self._store.write() as connection:
            agreed = repository.from_file(connection, number, text)
            repository.change(connection, number, document.document(agreed), now, officer)
        self._on_change()


def _number(device: str) -> int:
    if not _DEVICE.match(device):
        raise NoSuchWearer
    return int(device, 16)
