"""The books of somebody outside: what the wearer felt, what came to HQ, what left for the phones.

Nothing here asks the device what it believes. HQ opens each sealed message itself; the board says
which texts left; the wearer's wrist says what was felt. Only when a report was made and of which
report a text tells, which nobody outside can see, is noted at the device's edge.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from outcry.envelope import read_header
from outcry.receipt import Status
from outcry.report import AlarmKind, MessageType, Report, decode
from outcry.responder.intake.opening import open_sealed
from simulation.world import ENROLMENT, HQ_PRIVATE_KEY

BLOCK = 65_536  # each start reserves so many counters: the block says in which life it was made
SAID = (MessageType.FIRST, MessageType.STILL_IN_DANGER)  # what only a hand or a strap can say
SENDS_MOST = 2
AGAIN_S = 300.0  # no second send before, unless the outcome of the first was lost
HANDED_S = 10.0  # a text on its way may be overtaken by news of the first
SILENT_S = 2.5 * 600.0
SETTLED_S = 300.0  # of good power and network, and every backoff is over
DAY_S = 86_400.0  # budgets are by the day: by then even a long track is at HQ
LATE_S = 60.0  # from a report's making to HQ, by a connection that may have been forgotten
YOUNG_S = 600.0  # an alarm so young is followed each minute
OFTEN_S, MOVING_S, STILL_S = 60.0, 600.0, 1800.0
SEEN_MOVING_S = 900.0  # the device has noticed by then


@dataclass(frozen=True)
class Arrival:
    """A message new to HQ."""

    at: float
    counter: int
    report: Report
    path: str

    @property
    def life(self) -> int:
        """In which of the daemon's lives it was made, from 0."""
        return self.counter // BLOCK

    @property
    def is_real(self) -> bool:
        """Whether it belongs to an alarm that is no drill."""
        return self.report.kind not in (AlarmKind.NONE, AlarmKind.DRILL)


@dataclass
class Spells:
    """A condition that comes and goes: when it changed, and to what."""

    changes: list[tuple[float, bool]] = field(default_factory=list)

    def become(self, at: float, on: bool) -> None:
        if not self.changes or self.changes[-1][1] is not on:
            self.changes.append((at, on))

    def spans(self, until: float) -> Iterator[tuple[float, float]]:
        """Each stretch in which it held."""
        ends = [at for at, _ in self.changes[1:]] + [until]
        for (began, on), end in zip(self.changes, ends, strict=True):
            if on and began < end:
                yield began, end

    def held(self, since: float, until: float) -> bool:
        """Whether it held all that time."""
        return any(began <= since and until <= end for began, end in self.spans(until))


@dataclass(frozen=True)
class Submission:
    """A text that the network took: of which report, to whom, by which template."""

    at: float
    key: tuple[int, int, str]
    id: int


