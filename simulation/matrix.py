"""The fault matrix: every step the modem is really asked, with every fault, and what came of it.

Nothing is listed by hand. Each life is lived once without a fault; what the simulated modem was
asked there, and at which stages, are the steps. A cell is a step and a fault striking it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from outcry.hw.board.faults import Fault, Kind, Stage
from outcry.hw.modem import Outcome, SmsOutcome
from simulation.lives import BEGIN_S, LIVES, Life
from simulation.wearable import SimulatedWorld
from simulation.world import HOLD_S

LEAVES_S = 60.0
LEAVES_CMGS_S = 90.0
FIRST_CMGS_S = 12.0
FIRST_CONTACT_S = 30.0
MANUAL_S = 5.0
WATCHED_S = 150.0  # after the press: all that is promised, and the texts' chain
AFTER_STEP_S = 0.05  # the press comes while the step's command is in flight
OCCURRENCES = 2  # of one command at one stage in one life
UNABORTABLE = ("+CIPSHUT", "+CGATT", "+CIICR", "+CFUN")

_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a card would only cost time

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
FAULTS = (
    Fault(Kind.SILENT),
    Fault(Kind.LATE, seconds=4),
    Fault(Kind.LATE, seconds=20),
    Fault(Kind.ERROR),
    Fault(Kind.ERROR, text="+CME ERROR: 3"),
    Fault(Kind.GARBAGE),
    Fault(Kind.PARTIAL),
    Fault(Kind.URC),
    Fault(Kind.RESET),
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
    """One fault at one step of one life; ``lasting``: from then on always."""

    life: Life
    step: Step
    fault: Fault
    lasting: bool

    def __str__(self) -> str:
        fault, step = self.fault, self.step
        words = [fault.kind.value]
        if fault.seconds:
            words.append(f"{fault.seconds:g} s")
        if fault.text:
            words.append(fault.text)
        lasting = " for ever" if self.lasting else ""
        return (
            f"{self.life.name}: AT{step.command} no. {step.number + 1}, {step.stage}:"
            f" {' '.join(words)}{lasting}"
        )

    @property
    def valid_at(self) -> float:
        """When the hold is valid."""
        return self.life.valid_at or max(self.step.at + AFTER_STEP_S, BEGIN_S + HOLD_S)

    @property
    def in_cmgs(self) -> bool:
        """Whether the fault sits in AT+CMGS itself."""
        return self.step.command == "+CMGS"

    @property
    def hangs(self) -> bool:
        """Whether the modem itself is deaf: longer than the manual allows, or again and again."""
        late = self.fault.kind is Kind.LATE
        return late and (self.lasting or self.fault.seconds > MANUAL_S)

    @property
    def hopeless(self) -> bool:
        """Whether no owner whatever could keep the promise."""
        if not self.lasting:
            return False
        if self.step.command == "":
            return self.fault.kind is not Kind.URC  # a modem that never answers AT is none
        return self.in_cmgs and not data_works(self.life)


@dataclass(frozen=True)
class Verdict:
    """What came of a cell; times in seconds after the press, None: never."""

    left: float | None
    first_cmgs: float | None
    first_contact: float | None
    answered: float | None
    ready: bool
    """Registered, ready for texts and not restarted until the first AT+CMGS."""
    blocked: bool
    """A command that cannot be aborted was in flight at the press."""
    duplicates: int
    faults: int
    """Faults in Outcry itself."""

    @property
    def counts_for_first_cmgs(self) -> bool:
        """Whether a text was due, and the modem could take it."""
        return self.ready and not self.blocked and self._text_was_due(FIRST_CMGS_S)

    @property
    def counts_for_first_contact(self) -> bool:
        return self._text_was_due(FIRST_CONTACT_S)

    def _text_was_due(self, limit_s: float) -> bool:
        return self.answered is None or self.answered > limit_s


class _Record:
    """Stands before a modem's faults and writes down who asks for one."""

    def __init__(self, world: SimulatedWorld) -> None:
        self.steps: list[Step] = []
        self._asked: Counter[tuple[str, Stage]] = Counter()
        self._world = world
        self._take = world.sim.faults.take
        world.sim.faults.take = self.take  # type: ignore[method-assign]

    def take(self, command: str, stage: Stage) -> Fault | None:
        step = Step(command, stage, self._asked[command, stage], self._world.now)
        self._asked[command, stage] += 1
        self.steps.append(step)
        return self._take(command, stage)


