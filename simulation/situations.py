"""What a maintainer finds at night: each situation made around the real daemon, and looked at.

`outcry check` runs beside the simulated wearable, on its clock; `outcry status`, systemd's status
line and the marks of the next heartbeat are taken at the same moment.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import pty
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

from outcry.daemon.check import check, systemd_unit
from outcry.daemon.check.sheet import Patience, Sheet
from outcry.daemon.journal import Entry
from outcry.daemon.messages.identity import FILE_NAME
from outcry.daemon.service import judge, status
from outcry.daemon.service.assemble import OUTBOX
from outcry.daemon.service.control_socket import Asked, NotRunning
from outcry.daemon.service.findings import Finding
from outcry.daemon.service.restart_backoff import NOT_ARMED
from outcry.daemon.settings import Settings
from outcry.daemon.touch.edges import Edge, StrapEdge
from outcry.enrolment import Contact, write
from outcry.hw.board.modem.faults import STAGES, Fault, Kind, Stage
from outcry.hw.board.modem.gprs import How
from outcry.hw.board.modem.options import Options
from outcry.hw.gps import Fix, NoFix, NoFixReason
from outcry.hw.modem import SerialPort
from outcry.hw.modem.port import Port
from outcry.hw.pin_library import PinUnusable, pin_faults
from outcry.report import NO_FLAGS, Flag
from simulation.clockwork import HQ
from simulation.wearable import SimulatedWorld
from simulation.world import CONTACTS, ENROLMENT, TEXTS, Loop, RecordingMotor

START = 100.0  # when a device starts
BEGINS = 200.0  # by then a device that is well is connected, and HQ has answered
LATEST_S = 120.0  # within which whatever keeps an alarm from leaving is known
CHECK_S = 240.0  # `outcry check` takes no longer
GPS_EVERY_S = 5.0
NOBODY = 65534

RUNS = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "WatchdogUSec": "30s",
    "NRestarts": "0",
}
WATCHED = {"RuntimeWatchdogUSec": "14s"}


@dataclass(frozen=True)
class Situation:
    """One thing that is wrong. ``question`` is the runbook's, 0 where it has none.

    ``finding`` and ``words`` are what the first line of `outcry check` must name, with what stands
    below it. ``begins`` makes it at :data:`BEGINS`; ``options``, ``contacts`` and the rest are so
    from the start.
    """

    name: str
    question: int
    finding: str
    words: tuple[str, ...]
    begins: Callable[[Device], None] = lambda device: None
    at: float = BEGINS
    flag: Flag | None = None
    """What the next heartbeat carries of it."""
    in_status: bool = True
    """Whether the daemon itself can know; of systemd and the system's clock it does not."""
    options: Options | None = None
    contacts: tuple[Contact, ...] = CONTACTS
    strap: bool = False
    motor_says: Exception | None = None
    enrolled: bool = True
    public_key: bytes = ENROLMENT.hq.public_key
    refused: str | None = None
    """Why the daemon does not start at all; empty if nobody has started it, None if it runs."""
    around: Callable[[], AbstractContextManager[Any]] = nullcontext


