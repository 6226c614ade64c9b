"""``outcry-responder``: enrol wearers, run the service, and see how every wearer is."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from errno import EPERM
from pathlib import Path
from typing import Any

from outcry import __version__
from outcry.responder import journal
from outcry.responder.cli import check, officer, plan, record
from outcry.responder.cli.status import facts, screen
from outcry.responder.enrolment import revocation, safe_code
from outcry.responder.enrolment.enrol import (
    Application,
    CannotEnrol,
    Enrolled,
    change_code,
    enrol,
    parse_contact,
)
from outcry.responder.enrolment.hq_keys import KeysInvalid
from outcry.responder.enrolment.safe_code import CodeRefused
from outcry.responder.service import journal_handler
from outcry.responder.settings import Settings, load
from outcry.responder.storage.engine import DriverMissing
from outcry.responder.storage.migrations import TooNew
from outcry.responder.storage.store import Store, is_new
from outcry.settings_file import SettingsInvalid

log = journal.Log("outcry.responder")

DEFAULT_CONFIG = Path("/etc/outcry/responder.toml")
USER = "outcry-responder"

# As `outcry` has them, from sysexits.h.
EXIT_OK = 0
EXIT_TROUBLE = 1
EXIT_NOT_ALLOWED = 77
EXIT_CONFIG = 78

_EXITS = """
exit codes:
  0   done
  1   refused or failed; the reason is printed, and nothing was changed.
      run: a part has failed; systemd starts it again
  2   the command line is wrong
  77  these files belong to another user: put `sudo -u outcry-responder` in front
  78  the settings are not valid; every problem is listed
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    tell = _on_the_terminal
    if options.command == "run":
        journal_handler.set_up()
        tell = _in_the_journal
    try:
        settings = load(options.config)
        _check_user(settings.directory)
        commands = {
            "enrol": _enrol,
            "code": _code,
            "retire": _retire,
            "key": _key,
            "status": _status,
            "plan": plan.edit,
            "codes": plan.codes,
            "check": check.check,
            "migrate": _migrate,
            "officer": officer.officer,
            "case": record.case,
            "verify": record.verify,
            "forget": record.forget,
            "run": _run,
        }
        return commands[options.command](settings, options)
    except SettingsInvalid as refused:
        return tell(EXIT_CONFIG, refused.problems)
    except CannotEnrol as refused:
        return tell(EXIT_TROUBLE, refused.problems)
    except PermissionError as error:
        return tell(EXIT_NOT_ALLOWED, [_not_allowed(error)])
    except (KeysInvalid, TooNew, DriverMissing) as error:
        return tell(EXIT_TROUBLE, [str(error)])


def _on_the_terminal(code: int, problems: Sequence[str]) -> int:
    print(*problems, sep="\n", file=sys.stderr)
    return code


def _in_the_journal(code: int, problems: Sequence[str]) -> int:
    for problem in problems:
        log.tell(journal.Entry.CANNOT_SERVE, problem=problem)
    return code


def _not_allowed(error: PermissionError) -> str:
    return f"{error.filename}: not allowed; put `sudo -u {USER}` in front"


