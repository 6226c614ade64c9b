"""Random lives of receivers under one gpsd, and what the wearable says of their fixes' ages.

gpsd repeats the last fix of a receiver that fell silent for as long as it runs, with a new date
where the receiver goes on to tell that alone; one may send no date, or one that is years off;
service, gpsd and device are started again at any time. Whatever happens, a position may be told
with an age that is too great, or with none, never with one that is smaller than the true one.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from outcry.daemon.journal import Journal
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.service.whereabouts import Whereabouts
from outcry.hw.gps import Gps
from outcry.report import Position
from simulation.fault_matrix.cells import MEMORY
from simulation.gpsd_stand_in import GpsdStandIn, polled, said

STEPS = 60
POLL_S = 5.0
FLOATS_S = 1e-6  # two sums of the same seconds may differ
_EPOCH = datetime(2026, 11, 26, tzinfo=UTC)
_PACES_S = (0.2, 1.0, 5.0, 5.0, 5.0, 40.0, 700.0)
Place = tuple[float, float]
_SILENT = Journal(lambda *_: None)


@dataclass
class Receiver:
    """What one receiver does now, and what gpsd has of it."""

    path: str
    dated: bool
    off_by: timedelta
    """How wrong its date is: a week number that rolled over is 1024 weeks."""
    awake: bool = True
    sky: bool = True
    placing: bool = True
    """Whether it says where it is, or that it does not know, besides the date."""
    at: Place = (43.0, 45.0)
    tpv: dict[str, object] = field(default_factory=dict)
    heard: str = ""

    def second(self, true_now: float, seen: dict[Place, float]) -> None:
        """It sends, if it is awake, what it sees now."""
        if not self.awake:
            return
        today = _EPOCH + timedelta(seconds=true_now)
        self.heard = today.isoformat()
        if self.placing:
            self.tpv = {"device": self.path, "mode": 1}
        if self.placing and self.sky:
            latitude, longitude = self.at
            self.tpv |= {"mode": 3, "lat": latitude, "lon": longitude, "eph": 9.0}
            seen[self.at] = true_now
        if self.dated and self.tpv:
            self.tpv["time"] = (today + self.off_by).isoformat()

    def sentences(self, true_now: float, seen: dict[Place, float]) -> bytes:
        """What it says in the next moment."""
        if not (self.awake and self.placing and self.sky):
            return b""
        seen[self.at] = true_now
        return said(*self.at)


class World:
    """Receivers, a gpsd, and the part of the daemon that knows where the wearer is."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._dice = Random(seed)
        self._now = self._dice.uniform(50, 500)
        self._booted_at = 0.0
        self._moves = 0
        self._seen: dict[Place, float] = {}  # when some receiver last saw it
        self.known = 0
        """How many positions were told with an age."""
        self.too_young: list[str] = []
        self._receivers = [
            Receiver(
                f"/dev/tty{n}",
                dated=self._dice.random() < 0.7,
                off_by=timedelta(weeks=self._dice.choice((0, 0, 1024, -1024))),
                at=self._elsewhere(),
            )
            for n in range(self._dice.choice((1, 1, 2, 3)))
        ]

    def live(self) -> None:
        """Until its end."""
        with closing(GpsdStandIn(self._answer, self._sentences)) as gpsd:
            self._starts(gpsd.port)
            for _ in range(STEPS):
                self._pass(self._dice.choice(_PACES_S))
                if self._dice.random() < 0.3:
                    self._something_happens(gpsd.port)
                if self._dice.random() < 0.9:
                    self._where.see(self._gps.ask(), self._clock())
                self._look()
            self._gps.disconnect()

    def _clock(self) -> float:
        return self._now - self._booted_at

    def _starts(self, port: int) -> None:
        clock = self._clock
        self._gps = Gps("127.0.0.1", port, lambda _: None, clock)
        self._where = Whereabouts(Memory(self._folder / "memory.json", clock()), _SILENT)

    def _pass(self, seconds: float) -> None:
        whole = int(seconds)
        for step in (*[1.0] * min(whole, 2), float(max(whole - 2, 0)), seconds - whole):
            self._now += step
            for each in self._receivers:
                each.second(self._now, self._seen)

    def _something_happens(self, port: int) -> None:
        one = self._dice.choice(self._receivers)
        match self._dice.randrange(9):
            case 0 | 1:
                one.awake = not one.awake
            case 2:
                one.sky = not one.sky
            case 3 | 4:
                one.at = self._elsewhere()
            case 5:  # gpsd
                for each in self._receivers:
                    each.tpv, each.heard = {}, ""
            case 6:  # the service
                self._gps.disconnect()
                self._starts(port)
            case 7:  # the device: what was in memory is gone
                self._gps.disconnect()
                (self._folder / "memory.json").unlink(missing_ok=True)
                self._booted_at = self._now
                self._pass(20.0)
                self._starts(port)
            case 8:
                one.placing = not one.placing

    def _elsewhere(self) -> Place:
        self._moves += 1
        return (43.0 + self._moves / 1000, 45.0)

    def _answer(self, question: bytes) -> bytes:
        tpv = [each.tpv for each in self._receivers if each.tpv]
        heard = {each.path: each.heard for each in self._receivers if each.heard}
        return polled(question, tpv, heard)

    def _sentences(self, question: bytes) -> bytes:
        return b"".join(
            each.sentences(self._now, self._seen)
            for each in self._receivers
            if each.path.encode() in question
        )

    def _look(self) -> None:
        place = self._where.place(self._clock())
        if not isinstance(place, Position) or not place.age_known:
            return
        self.known += 1
        true_age = self._now - self._seen[place.latitude, place.longitude]
        if place.age_s + FLOATS_S < true_age:
            self.too_young.append(f"{place.age_s} s were told, {true_age:.1f} s were true")


@dataclass(frozen=True)
class Found:
    """Of all lives: ages told, and those that were less than the truth."""

    known: int
    too_young: tuple[str, ...]


def lived(lives: int) -> Found:
    """So many lives, always the same ones."""
    known, too_young = 0, []
    for seed in range(lives):
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            world = World(Path(folder), seed)
            world.live()
        known += world.known
        too_young += [f"life {seed}: {words}" for words in world.too_young]
    return Found(known, tuple(too_young))
