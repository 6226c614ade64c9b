"""The life of the service, on one screen: started in order, stopped in reverse."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from outcry.beats import Beats
from outcry.hw.modem import ModemSettings, open_serial
from outcry.responder import keys, service
from outcry.responder.desk import Desk
from outcry.responder.device_app import device_app
from outcry.responder.inbox import Inbox
from outcry.responder.listener import CannotListen, Listener
from outcry.responder.notifier import SmsNotifier
from outcry.responder.people_app import people_app
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.response import OWN_PAGE
from outcry.responder.settings import HqModem, Settings
from outcry.responder.store import StateBusy, Store, only_one
from outcry.responder.workflow import LOOK_EVERY_S, Workflow

log = logging.getLogger("outcry.responder")

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
            running.enter_context(only_one(settings.directory))
            return _serve(settings, stop, beats, running)
    except (StateBusy, CannotListen) as error:
        log.error("cannot serve: %s", error)
        return 1


def _serve(settings: Settings, stop: threading.Event, beats: Beats, running: ExitStack) -> int:
    people = settings.people
    database = Store(settings.directory)
    running.callback(database.close)
    own_page = OwnPage(database, people.public_url, time.time)
    workflow = Workflow(
        database,
        {OWN_PAGE: own_page},
        settings.organisation,
        people.public_url,
        time.time,
        beats.watch("workflow"),
    )
    inbox = Inbox(database, keys.load_or_create(settings.directory), time.time, workflow.wake)
    desk = Desk(database, inbox, time.time, workflow.wake)
    pages = people_app(
        desk, own_page, settings.organisation, people.public_url, time.time, people.behind_proxy
    )
    device = settings.device
    listeners = [
        Listener("device", device_app(inbox), device.host, device.port),
        Listener("people", pages, people.host, people.port, people.certificate, people.key),
    ]
    notifier = None
    if settings.modem is not None:
        notifier = _notifier(settings.modem, workflow, beats)
    else:
        log.warning("no modem: contacts get the device's own texts only (modem.port is empty)")
    workflow.connect(inbox, notifier)

    workflow.start()
    running.callback(workflow.stop, STOP_PART_S)
    if notifier is not None:
        notifier.start()
        running.callback(notifier.stop, STOP_PART_S)
    for listener in listeners:
        listener.start()
        running.callback(listener.stop, STOP_PART_S)
    for listener in listeners:
        running.callback(listener.ask_to_stop)  # all at once, before the first is waited for
    log.info("ready: people: %s, device: %s:%d", people.public_url, device.host, listeners[0].port)
    service.notify(READY="1", STATUS=_status(notifier))
    running.callback(service.notify, STOPPING="1")
    alive = [workflow.is_alive, *(each.is_alive for each in listeners)]
    return _watch(stop, beats, alive, lambda: _status(notifier))


def _status(notifier: SmsNotifier | None) -> str:
    """For ``systemctl status``."""
    if notifier is None:
        return "taking alarms; no modem"
    return f"taking alarms; the modem {'is ready' if notifier.ready() else 'is busy or not ready'}"


def _notifier(modem: HqModem, workflow: Workflow, beats: Beats) -> SmsNotifier:
    return SmsNotifier(
        ModemSettings(pin=modem.pin),
        lambda: open_serial(modem.port),
        workflow.on_event,
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
    interval = service.watchdog_interval_s() or beats.interval_s
    while not stop.wait(interval):
        stuck = beats.silent(time.monotonic())
        if stuck or not all(is_alive() for is_alive in alive):
            log.critical("a part has stopped working (%s): ending, to be restarted", stuck or "?")
            os._exit(1)  # a stuck thread cannot be asked to stop; the database is safe at any time
        service.notify(WATCHDOG="1", STATUS=status())
    log.info("stopping")
    return 0