class Device(SimulatedWorld):
    """A wearable in a situation, with a receiver that has a fix unless the situation takes it."""

    def __init__(self, folder: Path, situation: Situation) -> None:
        self.situation = situation
        self.button, self.loop_of_strap = Loop(False), Loop(True)
        self.receiver: Callable[[], Fix | NoFix] = lambda: Fix(1.5, 2.5, 11.0, self.clock())
        self.unit = dict(RUNS)
        self.port = ""
        self.port_of_another = False
        self.kept: list[object] = []
        super().__init__(folder, options=situation.options, warm=situation.options is None)
        if situation.enrolled:
            (folder / FILE_NAME).chmod(0o600)
        if situation.options is not None:
            self.at(START + 1, lambda: self.sim.power_on(self.now))
        self.at(START, self._reads)

    def starts(self) -> None:
        self.settings["strap"]["enabled"] = self.situation.strap
        contacts = self.situation.contacts
        enrolment = replace(ENROLMENT, contacts=contacts) if self.situation.enrolled else None
        if enrolment is not None:
            hq = replace(ENROLMENT.hq, public_key=self.situation.public_key)
            enrolment = replace(enrolment, hq=hq)
            self.breaks_on_purpose = hq != ENROLMENT.hq
        self.identity = replace(self.identity, contacts=contacts, enrolment=enrolment)
        self.part_fault = ""
        super().starts()
        if self.part_fault:
            self.parts.journal.tell(Entry.PART_FAULT, detail=self.part_fault)

    def make_strap(self) -> Any:
        self.loop_of_strap.closed = self.strap_closed
        return self.loop_of_strap

    def make_motor(self) -> Any:
        if not self.situation.motor_says:
            return RecordingMotor()
        told = unusable("motor on GPIO 18", self.situation.motor_says)
        self.part_fault = str(told)
        return None

    def asks(self, question: str) -> dict[str, object]:
        answers: list[dict[str, object]] = []
        self.loop._safely(self.loop.handle, Asked(question, answers.append))  # as Loop.run does
        self.tick()
        return answers[0]

    def _open(self) -> Port:
        if not self.unplugged:
            return super()._open()
        if not self.port_of_another or os.geteuid() != 0:
            return SerialPort(self.port)
        os.seteuid(NOBODY)  # no mode keeps root out
        try:
            return SerialPort(self.port)
        finally:
            os.seteuid(0)

    def _reads(self) -> None:
        self.messages.put(self.receiver())
        self.at(self.now + GPS_EVERY_S, self._reads)


def unusable(part: str, said: Exception) -> PinUnusable:
    """The fault of a pin whose library says this."""
    try:
        with pin_faults(part):
            raise said
    except PinUnusable as error:
        return error


