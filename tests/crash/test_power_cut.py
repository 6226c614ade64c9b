"""No alarm is lost to a power cut or a kill, at any moment after somebody was told of it.

A real program is recorded call by call while it writes; then every state in
which a power cut could leave its files is opened with the real code. The proof
is worth something because it fails when SQLite syncs less.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Self

import pytest
from crash import device, headquarters
from crash.headquarters import Answered
from crash.recording import Call, Event, Said, record
from crash.replay import Crash, Loss, crashes
from sqlalchemy import select

from outcry.daemon.outbox.outbox import Outbox
from outcry.envelope import public_key, to_text
from outcry.responder.enrolment.hq_keys import load_or_create
from outcry.responder.rules.events import CameBy, ReportArrived
from outcry.responder.storage import event_log, store
from outcry.responder.storage.store import DATABASE, Store

FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
KILLS_A_DEVICE = 20  # then a new device begins, so that the steps of all its lives stay few
LONGEST_LIFE = 20  # pulses until a kill
TESTS = Path(__file__).parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent))),
    "PYTHONDONTWRITEBYTECODE": "1",
}
# Long enough that SQLite folds its log into the database in the midst of a life (1000 pages).
DEVICE_LIVES = ((0, 699, "exit"), (700, 799, "close"), (800, 849, "exit"))
HQ_LIVES = ((0, 59, "exit"), (60, 119, "close"), (120, 139, "exit"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600 if FULL else 1800),
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]

Check = Callable[[Crash, Path], list[str]]


@dataclass
class Count:
    """How many crash states were opened, and those in which something was wrong."""

    states: int = 0
    losses: list[str] = field(default_factory=list)

    def __iadd__(self, other: Count) -> Self:
        self.states += other.states
        self.losses += other.losses
        return self

    def line(self, what: str) -> str:
        return f"{what}: {self.states} crash states, {len(self.losses)} losses"


def memory() -> str | None:
    """A file system in memory where there is one: a campaign opens thousands of databases."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=memory()) as made:
        yield Path(made)


Report = Callable[[str, Count], None]


@pytest.fixture
def report_count(capsys: pytest.CaptureFixture[str]) -> Report:
    """Prints a campaign's count past pytest's capture: the figure is what the campaign is for."""

    def show(what: str, count: Count) -> None:
        with capsys.disabled():
            print(f"\n{count.line(what)}")

    return show


