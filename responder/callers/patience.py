"""How often a server that refuses is asked: ten requests a minute, whoever asks, for whatever."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

MOST = 10  # requests that came to nothing, to one server
WINDOW_S = 60.0


@dataclass
class _Asked:
    """A request: when it left (monotonic seconds), and whether nothing is known of it yet."""

    at: float
    open: bool = True


class Patience:
    """Counts what was sent to each server and was not answered well. Any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives monotonic seconds."""
        self._clock = clock
        self._changed = threading.Condition()
        self._asked: defaultdict[str, list[_Asked]] = defaultdict(list)
        self._rests: dict[str, float] = {}

    def enter(self, server: str, until: float) -> _Asked | float:
        """One more request to a server; or after how many seconds there may be one.

        Where too many are under way whose answers may be good, they are waited for, ``until`` then.
        """
        with self._changed:
            while True:
                now = self._clock()
                recent = [one for one in self._asked[server] if one.at > now - WINDOW_S]
                self._asked[server] = recent
                if len(recent) < MOST:
                    recent.append(_Asked(now))
                    return recent[-1]
                under_way = any(one.open for one in recent)
                if not under_way or now >= until or not self._changed.wait(until - now):
                    return recent[0].at + WINDOW_S - now

    def leave(self, server: str, asked: _Asked, ok: bool) -> None:
        """It was answered, or never will be."""
        with self._changed:
            asked.open = False
            if ok and asked in self._asked[server]:
                self._asked[server].remove(asked)
            self._changed.notify_all()

    def rest(self, account: str, wait_s: float) -> None:
        """An account's server wants to be left alone for so long."""
        with self._changed:
            self._rests[account] = self._clock() + wait_s

    def rests_for(self, account: str) -> float:
        """For how many seconds an account is to be left alone; 0: it may be used."""
        with self._changed:
            return max(self._rests.get(account, 0.0) - self._clock(), 0.0)