def _check_user(directory: Path) -> None:
    """Refuse root where the service is another: it would leave files that the service cannot read.

    Raises ``PermissionError``.
    """
    if os.geteuid() == 0 and directory.exists() and directory.stat().st_uid != 0:
        raise PermissionError(EPERM, "root is not the service", str(directory))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="outcry-responder",
        description="HQ's side: receives alarms, tells the contacts, counts their answers, and makes"
        " an alarm public. Each command explains itself with --help.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help=f"settings file ({DEFAULT_CONFIG})"
    )

    new = commands.add_parser(
        "enrol",
        parents=[config],
        help="enrol a wearer: write the file for their device and print the contacts' PINs",
        description="Enrol a wearer. FILE is all that their device needs, and holds its key: carry it to"
        " the device yourself, run `outcry enrol FILE` there, then destroy it. The PINs and the code"
        " are shown only once; HQ keeps their hashes. Step by step: docs/enrolment.md.",
    )
    new.add_argument(
        "name", metavar="NAME", help="the wearer's name, as contacts and the public know it"
    )
    new.add_argument(
        "--contact",
        action="append",
        default=[],
        metavar='"ANA=+447700900111[,en]"',
        help="name, number, language; repeat for each contact, in the order in which they are told",
    )
    new.add_argument(
        "--number", metavar="+447700900001", help="the number of the SIM in the wearer's device"
    )
    new.add_argument(
        "--quorum",
        type=int,
        help="confirmations needed to publish (default: plan.quorum in the settings)",
    )
    new.add_argument(
        "--code",
        metavar='"2 4 1 3"',
        help="the wearer's code that means safe, in groups of taps (default: a random one, which is"
        " harder to guess)",
    )
    new.add_argument("--out", type=Path, required=True, metavar="FILE", help="the device's file")
    new.add_argument(
        "--json", action="store_true", help="print device, PINs and code as one line of JSON"
    )

    code = commands.add_parser(
        "code",
        parents=[config],
        help="give a wearer a new code that means safe, after the old one was used or told",
    )
    code.add_argument(
        "device",
        metavar="DEVICE",
        help="the device, as enrol and status print it, such as 0a1b2c3d",
    )
    code.add_argument(
        "--code",
        metavar='"2 4 1 3"',
        help="this code (default: a random one, which is harder to guess)",
    )

    lost = commands.add_parser(
        "retire",
        parents=[config],
        help="for a lost or seized device: from now on HQ cannot open what it sends",
        description="For a lost or seized device. From now on HQ opens nothing that it sends, nor the"
        " links it has texted; what HQ knows about the wearer stays. Do not do this while its alarm"
        " is open: it may still be with the wearer. The only way back is a new enrolment.",
    )
    lost.add_argument(
        "device",
        metavar="DEVICE",
        help="the device, as enrol and status print it, such as 0a1b2c3d",
    )

    key = commands.add_parser(
        "key",
        parents=[config],
        help="make a new HQ key, or forget the oldest one",
        description="HQ's own key, for which devices seal what they send. `new`: enrolments use a new key"
        " from now on; HQ still opens what is sealed for the older ones. `forget`: the oldest key is"
        " deleted for good, and what was sealed for it can no longer be opened. Restart the service"
        " after either. When to do it: docs/enrolment.md.",
    )
    key.add_argument("what", choices=("new", "forget"))

    status = commands.add_parser(
        "status",
        parents=[config],
        help="show every wearer: last heard, what is wrong, last drill, alarms and their state",
    )
    status.add_argument("--json", action="store_true", help="print JSON, for programs")
    status.add_argument(
        "--where",
        action="store_true",
        help="also show last known positions; let nobody look over your shoulder",
    )

    commands.add_parser(
        "migrate",
        parents=[config],
        help="upgrade the database to this release's layout; the service also does this when it starts",
    )
    plan.add_parsers(commands, config)
    check.add_parser(commands, config)
    officer.add_parser(commands, config)
    record.add_parsers(commands, config)
    commands.add_parser(
        "run",
        parents=[config],
        help="run the service; systemd does this",
        description="Run the service until SIGTERM, as the systemd unit does. It logs to the journal or,"
        " without one, to standard error. journalctl -x -u outcry-responder explains each line.",
    )
    return parser


def _enrol(settings: Settings, options: argparse.Namespace) -> int:
    contacts, problems = [], []
    for n, text in enumerate(options.contact, 1):
        try:
            contacts.append(parse_contact(text))
        except ValueError as error:
            problems.append(f"contact {n}: {error}")
    code = None
    try:
        code = None if options.code is None else safe_code.parse(options.code)
    except CodeRefused as error:
        problems.append(f"--code: {error}")
    if problems:
        raise CannotEnrol(problems)
    application = Application(
        wearer=options.name,
        number=options.number,
        contacts=tuple(contacts),
        quorum=settings.quorum if options.quorum is None else options.quorum,
        code=code,
    )
    enrolled = enrol(settings, application, options.out)
    if options.json:
        print(json.dumps(_as_json(application, enrolled, options.out), ensure_ascii=False))
    else:
        _tell(application, enrolled, options.out)
    return EXIT_OK


