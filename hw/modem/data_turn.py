"""Data's turn before the next text, in an open alarm whose texts end in nothing."""

from collections.abc import Callable
from enum import Enum

BEGINS_S = 1.0  # until there is a post again, or its connection is begun
CONNECTS_S = 2.1  # for connecting, where need be; a lost answer has cost 16 s already
ANSWERS_S = 2.0  # for one post and its answer
BEGINS, CONNECTS, ANSWERS = 10, 3, 4  # plain commands in each: some modems are slow with them
LATE_MOST_S = 0.7  # by which such a command is late; one that is later still must not hold up texts
LONGER, LONGEST = 3, 6  # times as long; no network is slower, and a text must not wait longer
NEVER = float("-inf")


class Turn(Enum):
    """Of data's turn between two texts."""

    NONE = "none"
    NEXT = "it is to begin"
    ON = "it has begun"


class DataTurn:
    """One between two texts. Each is longer than the last that was too short.

    Which network is slow, nobody knows before: a text that ends the connection each time must not
    come before it could be of use. Times are seconds on the owner's clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._until = NEVER
        self._waits = False
        self._times_as_long = 1
        self._alarm_since: float | None = None
        self.late_s = 0.0
        """How much longer than usual the modem takes for a plain command."""
        self.was_too_short = False
        """Whether time alone has ended the last: the modem may have fallen silent in it."""

    def is_due(self, text_tried_at: float) -> bool:
        """Whether a text has had its try since the last began."""
        return text_tried_at > self._began

    def begin(self, alarm_since: float, occupied: bool) -> None:
        """``occupied``: there is a connection, or one is being made. The first in an alarm is a
        short one."""
        if alarm_since != self._alarm_since:
            self._alarm_since, self._times_as_long = alarm_since, 1
        begins_at = self._clock() + BEGINS_S + BEGINS * self.late_s
        self._waits, self.was_too_short = not occupied, False
        self._began = self._clock() if occupied else begins_at  # what failed before that is no end
        self._until = begins_at + self._connects_s * (self._times_as_long if occupied else 1)

    def attempted(self) -> None:
        """A connection is being made; the first in a turn is what it has waited for."""
        if self._waits:
            self._waits = False
            self._began = min(self._began, self._clock())
            self._until = self._clock() + self._times_as_long * self._connects_s

    def connected(self, since: float) -> None:
        """The connection that there is has come up then."""
        if self._began <= since <= self._until:
            answers_s = ANSWERS_S + ANSWERS * self.late_s
            self._until = max(self._until, since + self._times_as_long * answers_s)

    @property
    def _connects_s(self) -> float:
        return CONNECTS_S + CONNECTS * self.late_s

    def goes_on(self, ended_at: float) -> bool:
        """Whether it does; an attempt or a post that has come to an end since is its end, too."""
        if ended_at > self._began:
            self._until = NEVER
        elif NEVER < self._until <= self._clock():
            self._until = NEVER
            self.was_too_short = not self._waits  # else nothing was tried in it
            if self.was_too_short:
                self._times_as_long = min(LONGER * self._times_as_long, LONGEST)
        return self._clock() < self._until

    def break_off(self) -> None:
        """The link has broken off, or no alarm is open: a turn is over with that."""
        self._until = NEVER

    def was_of_use(self) -> None:
        """Something has left: the next is a short one."""
        self._times_as_long = 1

    @property
    def is_on(self) -> bool:
        """Whether one has begun of which ``goes_on`` has not yet said that it is over."""
        return self._until > NEVER

    @property
    def until(self) -> float:
        return self._until