@dataclass
class Books:
    """Everything observed in one life of the wearer. Times in seconds of the world's clock."""

    arrivals: list[Arrival] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    felt: list[tuple[float, int, str]] = field(default_factory=list)  # when, in which life, what
    lives: list[float] = field(default_factory=list)  # when the daemon started
    struck: Counter[int] = field(default_factory=Counter)  # lives that ended during a write
    outdated: list[tuple[float, int]] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)  # by HQ when it was ill: these go last
    submissions: list[Submission] = field(default_factory=list)
    given: list[tuple[float, int]] = field(default_factory=list)  # told to the device, by text id
    reached: list[tuple[float, int]] = field(default_factory=list)
    made: list[tuple[int, float]] = field(default_factory=list)  # counters below it, by when
    good: Spells = field(default_factory=Spells)  # power, network, data path and HQ, all of them
    network: Spells = field(default_factory=Spells)
    moving: Spells = field(default_factory=Spells)  # in truth, and the receiver sees it
    still: Spells = field(default_factory=Spells)
    disturbed: list[float] = field(default_factory=list)  # what makes reports of its own
    faults: list[str] = field(default_factory=list)
    _seen: dict[int, bytes] = field(default_factory=dict)
    _reused: set[int] = field(default_factory=set)
    _highest: int = -1

    # What is written into them

    def take(self, sealed: bytes, at: float, path: str) -> tuple[Report, Status | None]:
        """HQ has a message; the report, and what its receipt says, ``None`` for no receipt."""
        report = decode(open_sealed(sealed, HQ_PRIVATE_KEY, ENROLMENT.psk))
        counter = read_header(sealed).counter
        self.heard.append(at)
        known = self._seen.setdefault(counter, sealed)
        if known is not sealed:
            if known != sealed:
                self._reused.add(counter)
            return report, Status.STORED
        if report.type is MessageType.HEARTBEAT and counter < self._highest:
            self.outdated.append((at, counter))
            return report, None
        self._highest = max(self._highest, counter)
        self.arrivals.append(Arrival(at, counter, report, path))
        return report, Status.STORED

    def feel(self, at: float, pulse: str) -> None:
        """The wearer feels something."""
        self.felt.append((at, len(self.lives) - 1, pulse))

    # What they come to

    def lost(self) -> int:
        """Raisings that were felt and never came to HQ."""
        felt, arrived = self._raised()
        return sum(max(0, felt[life] - arrived[life]) for life in felt)

    def duplicates(self) -> list[str]:
        """What exists twice: counters, reports, alarms nobody raised, texts sent too often."""
        found = [f"counter {counter} had two messages" for counter in sorted(self._reused)]
        places = Counter(
            (arrival.report.alarm_id, arrival.report.sequence)
            for arrival in self.arrivals
            if arrival.report.alarm_id
        )
        found += [f"two reports {place[1]} of one alarm" for place, n in places.items() if n > 1]
        firsts = Counter(
            arrival.report.alarm_id
            for arrival in self.arrivals
            if arrival.report.type is MessageType.FIRST
        )
        found += ["an alarm began twice" for n in firsts.values() if n > 1]
        felt, arrived = self._raised()
        for life, number in arrived.items():
            if number > felt[life] + self.struck[life]:
                found.append(f"life {life}: {number} raisings at HQ, {felt[life]} felt")
        drills = sum(firsts[id_] for id_ in firsts if self._kind(id_) is AlarmKind.DRILL)
        if drills > sum(pulse == "a drill has begun" for _, _, pulse in self.felt):
            found.append("a drill at HQ that nobody began")
        return found + self._texts_too_often()

    def complaints(self, end: float) -> list[str]:
        """Every other promise that was not kept, up to ``end``."""
        return [
            *(f"fault: {fault}" for fault in self.faults),
            *self._counters(),
            *self._silences(end),
            *self._gaps(end),
            *self._haste(),
            *self._track(end),
        ]

    def _raised(self) -> tuple[Counter[int], Counter[int]]:
        felt = Counter(life for _, life, pulse in self.felt if pulse == "raised")
        arrived = Counter(
            arrival.life
            for arrival in self.arrivals
            if arrival.is_real and arrival.report.type in SAID
        )
        return felt, arrived

    def _kind(self, alarm_id: int) -> AlarmKind:
        return next(a.report.kind for a in self.arrivals if a.report.alarm_id == alarm_id)

    def _texts_too_often(self) -> list[str]:
        sent = defaultdict(list)
        for submission in self.submissions:
            sent[submission.key].append(submission)
        found = []
        for key, times in sent.items():
            if len(times) > SENDS_MOST:
                found.append(f"{key[2]} to {key[1]} left {len(times)} times")
            for first, second in itertools.pairwise(times):
                if not _between(self.given, first, second):
                    continue  # its outcome was lost, or it did not leave whole
                if _between(self.reached, first, second):
                    found.append(f"{key[2]} to {key[1]} left again after it had arrived")
                elif second.at - first.at < AGAIN_S:
                    found.append(f"{key[2]} to {key[1]} left again without waiting")
        return found

    def _counters(self) -> list[str]:
        return [
            f"at {at:.0f}: a heartbeat's counter {counter} went back"
            for at, counter in self.outdated
            if any(a.counter > counter for a in self.arrivals if a.at < at - SETTLED_S)
        ]

    def _silences(self, end: float) -> list[str]:
        """HQ must hear something, so that it takes nobody for silent who is not."""
        found = []
        for began, ended in self.good.spans(end):
            inside = self.heard[bisect_left(self.heard, began) : bisect_right(self.heard, ended)]
            for last, next_ in zip([began, *inside], [*inside, ended], strict=True):
                if next_ - last > SILENT_S:
                    found.append(f"silent from {last:.0f} to {next_:.0f}")
        return found

    def _gaps(self, end: float) -> list[str]:
        """No position may be missing while power and network are there."""
        opened = [at for at, _, pulse in self.felt if pulse == "raised"]
        if not opened:
            return []
        found = []
        reports = [arrival.at for arrival in self.arrivals if arrival.is_real]
        for began, ended in self.good.spans(end):
            since = max(began + SETTLED_S, opened[0] + OFTEN_S)
            inside = [at for at in reports if since <= at <= ended]
            for last, next_ in zip([since, *inside], [*inside, ended], strict=True):
                allowed = self._interval(last, next_) + LATE_S
                if next_ - last > allowed:
                    found.append(f"no position from {last:.0f} to {next_:.0f}: over {allowed:.0f}")
        return found

    def _interval(self, since: float, until: float) -> float:
        """The longest the schedule allows between two positions."""
        began = max(at for at in self._begun() if at <= until)
        if until - began <= YOUNG_S:
            return max(OFTEN_S, began - since + OFTEN_S)  # restarted in between: 20 s, then often
        if self.moving.held(since - SEEN_MOVING_S, until):
            return MOVING_S
        return STILL_S

    def _haste(self) -> list[str]:
        """Nor may there be more than the schedule says, for the battery's sake."""
        found = []
        positions = [
            self._made_at(a.counter)
            for a in sorted(self.arrivals, key=lambda arrival: arrival.counter)
            if a.is_real and a.report.type is MessageType.POSITION
        ]
        for last, next_ in itertools.pairwise(positions):
            calm_since = last - STILL_S
            if any(calm_since <= at <= next_ for at in self.disturbed) or not self.good.held(
                calm_since, next_
            ):
                continue
            if self.still.held(calm_since, next_) and next_ - last < STILL_S - 1:
                found.append(f"positions at {last:.0f} and {next_:.0f} of somebody still")
        return found

    def _track(self, end: float) -> list[str]:
        """After a long time without a network HQ has the track, newest first."""
        found = []
        outages = zip(self.network.changes, self.network.changes[1:], strict=False)
        for (lost, covered), (back, _) in outages:
            if covered or back - lost < 3600:
                continue
            low, high = self._counter_at(lost), self._counter_at(back)
            backlog = [a for a in self.arrivals if low < a.counter < high and a.is_real]
            by_data = [
                a.counter
                for a in backlog
                if a.path == "data" and a.at >= back and a.counter not in self.refused
            ]
            if by_data != sorted(by_data, reverse=True):
                found.append(f"the track of {lost:.0f} to {back:.0f} did not come newest first")
            alarms = {a.report.alarm_id for a in backlog}
            for alarm in alarms if end - back > DAY_S else ():
                missing = self._missing(alarm)
                if missing:
                    found.append(f"{missing} of an alarm's reports never came")
        return found

    def _missing(self, alarm: int) -> int:
        """How many of an alarm's reports HQ can see it does not have, by their numbers."""
        numbers = {a.report.sequence for a in self.arrivals if a.report.alarm_id == alarm}
        return max(numbers) + 1 - len(numbers)

    def _made_at(self, counter: int) -> float:
        after = bisect_right(self.made, (counter, math.inf))
        return self.made[min(after, len(self.made) - 1)][1]

    def _begun(self) -> list[float]:
        """What starts the schedule again: the daemon's start, and each new alarm."""
        firsts = [a for a in self.arrivals if a.is_real and a.report.type is MessageType.FIRST]
        return self.lives + [self._made_at(first.counter) for first in firsts]

    def _counter_at(self, at: float) -> int:
        """All counters taken by then are below it."""
        return max((counter for counter, when in self.made if when <= at), default=0)


def _between(told: list[tuple[float, int]], first: Submission, second: Submission) -> bool:
    return any(first.at <= at < second.at - HANDED_S and id_ == first.id for at, id_ in told)