class Beside:
    """`outcry check` in a thread that runs only while the world waits for it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.printed = io.StringIO()
        self._to_check, self._to_world = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        self._thread.start()
        self._wait_for_it()

    def _wait_for_it(self) -> None:
        self._to_world.wait(60)
        self._to_world.clear()

    def _resume(self) -> None:
        self._to_check.set()
        self._wait_for_it()

    def _sleep(self, seconds: float) -> None:
        self.device.at(self.device.now + seconds, self._resume)
        self._to_world.set()
        self._to_check.wait(60)
        self._to_check.clear()

    def _run(self) -> None:
        try:
            sheet = Sheet(as_json=False)
            with redirect_stdout(self.printed):
                for finding in self.findings():
                    sheet.add(finding)
                sheet.close()
        finally:
            self._to_world.set()

    def findings(self) -> Iterator[Finding]:
        device = self.device
        who = device.identity
        settings = Settings(device.settings, device.folder, who.wearer, who.contacts)
        patience = Patience(lambda: device.now, self._sleep, lambda words: None)
        unit = systemd_unit.Unit(device.unit, WATCHED)
        return check.findings(settings, False, patience, device.asks, lambda: unit)


@dataclass
class Seen:
    """What each place showed of a situation."""

    check: list[str] = field(default_factory=list)
    status: list[Finding] = field(default_factory=list)
    line: str = ""
    marks: Flag = NO_FLAGS

    @property
    def first(self) -> str:
        """The first line of `outcry check`, with the remedy below it."""
        told = self.check[0]
        return told + self.check[1] if self.check[1].lstrip().startswith("->") else told

    def names(self, situation: Situation) -> bool:
        """Whether the first line names the cause."""
        named = self.check[0][10:].startswith(situation.finding)
        return named and all(words in self.first for words in situation.words)


def live(situation: Situation, folder: Path) -> Seen:
    """What is shown of it, at latest :data:`LATEST_S` after it began."""
    if situation.refused is not None:
        return _refused(situation, folder)
    device = Device(folder, situation)
    seen, beside = Seen(), Beside(device)
    begins_at = situation.at if situation.options is None else START
    looks_at = begins_at + LATEST_S

    def look() -> None:
        facts = device.asks("status")
        seen.status = judge.attention(facts)
        seen.line = status.line(device.parts, device.loop.alarm, device.clock())
        seen.marks = device.parts.marks.now()
        beside.begin()

    device.at(begins_at, lambda: situation.begins(device))
    device.at(looks_at, look)
    with situation.around():
        device.run(looks_at + CHECK_S)
    seen.check = beside.printed.getvalue().splitlines()
    return seen


def _refused(situation: Situation, folder: Path) -> Seen:
    """The daemon does not start; systemd shows why."""
    unit = systemd_unit.Unit(
        RUNS | {"ActiveState": "activating", "StatusText": f"{NOT_ARMED}: {situation.refused}"}
        if situation.refused
        else RUNS | {"ActiveState": "inactive"},
        WATCHED,
    )

    def nobody(question: str) -> dict[str, Any]:
        raise NotRunning("outcry is not running")

    device = Device(folder, situation)
    settings = Settings(device.settings, device.folder, None, ())
    looks = count()  # each a second
    patience = Patience(lambda: float(next(looks)), lambda seconds: None, lambda words: None)
    printed, sheet = io.StringIO(), Sheet(as_json=False)
    found = check.findings(settings, False, patience, nobody, lambda: unit)
    with redirect_stdout(printed):
        sheet.add(next(found))  # the others open this machine's own parts
        sheet.close()
    return Seen(check=printed.getvalue().splitlines())


# How they begin


def _sim_says(answer: str) -> Callable[[Device], None]:
    """The modem finds this SIM, with which no network lets it in."""

    def begins(device: Device) -> None:
        device.sim.faults.on("+CPIN", Fault(Kind.ERROR, text=answer), times=None)
        device.sim.set_network(False, device.now)

    return begins


def _gprs(how: How) -> Callable[[Device], None]:
    return lambda device: device.sim.set_gprs(how, device.now)


def _hq_says(*deeds: bytes | None) -> Callable[[Device], None]:
    """HQ answers so from now on, and the next heartbeat is due at once; None closes."""

    def begins(device: Device) -> None:
        device.hq_says = lambda sealed: [(0.1, deed) for deed in deeds]
        device.asks("heartbeat")

    return begins


def _http(status_line: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status_line}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _hq_stops(device: Device) -> None:
    _hq_says(None)(device)
    device.network.stop(*HQ)


def _hq_hangs(device: Device) -> None:
    device.hq_says = lambda sealed: b""
    device.asks("heartbeat")


def _takes_no_request(device: Device) -> None:
    """It connects as ever, and refuses what is to be sent then."""
    device.sim.faults.on("+CIPSEND", Fault(Kind.ERROR), times=None)
    device.asks("heartbeat")


def _refuses_texts(code: int) -> Callable[[Device], None]:
    """Each text is refused so from now on, and there is a drill by texts."""

    def begins(device: Device) -> None:
        device.sim.set_gprs("dead", device.now)
        device.sim.set_sms_refusal(code, device.now)
        device.asks("drill")

    return begins


def _loses_texts(stage: Stage) -> Callable[[Device], None]:
    """No text gets so far any more, and there is a drill by texts."""

    def begins(device: Device) -> None:
        device.sim.set_gprs("dead", device.now)
        device.sim.faults.on("+CMGS", Fault(Kind.SILENT, stage=stage), times=None)
        device.asks("drill")

    return begins


def _serves_no_texts(code: int) -> Callable[[Device], None]:
    """Whatever has to do with texts is refused, and nobody has sent any."""
    refused = Fault(Kind.ERROR, text=f"+CMS ERROR: {code}")

    def begins(device: Device) -> None:
        for name in ("+CMGF", "+CMGS", "+CMGL", "+CMGR", "+CNMI", "+CPMS", "+CSCA"):
            device.sim.faults.on(name, refused, times=None)

    return begins


def _takes_packets_alone(device: Device) -> None:
    denied = Fault(Kind.ERROR, text="+CREG: 2,3\r\n\r\nOK")
    device.sim.faults.on("+CREG", denied, times=None)


def _receiver(reading: Callable[[Device], Fix | NoFix]) -> Callable[[Device], None]:
    def begins(device: Device) -> None:
        device.receiver = lambda: reading(device)

    return begins


def _falls_silent(device: Device) -> None:
    """gpsd repeats the last fix for ever."""
    last = Fix(1.5, 2.5, 11.0, device.clock())
    device.receiver = lambda: last


def _port(make: Callable[[Path], str]) -> Callable[[Device], None]:
    """The port is lost; what is there instead has this path in the device's folder, or another."""

    def begins(device: Device) -> None:
        device.port = make(device.folder)
        device.unplugged = True

    return begins


