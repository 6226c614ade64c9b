"""Puts the wearable together, alike for the service, the simulation and the tests."""

from dataclasses import replace
from pathlib import Path

from outcry.beats import Beats
from outcry.credentials import secret
from outcry.daemon.alarm.model import Rules
from outcry.daemon.journal import Entry, Journal
from outcry.daemon.messages import identity, texts
from outcry.daemon.messages.data_delivery import DataDelivery
from outcry.daemon.messages.identity import Identity
from outcry.daemon.messages.receipts import Receipts
from outcry.daemon.messages.recipients import Recipients
from outcry.daemon.messages.reports import Reporter
from outcry.daemon.messages.sms_delivery import SmsDelivery
from outcry.daemon.outbox.budget import budgets
from outcry.daemon.outbox.last_refusal import LastRefusal
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.runtime_cache import Memory
from outcry.daemon.service import drills, true_time
from outcry.daemon.service.adapters import Adapters
from outcry.daemon.service.drills import Drills
from outcry.daemon.service.loop import Loop
from outcry.daemon.service.parts import Parts
from outcry.daemon.service.supervision import Marks, Supervision
from outcry.daemon.service.true_time import TrueTime
from outcry.daemon.service.whereabouts import Whereabouts
from outcry.daemon.settings import Settings, drill_taps
from outcry.daemon.touch.button import Times
from outcry.daemon.touch.haptics import ALL, FEW
from outcry.daemon.touch.inputs import Senses
from outcry.hw.modem import ModemSettings, SaidPins
from outcry.hw.system_errors import told
from outcry.report import Flag

OUTBOX, MEMORY, LACKS = "outbox.sqlite", "memory.json", "outbox.lacks"
SAID_PINS, LAST_REFUSAL = "said-pins", "last-refusal"
MODEM_PIN = "modem.pin"  # the credential's name in the unit
TURN_LIMIT_S = 20.0  # the longest a thread may be busy with one thing; systemd waits 30 s


def assemble(settings: Settings, adapters: Adapters) -> Loop:
    """The loop and its parts, nothing of it started.

    Raises :class:`SettingsInvalid` if nobody would be told of an alarm.
    """
    journal, clock = adapters.journal, adapters.clock
    who = identity.load(settings, lambda problem: journal.tell(Entry.PART_FAULT, detail=problem))
    languages = _languages(settings, who, journal)
    times, asked_of_modem = _times(settings), modem_settings(settings, who, journal)
    state, runtime = settings.path("storage", "state"), settings.path("storage", "runtime")
    for folder in (state, runtime):
        _make(folder, journal)
    outbox = _outbox(state / OUTBOX, runtime / LACKS, who, adapters)
    memory = Memory(runtime / MEMORY, clock())
    beats = Beats(clock, min((adapters.service.watchdog_s or 20) / 2, 10), TURN_LIMIT_S)
    vibration = adapters.vibration()
    asked_of_modem = replace(asked_of_modem, texted_before=outbox.texted_before)
    modem = adapters.modem(asked_of_modem, beats.watch("modem"))
    gps = adapters.gps(beats.watch("gps"))
    senses = _senses(settings, adapters, memory, times)
    told_to = runtime / true_time.FILE_NAME if settings.flag("clock", "set_system") else None
    time = TrueTime(clock, adapters.wall, adapters.synchronised_at, gps, modem, memory, told_to)
    reporter = Reporter(who, outbox, time.now, adapters.wall, adapters.random)
    receipts = Receipts(who, outbox, journal)
    spending = budgets(settings, memory, clock)
    again_after_s = settings.number("sms", "again_after_minutes") * 60
    heartbeat_every_s = settings.number("supervision", "heartbeat_minutes") * 60
    battery_low_mv = round(settings.number("supervision", "battery_low_volts") * 1000)
    whereabouts = Whereabouts(memory, journal)
    recipients = Recipients(who, outbox, memory, languages, reporter.time, whereabouts.place)
    last_refusal = LastRefusal(state / LAST_REFUSAL)
    marks = Marks(battery_low_mv, modem, senses, outbox, whereabouts, last_refusal)
    parts = Parts(
        outbox=outbox,
        memory=memory,
        reporter=reporter,
        receipts=receipts,
        data=DataDelivery(outbox, receipts, modem, journal, spending),
        sms=SmsDelivery(recipients, outbox, memory, modem, journal, spending.texts, again_after_s),
        modem=modem,
        gps=gps,
        vibration=vibration,
        journal=journal,
        service=adapters.service,
        beats=beats,
        senses=senses,
        whereabouts=whereabouts,
        marks=marks,
        supervision=Supervision(heartbeat_every_s, marks, clock()),
        drills=Drills(state / drills.FILE_NAME, time.now, journal),
        time=time,
        contacts=len(who.contacts),
        identity=who.marks(),
        felt=ALL if settings.text("vibration", "tells") == "all" else FEW,
        languages_complete=all(
            languages[each.language].name == f"{each.language.lower()}.toml"
            for each in who.contacts
        ),
    )
    return Loop(parts, _rules(settings), adapters.messages, clock, adapters.random)


