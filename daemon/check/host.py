"""What an alarm needs besides hardware: service, clock, keys, contacts, texts, disk, swap, watchdog."""

import errno
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from outcry.daemon.check.systemd_unit import Unit
from outcry.daemon.messages import texts
from outcry.daemon.messages.identity import FILE_NAME, Identity
from outcry.daemon.outbox.private_files import of_others
from outcry.daemon.service import judge
from outcry.daemon.service.assemble import OUTBOX
from outcry.daemon.service.findings import Finding, failed, left_out, look, ok, unknown
from outcry.daemon.service.judge import ENROL, NO_CONTACTS
from outcry.daemon.settings import Settings
from outcry.hw.gps import is_credible
from outcry.hw.system_errors import told

Facts = dict[str, Any] | None  # the daemon's, if it runs
LITTLE_BYTES = 20_000_000  # a few alarms' reports, and a log
FULL_BYTES = 1_000_000
SLOW_S = 2.0  # a worn-out card; a good one syncs in 2 to 20 ms
_SUDO = "`sudo outcry check` can"
_START = "`systemctl start outcry`; if it stops again, `journalctl -u outcry` says why"
_RESTART = "`systemctl restart outcry`; if this stays, `journalctl -u outcry` says why"
_REPAIR = "repair that; the service then starts by itself"
_ROOM = "make room: `df -h` shows what is full"


def service(unit: Unit, trouble: str, facts: Facts, refusal: str = "") -> Finding:
    """Whether the daemon runs, will run after a reboot, and has not been restarted again and again.

    ``facts`` are the daemon's answer, ``trouble`` is why there is none, ``refusal`` why the service
    cannot start, if that is known.
    """
    name = "service"
    if facts is None:
        if unit.state == "active":
            return failed(name, trouble, "`systemctl restart outcry`; an open alarm continues")
        why, _, remedy = refusal.partition(" -> ")
        if why:
            return failed(name, f"not armed, nobody watches the button: {why}", remedy or _REPAIR)
        state = f" ({unit.state})" if unit.is_there else ""
        return failed(name, f"outcry is not running{state}: nobody watches the button", _START)
    words = "running" if facts["alarm"] is None else "running, an alarm or a drill is open"
    if not unit.is_there:
        return ok(name, f"{words}; not started by systemd")
    if not unit.starts_at_boot:
        return look(name, f"{words}, but it will not start at boot", "`systemctl enable outcry`")
    if unit.restarts:
        remedy = "`journalctl -u outcry` says why it stopped"
        return look(name, f"{words}; systemd had to restart it {unit.restarts} times", remedy)
    return ok(name, words)


def clock(now: float, synchronised: bool) -> Finding:
    """Whether the system's clock (``now``) is set and vouched for; a running daemon knows more."""
    if not is_credible(now):
        remedy = "`timedatectl` says why; until then alarms say that their time is not known"
        return failed("clock", "it is not set", remedy)
    return judge.clock("NTP" if synchronised else None)


def keys(
    settings: Settings, who: Identity | None, problems: list[str], facts: Facts = None
) -> Finding:
    """The enrolment, which holds the device's key. ``problems`` are what loading it reported."""
    name, folder = "keys", settings.path("storage", "state")
    path = folder / FILE_NAME
    try:
        held = path.stat()
    except PermissionError:
        return unknown(name, f"this user may not look into {folder}", _SUDO)
    except FileNotFoundError:
        if who is None:
            return failed(name, "there is no enrolment", ENROL)
        return look(name, "there is no enrolment, so no HQ: only the contacts are told", ENROL)
    except OSError as error:
        return failed(name, f"{path} cannot be checked: {told(error)}", ENROL)
    is_readable, owner = os.access(path, os.R_OK), folder.stat().st_uid
    if not is_readable and os.geteuid() != owner:
        return unknown(name, f"this user may not read {path}", _SUDO)
    if not is_readable or (held.st_uid != owner and not held.st_mode & 0o044):  # root reads it
        return failed(name, f"the service may not read {path}", f"`chown outcry: {path}`")
    if who is None or who.enrolment is None:
        return failed(name, "; ".join(problems) or "the enrolment is not used", ENROL)
    if not _is_held(facts, who, name):
        none = "has none: the file came after its start, or it could not read it"
        held_by_it = "still has another than the file" if facts and facts["enrolled"] else none
        return failed(name, f"the service {held_by_it}", _RESTART)
    if not (who.enrolment.can_seal() if facts is None else facts.get("seals", True)):
        return judge.NO_SEAL
    if stat.S_IMODE(held.st_mode) & 0o077:
        return look(name, f"others on this device can read {path}", f"`chmod 600 {path}`")
    return ok(name, f"enrolled as device {who.enrolment.device:08x}")


def _is_held(facts: Facts, who: Identity, name: str) -> bool:
    """Whether the service has what the file says; one from before an upgrade does not tell."""
    return facts is None or facts.get("identity", who.marks())[name] == who.marks()[name]


def contacts(settings: Settings, who: Identity | None, facts: Facts = None) -> Finding:
    """The contacts: how many, in which languages; no names."""
    name = "contacts"
    if who is None:
        return unknown(name, "not known without the enrolment", _SUDO)
    if not who.contacts:
        return NO_CONTACTS
    if not _is_held(facts, who, name):
        return failed(name, "the service tells others: those that it had at its start", _RESTART)
    folder = settings.path("texts", "folder")
    wrong = [
        f"contact {number}'s language is {contact.language}, which has no texts: they get English"
        for number, contact in enumerate(who.contacts, 1)
        if not os.path.exists(folder / f"{contact.language.lower()}.toml")  # never raises
    ]
    numbers = [contact.number for contact in who.contacts]
    wrong += [
        f"contact {number} has the same number as contact {numbers.index(each) + 1}"
        for number, each in enumerate(numbers, 1)
        if numbers.index(each) + 1 < number
    ]
    if who.enrolment is not None and who.enrolment.hq.number in numbers:
        wrong.append(f"contact {numbers.index(who.enrolment.hq.number) + 1} has HQ's own number")
    if wrong:
        remedy = f"a language needs a file in {folder}; numbers are changed at HQ"
        return look(name, "; ".join(wrong), remedy)
    where = "from the settings" if settings.contacts else "from HQ"
    return ok(name, f"{len(numbers)} {where}, each with a number and texts to read")


