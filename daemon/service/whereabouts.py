"""Where the wearer is, as far as the receiver knows, and which readings are news."""

from outcry.daemon.alarm import movement
from outcry.daemon.alarm.model import Event
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.messages import reports
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.hw.gps import Fix, NoFix, NoFixReason
from outcry.report import NoPosition, Position


class Whereabouts:
    """The last fix and reading, whether the wearer moves, and the place last reported."""

    def __init__(self, memory: Memory, journal: Journal) -> None:
        self._memory = memory
        self._journal = journal
        self._no_fix = NoFix(NoFixReason.NOT_ASKED_YET)
        self._has_fix = False
        self._movement = movement.Movement()
        self.reported: Position | NoPosition | None = None
        """What the newest report says."""

    @property
    def moving(self) -> bool | None:
        """Whether the wearer moves; ``None`` while nobody knows."""
        return self._movement.moving

    @property
    def no_fix(self) -> NoFix | None:
        """Why there is no fix now; ``None`` if there is one."""
        return None if self._has_fix else self._no_fix

    def place(self, now: float) -> Position | NoPosition:
        return reports.place(self._memory.fix, self._no_fix, now)

    def see(self, reading: Fix | NoFix, now: float) -> list[Event]:
        """Take in a reading; the events it means to an alarm."""
        missing = reading if isinstance(reading, NoFix) else None
        if missing != self.no_fix:
            self._journal.tell(Entry.GPS, detail=str(missing or "fix"))
        self._has_fix = missing is None
        if isinstance(reading, NoFix):
            self._no_fix = reading
            return []
        events = self._follow(reading) if self._memory.see(reading) else []
        if reports.is_better(self.place(now), self.reported):
            blind = isinstance(self.reported, NoPosition)
            events.append(Event.FIRST_FIX if blind else Event.BETTER_FIX)
        return events

    def _follow(self, fix: Fix) -> list[Event]:
        before = self.moving
        seen = fix.latitude, fix.longitude, fix.accuracy_m, fix.taken_at
        self._movement = movement.see(self._movement, *seen)
        if self.moving is before:
            return []
        return [Event.MOVES if self.moving else Event.RESTS]
