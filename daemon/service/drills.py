"""How the last drill went: how long each hop took, for the wearer's maintainer.

It is kept on the card: it says when somebody practised and how fast it went,
and nothing about any person.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from outcry.daemon.alarm.model import Event
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.outbox.private_files import write_whole
from outcry.hw.system_errors import told
from outcry.report import MAX_HOURS

FILE_NAME = "drill.json"
HOUR_S = 3600.0
SET_BACK_S = 600.0  # a clock set back by more was wrong when the drill was dated


class Hop(Enum):
    """The hops of an alarm, in the usual order."""

    SEALED = "report sealed"
    STORED = "HQ has it"
    ACKNOWLEDGED = "a person has it"
    TEXT_LEFT = "first text left"
    TEXT_REACHED = "first text reached its phone"


_HOPS = {
    Event.RECEIPT_STORED: Hop.STORED,
    Event.RECEIPT_ACKNOWLEDGED: Hop.ACKNOWLEDGED,
    Event.TEXT_LEFT: Hop.TEXT_LEFT,
}


@dataclass
class Drill:
    """One drill: when it began (Unix seconds, ``None`` if the clock was not set), and its hops.

    ``hops`` are seconds from the beginning; a hop that is missing was not reached.
    """

    began_at: float | None
    hops: dict[Hop, float] = field(default_factory=dict)
    over: bool = False

    def words(self) -> str:
        seen = [f"{hop.value} {self.hops[hop]:.1f} s" for hop in Hop if hop in self.hops]
        return ", ".join(seen) or "nobody was reached"


class Drills:
    """The last drill, or the one under way. ``now`` is seconds of the loop's clock.

    ``wall()`` is Unix seconds, ``None`` while the clock is not set. The journal is told if the card
    cannot keep it.
    """

    def __init__(self, path: Path, wall: Callable[[], float | None], journal: Journal) -> None:
        self._path = path
        self._wall = wall
        self._journal = journal
        self._began = 0.0
        self.last: Drill | None = None
        try:
            self.last = _read(json.loads(path.read_text(encoding="ascii")))
        except FileNotFoundError:
            pass  # there has been none
        except Exception as error:  # noqa: BLE001 - whatever it holds, it is only a drill
            self._fault(f"the last drill cannot be read ({told(error)})")

    def begin(self, now: float) -> None:
        self._began = now
        self.last = Drill(self._wall())

    def happened(self, event: Event, now: float) -> None:
        if event in _HOPS:
            self.see(_HOPS[event], now)

    def see(self, hop: Hop, now: float) -> None:
        """A hop was reached. Only the first of its kind counts, and only in a drill."""
        if self.last is not None and not self.last.over:
            self.last.hops.setdefault(hop, round(now - self._began, 3))

    def end(self) -> str:
        """Keep the drill, which is over; returns its hops in words."""
        if self.last is None or self.last.over:
            return ""
        self.last.over = True
        kept = {
            "began_at": self.last.began_at,
            "hops": {hop.name: seconds for hop, seconds in self.last.hops.items()},
        }
        try:
            write_whole(self._path, json.dumps(kept))
        except OSError as error:
            self._fault(f"the drill cannot be kept ({told(error)})")
        return self.last.words()

    def _fault(self, words: str) -> None:
        self._journal.tell(Entry.PART_FAULT, detail=words)

    def seconds_ago(self) -> float | None:
        """How long ago the last drill began; ``None`` if that is not known."""
        now = self._wall()
        if self.last is None or self.last.began_at is None or now is None:
            return None
        ago_s = now - self.last.began_at
        return max(0.0, ago_s) if ago_s > -SET_BACK_S else None

    def hours_ago(self) -> int | None:
        """The same in whole hours as a report carries it, from 1 to 65535."""
        ago_s = self.seconds_ago()
        return None if ago_s is None else min(max(1, int(ago_s / HOUR_S)), MAX_HOURS)


def _read(kept: dict[str, Any]) -> Drill:
    began_at = kept["began_at"]
    hops = {Hop[name]: float(seconds) for name, seconds in kept["hops"].items()}
    return Drill(None if began_at is None else float(began_at), hops, over=True)
