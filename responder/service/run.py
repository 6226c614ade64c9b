"""The life of the service, on one screen: started in order, stopped in reverse."""

import gc
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from sqlalchemy.exc import OperationalError

from outcry import systemd
from outcry.beats import Beats
from outcry.responder import journal
from outcry.responder.intake.app import DeviceApp
from outcry.responder.part import Part, Rounds
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.service.people_app import people_app
from outcry.responder.service.workflow import LOOK_EVERY_S
from outcry.responder.settings import HqModem, Settings, is_loopback
from outcry.responder.storage.store import StateBusy, only_one
from outcry.responder.transports.apprise import CALLERS
from outcry.responder.transports.sms import SmsModem
from outcry.responder.web.door import limits_of
from outcry.responder.web.listener import KEPT_S, CannotListen, Listener

log = journal.Log("outcry.responder")

STOP_PART_S = 1.5  # listeners together, modem, workflow: under the 5 s promised after SIGTERM
# A device connects before it has anything to say, and keeps its connection warm between heartbeats
# (10 min by default): longer than two.
DEVICE_KEPT_S = 1500.0
PROXY_KEPT_S = 300.0  # longer than Caddy (120 s) and nginx (60 s): what they send meets no end
LISTENERS = 2
MOST_FILES = 65_536  # more connections than one process has work for
DEAF_AFTER_S = 4 * LOOK_EVERY_S  # a thread that has not beaten for this long is stuck


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT: 0. A part that fails ends the service: 1, to be restarted."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    beats = Beats(time.monotonic, LOOK_EVERY_S, DEAF_AFTER_S)
    try:
        with ExitStack() as running:
            if not settings.database:  # SQLite is for one process; PostgreSQL serves many
                running.enter_context(only_one(settings.directory))
            return _serve(settings, stop, beats, running)
    except (StateBusy, CannotListen) as error:
        log.tell(journal.Entry.CANNOT_SERVE, problem=error)
    except OperationalError as error:
        log.tell(journal.Entry.NO_DATABASE, error=journal.describe(error))
    return 1


def _serve(settings: Settings, stop: threading.Event, beats: Beats, running: ExitStack) -> int:
    hq = assemble(settings, Adapters(watch=beats.watch))
    running.callback(hq.store.close)
    listeners = _listeners(hq, beats)
    keeping = Rounds("housekeeping", hq.housekeeping.look, beats.watch("housekeeping"))
    silence = Rounds("silence", hq.silence.look, beats.watch("silence"))
    _tell_of_the_modem(settings.modem)
    CALLERS.start()
    running.callback(CALLERS.close)

    notices = Rounds("notices", hq.notices.look)  # no watchdog: a channel may take its time
    telling = Rounds("telling", hq.telling.look)  # for the same reason none
    stamping = Rounds("time stamps", hq.time_stamping.look)  # no watchdog: a server may hang

    parts: list[Part] = [hq.workflow, keeping, silence, notices, telling, stamping]
    if hq.modem is not None:
        parts.append(Rounds("sms", hq.hear_the_modem, beats.watch("sms"), every_s=0.0))
    modem = [] if hq.modem is None else [hq.modem]
    begun: list[Part | SmsModem] = [*parts, *modem, *listeners]
    for part in begun:
        part.start()
        running.callback(part.stop, STOP_PART_S)
    for listener in listeners:
        running.callback(listener.ask_to_stop)  # all at once, before the first is waited for
    gc.collect()
    gc.freeze()  # what was loaded stays: looking through it again would hold up receipts
    heard_at = f"{settings.device.host}:{listeners[0].port}"
    log.tell(journal.Entry.READY, people=settings.people.public_url, device=heard_at)
    systemd.notify(READY="1", STATUS=_status(hq.modem))
    running.callback(systemd.notify, STOPPING="1")
    return _watch(stop, beats, [*parts, *listeners], lambda: _status(hq.modem))


def _listeners(hq: Responder, beats: Beats) -> list[Listener]:
    """The devices' and people's; each has its own thread, threads to work with, and files."""
    device, people = hq.settings.device, hq.settings.people
    # Devices that are told another address come through something on this machine.
    redirected = is_loopback(device.host) and not is_loopback(device.public_host)
    files = _all_files()
    return [
        Listener(
            "device",
            DeviceApp(hq.inbox),
            device.host,
            device.port,
            limits=limits_of(files, LISTENERS, redirected),
            kept_s=DEVICE_KEPT_S,
            silent_s=DEVICE_KEPT_S,
            beat=beats.watch("device listener"),
        ),
        Listener(
            "people",
            people_app(hq),
            people.host,
            people.port,
            people.certificate,
            people.key,
            limits=limits_of(files, LISTENERS, people.behind_proxy),
            kept_s=PROXY_KEPT_S if people.behind_proxy else KEPT_S,
            beat=beats.watch("people listener"),
        ),
    ]


def _all_files() -> int:
    """How many this process may have open, after asking for as many as it may have."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if allowed == resource.RLIM_INFINITY else min(allowed, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed))
    return wanted


def _tell_of_the_modem(modem: HqModem | None) -> None:
    if modem is None:
        log.tell(journal.Entry.NO_MODEM)
    elif not modem.port:
        log.tell(journal.Entry.MODEM_ELSEWHERE)


def _status(modem: SmsModem | None) -> str:
    """For ``systemctl status``."""
    if modem is None:
        return "taking alarms; no modem"
    return f"taking alarms; the modem {'is ready' if modem.ready() else 'is busy or not ready'}"


def _watch(
    stop: threading.Event, beats: Beats, parts: list[Part], status: Callable[[], str]
) -> int:
    """Wait for the end, feeding the watchdog only while every thread works."""
    limit_s = systemd.watchdog_s()
    interval = limit_s / 2 if limit_s else beats.interval_s
    while not stop.wait(interval):
        stuck = beats.silent(time.monotonic())
        if stuck or not all(part.is_alive() for part in parts):
            log.tell(journal.Entry.STUCK, part=stuck or "?")
            os._exit(1)  # a stuck thread cannot be asked to stop; the database is safe at any time
        systemd.notify(WATCHDOG="1", STATUS=status())
    log.tell(journal.Entry.STOPPING)
    return 0
