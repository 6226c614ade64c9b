"""``outcry-responder``: enrol wearers, run the service, and see how every wearer is."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from errno import EPERM
from pathlib import Path

from outcry import __version__
from outcry.responder import journal
from outcry.responder.callers import outgoing
from outcry.responder.cli import check, enrolment, officer, plan, record
from outcry.responder.cli.commands import Commands
from outcry.responder.cli.status import facts, screen
from outcry.responder.enrolment.enrol import CannotEnrol
from outcry.responder.enrolment.hq_keys import KeysInvalid
from outcry.responder.plans.repository import NoSuchWearer
from outcry.responder.service import journal_handler
from outcry.responder.settings import Settings, load
from outcry.responder.storage.alarms import NoSuchAlarm
from outcry.responder.storage.engine import DriverMissing
from outcry.responder.storage.migrations import TooNew
from outcry.responder.storage.store import Store, is_new
from outcry.settings_file import SettingsInvalid

log = journal.Log("outcry.responder")

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
  3   verify: this case file holds together, and nothing shows that HQ wrote it
  77  these files belong to another user: put `sudo -u outcry-responder` in front
  78  the settings are not valid; every problem is listed
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    os.umask(0o077)
    tell = _on_the_terminal
    if options.command == "run":
        journal_handler.set_up()
        tell = _in_the_journal
    try:
        done: int | None = options.alone(options)
        if done is not None:
            return done
        settings = load(options.config)
        _check_user(settings.directory)
        outgoing.name(settings.private)
        code: int = options.run(settings, options)
        return code
    except SettingsInvalid as refused:
        return tell(EXIT_CONFIG, refused.problems)
    except CannotEnrol as refused:
        return tell(EXIT_TROUBLE, refused.problems)
    except PermissionError as error:
        why = f"{error.filename}: not allowed; put `sudo -u {USER}` in front"
        return tell(EXIT_NOT_ALLOWED, [why])
    except (KeysInvalid, TooNew, DriverMissing, NoSuchWearer, NoSuchAlarm) as error:
        return tell(EXIT_TROUBLE, [str(error)])


def _on_the_terminal(code: int, problems: Sequence[str]) -> int:
    print(*problems, sep="\n", file=sys.stderr)
    return code


def _in_the_journal(code: int, problems: Sequence[str]) -> int:
    for problem in problems:
        log.tell(journal.Entry.CANNOT_SERVE, problem=problem)
    return code


def _check_user(directory: Path) -> None:
    """Refuse root where the service is another: it would leave files that the service cannot read.

    Raises ``PermissionError``.
    """
    if os.geteuid() == 0 and directory.exists() and directory.stat().st_uid != 0:
        raise PermissionError(EPERM, "root is not the service", str(directory))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="outcry-responder",
        description="HQ's side: receives alarms, tells the contacts, counts their answers, and makes"
        " an alarm public. Each command explains itself with --help.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=__version__)
    commands = Commands(made)
    enrolment.add_parsers(commands)
    status = commands.add(
        "status",
        _status,
        help="show every wearer: last heard, what is wrong, last drill, alarms and their state",
    )
    status.add_argument("--json", action="store_true", help="print JSON, for programs")
    status.add_argument(
        "--where",
        action="store_true",
        help="also show last known positions; make sure nobody else can see them",
    )
    commands.add(
        "migrate",
        _migrate,
        help="upgrade the database to this release's layout; starting the service also does it",
    )
    plan.add_parsers(commands)
    check.add_parser(commands)
    officer.add_parser(commands)
    record.add_parsers(commands)
    commands.add(
        "run",
        _run,
        help="run the service; systemd does this",
        description="Run the service until SIGTERM, as the systemd unit does. It logs to the journal or,"
        " without one, to standard error. journalctl -x -u outcry-responder explains each line.",
    )
    return made


def _status(settings: Settings, options: argparse.Namespace) -> int:
    if is_new(settings):
        print(f"nobody has been enrolled in {settings.directory}", file=sys.stderr)
        return 1
    with Store.of(settings) as database:
        found = facts(database, time.time(), options.where)
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else screen(found))
    return 0


def _migrate(settings: Settings, _options: argparse.Namespace) -> int:
    with Store.of(settings) as database:
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
