"""The wearable as it ships, on a clock the test moves.

It is assembled as the service assembles it. Only the adapters are stand-ins, and they record: the
modem's queue, the motor, gpsd, the strap's contact. HQ is played with the real envelope and
receipts.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from outcry.daemon.journal import Journal
from outcry.daemon.messages.identity import FILE_NAME, Identity
from outcry.daemon.service.adapters import Adapters
from outcry.daemon.service.assemble import assemble
from outcry.daemon.service.control_socket import Asked
from outcry.daemon.settings import Settings, read
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.daemon.touch.haptics import PATTERNS
from outcry.enrolment import Contact, Enrolment, Headquarters, write
from outcry.envelope import from_text, public_key, read_header, to_text
from outcry.hw.gps import Fix
from outcry.hw.modem import (
    Condition,
    DataPath,
    ModemSettings,
    ModemStatus,
    Outcome,
    PostAnswered,
    PostFailed,
    SmsLeaving,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.receipt import Status, make
from outcry.report import MessageType, Report, decode
from outcry.responder.intake.opening import open_sealed

HQ_PRIVATE_KEY = bytes(range(32))
CONTACTS = (
    Contact("Ana", "+447700900101"),
    Contact("Boris", "+447700900102"),
    Contact("Chiara", "+447700900103"),
)
ENROLMENT = Enrolment(
    device=77,
    wearer="Zarema",
    psk=bytes(range(32, 64)),
    hq=Headquarters(
        "hq.example", 8080, "+447700900002", "https://hq.example/a/", public_key(HQ_PRIVATE_KEY)
    ),
    contacts=CONTACTS,
)
DEFAULTS = read("", Path("outcry.toml")).values
TEXTS = Path(__file__).parents[1] / "config" / "texts"
NAMES = {contact.number: contact.name for contact in CONTACTS} | {"+447700900002": "HQ"}
HOLD_S = 1.5
WALL = 1_790_000_000.0


class RecordingModem:
    """The modem's public face; remembers what it was asked."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, bytes]] = []
        self.texts: list[tuple[str, str, str]] = []
        self.cancelled: list[str] = []
        self.left: set[int] = set()  # of the texts, by their place
        self.urgent = False
        self.snapshot = ModemStatus()

    def post(self, ref: str, body: bytes) -> None:
        self.posts.append((ref, body))

    def send_sms(self, ref: str, number: str, text: str) -> None:
        self.texts.append((ref, number, text))

    def amend_sms(self, ref: str, text: str | None) -> bool:
        """Give the text handed over last other words, unless it is on its way."""
        place = len(self.texts) - 1
        if place < 0 or place in self.left or self.texts[place][0] != ref:
            return False
        _, number, _ = self.texts.pop()
        if text is not None:
            self.texts.append((ref, number, text))
        return True

    def cancel_post(self, ref: str) -> None:
        self.cancelled.append(ref)

    def set_urgent(self, on: bool) -> None:
        self.urgent = on

    def status(self) -> ModemStatus:
        return self.snapshot


class RecordingMotor:
    def __init__(self) -> None:
        self.pulses: list[str] = []

    def play(self, pattern: object) -> None:
        self.pulses += [pulse.value for pulse, played in PATTERNS.items() if played == pattern]


class RecordingGps:
    def __init__(self) -> None:
        self.eager = False
        self.zero: float | None = None

    def hurry(self, on: bool) -> None:
        self.eager = on


class Loop:
    """A strap's loop of wire, whose edges the world tells."""

    def __init__(self, closed: bool) -> None:
        self.closed = closed
        self.fault: Exception | None = None

    def is_told(self) -> bool:
        return True

    def due(self, wanted: float | None) -> float | None:
        return wanted