def words(settings: Settings, who: Identity | None) -> Finding:
    """The templates of the contacts' texts."""
    folder = settings.path("texts", "folder")
    problems = texts.check(folder, who.longest_link() if who is not None else None)
    if problems:
        remedy = f"correct the file in {folder}; until then English is used"
        return look("texts", "; ".join(problems), remedy)
    return ok("texts", f"{len(list(folder.glob('*.toml')))} languages, every text fits")


def disk(folder: Path, durable: bool, trouble: str = "") -> Finding:
    """The state folder: writable, fast, with room. ``durable``: the daemon could write its outbox.

    ``trouble`` is what it says of the files' owner.
    """
    name = "disk"
    try:
        room = os.statvfs(folder)
        free = room.f_bavail * room.f_frsize
        took_s = _try(folder)
    except FileNotFoundError:
        return failed(name, f"there is no {folder}", "`systemctl start outcry` makes it")
    except PermissionError:
        return unknown(name, f"this user may not write into {folder}", _SUDO)
    except OSError as error:
        return failed(name, f"{folder} cannot be written: {told(error)}", _card_remedy(error))
    if free < FULL_BYTES:
        return failed(name, f"full: {free // 1000} kB left", _ROOM)
    why, _, remedy = (trouble or of_others(folder / OUTBOX)).partition(" -> ")
    if why:
        return failed(name, why, remedy)
    if not durable:
        remedy = "`journalctl -u outcry` says why; docs/runbook.md, 'The card is broken'"
        return failed(name, "the daemon could not write its outbox", remedy)
    if took_s > SLOW_S:
        return look(name, f"a write took {took_s:.1f} s", "the card is wearing out: replace it")
    if free < LITTLE_BYTES:
        return look(name, f"nearly full: {free // 1_000_000} MB left", _ROOM)
    return ok(name, f"written and synced in {took_s * 1000:.0f} ms, {free // 1_000_000} MB left")


def swap(
    unit: Unit,
    swaps: Path = Path("/proc/swaps"),  # proc(5): a line of titles, then one for each
    controllers: Path = Path("/sys/fs/cgroup/cgroup.controllers"),
    processes: Path = Path("/proc"),
    disks: Path = Path("/sys/block"),
) -> Finding:
    """Whether keys, texts and positions may be swapped to the card."""
    name = "swap"
    if not unit.is_there:
        return left_out(name, "systemd does not run this service here")
    try:
        kept = [line for line in swaps.read_text().splitlines()[1:] if _on_card(line, disks)]
    except OSError as error:
        return unknown(name, f"{swaps} cannot be read: {told(error)}", "`swapon` shows it")
    if not kept:
        return ok(name, "nothing is swapped to the card")
    if controllers.exists() and "memory" in controllers.read_text().split():
        return ok(name, "there is some, and the service may not use it")
    with suppress(OSError):  # nothing else in the service locks memory
        if re.search(r"VmLck:\s+[1-9]", (processes / unit.process / "status").read_text()):
            return ok(name, "there is some, and the service's memory is locked")
    remedy = "`sudo swapoff -a`, and switch it off at boot: docs/hardware.md, 'Swap'"
    return look(name, "keys and positions may be swapped to the card", remedy)


def _on_card(line: str, disks: Path) -> bool:
    """zram stays in memory, but for what it writes back to a device behind it."""
    device = line.split()[0].removeprefix("/dev/")
    if not device.startswith("zram"):
        return True
    behind = disks / device / "backing_dev"
    return behind.exists() and behind.read_text().strip() != "none"


def watchdog(unit: Unit, device: Path = Path("/dev/watchdog")) -> Iterator[Finding]:
    """What restarts a daemon that hangs, and a board that hangs."""
    name = "watchdog"
    if not unit.is_there:
        yield left_out(name, "systemd does not run this service here")
    elif not unit.watchdog:
        remedy = "the unit has WatchdogSec=30: `systemctl cat outcry` shows what overrides it"
        yield failed(name, "nothing restarts a daemon that hangs", remedy)
    elif not unit.system_watchdog:
        lacks = "" if device.exists() else f", and there is no {device}"
        remedy = "set RuntimeWatchdogSec=14 as docs/hardware.md, 'Watchdog' says"
        yield look(name, f"nothing restarts a board that hangs{lacks}", remedy)
    elif not device.exists():
        yield look(name, f"there is no {device}", "docs/hardware.md, 'Watchdog'")
    else:
        yield ok(
            name,
            f"a daemon that hangs restarts after {unit.watchdog}, a board after"
            f" {unit.system_watchdog}",
        )


def _try(folder: Path) -> float:
    """Write, sync and remove a file; the seconds that took."""
    began = time.monotonic()
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".check-") as file:
        file.write(b"check")
        file.flush()
        os.fsync(file.fileno())
    return time.monotonic() - began


def _card_remedy(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return _ROOM
    how = "has become read-only" if error.errno == errno.EROFS else "is failing"
    return f"the card {how}: replace it. docs/runbook.md, 'The card is broken'"
