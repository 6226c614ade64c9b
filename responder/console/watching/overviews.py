"""The overview, made once for all consoles that ask for the same at the same time.

Fifty consoles hear of an alarm at once, and each asks for its page. But for the officer's name it is
the same page, while it is the same second and nothing that is news has happened. Heartbeats are no
news: what they change may be a second old.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor
from typing import NamedTuple

from markupsafe import Markup

from outcry.responder.console.watching.wearers import Asked


class Watched(NamedTuple):
    """What is to be seen, as HTML: the alarms, of which ``new`` no officer has, and all else."""

    new: int
    alarms: Markup
    body: Markup


@dataclass(eq=False)
class Overviews:
    """For any thread; one makes it, and those who ask meanwhile wait for that."""

    _second: int = 0
    _made: dict[tuple[Asked, str], Watched] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)

    def of(self, asked: Asked, mark: str, now: float, make: Callable[[], Watched]) -> Watched:
        """``mark``: a token that changes with all news; ``now`` in Unix seconds."""
        with self._making:
            if floor(now) != self._second:
                self._second = floor(now)
                self._made.clear()
            if (asked, mark) not in self._made:
                self._made[asked, mark] = make()
            return self._made[asked, mark]