class StandIns(Adapters):
    """A world's parts in place of the real ones."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(settings, world.messages, ExitStack(), world.button)
        self._world = world
        self.journal = Journal(world.keep)
        self.clock, self.random = world.clock, world.random
        self.wall = lambda: world.wall
        self.synchronised_at = lambda: world.ntp_set_at

    def modem(self, settings: ModemSettings, beat: Callable[[], None]) -> RecordingModem:
        self._world.beats.append(beat)
        return self._world.make_modem(settings)

    def gps(self, beat: Callable[[], None]) -> RecordingGps:
        self._world.beats.append(beat)
        return RecordingGps()

    def vibration(self) -> RecordingMotor:
        return self._world.make_motor()

    def strap(self) -> Any:
        return self._world.make_strap()


class World:
    """A wearer, a device and everybody around it."""

    button: Any = None  # where a test has one; edges come by the queue either way

    def __init__(
        self,
        folder: Path,
        enrolment: Enrolment | None = ENROLMENT,
        heartbeat_s: float = 600.0,
        wall: float = WALL,
        seed: int = 1,
        strap: bool = False,
        synchronised: bool = True,
    ) -> None:
        """``strap``: whether there is one; it lies open until :meth:`fastens`.

        ``synchronised``: whether each step of the wall clock is NTP's; else only what
        ``synchronised_at`` says.
        """
        self.folder = folder
        self.strap_closed = False
        self.strap_usable = True
        self.identity = Identity("Zarema", enrolment.contacts if enrolment else CONTACTS, enrolment)
        self.settings = {section: dict(keys) for section, keys in DEFAULTS.items()}
        """By section and key. Who is told of an alarm is in ``identity``. Read by :meth:`starts`."""
        self.settings["texts"]["folder"] = str(TEXTS)
        self.settings["storage"] |= {"state": "", "runtime": ""}
        self.settings["strap"]["enabled"] = strap
        self.settings["supervision"]["heartbeat_minutes"] = heartbeat_s / 60
        self.threads_turn = True  # those of modem and receiver
        self.now = 100.0
        self.booted_at = 0.0
        self.wall = wall
        self.synchronised_at: float | None = None
        self.follows_ntp = synchronised  # each step of the wall clock is NTP's
        self.journal: list[str] = []
        self.fields: list[dict[str, str]] = []
        self.breaks_on_purpose = False
        self.registered = False  # whether the modem is where a text can leave
        self._random = seed
        self._enrolled = ""
        self.starts()

    def clock(self) -> float:
        """The device's own, monotonic, in seconds since it booted."""
        return self.now - self.booted_at

    @property
    def ntp_set_at(self) -> float | None:
        """When NTP last set the wall clock, by that clock."""
        return self.wall if self.follows_ntp else self.synchronised_at

    def network_tells(self, time: float) -> None:
        """The mobile network says what time it is, in Unix seconds."""
        self.modem.snapshot = replace(self.modem.snapshot, network_zero=time - self.clock())

    def starts(self) -> None:
        """The daemon starts, as after a kill: only the folder's files are left."""
        self.messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.beats: list[Callable[[], None]] = []
        self._enrols()
        who = self.identity
        settings = Settings(self.settings, self.folder, who.wearer, who.contacts)
        self.loop = assemble(settings, StandIns(self, settings))
        self.parts = parts = self.loop.parts
        self.modem, self.motor, self.gps = parts.modem, parts.vibration, parts.gps
        self.outbox, self.memory = parts.outbox, parts.memory
        self.data, self.sms = parts.data, parts.sms
        self.loop.resume()
        self.tick()

    def _enrols(self) -> None:
        """The device's enrolment file is as HQ made it, or gone."""
        enrolment = self.identity.enrolment
        text = write(enrolment) if enrolment is not None else ""
        if text != self._enrolled:
            (self.folder / FILE_NAME).write_text(text, encoding="utf-8")
            if not text:
                (self.folder / FILE_NAME).unlink()
        self._enrolled = text

    def make_modem(self, settings: ModemSettings) -> RecordingModem:
        modem = RecordingModem()
        if self.registered:
            modem.snapshot = ModemStatus(state=Condition.REGISTERED)
        return modem

    def make_strap(self) -> Any:
        return Loop(self.strap_closed) if self.strap_usable else None

    def make_motor(self) -> RecordingMotor:
        return RecordingMotor()

    def power_cut(self) -> None:
        """What was in memory is gone, and the monotonic clock starts again."""
        for file in ("memory.json", "outbox.lacks"):
            (self.folder / file).unlink(missing_ok=True)
        self.now = 3.0
        self.starts()

    def random(self, count: int) -> bytes:
        self._random += 1
        return self._random.to_bytes(4, "big") * (count // 4)

    def passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.loop.next_due()) <= until:
            self.now = max(self.now, due)
            self.tick()
        self.now = until
        self.tick()

    def tick(self) -> None:
        """The loop's turn; a text handed to a modem on the network is on its way at once."""
        if self.threads_turn:
            for beat in self.beats:
                beat()
        self.loop.tick()
        modem = self.modem
        if isinstance(modem, RecordingModem) and modem.texts and modem.snapshot.state.registered:
            self.leaves()

    def leaves(self) -> None:
        """The text handed over last is on its way, as the modem says once of each."""
        place = len(self.modem.texts) - 1
        if place not in self.modem.left:
            self.modem.left.add(place)
            self.loop.handle(SmsLeaving(self.modem.texts[place][0]))

    def happens(self, message: object) -> None:
        self.loop.handle(message)
        self.tick()

    def taps(self, *groups: int) -> None:
        """Tap a code, as a calm hand would, and wait until it is taken."""
        self.passes(1.0)
        for count in groups:
            for _ in range(count):
                self.happens(Edge(True, self.now))
                self.passes(0.15)
                self.happens(Edge(False, self.now))
                self.passes(0.25)
            self.passes(1.0)
        self.passes(3.0)

    def fastens(self) -> None:
        """The strap is put on, for longer than it takes to count."""
        self.strap_closed = True
        self.happens(StrapEdge(True, self.now))
        self.passes(3.0)

    def is_torn(self, seconds: float = 2.0) -> None:
        """The strap's loop opens."""
        self.strap_closed = False
        self.happens(StrapEdge(False, self.now))
        self.passes(seconds)

    def asks(self, question: str) -> dict[str, object]:
        """What the command line is answered."""
        answers: list[dict[str, object]] = []
        self.happens(Asked(question, answers.append))
        return answers[0]

    def holds(self, seconds: float = 2.0) -> None:
        self.happens(Edge(True, self.now))
        self.passes(seconds)
        self.happens(Edge(False, self.now))

    def data_goes(self, up: bool) -> None:
        self.happens(DataPath(up))

    def sees(
        self,
        latitude: float = 43.3178,
        longitude: float = 45.6949,
        accuracy_m: float | None = 5.0,
    ) -> None:
        """The receiver has a fix: the usual one where nothing else is said."""
        self.happens(Fix(latitude, longitude, accuracy_m, self.now))

    def report(self, index: int = -1) -> Report:
        """A report as HQ reads it from the posts made so far."""
        return self.open(self.modem.posts[index][1])

    def open(self, sealed: bytes) -> Report:
        assert self.identity.enrolment is not None
        return decode(open_sealed(sealed, HQ_PRIVATE_KEY, self.identity.enrolment.psk))

    def receipt(self, sealed: bytes, status: Status) -> bytes:
        return make(self.open(sealed).token, status, read_header(sealed))

    def hq_answers(self, status: Status = Status.STORED, index: int = -1) -> None:
        ref, sealed = self.modem.posts[index]
        self.happens(PostAnswered(ref, 200, self.receipt(sealed, status)))

    def hq_answers_all(self, status: Status = Status.STORED) -> None:
        """HQ answers the post that is out, and each that follows."""
        posted = 0
        while posted != len(self.modem.posts):
            posted = len(self.modem.posts)
            self.hq_answers(status)

    def all_reports(self) -> list[Report]:
        """Every report posted so far, as HQ reads it; heartbeats apart."""
        reports = [self.open(sealed) for _, sealed in self.modem.posts]
        return [report for report in reports if report.type is not MessageType.HEARTBEAT]

    def somebody_answers(self, http_status: int, body: bytes) -> None:
        self.happens(PostAnswered(self.modem.posts[-1][0], http_status, body))

    def post_fails(self) -> None:
        self.happens(PostFailed(self.modem.posts[-1][0], "no answer"))

    def hq_texts_a_receipt(self, status: Status, sealed: bytes) -> None:
        words = to_text(self.receipt(sealed, status))
        self.happens(SmsReceived("+447700900002", words))

    def network(self, outcome: Outcome, code: int | None = None) -> None:
        """What became of the text handed over last."""
        if outcome is Outcome.DONE:
            self.leaves()
        self.happens(SmsOutcome(self.modem.texts[-1][0], outcome, (1,), code, "test"))

    def phones_have_all(self) -> None:
        """The network says of every text that it is on its phone."""
        for ref in {ref for ref, _, _ in self.modem.texts}:
            self.happens(SmsReport(ref, True))

    def takes_all_texts(self, limit: int = 50) -> None:
        for _ in range(limit):
            waiting = len(self.modem.texts)
            self.network(Outcome.DONE)
            if len(self.modem.texts) == waiting:
                return
        raise AssertionError("texts without end")

    @property
    def faults(self) -> list[str]:
        """What the daemon has told about faults of its own."""
        return [line for line in self.journal if "fault in Outcry itself" in line]

    def heard(self) -> list[str]:
        """Who was sent what, in order: 'alert to Ana'."""
        return [f"{self.kind(text)} to {NAMES[number]}" for _, number, text in self.modem.texts]

    def kind(self, text: str) -> str:
        """Which kind of text this is."""
        if "https://hq.example/a/" in text:
            return "link"
        if text.startswith("Please publish"):
            return "words to publish"
        if text.startswith(("ALARM", "DRILL")):
            return "alert"
        return f"report {self.open(from_text(text)).sequence}"

    def keep(self, level: int, sentence: str, fields: dict[str, str]) -> None:
        """What the daemon tells the journal."""
        self.journal.append(sentence)
        self.fields.append(fields)