def _of_another_user(device: Device) -> None:
    device.folder.chmod(0o711)
    path = device.folder / "ttyAMA0"
    path.touch()
    path.chmod(0o600 if os.geteuid() == 0 else 0)
    device.port, device.port_of_another, device.unplugged = str(path), True, True


def _locked(folder: Path) -> str:
    """A terminal that another program holds; it stays open as long as this process."""
    _, terminal = pty.openpty()
    fcntl.flock(terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return os.ttyname(terminal)


def _holds_for_ever(device: Device) -> None:
    device.messages.put(Edge(True, device.clock()))


def _chatters(device: Device) -> None:
    for turn in range(2400):
        edge = partial(Edge, turn % 2 == 0, device.clock() + turn * 0.15)
        device.at(device.now + turn * 0.15, lambda edge=edge: device.messages.put(edge()))


def _unreadable(name: str) -> Callable[[Device], None]:
    """The kernel reads nothing any more from the pin of the button or the strap."""

    def begins(device: Device) -> None:
        switch = device.button if name == "button" else device.loop_of_strap
        switch.fault = unusable(f"{name} on GPIO 17", OSError(errno.EIO, "Input/output error"))

    return begins


def _mute_and_loose(device: Device) -> None:
    _flickers(device)
    device.sim.set_mute(True, device.now)


def _flickers(device: Device) -> None:
    """The strap's wire opens and closes several times a minute, each time for a moment."""
    for turn in range(20):
        for closed, after_s in ((False, 0.0), (True, 0.2)):
            at = device.now + turn * 3.0 + after_s
            device.at(at, lambda closed=closed: _strap(device, closed))


def _strap(device: Device, closed: bool) -> None:
    device.strap_closed = closed
    device.messages.put(StrapEdge(closed, device.clock()))


def _card_locked(device: Device) -> None:
    """An alarm is raised, and the card takes nothing."""
    device.breaks_on_purpose = True
    other = sqlite3.connect(device.folder / OUTBOX, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    device.kept.append(other)
    device.presses(device.now + 1)


def _unit(**changes: str) -> Callable[[Device], None]:
    return lambda device: device.unit.update(changes)


def _refuses(error: OSError) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: mock.patch("tempfile.NamedTemporaryFile", side_effect=error)


def _a_wrong_text(device: Device) -> None:
    texts = device.folder / "texts"
    shutil.copytree(TEXTS, texts)
    (texts / "fr.toml").write_text('alert = "{nonsense}"\n')
    device.settings["texts"]["folder"] = str(texts)


def _readable_keys(device: Device) -> None:
    (device.folder / FILE_NAME).chmod(0o644)


def _enrols_without_restart(device: Device) -> None:
    new = replace(ENROLMENT, device=78, contacts=CONTACTS[:1])
    (device.folder / FILE_NAME).write_text(write(new))


def _in_an_alarm(begins: Callable[[Device], None]) -> Callable[[Device], None]:
    def and_presses(device: Device) -> None:
        begins(device)
        device.presses(device.now + 1)

    return and_presses


NO_GPSD = NoFix(NoFixReason.NO_GPSD, "Connection refused (ECONNREFUSED)")
PIN_BUSY = OSError(errno.EBUSY, "Device or resource busy")
PINS: dict[str, tuple[Exception, str]] = {
    "EBUSY": (PIN_BUSY, "gpioinfo"),
    "EACCES": (PermissionError(13, "Permission denied", "/dev/gpiochip0"), "group gpio"),
    "GPIO busy": (RuntimeError("'GPIO busy'"), "gpioinfo"),  # lgpio's own error
    "Failed to add edge detection": (  # RPi.GPIO's, under a kernel of today
        RuntimeError("Failed to add edge detection"),
        "no other program",
    ),
    "AttributeError": (  # gpiozero 1.6.2 with lgpio 0.2.2
        AttributeError("module 'lgpio' has no attribute 'SET_BIAS_PULL_UP'"),
        "GPIOZERO_PIN_FACTORY",
    ),
    # lgpio's, RPi.GPIO's
    "can not open gpiochip": (RuntimeError("'can not open gpiochip'"), "device tree"),
    "no permissions": (RuntimeError("'no permissions'"), "group gpio"),
    "as root": (
        RuntimeError("No access to /dev/mem.  Try running as root!"),
        "GPIOZERO_PIN_FACTORY",
    ),
    "No module named 'lgpio'": (
        ModuleNotFoundError("No module named 'lgpio'"),
        "GPIOZERO_PIN_FACTORY",
    ),
}
TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
PAGE = b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
NOT_ENROLLED = "there is no enrolment; run `outcry enrol FILE` with the file from HQ"
HQ_RUNS = "systemctl status outcry-responder"

SITUATIONS = (
    # Is it armed?
    Situation("stopped", 1, "service", ("not running", "systemctl start outcry"), refused=""),
    Situation("not enrolled", 1, "service", (NOT_ENROLLED,), refused=NOT_ENROLLED),
    *(
        Situation(
            f"pin: {words}",
            8,
            "service",
            (words, remedy),
            refused=str(unusable("button on GPIO 17", error)),
        )
        for words, (error, remedy) in PINS.items()
    ),
    Situation(
        "button stuck", 1, "button", ("stuck", "short"), _holds_for_ever, flag=Flag.BUTTON_STUCK
    ),
    Situation(
        "button unreadable",
        1,
        "button",
        ("EIO", "restart the device"),
        _unreadable("button"),
        flag=Flag.BUTTON_FAULT,
    ),
    Situation("button chatters", 1, "button", ("all the time",), _chatters, flag=Flag.BUTTON_FAULT),
    Situation(
        "strap unreadable",
        1,
        "strap",
        ("EIO", "restart the device"),
        _unreadable("strap"),
        flag=Flag.STRAP_FAULT,
        strap=True,
    ),
    Situation("strap open", 2, "strap", ("open", "fasten"), strap=True),
    Situation(
        "strap loose", 2, "strap", ("loose", "repair"), _flickers, flag=Flag.STRAP_LOOSE, strap=True
    ),
    Situation("motor", 2, "motor", ("EBUSY", "gpioinfo"), motor_says=PIN_BUSY),
    # Why is there no position?
    Situation(
        "no gpsd",
        6,
        "gpsd",
        ("ECONNREFUSED", "systemctl status gpsd"),
        _receiver(lambda _: NO_GPSD),
    ),
    Situation(
        "no receiver",
        6,
        "fix",
        ("cable", "/etc/default/gpsd"),
        _receiver(lambda _: NoFix(NoFixReason.NO_RECEIVER)),
    ),
    Situation(
        "no satellites",
        6,
        "fix",
        ("too few satellites", "open sky"),
        _receiver(lambda _: NoFix(NoFixReason.NO_SATELLITES)),
    ),
    Situation("receiver silent", 6, "fix", ("fallen silent", "restart gpsd"), _falls_silent),
    # Would an alarm leave now?
    Situation(
        "modem mute",
        2,
        "modem",
        ("serial cable",),
        lambda device: device.sim.set_mute(True, device.now),
    ),
    Situation(
        "modem mute, strap loose",
        2,
        "modem",
        ("serial cable",),
        _mute_and_loose,
        strap=True,
    ),
    Situation(
        "no port", 2, "modem", ("ENOENT", "modem.port"), _port(lambda folder: f"{folder}/no")
    ),
    Situation("port of another user", 2, "modem", ("EACCES", "dialout"), _of_another_user),
    Situation("port held", 2, "modem", ("EAGAIN", "fuser"), _port(_locked)),
    Situation("no terminal", 2, "modem", ("ENOTTY", "no serial"), _port(lambda _: "/dev/null")),
    Situation("no SIM", 2, "sim", ("no SIM", "seat"), options=Options(sim=False)),
    Situation("SIM wants its PIN", 2, "sim", ("PIN", "modem.pin"), options=Options(pin="2468")),
    *(
        Situation(f"SIM: {words[0]}", 2, "sim", words, _sim_says(answer), START)
        for answer, words in (
            ("+CPIN: PH_SIM PIN\r\n\r\nOK", ("PH_SIM PIN", "locked to one SIM")),
            ("+CME ERROR: 13", ("fails", "try it in a phone")),
            ("+CME ERROR: 14", ("does not get ready (+CME ERROR: 14)", "another SIM")),
            ("ERROR", ("does not get ready (ERROR)", "another SIM")),
        )
    ),
    Situation(
        "registration not told",
        2,
        "registration",
        ("does not say whether", "restart the modem"),
        lambda device: device.sim.faults.on("+CREG", Fault(Kind.ERROR), times=None),
        START,
    ),
    Situation("SIM locked", 2, "sim", ("PUK", "phone"), options=Options(pin="2468", pin_tries=0)),
    Situation(
        "no network",
        2,
        "registration",
        ("searching", "antenna"),
        lambda device: device.sim.set_network(False, device.now),
    ),
    Situation(
        "SIM barred",
        2,
        "registration",
        ("refuses this SIM", "operator"),
        lambda device: device.sim.set_welcome("denied", device.now),
    ),
    Situation(
        "SIM for data alone",
        2,
        "registration",
        ("refuses this SIM", "operator"),
        _takes_packets_alone,
        flag=Flag.TEXTS_FAULT,
    ),
    Situation(
        "weak signal",
        2,
        "signal",
        ("weak", "antenna"),
        lambda device: device.sim.set_signal(3, device.now),
    ),
    Situation(
        "supply too low",
        2,
        "supply",
        ("too low", "2 A"),
        lambda device: device.sim.set_supply(3450, device.now),
        flag=Flag.UNDER_VOLTAGE,
    ),
    Situation(
        "supply too high",
        2,
        "supply",
        ("too high", "4.0 V"),
        lambda device: device.sim.set_supply(4350, device.now),
    ),
    # Why did a contact get no SMS?
    *(
        Situation(f"texts: {words[0]}", 4, "SMS", words, _refuses_texts(code), flag=flag)
        for code, words, flag in (
            (8, ("bars texts", "operator"), Flag.TEXTS_FAULT),
            (529, ("allows no texts", "operator"), Flag.TEXTS_FAULT),
            (999, ("code 999", "operator"), Flag.TEXTS_FAULT),
            (38, ("out of order", "did not leave", "supply"), Flag.TEXTS_FAULT),
            (500, ("gives no reason", "did not leave", "supply"), Flag.TEXTS_FAULT),
            (1, ("no such number", "did not leave", "the right number"), Flag.TEXTS_FAULT),
        )
    ),
    *(
        Situation(
            f"texts: no {stage} comes",
            4,
            "SMS",
            ("texts did not leave", "supply"),
            _loses_texts(stage),
            flag=Flag.TEXTS_FAULT,
        )
        for stage in STAGES[1:3]
    ),
    *(
        Situation(
            f"no texts served: {words[0]}",
            4,
            "SMS",
            ("does not get ready for texts", *words),
            _serves_no_texts(code),
            flag=Flag.TEXTS_FAULT,
        )
        for code, words in ((310, ("no SIM", "seat")), (314, ("busy", "supply")))
    ),
    Situation(
        "no SMS centre, before any text",
        4,
        "SMS",
        ("no SMS centre", "phone"),
        options=Options(service_centre=""),
        flag=Flag.TEXTS_FAULT,
    ),
    Situation(
        "not ready for texts",
        4,
        "SMS",
        ("does not get ready for texts", "supply"),
        lambda device: device.sim.faults.on("+CMGF", Fault(Kind.ERROR), times=None),
        START,
    ),
    # Why is there no receipt from HQ?
    *(
        Situation(
            f"data path {how}",
            5,
            "data path",
            ("no connection to HQ in time", "modem.apn"),
            _gprs(how),
            START,
        )
        for how in ("dead", "connecting")
    ),
    Situation(
        "data path refused",
        5,
        "data path",
        ("no connection to HQ", "responder running"),
        _gprs("refused"),
        START,
    ),
    Situation(
        "nothing can be sent over a connection",
        5,
        "data path",
        ("the request was not taken", "supply"),
        _takes_no_request,
    ),
    Situation("data vanishes", 5, "receipt", ("no answer from HQ", HQ_RUNS), _hq_hangs),
    Situation("HQ stopped", 5, "receipt", ("HQ closed the connection", HQ_RUNS), _hq_says(None)),
    Situation("HQ's port closed", 5, "data path", ("no connection", "responder"), _hq_stops),
    Situation(
        "HQ cut off",
        5,
        "receipt",
        ("HQ closed the connection", HQ_RUNS),
        _hq_says(b"HTTP/1.1 200 OK\r\n", None),
    ),
    Situation("TLS", 5, "receipt", ("TLS answers", "plain HTTP"), _hq_says(TLS_ALERT, None)),
    Situation(
        "web page",
        5,
        "receipt",
        ("a web page answers", "in HQ's place"),
        _hq_says(_http("400 Bad Request", PAGE)),
    ),
    Situation("portal", 5, "receipt", ("302", "in HQ's place"), _hq_says(_http("302 Found"))),
    Situation(
        "empty answer",
        5,
        "receipt",
        ("a receipt is 26 bytes", "in HQ's place"),
        _hq_says(_http("200 OK")),
    ),
    Situation(
        "other protocol", 5, "receipt", ("not HTTP", "in HQ's place"), _hq_says(b"SSH-2.0-x\r\n")
    ),
    Situation(
        "retired", 5, "receipt", ("HTTP 400", "enrol it again"), _hq_says(_http("400 Bad Request"))
    ),
    Situation("a proxy's limit", 5, "receipt", ("HTTP 413", "limits"), _hq_says(_http("413 No"))),
    Situation("copied card", 5, "receipt", ("HTTP 409", "copy"), _hq_says(_http("409 Conflict"))),
    Situation(
        "HQ in trouble", 5, "receipt", ("HTTP 502", HQ_RUNS), _hq_says(_http("502 Bad Gateway"))
    ),
    *(
        Situation(f"{finding}, in an alarm", 5, finding, words, _in_an_alarm(begins))
        for finding, words, begins in (
            ("receipt", ("HTTP 400", "enrol it again"), _hq_says(_http("400 Bad Request"))),
            ("data path", ("no connection", "modem.apn"), _gprs("dead")),
        )
    ),
    # Why did it restart? The card is broken. What else an alarm needs.
    Situation(
        "restarted",
        8,
        "service",
        ("restart it 3 times", "journalctl"),
        _unit(NRestarts="3"),
        in_status=False,
    ),
    Situation("no watchdog", 8, "watchdog", ("hangs",), _unit(WatchdogUSec="0"), in_status=False),
    Situation("card refuses", 9, "disk", ("card",), _card_locked, flag=Flag.CARD_FAULT),
    Situation(
        "card full",
        9,
        "disk",
        ("ENOSPC", "df -h"),
        in_status=False,
        around=_refuses(OSError(28, "full")),
    ),
    Situation(
        "card read-only",
        9,
        "disk",
        ("EROFS", "read-only"),
        in_status=False,
        around=_refuses(OSError(30, "ro")),
    ),
    Situation(
        "card broken",
        9,
        "disk",
        ("EIO", "failing"),
        in_status=False,
        around=_refuses(OSError(5, "bad")),
    ),
    Situation("keys open", 2, "keys", ("others", "chmod 600"), _readable_keys, in_status=False),
    Situation(
        "enrolled and not restarted",
        2,
        "keys",
        ("still has another", "restart outcry"),
        _enrols_without_restart,
        in_status=False,
    ),
    Situation("no key", 2, "keys", ("can be sealed", "outcry enrol"), public_key=bytes(32)),
    Situation(
        "restart wire",
        2,
        "since the start",
        ("GPIO 22", "gpioinfo"),
        lambda device: device.parts.journal.tell(
            Entry.PART_FAULT, detail=str(unusable("modem's wire on GPIO 22", PIN_BUSY))
        ),
    ),
    Situation("no HQ", 2, "keys", ("no HQ", "outcry enrol"), enrolled=False),
    Situation("text with a fault", 4, "texts", ("nonsense",), _a_wrong_text, in_status=False),
    Situation(
        "language without texts",
        4,
        "contacts",
        ("xx", "a language needs a file"),
        contacts=(Contact("Ana", "+447700900101", "xx"),),
        in_status=False,
    ),
    Situation("nobody to tell", 4, "contacts", ("there are none",), contacts=(), in_status=True),
)