@cache
def steps(life: Life) -> tuple[Step, ...]:
    """What is asked of the modem in this life when nothing is at fault."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        world = life.world(Path(folder), life.valid_at)
        record = _Record(world)
        world.run(life.until)
    found = [step for step in record.steps if step.at >= life.since]
    taken: Counter[tuple[str, Stage]] = Counter()
    kept = []
    for step in found:
        taken[step.command, step.stage] += 1
        if taken[step.command, step.stage] <= OCCURRENCES:
            kept.append(step)
    return tuple(kept)


@cache
def data_works(life: Life) -> bool:
    """Whether HQ answers in this life when nothing is at fault."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        world = life.world(Path(folder), life.valid_at or life.until)
        world.run((life.valid_at or life.until) + LEAVES_S)
        return bool(world.receipts)


def cells() -> Iterator[Cell]:
    """All cells there are."""
    number = 0
    for life in LIVES:
        for step in steps(life):
            for kind in FAULTS:
                text = kind.text
                if kind.kind is Kind.URC:
                    number += 1
                    text = NEWS[number % len(NEWS)]
                fault = Fault(kind.kind, step.stage, kind.seconds, text)
                for lasting in (False, True):
                    yield Cell(life, step, fault, lasting)


def live(cell: Cell) -> Verdict:
    """Live this cell and judge it."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        world = cell.life.world(Path(folder), cell.valid_at)
        times = None if cell.lasting else 1
        world.sim.faults.on(cell.step.command, cell.fault, times=times, skip=cell.step.number)
        given = _given(world)
        world.run(cell.valid_at + WATCHED_S)
        return _judge(cell, world, given)


def broken(cell: Cell, verdict: Verdict) -> list[str]:
    """The promises that were not kept, in words."""
    if cell.hopeless:
        return []
    found = []
    if _late(verdict.left, LEAVES_CMGS_S if cell.in_cmgs else LEAVES_S):
        found.append(f"left after {verdict.left}")
    if verdict.duplicates:
        found.append(f"{verdict.duplicates} duplicates")
    if verdict.faults:
        found.append("a fault in Outcry")
    if cell.hangs:
        return found
    if verdict.counts_for_first_cmgs and _late(verdict.first_cmgs, FIRST_CMGS_S):
        found.append(f"first CMGS after {verdict.first_cmgs}")
    contact_counts = verdict.counts_for_first_contact and not cell.in_cmgs
    if contact_counts and _late(verdict.first_contact, FIRST_CONTACT_S):
        found.append(f"first contact after {verdict.first_contact}")
    return found


def _late(at: float | None, limit_s: float) -> bool:
    return at is None or at > limit_s


def _given(world: SimulatedWorld) -> list[tuple[str, str, str]]:
    """Number and words of every text handed to the owner, under its reference."""
    given: list[tuple[str, str, str]] = []
    send = world.modem.send_sms

    def heard(ref: str, number: str, text: str) -> None:
        given.append((ref, number, text))
        send(ref, number, text)

    world.modem.send_sms = heard
    return given


def _judge(cell: Cell, world: SimulatedWorld, given: list[tuple[str, str, str]]) -> Verdict:
    valid = cell.valid_at
    first = given[0][1] if given else None
    tried = [t for t in world.commands("AT+CMGS") if t >= valid]
    taken = [
        t
        for t, what, facts in world.seen
        if what == "cmgs" and str(facts["outcome"]).startswith("+CMGS:") and t >= valid
    ]
    to_first = [
        t
        for t, what, facts in world.seen
        if what == "sms-submitted" and facts["to"] == first and t >= valid
    ]
    answered = [t for t in world.receipts if t >= valid]
    until = tried[0] if tried else valid + FIRST_CMGS_S
    boots = [t for t, what, _ in world.seen if what == "boot"]
    asked = [(t, facts["command"]) for t, what, facts in world.seen if what == "at" and t <= valid]
    return Verdict(
        left=_after(valid, [*answered, *taken]),
        first_cmgs=_after(valid, tried),
        first_contact=_after(valid, to_first),
        answered=_after(valid, answered),
        ready=not any(valid - 15 <= t <= until for t in boots),
        blocked=bool(asked) and str(asked[-1][1])[2:] in UNABORTABLE,
        duplicates=_duplicates(world, given),
        faults=len(world.faults),
    )


def _after(valid: float, times: list[float]) -> float | None:
    return min(times) - valid if times else None


def _duplicates(world: SimulatedWorld, given: list[tuple[str, str, str]]) -> int:
    """Texts that stand on a phone oftener than once and once for each outcome told as unknown."""
    words = {ref: (number, text) for ref, number, text in given}
    unknown = Counter(
        words[event.ref]
        for _, event in world.told
        if isinstance(event, SmsOutcome) and event.outcome is Outcome.UNKNOWN
    )
    shown = Counter(
        (phone.number, text.text)
        for phone in world.board.centre.phones.values()
        for text in phone.texts
    )
    return sum(max(0, count - 1 - unknown[key]) for key, count in shown.items())