def modem_settings(settings: Settings, who: Identity, journal: Journal) -> ModemSettings:
    """What the modem needs to know."""
    hq = who.enrolment.hq if who.enrolment else None
    pin, fault = sim_pin()
    if fault:
        journal.tell(Entry.PART_FAULT, detail=fault)
    kept = tuple(settings.path("storage", folder) / SAID_PINS for folder in ("state", "runtime"))
    asked = ModemSettings(
        apn=settings.text("modem", "apn"),
        apn_user=settings.text("modem", "apn_user"),
        apn_password=settings.text("modem", "apn_password"),
        pin=pin or settings.text("modem", "pin") or None,
        said_pins=SaidPins(kept),
        host=hq.host if hq else None,
        port=hq.port if hq else 80,
        sms_while_connecting=settings.flag("modem", "sms_while_connecting"),
        refused_before=LastRefusal(settings.path("storage", "state") / LAST_REFUSAL).code,
    )
    return replace(asked, no_pin=f"the SIM wants its PIN, and {fault}") if fault else asked


def sim_pin() -> tuple[str | None, str]:
    """The SIM's PIN from systemd, and the fault in it: the daemon starts without one all the same."""
    try:
        pin = secret(MODEM_PIN, encoding="ascii")
        ModemSettings(pin=pin)
        return pin, ""
    except OSError as error:
        return None, f"the credential {MODEM_PIN} cannot be read ({told(error)})"
    except ValueError:  # such as letters, or what an editor puts before the first
        return None, f"the credential {MODEM_PIN} is no PIN: 4 to 8 digits and nothing else"


def _outbox(path: Path, lacks: Path, who: Identity, adapters: Adapters) -> Outbox:
    outbox = Outbox(
        path,
        lambda reason: adapters.journal.tell(Entry.CARD_FAULT, detail=reason),
        who.enrolment.device if who.enrolment else 0,
        int(adapters.wall()),
        lacks,
    )
    adapters.life.callback(outbox.close)
    return outbox


def _senses(settings: Settings, adapters: Adapters, memory: Memory, times: Times) -> Senses:
    """The button alone, or with the strap; a strap that cannot be watched is left out and marked."""
    senses = Senses(times, adapters.button)
    if settings.flag("strap", "enabled"):
        strap, open_s = adapters.strap(), settings.number("strap", "open_seconds")
        if strap is None:
            senses.marks |= Flag.STRAP_FAULT
        else:
            senses.watch(strap, memory.worn, open_s, adapters.clock())
    return senses


def _rules(settings: Settings) -> Rules:
    return Rules(
        sms_after_s=settings.number("sms", "start_after_seconds"),
        first_position_s=settings.number("reports", "first_position_seconds"),
        position_every_s=settings.number("reports", "position_every_seconds"),
        positions_often_for_s=settings.number("reports", "often_for_minutes") * 60,
        position_then_every_s=settings.number("reports", "then_every_minutes") * 60,
        position_still_every_s=settings.number("reports", "still_every_minutes") * 60,
        sms_position_every_s=settings.number("sms", "position_every_minutes") * 60,
        drill_taps=drill_taps(settings.text("drill", "taps")) or (),
    )


def _times(settings: Settings) -> Times:
    return Times(
        tap_s=settings.number("button", "tap_seconds"),
        pause_s=settings.number("button", "pause_seconds"),
        hold_s=settings.number("button", "hold_seconds"),
        code_end_s=settings.number("button", "code_end_seconds"),
        stuck_s=settings.number("button", "stuck_seconds"),
    )


def _languages(settings: Settings, who: Identity, journal: Journal) -> dict[str, texts.Language]:
    """A fault in a template is reported, and the daemon starts: the contact gets English."""
    spoken = {contact.language for contact in who.contacts}
    folder, link = settings.path("texts", "folder"), who.longest_link()
    languages, problems = texts.load(folder, spoken, link, who.wearer)
    for problem in problems:
        journal.tell(Entry.PART_FAULT, detail=f"texts: {problem}")
    return languages


def _make(folder: Path, journal: Journal) -> None:
    """If the folder cannot be made, that is reported, and alarms are kept in memory."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        journal.tell(Entry.CARD_FAULT, detail=f"{folder} cannot be made ({told(error)})")