def _as_json(application: Application, enrolled: Enrolled, out: Path) -> dict[str, Any]:
    return {
        "device": f"{enrolled.device:08x}",
        "file": str(out),
        "code": safe_code.written(enrolled.code),
        "contacts": [
            {"name": contact.name, "number": contact.number, "pin": pin}
            for contact, pin in zip(application.contacts, enrolled.pins, strict=True)
        ],
    }


def _tell(application: Application, enrolled: Enrolled, out: Path) -> None:
    print(f"{application.wearer} is enrolled, device {enrolled.device:08x}.")
    print("\nPINs, shown only now. Tell each contact theirs in person; they need it to answer:")
    for n, (contact, pin) in enumerate(zip(application.contacts, enrolled.pins, strict=True), 1):
        print(f"  {n}  {pin}  {contact.name}, {contact.number}")
    _tell_code(application.wearer, enrolled.code)
    print(f"\nNext: carry {out} to the device and run there: outcry enrol {out.name}")
    print("Then delete every other copy: anyone who has it can raise alarms in this name.")


def _tell_code(wearer: str, code: tuple[int, ...]) -> None:
    print(f"\n{wearer}'s code that means safe, shown only now: {safe_code.written(code)}")
    print(f"that is {', a pause, '.join(_taps(count) for count in code)}. Tapped in an alarm, or")
    print(
        "before the strap is taken off, it tells HQ that the wearer is safe. Any other code tells"
    )
    print("HQ that the wearer is forced. Both feel the same, and neither stops the alarm.")
    print("Learn it by heart, then destroy this.")


def _taps(count: int) -> str:
    return "1 tap" if count == 1 else f"{count} taps"


def _code(settings: Settings, options: argparse.Namespace) -> int:
    device = _device(options.device)
    try:
        given = None if options.code is None else safe_code.parse(options.code)
    except CodeRefused as error:
        raise CannotEnrol([f"--code: {error}"]) from None
    code = change_code(settings, device, given)
    _tell_code(f"Device {device:08x}", code)
    return 0


def _device(written: str) -> int:
    try:
        return int(written, 16)
    except ValueError:
        raise CannotEnrol(
            ["write the device as enrol and status print it, such as 0a1b2c3d"]
        ) from None


def _retire(settings: Settings, options: argparse.Namespace) -> int:
    device = _device(options.device)
    name = revocation.retire(settings, device)
    print(f"Device {device:08x} of {name} is retired: HQ no longer opens what it sends.")
    print(f"{name} has no alarm until another device is enrolled.")
    return 0


def _key(settings: Settings, options: argparse.Namespace) -> int:
    if options.what == "new":
        held = revocation.renew(settings.directory)
        print(f"HQ has a new key ({held} in all). Enrolments use it from now on.")
    else:
        held = revocation.forget_oldest(settings.directory)
        print(f"HQ's oldest key is deleted; {held} left.")
    print("Now run: systemctl restart outcry-responder")
    return 0


def _status(settings: Settings, options: argparse.Namespace) -> int:
    if is_new(settings):
        print(f"nobody has been enrolled in {settings.directory}", file=sys.stderr)
        return 1
    database = Store.of(settings)
    try:
        found = facts(database, time.time(), options.where)
    finally:
        database.close()
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else screen(found))
    return 0


def _migrate(settings: Settings, _options: argparse.Namespace) -> int:
    database = Store.of(settings)
    database.close()
    before, after = database.layouts
    if before is None:
        print(f"The database was created, with layout {after}.")
    elif before == after:
        print(f"The database already has layout {after}, as this release needs: nothing to do.")
    else:
        print(f"The database was upgraded from layout {before} to {after}.")
    return 0


def _run(settings: Settings, _options: argparse.Namespace) -> int:
    from outcry.responder.service.run import run  # the web stack: not needed to enrol

    return run(settings)
