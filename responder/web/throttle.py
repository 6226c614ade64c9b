"""Guessing is slowed: by whatever the guesses have in common, and never for anyone else."""

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from starlette.responses import Response

from outcry.responder.web.sources import Source

FREE_TRIES = 3  # a frightened thumb slips; the fourth wrong PIN in a row waits
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
FORGET_AFTER_S = 3600.0
KEPT = 10_000
MOST_WAIT = 8  # a fifth of the threads that a listener has for its pages
TURN_S = 2.0


class TooSoon(Exception):
    """After wrong tries, wait ``wait_s`` seconds, a whole number, before the next.

    ``place``: brought back then, it says that one has waited.
    """

    def __init__(self, seconds: float, place: str = "") -> None:
        super().__init__()
        self.seconds = seconds
        self.place = place
        self.wait_s = math.ceil(seconds)

    def told_by(self, page: Response) -> Response:
        """The page, with a header that tells programs how long to wait."""
        page.headers["Retry-After"] = str(self.wait_s)
        return page


class Counted(NamedTuple):
    """What tries have in common: so many are free, then waits double up to ``longest_s``."""

    name: str
    free: int = FREE_TRIES
    longest_s: float = LONGEST_WAIT_S


class Tries(NamedTuple):
    """How many there were, and when the last was."""

    made: int
    last: float


class OneByOne:
    """Slow work that anybody may ask for; used from any thread.

    Who waits for it holds a thread that pages need: a few do, the others are told to come again.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAIT)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises :class:`TooSoon` where too many wait."""
        if not self._waiting.acquire(blocking=False):
            raise TooSoon(TURN_S)
        try:
            with self._turn:
                yield
        finally:
            self._waiting.release()


def by_source(sources: Sequence[Source]) -> tuple[Counted, ...]:
    return tuple(Counted(source.name, FREE_TRIES * source.share) for source in sources)


class Throttle:
    """Slows wrong PINs and passwords; used from any thread.

    A try is counted before it is checked, so many at once gain nothing. A right one forgives all
    before it, or takes back itself alone, where knowing one PIN must not buy guesses at others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, Tries] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tries)

    def admit(
        self, tried: Sequence[Counted], now: float, also: Sequence[Counted] = ()
    ) -> Mapping[str, Tries]:
        """Count this try; returns what was counted before it. ``also``: counted, and not waited for.

        Raises :class:`TooSoon`, counting nothing, if any of these has to wait.
        """
        with self._lock:
            wait = max(self._wait(one, now) for one in tried)
            if wait > 0:
                raise TooSoon(wait)
            both = (*tried, *also)
            before = {one.name: self._before(one, now) for one in both}
            for one in both:
                self._tries[one.name] = Tries(before[one.name].made + 1, now)
                self._tries.move_to_end(one.name)
            while len(self._tries) > KEPT:
                self._tries.popitem(last=False)
            return before

    def wait_s(self, tried: Sequence[Counted], now: float) -> float:
        """Seconds until the next try; not above 0 when it may be made now, -inf while it is free."""
        with self._lock:
            return max(self._wait(one, now) for one in tried)

    def forgive(self, tried: Sequence[Counted]) -> None:
        with self._lock:
            for one in tried:
                self._tries.pop(one.name, None)

    def take_back(self, before: Mapping[str, Tries]) -> None:
        """The try that ``admit`` returned this for was right, and was no guess."""
        with self._lock:
            for name, tries in before.items():
                now = self._tries.get(name, tries)
                alone = now.made == tries.made + 1
                self._tries[name] = tries if alone else Tries(max(now.made - 1, 0), now.last)

    def _before(self, one: Counted, now: float) -> Tries:
        tries = self._tries.get(one.name, Tries(0, now))
        return Tries(0, now) if now - tries.last > FORGET_AFTER_S else tries

    def _wait(self, one: Counted, now: float) -> float:
        made, last = self._before(one, now)
        over = made - one.free
        if over < 0:
            return -math.inf
        return last + min(FIRST_WAIT_S * 2.0 ** min(over, 16), one.longest_s) - now