def lay_out(files: Mapping[str, bytes], place: Path) -> Path:
    """Make a folder that holds exactly these files."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in files.items():
        (place / name).write_bytes(content)
    return place


def replay(found: Iterable[Crash], check: Check, place: Path) -> Count:
    """Open every state with the real code; an exception there is a loss like any other."""
    count = Count()
    for crash in found:
        try:
            problems = check(crash, lay_out(crash.files, place))
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody's alarm is behind it
            problems = [f"{type(error).__name__}: {error}"]
        count.states += 1
        if problems:
            count.losses.append(f"{crash}: {'; '.join(problems)}")
    return count


def damage(database: Path) -> list[str]:
    """What SQLite itself finds wrong."""
    connection = sqlite3.connect(database)
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    finally:
        connection.close()
    return [] if found == ["ok"] else found


@pytest.fixture(scope="module")
def views() -> list[device.View]:
    """What a device that nothing happens to knows: before step 0, after it, after step 1..."""
    with tempfile.TemporaryDirectory(dir=memory()) as made:
        outbox = Outbox(Path(made) / device.OUTBOX, pytest.fail)
        views = [device.view(outbox)]
        for n in range(DEVICE_LIVES[-1][1] + 100):
            device.take_step(outbox, n)
            views.append(device.view(outbox))
        outbox.close()
    assert all(before != after for before, after in pairwise(views))  # no step can go unnoticed
    return views


def live_device(state: Path, first: int, last: int, end: str, how: str = "FULL") -> list[Event]:
    state.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "crash.device"]
    return record(
        [*program, str(state), str(first), str(last), end, how],
        state,
        state.with_suffix(".strace"),
        ENVIRONMENT,
    )


def folds_while_alive(events: list[Event], database: Path) -> bool:
    """Whether SQLite copied its log into the database between two things that were said."""
    said = [isinstance(event, Said) for event in events]
    return any(
        isinstance(event, Call)
        and event.name == "pwrite64"
        and event.path() == database
        and any(said[:n])
        and any(said[n:])
        for n, event in enumerate(events)
    )


def pulses(said: Iterable[str]) -> int:
    """How many steps the wearer was told of."""
    return max((int(line.split()[1]) + 1 for line in said if line.startswith("PULSE")), default=0)


def check_device(views: list[device.View]) -> Check:
    """The state after the last step that was told of, or the one after it: whole, and no other."""

    def check(crash: Crash, place: Path) -> list[str]:
        problems: list[str] = []
        outbox = Outbox(place / device.OUTBOX, problems.append)
        found = device.view(outbox)
        counter = outbox.take_counter()
        if not outbox.durable:
            problems.append("the outbox cannot be written any more")
        outbox.close()
        told = pulses(crash.said)
        if found not in views[told : told + 2]:
            problems.append(f"the wearer felt {told} pulses, and that is not what is found")
        used = [int(line.split()[1]) for line in crash.said if line.startswith("OPENED")]
        if counter <= max(used, default=-1):
            problems.append("a counter is given again")
        return problems + damage(place / device.OUTBOX)

    return check


def live_hq(state: Path, first: int, last: int, end: str, how: str = "FULL") -> list[Event]:
    state.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "crash.headquarters"]
    return record(
        [*program, str(state), str(state.with_suffix(".json")), str(first), str(last), end, how],
        state,
        state.with_suffix(".strace"),
        ENVIRONMENT,
    )


def answered(said: Iterable[str]) -> list[Answered]:
    """The messages HQ gave a receipt for, in order."""
    return [Answered.parse(line) for line in said if line.startswith("RECEIPT")]


def check_hq(crash: Crash, place: Path) -> list[str]:
    """Each message that has a receipt is stored and in its alarm's history; a repeat gets it again."""
    problems: list[str] = []
    database = Store(place)
    try:
        receipts = answered(crash.said)
        with database.read() as connection:
            stored = {
                row.digest: row
                for row in connection.execute(
                    select(store.message.c.digest, store.message.c.id, store.message.c.alarm)
                )
            }
            told = {
                entry.message
                for alarm in connection.scalars(select(store.alarm.c.id)).all()
                for entry in event_log.load(connection, alarm)
                if isinstance(entry, ReportArrived)
            }
            wearers = connection.scalars(select(store.wearer.c.device)).all()
        key = to_text(public_key(load_or_create(place)[0]))
        enrolled = [line for line in crash.said if line.startswith("ENROLLED")]
        if enrolled and (enrolled != [f"ENROLLED {key}"] or len(wearers) != 1):
            problems.append("the wearer is gone, or the key their device seals for")
        for n, one in enumerate(receipts):
            row = stored.get(sha256(one.sealed).digest())
            if row is None or row.id not in told:
                problems.append(f"message {n} has its receipt and is not there")
        takes = headquarters.inbox(place, database)
        for one in [*receipts[:1], *receipts[-2:]]:
            again = takes.take(one.sealed, CameBy.DATA)
            if not again.repeat or again.receipt != one.receipt:
                problems.append("a repeat does not get the receipt it got before")
    finally:
        database.close()
    return problems + damage(place / DATABASE)


def steps_found(crash: Crash, place: Path, views: list[device.View]) -> int:
    """How many steps the device finds on what a power cut left."""
    outbox = Outbox(lay_out(crash.files, place) / device.OUTBOX, pytest.fail)
    steps = views.index(device.view(outbox))
    outbox.close()
    return steps


def test_no_alarm_the_wearer_was_told_of_is_lost_to_a_power_cut(
    folder: Path, views: list[device.View], report_count: Report
) -> None:
    state = folder / "state"
    lives = [live_device(state, *life) for life in DEVICE_LIVES]
    assert any(folds_while_alive(events, state / device.OUTBOX) for events in lives)
    events = [event for life in lives for event in life]
    found = crashes(events, state, {}, 1, 1.0 if FULL else 0.03)
    count = replay(found, check_device(views), folder / "found")
    report_count("device", count)
    assert count.losses == []
    assert count.states >= (10_000 if FULL else 750)


