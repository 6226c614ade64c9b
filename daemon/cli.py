"""The command line of the wearable: ``outcry run``, ``outcry enrol``, ``outcry config``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from outcry import __version__
from outcry.daemon.settings import Settings, SettingsInvalid, load

DEFAULT_CONFIG = Path("/etc/outcry/outcry.toml")

# sysexits.h, so that systemd and scripts can tell a wrong file from a dead part.
EXIT_OK = 0
EXIT_DATA = 65
EXIT_NO_PART = 69
EXIT_CANNOT_WRITE = 73
EXIT_CONFIG = 78

_EXITS = """
exit codes:
  0   done
  2   the command line is wrong
  65  the enrolment file is no good
  69  the button cannot be watched
  73  the enrolment cannot be kept
  78  the settings cannot be used; every problem is listed
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="outcry",
        description="The wearable's daemon: watches the panic button and raises the alarm.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_CONFIG,
        metavar="FILE",
        help=f"the settings (default {DEFAULT_CONFIG})",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run_parser = commands.add_parser("run", help="watch the button until told to stop")
    run_parser.add_argument("--verbose", action="store_true", help="log every step of the modem")
    enrol_parser = commands.add_parser(
        "enrol", help="take in the file that HQ made with `outcry-responder enrol`"
    )
    enrol_parser.add_argument("file", type=Path, metavar="FILE")
    commands.add_parser("config", help="show the settings in force, secrets masked")
    options = parser.parse_args(arguments)
    try:
        settings = load(options.config)
        if options.command == "run":
            return _run(settings, options.verbose)
        if options.command == "enrol":
            return _enrol(options.file, settings)
        print("\n".join(settings.shown()))
        return EXIT_OK
    except SettingsInvalid as error:
        return _refuse(EXIT_CONFIG, "these settings cannot be used:", error.problems)


def _run(settings: Settings, verbose: bool) -> int:
    from outcry.daemon.run import run
    from outcry.hw.button import ButtonUnusable

    try:
        run(settings, verbose)
    except ButtonUnusable as error:
        return _refuse(EXIT_NO_PART, "the button cannot be watched:", [str(error)])
    return EXIT_OK


def _enrol(file: Path, settings: Settings) -> int:
    from outcry.daemon.identity import install
    from outcry.enrolment import EnrolmentInvalid

    try:
        enrolment = install(file, settings)
    except EnrolmentInvalid as error:
        return _refuse(EXIT_DATA, f"{file} is no good:", error.problems)
    except (OSError, UnicodeDecodeError) as error:
        return _refuse(EXIT_CANNOT_WRITE, f"{file} was not taken in:", [str(error)])
    print(f"Enrolled as device {enrolment.device}, {len(enrolment.contacts)} contacts.")
    print(f"Now delete {file}: it holds this device's key. Then: systemctl restart outcry")
    return EXIT_OK


def _refuse(code: int, what: str, problems: list[str]) -> int:
    print(what, *(f"  {problem}" for problem in problems), sep="\n", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
