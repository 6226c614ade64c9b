"""The life of the service, on one screen: started in order, stopped in reverse."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from sqlalchemy.exc import OperationalError

from outcry.beats import Beats
from outcry.hw.modem import ModemSettings, open_serial
from outcry.responder.archive.housekeeping import Housekeeping
from outcry.responder.console.accounts import Officers
from outcry.responder.console.desk import Console
from outcry.responder.console.plans import Plans
from outcry.responder.contacts.desk import Desk
from outcry.responder.dispatch.performer import Performer
from outcry.responder.dispatch.workers import Threads
from outcry.responder.enrolment import hq_keys
from outcry.responder.intake.app import device_app
from outcry.responder.intake.inbox import Inbox
from outcry.responder.intake.sms_answers import SmsAnswers
from outcry.responder.intake.texts import ArrivingTexts
from outcry.responder.notify import officer_channels
from outcry.responder.notify.by_channel import Notifying
from outcry.responder.notify.by_sms import Texting
from outcry.responder.notify.messages import Briefer
from outcry.responder.plans.repository import Means
from outcry.responder.posting import networks
from outcry.responder.posting.composing import Composer
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.posting.performing import Posting
from outcry.responder.rules.calls import PUBLICATIONS, TEXTS, ActionKind
from outcry.responder.safe_errors import describe
from outcry.responder.service import silence_watch, systemd
from outcry.responder.service.people_app import DutyConsole, people_app
from outcry.responder.service.periodic import Rounds
from outcry.responder.service.workflow import LOOK_EVERY_S, Workflow
from outcry.responder.settings import HqModem, Settings
from outcry.responder.storage.store import StateBusy, Store, only_one
from outcry.responder.transports.apprise import Channels
from outcry.responder.transports.sms import SmsModem
from outcry.responder.web.listener import CannotListen, Listener

log = logging.getLogger("outcry.responder")

CALLS_AT_ONCE = 32  # of one group: that many channels may hang before another has to wait
STOP_PART_S = 1.5  # listeners together, modem, workflow: under the 5 s promised after SIGTERM
DEAF_AFTER_S = 4 * LOOK_EVERY_S  # a thread that has not beaten for this long is stuck


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT: 0. A part that fails ends the service: 1, to be restarted."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    beats = Beats(time.monotonic, LOOK_EVERY_S, DEAF_AFTER_S)
    try:
        with ExitStack() as running:
            if not settings.database:  # SQLite; PostgreSQL is there for many
                running.enter_context(only_one(settings.directory))
            return _serve(settings, stop, beats, running)
    except (StateBusy, CannotListen) as error:
        log.error("cannot serve: %s", error)
    except OperationalError as error:
        log.error("cannot serve: the database: %s; see [state] in the settings", describe(error))
    return 1


def _serve(settings: Settings, stop: threading.Event, beats: Beats, running: ExitStack) -> int:
    people = settings.people
    database = Store.of(settings)
    running.callback(database.close)
    own_page = OwnPage(database, people.public_url, time.time)
    publishers = networks.publishers(settings, database, time.time)
    posting = Posting(database, publishers, Composer(settings.organisation))
    means = Means(settings.modem is not None, tuple(publishers), officer_channels.load(settings))
    notifying = Notifying(database, Briefer(people.public_url, means), Channels())
    modem = _modem(settings.modem, beats)
    performers: dict[ActionKind, Performer] = dict.fromkeys(PUBLICATIONS, posting)
    performers[ActionKind.NOTIFY] = notifying
    if modem is not None:
        performers |= dict.fromkeys(TEXTS, Texting(database, people.public_url, modem))
    workflow = Workflow(
        database,
        performers,
        means,
        time.time,
        beats.watch("workflow"),
        Threads(CALLS_AT_ONCE),
    )
    inbox = Inbox(database, hq_keys.load_or_create(settings.directory), time.time, workflow.wake)
    desk = Desk(database, inbox, time.time, workflow.wake, people.link_days * 86_400.0)
    console = DutyConsole(
        Console(database, time.time, workflow.wake),
        Officers(database, settings.organisation, time.time, os.urandom),
        Plans(database, time.time, workflow.wake),
        settings.console.tiles,
        settings.console.credit,
    )
    pages = people_app(
        desk,
        own_page,
        settings.organisation,
        people.public_url,
        time.time,
        people.behind_proxy,
        console,
    )
    device = settings.device
    listeners = [
        Listener("device", device_app(inbox), device.host, device.port),
        Listener("people", pages, people.host, people.port, people.certificate, people.key),
    ]
    listening = silence_watch.Watch(database, time.time, workflow.wake)
    watch = Rounds("silence", listening.look, beats.watch("silence"))

    keeping = Rounds(
        "housekeeping", Housekeeping(database, time.time).look, beats.watch("housekeeping")
    )

    alive = [
        workflow.is_alive,
        watch.is_alive,
        keeping.is_alive,
        *(each.is_alive for each in listeners),
    ]
    workflow.start()
    running.callback(workflow.stop, STOP_PART_S)
    keeping.start()
    running.callback(keeping.stop, STOP_PART_S)
    watch.start()
    running.callback(watch.stop, STOP_PART_S)
    if modem is not None:
        texts = ArrivingTexts(inbox, SmsAnswers(database, time.time), workflow.wake)
        hand_on = partial(modem.hand_on, workflow.hear, texts.take, workflow.wake)
        hearing = Rounds("sms", hand_on, beats.watch("sms"), every_s=0.0)
        hearing.start()
        running.callback(hearing.stop, STOP_PART_S)
        modem.start()
        running.callback(modem.stop, STOP_PART_S)
        alive.append(hearing.is_alive)
    for listener in listeners:
        listener.start()
        running.callback(listener.stop, STOP_PART_S)
    for listener in listeners:
        running.callback(listener.ask_to_stop)  # all at once, before the first is waited for
    gc.collect()
    gc.freeze()  # what was loaded stays: looking through it again would hold up receipts
    log.info("ready: people: %s, device: %s:%d", people.public_url, device.host, listeners[0].port)
    systemd.notify(READY="1", STATUS=_status(modem))
    running.callback(systemd.notify, STOPPING="1")
    return _watch(stop, beats, alive, lambda: _status(modem))


def _status(modem: SmsModem | None) -> str:
    """For ``systemctl status``."""
    if modem is None:
        return "taking alarms; no modem"
    return f"taking alarms; the modem {'is ready' if modem.ready() else 'is busy or not ready'}"


def _modem(modem: HqModem | None, beats: Beats) -> SmsModem | None:
    """The modem of this process; None: it has none."""
    if modem is None:
        log.warning("no modem: contacts get the device's own texts only (modem.port is empty)")
        return None
    port = modem.port
    if not port:
        log.info("the modem is at another process on this database, which sends the texts")
        return None
    return SmsModem(
        ModemSettings(pin=modem.pin),
        lambda: open_serial(port),
        time.monotonic,
        beats.watch("modem"),
    )


def _watch(
    stop: threading.Event,
    beats: Beats,
    alive: list[Callable[[], bool]],
    status: Callable[[], str],
) -> int:
    """Wait for the end, feeding the watchdog only while every thread works."""
    interval = systemd.watchdog_interval_s() or beats.interval_s
    while not stop.wait(interval):
        stuck = beats.silent(time.monotonic())
        if stuck or not all(is_alive() for is_alive in alive):
            log.critical("a part has stopped working (%s): ending, to be restarted", stuck or "?")
            os._exit(1)  # a stuck thread cannot be asked to stop; the database is safe at any time
        systemd.notify(WATCHDOG="1", STATUS=status())
    log.info("stopping")
    return 0
