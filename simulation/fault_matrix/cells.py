"""The cells of the fault matrix: every step the modem is really asked, with every fault there is.

Nothing is listed by hand. Each life is lived once without a fault: what the simulated modem was
asked, and at which stages, are the steps. The faults are those of the board's catalogue. A cell is
a fault that strikes a step of a life, once or from then on for ever.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from pathlib import Path
from random import Random

from outcry.hw.board.modem.faults import Fault, Stage
from outcry.hw.board.sim800.fault_catalogue import ANY_STEP, AT_ONCE, CATALOGUE, Named, arm
from simulation.fault_matrix.lives import BEGIN_S, CLOCKS, LIVES, Life
from simulation.wearable import SimulatedWorld
from simulation.world import HOLD_S

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a card would only cost time
AFTER_STEP_S = 0.05  # the press comes while the step's command is in flight
OCCURRENCES = 2  # of one command at one stage in one life
MANUAL_S = 5.0  # what the manual allows most commands
AROUND_S = (-1.0, 0.2, 3.0)  # the press, for a fault that strikes no step
LATE_S = (4.0, 20.0)
CRASH_S = (0.3, 2.0)
LATEST_CMGS_S = 61.0  # the manual allows 60
ERRORS = ("ERROR", "+CME ERROR: 3")
REGISTRATIONS = tuple(f"+CREG: 2,{stat}\r\n\r\nOK" for stat in range(12))  # 3GPP TS 27.007, 7.2
CARRIES_TEXTS = ("1", "5", "6", "7", "9", "10")
UNTIL_THE_POWER_GOES = ("hang", "baud")
ANYWHERE = tuple(
    name
    for name, named in CATALOGUE.items()
    if ANY_STEP in named.steps and "stage" in named.takes  # at any stage
)
NEWS = (
    "+CREG: 5",
    '+CMTI: "SM",1',
    "+CIPRXGET: 1",
    "CLOSED",
    "+PDP: DEACT",
    "UNDER-VOLTAGE WARNNING",
    "RING",
    "+CDS: 25",
    "SMS Ready",
)


@dataclass(frozen=True)
class Step:
    """The ``number``-th time (from 0) in a life that a command came to a stage, and when."""

    command: str
    stage: Stage
    number: int
    at: float


@dataclass(frozen=True)
class Cell:
    """One fault in one life: at ``step``, ``lasting`` if from then on always, or ``at`` a time."""

    life: Life
    fault: str
    step: Step | None = None
    lasting: bool = False
    seconds: float | None = None
    text: str | None = None
    at: float = 0.0
    then: str | None = None
    """A second fault that strikes the same command at the same stage the next time."""
    clock: str = ""
    """Which of :data:`CLOCKS` the system has; empty: one that NTP has set."""
    world: int = 1
    """The seed of the world: how long each answer takes, and what else chance decides there."""

    def __str__(self) -> str:
        words = [f"{self.life.name}: {self.fault}"]
        if self.seconds is not None:
            words.append(f"{self.seconds:g} s")
        if self.text is not None:
            words.append(f"({self.text})")
        if self.step is None:
            words.append(f"at {self.at - self.valid_at:+g} s")
        else:
            words.append(f"at AT{self.step.command} no. {self.step.number + 1}, {self.step.stage}")
        words += [f"then {self.then}"] if self.then else []
        words += [f"clock {self.clock}"] if self.clock else []
        words += [f"in world {self.world}"] if self.world != 1 else []
        return " ".join(words) + (", for ever" if self.lasting else "")

    @property
    def valid_at(self) -> float:
        """When the hold is valid."""
        if self.life.valid_at is not None:
            return self.life.valid_at
        assert self.step is not None
        return max(self.step.at + AFTER_STEP_S, BEGIN_S + HOLD_S)

    @property
    def in_cmgs(self) -> bool:
        """Whether the fault sits in AT+CMGS itself."""
        return self.step is not None and self.step.command == "+CMGS"

    @property
    def denies_network(self) -> bool:
        """Whether the modem says that it has no network, though it has: it is not believed at once."""
        stat = (self.text or "").partition(",")[2].partition("\r")[0]
        return self.text in REGISTRATIONS and stat not in CARRIES_TEXTS

    @property
    def has_its_minute(self) -> bool:
        """Whether the modem is deaf for the minute that it may take for a text, and no wire ends it.

        Then no driver at all can do better (manual p.116).
        """
        return self.seconds == LATEST_CMGS_S and self.life.wire is None

    @property
    def deaf(self) -> bool:
        """Whether the modem hears nothing: for longer than the manual allows, or ever again.

        A second fault that is late is so by more than that.
        """
        if self.fault == "late" and (self.lasting or (self.seconds or 0) > MANUAL_S):
            return True
        return self.then == "late" or not {self.fault, self.then}.isdisjoint(UNTIL_THE_POWER_GOES)

    @property
    def hopeless(self) -> bool:
        """Whether no driver at all could keep the promise."""
        if self.fault in UNTIL_THE_POWER_GOES and self.life.wire is None:
            return True
        if {self.fault, self.then} <= set(UNTIL_THE_POWER_GOES):
            return True  # two restarts by wire take longer than a minute
        if self.fault == "stuck-connect" and self.life.holds_the_line and self.life.wire is None:
            return True  # it serves nothing any more, and nothing else reaches it
        if not self.lasting or self.step is None:
            return False
        if self.step.command == "":
            return self.fault != "urc"  # a modem that never answers AT is none
        if self.step.command == "+CPIN" and self.life.pin is not None:
            return self.fault != "urc"  # nobody ever hears what its SIM wants, or is heard
        return self.in_cmgs and not data_works(self.life)

    def arm(self, world: SimulatedWorld) -> None:
        """Make it happen in ``world``, which has not begun."""
        if self.step is None:
            world.at(self.at, lambda: arm(world.sim, self.fault))
            return
        details: dict[str, object] = {
            "step": self.step.command,
            "stage": self.step.stage,
            "skip": self.step.number,
            "times": 0 if self.lasting else 1,
            "seconds": self.seconds,
            "text": self.text,
        }
        _arm(world, self.fault, details)
        if self.then is not None:  # the first rule of the two that matches has its turn
            details |= {"skip": self.step.number, "seconds": None, "text": None}
            _arm(world, self.then, details)


def _arm(world: SimulatedWorld, fault: str, details: dict[str, object]) -> None:
    heeded = CATALOGUE[fault].takes
    if ANY_STEP not in CATALOGUE[fault].steps:
        heeded -= {"stage"}
    given = {name: value for name, value in details.items() if value is not None}
    arm(world.sim, fault, **{name: given[name] for name in given if name in heeded})


class _Record:
    """Stands before a modem's faults and writes down where one could strike."""

    def __init__(self, world: SimulatedWorld) -> None:
        self.steps: list[Step] = []
        self._counts: Counter[tuple[str, Stage]] = Counter()
        self._world = world
        self._take = world.sim.faults.take
        world.sim.faults.take = self.take  # type: ignore[method-assign]

    def take(self, command: str, stage: Stage) -> Fault | None:
        if stage == "after" and command != "+CMGS":  # the next command's first stage is the same
            return self._take(command, stage)
        self.steps.append(Step(command, stage, self._counts[command, stage], self._world.now))
        self._counts[command, stage] += 1
        return self._take(command, stage)


