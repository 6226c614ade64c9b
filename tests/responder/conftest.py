"""A small HQ with its real parts, a clock that tests move, and a device that seals for it."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx
import pytest
from builders import CONTACTS, WEARER, kind_of
from cheap_hashes import PASSWORDS, PIN_COST
from inline_lanes import Inline
from phones import Killed, Phones
from quiet import Quiet
from served import Address
from sqlalchemy import insert, select, text, update
from starlette.types import ASGIApp

from bench.headquarters.postgresql import Cluster, cluster, programs
from outcry import enrolment
from outcry.envelope import Header, to_text
from outcry.report import (
    TOKEN_BYTES,
    AlarmKind,
    MessageType,
    NoPosition,
    Position,
    Report,
)
from outcry.responder import settings
from outcry.responder.callers import outgoing
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.responder.rules.events import CameBy, Event, Outcome
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.storage import engine, event_log, store
from outcry.responder.storage.store import Store, metadata
from stage import reports
from stage.ports import free_port
from stage.reports import HERE, NOON


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module that says ``ON_BOTH_DATABASES = True`` has its world on SQLite and on PostgreSQL.

    But for the tests that it names in ``ON_SQLITE_ALONE``: of what only SQLite tells.
    """
    if "world" in metafunc.fixturenames and getattr(metafunc.module, "ON_BOTH_DATABASES", False):
        databases = ["sqlite"]
        if metafunc.function.__name__ not in getattr(metafunc.module, "ON_SQLITE_ALONE", ()):
            databases.append(pytest.param("postgresql", marks=pytest.mark.slow))
        metafunc.parametrize("world", databases, indirect=True)


@pytest.fixture(autouse=True, scope="session")
def servers_on_this_machine() -> None:
    """What tests connect to is here: named, as settings name what is meant."""
    outgoing.name(["127.0.0.0/8", "::1"])


class Clock:
    """Unix seconds that move when a test says so."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


def chance(whose: str) -> Callable[[int], bytes]:
    """Links, PINs and codes that are the same in every run: none has a name in it by chance."""
    return Random(whose).randbytes


@dataclass
class Message:
    """A sealed message, and what went into it."""

    sealed: bytes
    report: Report
    header: Header

    @property
    def text(self) -> str:
        return to_text(self.sealed)


class Device:
    """A wearer's device: seals reports with the keys of its enrolment file."""

    def __init__(self, enrolled: enrolment.Enrolment, clock: Clock) -> None:
        self.enrolment = enrolled
        self._clock = clock
        self._random = chance("the device")
        self._counter = itertools.count(1)

    def message(
        self,
        type_: MessageType = MessageType.FIRST,
        *,
        kind: AlarmKind = AlarmKind.PANIC,
        alarm: int = 77,
        sequence: int = 0,
        place: Position | NoPosition = HERE,
        counter: int | None = None,
        sent_at: float | None = None,
        **more: object,
    ) -> Message:
        report = reports.report(
            type_,
            kind=kind,
            alarm=alarm,
            sequence=sequence,
            sent_at=int(self._clock() if sent_at is None else sent_at),
            place=place,
            token=self._random(TOKEN_BYTES),
            **more,
        )
        header = Header(self.enrolment.device, next(self._counter) if counter is None else counter)
        sealed = reports.sealed(report, self.enrolment, header.counter)
        return Message(sealed, report, header)


