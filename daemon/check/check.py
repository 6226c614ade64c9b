"""``outcry check``: every part an alarm needs, one after the other, each failure with its remedy.

While the daemon runs, pins and port are its own, and it is asked. Otherwise the
check opens the parts itself, and closes each.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from outcry.credentials import FOLDER
from outcry.daemon.check import connectivity, hardware, host, systemd_unit
from outcry.daemon.check.modem_access import DaemonsModem, OwnModem
from outcry.daemon.check.sheet import Patience, Sheet
from outcry.daemon.journal import Journal
from outcry.daemon.messages import identity
from outcry.daemon.messages.identity import Identity
from outcry.daemon.outbox.private_files import become_owner_of
from outcry.daemon.service import control_socket, judge
from outcry.daemon.service.assemble import modem_settings
from outcry.daemon.service.findings import Finding, unknown
from outcry.daemon.service.true_time import synchronised_at
from outcry.daemon.settings import Settings
from outcry.settings_file import SettingsInvalid

Ask = Callable[[str], dict[str, Any]]
STARTING_S = 20.0
WIRED = ("button", "strap", "motor")
_ROOT = "put `sudo` in front"
_HUNG = "`systemctl restart outcry`, then check again"


def check(settings: Settings, buzz: bool, as_json: bool) -> bool:
    """Check everything and print what is found; returns whether all is well.

    ``buzz``: move the motor for a moment.
    """
    sheet = Sheet(as_json)
    logging.disable()  # the findings say it in words
    try:
        for finding in findings(settings, buzz, Patience(time.monotonic, time.sleep, sheet.say)):
            sheet.add(finding)
    finally:
        logging.disable(logging.NOTSET)
    return sheet.close()


def findings(
    settings: Settings,
    buzz: bool,
    patience: Patience,
    ask: Ask | None = None,
    unit: Callable[[], systemd_unit.Unit] = systemd_unit.ask,
) -> Iterator[Finding]:
    """Everything, one after the other.

    ``ask`` puts a question to the daemon, as its socket does; ``unit`` asks systemd.
    """
    ask = ask or partial(control_socket.ask, settings.path("storage", "runtime"))
    service = unit()
    facts, refusal = _asked(ask)
    if service.state.startswith("activ") and isinstance(refusal, control_socket.NotRunning):
        facts, refusal = patience.until(
            lambda: _asked(ask),
            lambda asked: asked[0] is not None,
            STARTING_S,
            "the service is starting",
        )
        service = unit()
    problems: list[str] = []
    who = _who(settings, problems)
    trouble = str(refusal) if refusal is not None else ""
    not_allowed = isinstance(refusal, control_socket.NotAllowed)
    if not_allowed:
        yield unknown("service", "it may be running, but this user cannot ask it", _ROOT)
    else:
        yield host.service(service, trouble, facts, why_refused(settings, service))
    if facts is not None:
        yield from _through_daemon(ask, facts, buzz, patience)
    elif isinstance(refusal, control_socket.NotRunning) and service.state != "active":
        yield from _by_itself(settings, who, service, buzz, patience)
    else:
        yield from _from_outside(settings, trouble, not_allowed, patience)
    if facts is not None:
        yield judge.clock(facts["time_by"])
    elif not_allowed and synchronised_at() is None:
        yield unknown("clock", "the daemon may know the time, and this user cannot ask it", _ROOT)
    else:
        yield host.clock(time.time(), synchronised_at() is not None)
    yield host.keys(settings, who, problems, facts)
    yield host.contacts(settings, who, facts)
    yield host.words(settings, who)
    yield from judge.since_the_start(facts) if facts is not None else ()
    outbox: dict[str, Any] = {"durable": True} if facts is None else facts["outbox"]
    trouble = outbox.get("trouble", "")  # a daemon from before an upgrade says none
    yield host.disk(settings.path("storage", "state"), outbox["durable"], trouble)
    yield host.swap(service)
    yield from host.watchdog(service)


def why_refused(settings: Settings, service: systemd_unit.Unit | None = None) -> str:
    """Why the service cannot start, as it said itself or as its settings show; empty: not known."""
    problems: list[str] = []
    who = _who(settings, problems)
    return (service or systemd_unit.ask()).refusal or ("; ".join(problems) if who is None else "")


def _asked(ask: Ask) -> tuple[dict[str, Any] | None, control_socket.NotAnswering | None]:
    try:
        return ask("status"), None
    except control_socket.NotAnswering as error:
        return None, error


def _who(settings: Settings, problems: list[str]) -> Identity | None:
    try:
        return identity.load(settings, problems.append)
    except SettingsInvalid as error:
        problems += error.problems
        return None


def _through_daemon(
    ask: Ask, facts: dict[str, Any], buzz: bool, patience: Patience
) -> Iterator[Finding]:
    try:
        heard, *worn = judge.wiring(facts)
        yield heard
        modem = DaemonsModem(ask, patience.clock)
        yield from connectivity.findings(modem, facts["enrolled"], patience)
        for finding in worn:
            if buzz and finding.name == "motor" and facts["motor"]:
                yield hardware.buzzed(ask("buzz"))
            else:
                yield finding
        yield from hardware.gps(lambda: ask("status")["fix"], patience)
    except control_socket.NotAnswering as error:
        yield unknown("service", f"it stopped during the check: {error}", "check again")


def _by_itself(
    settings: Settings,
    who: Identity | None,
    service: systemd_unit.Unit,
    buzz: bool,
    patience: Patience,
) -> Iterator[Finding]:
    service.lend(os.environ)
    os.environ.setdefault(FOLDER, str(settings.folder))  # where the unit finds the SIM's PIN
    silent = Journal(lambda *_: None)
    asked_of_modem = modem_settings(settings, who or Identity("", (), None), silent)
    owned = become_owner_of(settings.path("storage", "state"))
    heard, *worn = hardware.by_itself(settings, buzz, patience)
    yield heard
    enrolled = who is not None and who.enrolment is not None
    with ExitStack() as held:
        modem = OwnModem(settings, asked_of_modem, who, owned, held, silent)
        yield from connectivity.findings(modem, enrolled, patience)
    yield from worn
    yield from hardware.gps(hardware.receiver(settings, patience.clock), patience)


def _from_outside(
    settings: Settings, trouble: str, refused: bool, patience: Patience
) -> Iterator[Finding]:
    why = "it is the daemon's, and this user cannot ask it" if refused else trouble
    remedy = _ROOT if refused else _HUNG
    for name in WIRED:
        yield unknown(name, why, remedy)
    yield from hardware.gps(hardware.receiver(settings, patience.clock), patience)
    for name in connectivity.NAMES:
        yield unknown(name, why, remedy)