def test_nor_to_a_second_power_cut_while_it_recovers(
    folder: Path, views: list[device.View], report_count: Report
) -> None:
    state = folder / "state"
    events = live_device(state, 0, 59, "exit")
    torn = [found for found in crashes(events, state, {}, 2, 0.1) if found.loss is Loss.SOME]
    count = Count()
    for first_cut in Random(3).sample(torn, 40 if FULL else 4):
        steps = steps_found(first_cut, folder / "found", views)
        recovered = lay_out(first_cut.files, folder / "recovered")
        events = live_device(recovered, steps, steps + 39, "close")
        said = [*first_cut.said, *(f"PULSE {n}" for n in range(steps))]  # it has them for good
        found = crashes(events, recovered, first_cut.files, 4, 1.0 if FULL else 0.2, said)
        count += replay(found, check_device(views), folder / "found")
    report_count("device, cut twice", count)
    assert count.losses == []


def test_hq_has_every_message_it_gave_a_receipt_for(folder: Path, report_count: Report) -> None:
    state = folder / "state"
    lives = [live_hq(state, *life) for life in HQ_LIVES]
    assert any(folds_while_alive(events, state / DATABASE) for events in lives)
    events = [event for life in lives for event in life]
    found = crashes(events, state, {}, 5, 1.0 if FULL else 0.02)
    count = replay(found, check_hq, folder / "found")
    report_count("HQ", count)
    assert count.losses == []
    assert count.states >= (5_000 if FULL else 250)


@pytest.mark.parametrize("how", ["NORMAL", "OFF", "early"])
def test_the_proof_finds_the_losses_of_a_careless_device(
    folder: Path, views: list[device.View], report_count: Report, how: str
) -> None:
    """Synced less than asked for, or pulsing before the step: an alarm can be lost."""
    state = folder / "state"
    events = live_device(state, 0, 29, "exit", how)
    count = replay(crashes(events, state, {}, 6, 0.3), check_device(views), folder / "found")
    report_count(f"careless device ({how})", count)
    assert any("that is not what is found" in loss for loss in count.losses)


@pytest.mark.parametrize("how", ["NORMAL", "OFF"])
def test_the_proof_finds_the_losses_of_a_careless_hq(
    folder: Path, report_count: Report, how: str
) -> None:
    state = folder / "state"
    events = live_hq(state, 0, 19, "exit", how)
    count = replay(crashes(events, state, {}, 7, 0.15 if FULL else 0.1), check_hq, folder / "found")
    report_count(f"careless HQ ({how})", count)
    assert any("has its receipt and is not there" in loss for loss in count.losses)


def test_no_alarm_the_wearer_was_told_of_is_lost_to_a_kill(
    folder: Path, views: list[device.View], capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at any moment and started again on what is there, many times over."""
    random, kills, lost, told = Random(8), 1_000 if FULL else 40, 0, 0
    for kill in range(kills):
        if kill % KILLS_A_DEVICE == 0:
            state, first = lay_out({}, folder / "state"), 0
        pulses_felt = kill_device(state, first, random.randint(1, LONGEST_LIFE))
        outbox = Outbox(state / device.OUTBOX, pytest.fail)
        found = device.view(outbox)
        outbox.close()
        told += pulses_felt
        lost += found not in views[first + pulses_felt : first + pulses_felt + 2]
        first = views.index(found)
    with capsys.disabled():
        print(f"\ndevice: {kills} kills, {told} steps told of, {lost} lost")
    assert lost == 0
    assert told >= kills


def kill_device(state: Path, first: int, pulses_before: int) -> int:
    """How many pulses the wearer felt until the kill, which comes soon after so many."""
    program = [sys.executable, "-m", "crash.device", str(state), str(first)]
    with subprocess.Popen(
        [*program, str(first + 2 * LONGEST_LIFE), "exit", "FULL"],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout is not None
        felt = 0
        while felt < pulses_before:
            line = process.stdout.readline()
            assert line, "the device ended by itself"
            felt += line.startswith("PULSE")
        process.kill()
        return felt + sum(line.startswith("PULSE") for line in process.stdout)
