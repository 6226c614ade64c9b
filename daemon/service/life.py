"""The daemon's life behind the button, on one screen: started in order, stopped in reverse."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from outcry import __version__
from outcry.beats import Beats
from outcry.credentials import secret
from outcry.daemon.alarm.model import Rules
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.messages import identity, texts
from outcry.daemon.messages.delivery import Delivery
from outcry.daemon.messages.identity import Identity
from outcry.daemon.messages.reports import Reporter
from outcry.daemon.outbox.budget import Budgets, budgets
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.service import drills
from outcry.daemon.service.control_socket import Control
from outcry.daemon.service.drills import Drills
from outcry.daemon.service.loop import Loop
from outcry.daemon.service.parts import Message, Parts, Stop
from outcry.daemon.service.supervision import Supervision
from outcry.daemon.service.systemd import Service, journal_sink, set_up_logging
from outcry.daemon.settings import NO_PIN, Settings, drill_taps
from outcry.daemon.touch.button import Times
from outcry.daemon.touch.edges import StrapEdge
from outcry.daemon.touch.haptics import ALL, FEW
from outcry.daemon.touch.inputs import Senses, Wearing
from outcry.hw.button import Button
from outcry.hw.gps import Gps
from outcry.hw.modem import Modem, ModemSettings, open_serial
from outcry.hw.power import Power, PowerUnusable, Wire
from outcry.hw.strap import Strap, StrapUnusable
from outcry.hw.vibration import Vibration, VibrationUnusable
from outcry.report import Flag
from outcry.settings_file import SettingsInvalid

MODEM_PIN = "modem.pin"  # the credential's name in the unit
TURN_LIMIT_S = 20.0  # the longest a thread may be busy with one thing; systemd waits 30 s


def live(
    settings: Settings,
    verbose: bool,
    messages: queue.SimpleQueue[Message],
    life: ExitStack,
    button: Button,
) -> None:
    """Start every part, run the loop until it is told to stop, and leave stopping to ``life``."""
    set_up_logging(verbose)
    os.umask(0o077)  # what is written here is nobody else's business
    clock = time.monotonic
    service = Service()
    journal = Journal(journal_sink())
    journal.tell(Entry.STARTED, detail=__version__)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: messages.put(Stop(signal.Signals(number).name)))

    who = identity.load(settings, lambda problem: journal.tell(Entry.PART_FAULT, detail=problem))
    languages = _languages(settings, who, journal)
    times = _times(settings)
    asked_of_modem = modem_settings(settings, who, journal)
    state, runtime = settings.path("storage", "state"), settings.path("storage", "runtime")
    for folder in (state, runtime):
        _make(folder, journal)
    outbox = Outbox(
        state / "outbox.sqlite",
        lambda reason: journal.tell(Entry.CARD_FAULT, detail=reason),
        who.enrolment.device if who.enrolment else 0,
        int(time.time()),
    )
    life.callback(outbox.close)
    memory = Memory(runtime / "memory.json", clock())
    beats = Beats(clock, min((service.watchdog_s or 20) / 2, 10), TURN_LIMIT_S)
    vibration = _vibration(settings, journal)
    if vibration is not None:
        life.callback(vibration.close)
    power = _power(settings, journal)
    if power is not None:
        life.callback(power.close)
    modem = Modem(
        asked_of_modem,
        lambda: open_serial(settings.text("modem", "port"), settings.whole("modem", "baud")),
        messages.put,
        clock,
        beats.watch("modem"),
        power.cycle if power is not None else None,
    )
    life.callback(modem.stop, 3.0)
    gps = Gps(
        settings.text("gps", "host"),
        settings.whole("gps", "port"),
        messages.put,
        clock,
        beats.watch("gps"),
    )
    life.callback(gps.stop, 1.0)
    reporter = Reporter(who, outbox, time.time, os.urandom)
    parts = Parts(
        outbox=outbox,
        memory=memory,
        reporter=reporter,
        delivery=Delivery(
            who,
            outbox,
            memory,
            languages,
            modem,
            journal,
            _budgets(settings, memory, clock),
            settings.number("sms", "again_after_minutes") * 60,
        ),
        modem=modem,
        gps=gps,
        vibration=vibration,
        journal=journal,
        service=service,
        beats=beats,
        senses=_senses(settings, memory, button, times, messages, journal, life),
        supervision=Supervision(
            settings.number("supervision", "heartbeat_minutes") * 60,
            round(settings.number("supervision", "battery_low_volts") * 1000),
            clock(),
        ),
        drills=Drills(
            state / drills.FILE_NAME,
            reporter.time,
            lambda fault: journal.tell(Entry.PART_FAULT, detail=fault),
        ),
        contacts=len(who.contacts),
        felt=ALL if settings.text("vibration", "tells") == "all" else FEW,
        drill_taps=drill_taps(settings.text("drill", "taps")) or (),
        languages_complete=all(contact.language in languages for contact in who.contacts),
    )
    loop = Loop(parts, _rules(settings), messages, clock, os.urandom)
    _answer_questions(runtime, messages, journal, life)
    modem.start()
    gps.start()
    journal.tell(Entry.ARMED)
    service.ready()
    loop.run()
    service.stopping()


def _budgets(settings: Settings, memory: Memory, clock: Callable[[], float]) -> Budgets:
    return budgets(
        memory,
        clock,
        texts=settings.whole("sms", "positions_per_day"),
        position_bytes=settings.whole("reports", "kilobytes_per_day") * 1000,
        heartbeat_bytes=settings.whole("supervision", "kilobytes_per_day") * 1000,
        drip_s=settings.number("reports", "then_every_minutes") * 60,
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        sms_after_s=settings.number("sms", "start_after_seconds"),
        first_position_s=settings.number("reports", "first_position_seconds"),
        position_every_s=settings.number("reports", "position_every_seconds"),
        positions_often_for_s=settings.number("reports", "often_for_minutes") * 60,
        position_then_every_s=settings.number("reports", "then_every_minutes") * 60,
        position_still_every_s=settings.number("reports", "still_every_minutes") * 60,
        sms_position_every_s=settings.number("sms", "position_every_minutes") * 60,
    )


def _times(settings: Settings) -> Times:
    return Times(
        tap_s=settings.number("button", "tap_seconds"),
        pause_s=settings.number("button", "pause_seconds"),
        hold_s=settings.number("button", "hold_seconds"),
        code_end_s=settings.number("button", "code_end_seconds"),
        stuck_s=settings.number("button", "stuck_seconds"),
    )


def _senses(
    settings: Settings,
    memory: Memory,
    button: Button,
    times: Times,
    messages: queue.SimpleQueue[Message],
    journal: Journal,
    life: ExitStack,
) -> Senses:
    """The button alone, or with the strap; a strap that cannot be watched is told and left out."""
    if not settings.flag("strap", "enabled"):
        return Senses(times, button=button)
    try:
        loop = Strap(
            settings.whole("strap", "pin"),
            lambda closed, at: messages.put(StrapEdge(closed, at)),
        )
    except StrapUnusable as error:
        journal.tell(Entry.PART_FAULT, detail=str(error))
        alone = Senses(times, button=button)
        alone.marks |= Flag.STRAP_FAULT
        return alone
    life.callback(loop.close)
    open_s = settings.number("strap", "open_seconds")
    wearing = Wearing(loop.closed, memory.worn, open_s, time.monotonic())
    return Senses(times, wearing, button, loop)


def _answer_questions(
    folder: Path,
    messages: queue.SimpleQueue[Message],
    journal: Journal,
    life: ExitStack,
) -> None:
    try:
        life.callback(Control(folder, messages.put).close)
    except OSError as error:
        fault = f"`outcry status` will not work: no socket ({type(error).__name__})"
        journal.tell(Entry.PART_FAULT, detail=fault)


def _languages(settings: Settings, who: Identity, journal: Journal) -> dict[str, texts.Language]:
    """A template at fault is told and no reason not to start: the contact gets English."""
    languages, problems = texts.load(
        settings.path("texts", "folder"),
        {contact.language for contact in who.contacts},
        who.longest_link(),
        who.wearer,
    )
    for problem in problems:
        journal.tell(Entry.PART_FAULT, detail=f"texts: {problem}")
    return languages


def modem_settings(settings: Settings, who: Identity, journal: Journal) -> ModemSettings:
    """What the modem is to know; raises :class:`SettingsInvalid` if it could not be told that."""
    hq = who.enrolment.hq if who.enrolment else None
    pin = _pin(journal) or settings.text("modem", "pin") or None
    try:
        return ModemSettings(
            apn=settings.text("modem", "apn"),
            apn_user=settings.text("modem", "apn_user"),
            apn_password=settings.text("modem", "apn_password"),
            pin=pin,
            host=hq.host if hq else None,
            port=hq.port if hq else 80,
            sms_while_connecting=settings.flag("modem", "sms_while_connecting"),
        )
    except ValueError as error:
        raise SettingsInvalid([str(error)]) from None


def _make(folder: Path, journal: Journal) -> None:
    """Without the folder the alarm lives in memory; that is told and no reason not to start."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        journal.tell(Entry.CARD_FAULT, detail=f"{folder} cannot be made ({type(error).__name__})")


def _pin(journal: Journal) -> str | None:
    """The SIM's PIN from systemd; a fault in it is told and no reason not to start."""
    try:
        pin = secret(MODEM_PIN, encoding="ascii")
        ModemSettings(pin=pin)
        return pin
    except (OSError, UnicodeDecodeError) as error:
        fault = f"cannot be read ({type(error).__name__})"
    except ValueError:
        fault = "is no PIN: write its 4 to 8 digits into the file and nothing else"
    journal.tell(Entry.PART_FAULT, detail=f"the credential {MODEM_PIN} {fault}")
    return None


def _power(settings: Settings, journal: Journal) -> Power | None:
    pin = settings.whole("modem", "power_pin")
    if pin == NO_PIN:
        return None
    try:
        return Power(pin, Wire(settings.text("modem", "power_wire")))
    except PowerUnusable as error:
        journal.tell(Entry.PART_FAULT, detail=str(error))
        return None


def _vibration(settings: Settings, journal: Journal) -> Vibration | None:
    if not settings.flag("vibration", "enabled"):
        return None
    try:
        return Vibration(settings.whole("vibration", "pin"))
    except VibrationUnusable as error:
        journal.tell(Entry.PART_FAULT, detail=str(error))
        return None