class Hq:
    """Everything at HQ but sockets and threads: ``works`` does what is to be done now.

    A test that wants other settings, or another way into the world, ``restarts`` with them.
    """

    def __init__(self, directory: Path, clock: Clock, phones: Phones, url: str = "") -> None:
        self.directory = directory
        self.url = url
        self.clock = clock
        self.phones = phones
        self.given: dict[str, dict[str, object]] = {
            "organisation": {"name": "Example Org"},
            "state": {"directory": str(directory), "database": url},
            "modem": {"port": "/dev/null", "number": "+447700900002"},
        }
        self.adapters = Adapters(
            clock=clock,
            random=chance("HQ"),
            lanes=Inline(),
            modem=lambda *_: phones,
            hasher=PASSWORDS,
        )
        self.others: list[Store] = []
        self.start()

    def start(self) -> None:
        """A process starts on what is on disk."""
        self.parts = assemble(settings.check(self.given), self.adapters)
        self.store = self.parts.store
        self.own_page = self.parts.own_page
        self.publishers = self.parts.publishers
        self.workflow = self.parts.workflow
        self.inbox = self.parts.inbox
        self.desk = self.parts.desk
        self.texts = self.parts.texts

    def restarts(self, given: dict[str, dict[str, object]] | None = None, **adapters: object):
        """As after a kill: no memory is kept. ``given`` are sections of the settings to change."""
        self.given |= given or {}
        self.adapters = replace(self.adapters, **adapters)
        if self.store.shared:  # long enough for its calls' leases to run out
            with self.store.write() as connection:
                connection.execute(update(store.action).values(lease_until=0.0))
        self.store.close()
        self.start()

    def another(self, **adapters: object) -> Responder:
        """One more process on the same database, with these adapters."""
        made = assemble(settings.check(self.given), replace(self.adapters, **adapters))
        self.others.append(made.store)
        return made

    def close(self) -> None:
        for store_ in (self.store, *self.others):
            store_.close()

    def takes(self, message: Message, path: CameBy = CameBy.DATA) -> bytes:
        return self.inbox.take(message.sealed, path).receipt

    def works(self, outcome: Outcome | None = Outcome.DONE) -> None:
        """Do all there is to do now; every text that leaves has this outcome.

        None: the process is killed while the first of them is with the modem; restart it.
        """
        self.phones.outcome = outcome
        due_now = True
        while due_now:
            try:
                at = self.workflow.step()
            except Killed:
                assert outcome is None
                return
            due_now = at is not None and at <= self.clock()

    def history(self, alarm: int = 1) -> list[type[Event] | Outcome]:
        return [kind_of(event) for event in self.entries(alarm)]

    def entries(self, alarm: int = 1) -> tuple[Event, ...]:
        with self.store.read() as connection:
            return event_log.load(connection, alarm)


@dataclass
class World:
    """A wearer's device, HQ, the contacts' PINs, the wearer's own code, and the clock of all."""

    hq: Hq
    device: Device
    pins: tuple[str, ...]
    code: tuple[int, ...]
    clock: Clock
    phones: Phones

    def answers(self, link: str, pin: str, what: str) -> None:
        """The contact opens the short link of their text and presses a button."""
        from outcry.responder.contacts.desk import Answer

        self.hq.desk.answer(self.hq.desk.invitation(link), Answer(what), pin, "198.51.100.7")

    def invitation(self, contact: int, alarm: int = 1) -> str:
        """The token in the link of this contact's text."""
        with self.hq.store.read() as connection:
            return connection.scalar(
                select(store.invitation.c.token)
                .join(store.contact, store.contact.c.id == store.invitation.c.contact)
                .where(store.invitation.c.alarm == alarm, store.contact.c.number_in_list == contact)
            )


@dataclass(frozen=True)
class Enrolled:
    """A state directory in which Ana is enrolled, her device's file, the PINs, her own code."""

    directory: Path
    enrolment: enrolment.Enrolment
    pins: tuple[str, ...]
    code: tuple[int, ...]


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    """Enrolled once, with hashes that are quick to make. Copy before use."""
    folder = tmp_path_factory.mktemp("enrolled")
    directory = folder / "state"
    out = folder / "ana.json"
    made = enrol(
        settings.check({"state": {"directory": str(directory)}}),
        Application("Ana", WEARER, CONTACTS, 2),
        out,
        clock=Clock(),
        random=chance("enrolment"),
        cost=PIN_COST,
    )
    return Enrolled(directory, enrolment.read(out.read_text()), made.pins, made.code)


@pytest.fixture(scope="session")
def world_in(enrolled: Enrolled) -> Callable[..., World]:
    """Makes the world around a copy of ``enrolled.directory``; HQ has a modem."""

    def make(directory: Path, url: str = "") -> World:
        clock, phones = Clock(), Phones()
        hq = Hq(directory, clock, phones, url)
        device = Device(enrolled.enrolment, clock)
        return World(hq, device, enrolled.pins, enrolled.code, clock, phones)

    return make


def move(directory: Path, url: str) -> None:
    """Copy all rows of the embedded database to PostgreSQL."""
    source, target = Store(directory), Store(directory, url)
    with source.read() as reading, target.write() as writing:
        for table in metadata.sorted_tables:
            rows = [row._asdict() for row in reading.execute(select(table))]
            if rows:
                writing.execute(insert(table), rows)
            if "id" in table.c and rows:
                after = f"SELECT setval('{table.name}_id_seq', {max(row['id'] for row in rows)})"
                writing.execute(text(after))
    source.close()
    target.close()


