"""A small HQ with its real parts, a clock that tests move, and a device that seals for it."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from builders import kind_of
from sqlalchemy import insert, select, text, update

from bench.headquarters.postgresql import Cluster, cluster, programs
from outcry import enrolment
from outcry.enrolment import Contact
from outcry.envelope import Header, seal, to_text
from outcry.report import AlarmKind, MessageType, NoFixReason, NoPosition, Position, Report, encode
from outcry.responder import settings
from outcry.responder.contacts.desk import Desk
from outcry.responder.dispatch.performer import Performer
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.responder.enrolment.hq_keys import load_or_create
from outcry.responder.intake.inbox import CameBy, Inbox
from outcry.responder.intake.sms_answers import SmsAnswers
from outcry.responder.intake.texts import ArrivingTexts
from outcry.responder.notify.by_sms import Texting
from outcry.responder.plans.repository import Means
from outcry.responder.posting.composing import Composer
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.performing import Posting
from outcry.responder.rules.calls import PUBLICATIONS, TEXTS, ActionKind
from outcry.responder.rules.events import Came, Event, Outcome
from outcry.responder.rules.model import OWN_PAGE
from outcry.responder.service.workflow import Workflow
from outcry.responder.storage import event_log, store
from outcry.responder.storage.store import Store, metadata

NOON = 1_795_348_800.0  # 22 November 2026, 12:00 UTC
HERE = Position(52.52, 13.405, 12, 5)
NOWHERE = NoPosition(NoFixReason.NO_SATELLITES)
WEARER = "+447700900001"
CONTACTS = (
    Contact("Ben", "+447700900111"),
    Contact("Cleo", "+447700900112"),
    Contact("Dana", "+447700900113"),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module that says ``ON_BOTH_DATABASES = True`` has its world on SQLite and on PostgreSQL."""
    if "world" in metafunc.fixturenames and getattr(metafunc.module, "ON_BOTH_DATABASES", False):
        postgresql = pytest.param("postgresql", marks=pytest.mark.slow)
        metafunc.parametrize("world", ["sqlite", postgresql], indirect=True)


class Clock:
    """Unix seconds that move when a test says so."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


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
        if type_ is MessageType.HEARTBEAT:
            kind, alarm = AlarmKind.NONE, 0
        report = Report(
            type_,
            kind,
            alarm,
            sequence,
            int(self._clock() if sent_at is None else sent_at),
            place,
            os.urandom(16),
            **more,
        )
        header = Header(self.enrolment.device, next(self._counter) if counter is None else counter)
        hq = self.enrolment.hq
        sealed = seal(encode(report), header, hq.public_key, self.enrolment.psk)
        return Message(sealed, report, header)


class Killed(BaseException):
    """The process is gone in the midst of what it did: nothing catches this."""


@dataclass
class Phones:
    """A modem whose fate the test decides; each text is (ref, number, words)."""

    is_ready: bool = True
    outcome: Outcome | None = Outcome.DONE  # None: the process is killed before it hears of it
    sent: list[tuple[int, str, str]] = field(default_factory=list)

    def ready(self) -> bool:
        return self.is_ready

    def send(self, ref: int, number: str, text: str) -> Came:
        self.sent.append((ref, number, text))
        if self.outcome is None:
            raise Killed
        return Came(self.outcome)

    def to(self, number: str) -> list[str]:
        return [text for _, to, text in self.sent if to == number]


class Hq:
    """Everything at HQ but sockets and threads: ``works`` does what is to be done now."""

    def __init__(self, directory: Path, clock: Clock, phones: Phones, url: str = "") -> None:
        self.directory = directory
        self.url = url
        self.clock = clock
        self.phones = phones
        self.start()

    def start(self) -> None:
        """A process starts on what is on disk."""
        self.store = Store(self.directory, self.url)
        self.own_page = OwnPage(self.store, "http://127.0.0.1:8443", self.clock)
        self.publishers = {OWN_PAGE: self.own_page}
        posting = Posting(self.store, self.publishers, Composer("Example Org"))
        texting = Texting(self.store, "http://127.0.0.1:8443", self.phones)
        self.performers: dict[ActionKind, Performer] = {
            **dict.fromkeys(PUBLICATIONS, posting),
            **dict.fromkeys(TEXTS, texting),
        }
        self.workflow = Workflow(self.store, self.performers, Means(can_text=True), self.clock)
        self.inbox = Inbox(self.store, load_or_create(self.directory), self.clock)
        self.desk = Desk(self.store, self.inbox, self.clock)
        self.texts = ArrivingTexts(self.inbox, SmsAnswers(self.store, self.clock))

    def restarts(self) -> None:
        """As after a kill: nothing in memory is kept."""
        if self.store.shared:  # long enough for its calls' leases to run out
            with self.store.write() as connection:
                connection.execute(update(store.action).values(lease_until=0.0))
        self.store.close()
        self.start()

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
    """Enrolled once: three scrypt hashes take longer than most tests. Copy before use."""
    folder = tmp_path_factory.mktemp("enrolled")
    directory = folder / "state"
    out = folder / "ana.json"
    made = enrol(
        settings.check({"state": {"directory": str(directory)}}),
        Application("Ana", WEARER, CONTACTS, 2),
        out,
        clock=Clock(),
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


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Cluster]:
    """One PostgreSQL server for all tests; it need not survive a power cut."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip("postgresql is not installed")
    with cluster(bin_, durable=False) as running:
        yield running


@pytest.fixture
def postgresql(postgresql_server: Cluster) -> Callable[[], str]:
    """Makes a new empty database and gives its URL."""
    return postgresql_server.database


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
        url = request.getfixturevalue("postgresql")()
        move(directory, url)
    world = world_in(directory, url)
    yield world
    world.hq.store.close()


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


@pytest.fixture
def free_port():
    """A port that was free a moment ago."""

    def choose() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return choose


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
def process(enrolled: Enrolled, tmp_path: Path, wait_for, free_port):
    """Makes the real service on a copy of the enrolled state; ended when the test ends."""
    made: list[Process] = []

    def make(modem_port: str = "", **people: str) -> Process:
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
        service.start(wait_for)
        return service

    yield make
    for service in made:
        if service.process is not None:
            service.kill()