@cache
def steps(life: Life) -> tuple[Step, ...]:
    """What is asked of the modem in this life when nothing is at fault."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world = life.world(Path(folder), life.valid_at)
        record = _Record(world)
        world.run(life.until)
    taken: Counter[tuple[str, Stage]] = Counter()
    kept = []
    for step in record.steps:
        if step.at >= life.since:
            taken[step.command, step.stage] += 1
            if taken[step.command, step.stage] <= OCCURRENCES:
                kept.append(step)
    return tuple(kept)


@cache
def data_works(life: Life) -> bool:
    """Whether HQ answers in this life when nothing is at fault."""
    pressed = life.valid_at or life.until
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world = life.world(Path(folder), pressed)
        world.run(pressed + 60)
        return bool(world.receipts)


def cells() -> Iterator[Cell]:
    """All cells in which the promise could be kept, always in the same order.

    Every clock there is comes in turn: whatever is at fault, no report tells a wrong time.
    """
    for cell, clock in zip(_cells(), cycle(("", *CLOCKS)), strict=False):
        yield replace(cell, clock=clock)


def _cells() -> Iterator[Cell]:
    news, seconds = Random(0), Random(0)
    for life in LIVES:
        for step in steps(life):
            for cell in _at(life, step, news):
                if not cell.hopeless:
                    yield cell
            both = _two(life, step, seconds)
            if not (both.hopeless or replace(both, fault=both.then, then=None).hopeless):
                yield both
        for name, named in CATALOGUE.items():
            if AT_ONCE in named.steps and life.valid_at is not None:
                for around in AROUND_S:
                    cell = Cell(life, name, at=max(BEGIN_S, life.valid_at + around))
                    if not cell.hopeless:
                        yield cell


def _at(life: Life, step: Step, news: Random) -> Iterator[Cell]:
    for name, named in CATALOGUE.items():
        if not _strikes_at(named, step):
            continue
        for seconds in _seconds(name, step):
            for text in _texts(name, step, news):
                yield Cell(life, name, step, False, seconds, text)
                if "times" in named.takes and seconds != LATEST_CMGS_S:
                    yield Cell(life, name, step, True, seconds, text)


def _strikes_at(named: Named, step: Step) -> bool:
    """One with steps of its own strikes at the command; one that takes no stage knows its own."""
    if ANY_STEP not in named.steps:
        return step.command in named.steps and step.stage == "command"
    return "stage" in named.takes or step.stage == named.stage


def _two(life: Life, step: Step, random: Random) -> Cell:
    """Two faults in a row, as chance decides.

    No SIM800 gives a bare ERROR as the late result of AT+CIPSTART; in the first second of a text it
    would be taken for that one's refusal.
    """
    names = [name for name in ANYWHERE if (name, step.stage) != ("error", "result")]
    first = random.choice([cell for cell in _at(life, step, random) if cell.fault in names])
    return replace(first, lasting=False, then=random.choice(names))


def _seconds(name: str, step: Step) -> tuple[float | None, ...]:
    if name == "crash":
        return CRASH_S
    if name != "late":
        return (None,)
    return (*LATE_S, LATEST_CMGS_S) if step.command == "+CMGS" else LATE_S


def _texts(name: str, step: Step, news: Random) -> tuple[str | None, ...]:
    if name == "error":
        asks = step.command == "+CREG" and step.stage == "command"
        return (*ERRORS, *REGISTRATIONS) if asks else ERRORS
    return (news.choice(NEWS),) if name == "urc" else (None,)


def sample(seed: int, number: int) -> list[Cell]:
    """This many cells, one of each fault at each command and stage before any second one.

    Each in a world by chance: a fault may cost an alarm in one and not in the next. A cell's turn and
    its world go by its own words, so that a new cell changes nothing for the others.
    """
    kinds: dict[object, list[Cell]] = {}
    for cell in cells():
        step = cell.step
        where = None if step is None else (step.command, step.stage)
        kinds.setdefault((cell.fault, where), []).append(cell)
    chances = {cell: Random(f"{seed} {cell}") for group in kinds.values() for cell in group}
    turns = {cell: chance.random() for cell, chance in chances.items()}
    ranked = [
        (nth, turns[cell], cell)
        for group in kinds.values()
        for nth, cell in enumerate(sorted(group, key=lambda each: turns[each]))
    ]
    ranked.sort(key=lambda each: each[:2])
    return [replace(cell, world=chances[cell].randrange(2**32)) for *_, cell in ranked[:number]]