@pytest.fixture(autouse=True)
def patient_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own 5 s are too few on a busy machine."""
    for name in ("get", "post"):
        monkeypatch.setattr(httpx, name, partial(getattr(httpx, name), timeout=60.0))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Cluster]:
    """One PostgreSQL server for all tests; it need not survive a power cut."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip("postgresql is not installed")
    with cluster(bin_, durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def enrolled_on_postgresql(postgresql_server: Cluster, enrolled: Enrolled) -> str:
    """The name of a database with what the embedded one has, to be copied."""
    url = postgresql_server.database()
    move(enrolled.directory, url)
    return urlsplit(url).path.removeprefix("/")


@pytest.fixture
def postgresql(
    postgresql_server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """Makes a new database, empty or a copy, and gives its URL; it is gone after the test."""
    # A busy machine may hold this process up for longer in the midst of a transaction.
    monkeypatch.setattr(engine, "ABANDONED_MS", 60_000)
    made: list[str] = []

    def make(copied: str = "template1") -> str:
        made.append(postgresql_server.database(copied))
        return made[-1]

    yield make
    for url in made:
        postgresql_server.drop(url)


@pytest.fixture
def world(
    enrolled: Enrolled,
    world_in: Callable[..., World],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[World]:
    """On SQLite, and also on PostgreSQL where the module says so."""
    directory = tmp_path / "state"
    shutil.copytree(enrolled.directory, directory)
    url = ""
    if getattr(request, "param", "sqlite") == "postgresql":
        copied = request.getfixturevalue("enrolled_on_postgresql")
        url = request.getfixturevalue("postgresql")(copied)
    world = world_in(directory, url)
    yield world
    world.hq.close()


@pytest.fixture(scope="session")
def addresses() -> Iterator[list[Address]]:
    """Addresses that no test uses now."""
    idle: list[Address] = []
    yield idle
    for address in idle:
        address.stop()


@pytest.fixture
def serve(addresses: list[Address]) -> Iterator[Callable[[ASGIApp], str]]:
    """Puts an application on an address of its own, and returns its URL."""
    taken: list[Address] = []

    def start(app: ASGIApp) -> str:
        taken.append(addresses.pop() if addresses else Address())
        taken[-1].app = app
        return taken[-1].url

    yield start
    addresses.extend(taken)


@pytest.fixture
def people(world: World, serve: Callable[[ASGIApp], str]) -> str:
    """The address of people's listener: contacts' and public pages, and the console."""
    from outcry.responder.service.people_app import people_app

    return serve(people_app(world.hq.parts))


@pytest.fixture
def wait_for():
    """Waits for a condition; a generous limit, for a busy machine."""

    def wait(condition: Callable[[], object], limit_s: float = 60.0) -> object:
        end = time.monotonic() + limit_s
        while not (found := condition()):
            assert time.monotonic() < end, "what the test waited for did not happen"
            time.sleep(0.02)
        return found

    return wait


class Process:
    """The real ``outcry-responder run``, its log, and Ana enrolled in it."""

    def __init__(self, directory: Path, config: Path, device_port: int, people_port: int) -> None:
        self.state = directory
        self.config = config
        self.device_url = f"http://127.0.0.1:{device_port}"
        self.people_url = f"http://127.0.0.1:{people_port}"
        self.log = config.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, wait_for: Callable[..., object]) -> None:
        before = self.log.stat().st_size if self.log.exists() else 0
        self.process = self.spawn()
        wait_for(lambda: b"ready: people:" in self.log.read_bytes()[before:] or self.ended())
        assert not self.ended(), self.log.read_text()

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start one more process on this directory, whatever becomes of it."""
        command = "import sys; from outcry.responder.cli.main import main; sys.exit(main())"
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", command, "run", "--config", str(self.config)],
                stdout=log,
                stderr=log,
                cwd=self.config.parent,
            )

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    def rss_kb(self) -> int:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0])


@pytest.fixture
def process(enrolled: Enrolled, tmp_path: Path, wait_for):
    """Makes the real service on a copy of the enrolled state; ended when the test ends."""
    made: list[Process] = []

    def make(modem_port: str = "", start: bool = True, **people: str) -> Process:
        directory = tmp_path / "service-state"
        shutil.copytree(enrolled.directory, directory)
        device, pages = free_port(), free_port()
        config = tmp_path / "service.toml"
        lines = [f"{name} = {value!r}" for name, value in people.items()]
        scheme = "https" if "certificate" in people else "http"
        config.write_text(
            "\n".join(
                [
                    f"state = {{ directory = '{directory}' }}",
                    f"device = {{ port = {device} }}",
                    f"modem = {{ port = '{modem_port}', number = '+447700900002' }}",
                    "[people]",
                    f"port = {pages}",
                    f"public_url = '{scheme}://127.0.0.1:{pages}'",
                    *lines,
                ]
            )
        )
        service = Process(directory, config, device, pages)
        made.append(service)
        if start:
            service.start(wait_for)
        return service

    yield make
    for service in made:
        if service.process is not None:
            service.kill()


@pytest.fixture
def quiet(world: World) -> Quiet:
    """A world over which HQ watches for silence."""
    return Quiet(world)
