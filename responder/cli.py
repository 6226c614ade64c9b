"""``outcry-responder``: enrol wearers, and run the service."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from outcry.responder.enrolling import Application, CannotEnrol, Enrolled, enrol, parse_contact
from outcry.responder.keys import KeysInvalid
from outcry.responder.settings import Settings, SettingsInvalid, load

DEFAULT_CONFIG = Path("/etc/outcry/responder.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 refused or failed."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    try:
        settings = load(options.config)
        if options.command == "enrol":
            return _enrol(settings, options)
        return _run(settings)
    except (SettingsInvalid, CannotEnrol) as refused:
        for problem in refused.problems:
            print(problem, file=sys.stderr)
    except (KeysInvalid, PermissionError) as error:
        print(error, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="outcry-responder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help=f"settings file ({DEFAULT_CONFIG})"
    )

    new = commands.add_parser(
        "enrol",
        parents=[config],
        help="make a wearer: writes the one file their device needs, prints the contacts' PINs",
    )
    new.add_argument("name", metavar="NAME", help="the wearer, as contacts and the world know them")
    new.add_argument(
        "--contact",
        action="append",
        default=[],
        metavar='"ANA=+447700900111[,en]"',
        help="who is told, in this order: name, number, language; once for each contact",
    )
    new.add_argument("--number", metavar="+447700900001", help="the SIM in the wearer's device")
    new.add_argument("--quorum", type=int, help="confirmations needed to publish (settings: 2)")
    new.add_argument("--out", type=Path, required=True, metavar="FILE", help="the device's file")

    commands.add_parser("run", parents=[config], help="run the service until SIGTERM")
    return parser


def _enrol(settings: Settings, options: argparse.Namespace) -> int:
    contacts, problems = [], []
    for n, text in enumerate(options.contact, 1):
        try:
            contacts.append(parse_contact(text))
        except ValueError as error:
            problems.append(f"contact {n}: {error}")
    if problems:
        raise CannotEnrol(problems)
    application = Application(
        wearer=options.name,
        number=options.number,
        contacts=tuple(contacts),
        quorum=settings.quorum if options.quorum is None else options.quorum,
    )
    _tell(application, enrol(settings, application, options.out), options.out)
    return 0


def _tell(application: Application, enrolled: Enrolled, out: Path) -> None:
    print(f"{application.wearer} is enrolled, device {enrolled.device:08x}.")
    print("\nPINs, shown only now. Tell each contact theirs in person; they need it to answer:")
    for n, (contact, pin) in enumerate(zip(application.contacts, enrolled.pins, strict=True), 1):
        print(f"  {n}  {pin}  {contact.name}, {contact.number}")
    print(f"\nNext: carry {out} to the device, run there: outcry enrol {out.name}")
    print("and delete it everywhere else: whoever has it can raise alarms in this name.")


def _run(settings: Settings) -> int:
    from outcry.responder.running import run  # the web stack: not needed to enrol

    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    return run(settings)
