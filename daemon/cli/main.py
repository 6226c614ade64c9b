"""The command line of the wearable: ``outcry run | check | status | drill | log | config | enrol``."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outcry import __version__
from outcry.daemon.settings import Settings, load
from outcry.enrolment import EnrolmentInvalid
from outcry.settings_file import SettingsInvalid

if TYPE_CHECKING:
    import argparse

DEFAULT_CONFIG = Path("/etc/outcry/outcry.toml")

# sysexits.h, so that systemd and scripts can tell a wrong file from a dead part.
EXIT_OK = 0
EXIT_DATA = 65
EXIT_TROUBLE = 1
EXIT_NO_PART = 69
EXIT_CANNOT_WRITE = 73
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130

_EXITS = """
exit codes:
  0   done; status, check: armed, and nothing is wrong
  1   status, check: something needs attention; drill: none was begun; config: a contact's text
      has a fault, and English or a longer one goes in its place; log: nothing was found
  2   the command line is wrong
  65  the enrolment file is not valid
  69  the button cannot be watched; status, drill: the daemon does not answer;
      log: there is no journal
  73  the enrolment cannot be stored
  78  the settings cannot be used; every problem is listed
  130 check: ended by Ctrl-C
"""


def parser() -> "argparse.ArgumentParser":
    """Every command and option; the manual page and the shell's completion are made from it."""
    import argparse

    top = argparse.ArgumentParser(
        prog="outcry",
        description="The wearable's daemon: watches the panic button and raises the alarm.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_CONFIG,
        metavar="FILE",
        help=f"the settings (default {DEFAULT_CONFIG})",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="watch the button until told to stop")
    run.add_argument("--verbose", action="store_true", help="log every step of the modem")
    check = commands.add_parser(
        "check",
        help="check every part; each failure comes with its remedy",
        description="Check everything an alarm needs: button, strap, motor, position, modem, "
        "network, HQ, clock, keys, contacts, texts, disk, watchdog. While the service runs it is "
        "asked; otherwise each part is opened for a moment. HQ gets a heartbeat; nobody else gets "
        "anything. Takes seconds, or two minutes if a part does not answer.",
    )
    check.add_argument("--buzz", action="store_true", help="move the motor for a moment")
    status = commands.add_parser("status", help="everything about the device on one screen")
    for command in (check, status):
        command.add_argument("--json", action="store_true", help="as one line of JSON")
    practises = "practise: as an alarm goes, but marked as a drill and never published"
    drill = commands.add_parser("drill", help=practises)
    leaves = "begin it and leave, without showing its hops"
    drill.add_argument("--no-wait", action="store_true", help=leaves)
    takes_in = "take in the file that HQ made with `outcry-responder enrol`"
    enrol = commands.add_parser("enrol", help=takes_in)
    enrol.add_argument("file", type=Path, metavar="FILE")
    commands.add_parser("config", help="show the settings in force, secrets masked")
    _add_log(commands)
    return top


def _add_log(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    log = commands.add_parser(
        "log",
        help="what happened, one line for each event, from the journal",
        description="What happened, one line for each event, from the systemd journal. It holds no "
        "position, number or name. What an event means and what to do: journalctl -x -u outcry.",
    )
    log.add_argument(
        "--since", metavar="TIME", help='as journalctl takes it: "2 hours ago", yesterday, 18:00'
    )
    log.add_argument(
        "--alarm",
        type=_alarm,
        metavar="ID",
        help="one alarm, by the first letters of its id, and what happened meanwhile",
    )
    log.add_argument("--all", action="store_true", help="heartbeats too")
    log.add_argument("--json", action="store_true", help="each line as JSON")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    match given:  # as the unit has it: armed sooner, and in half a megabyte less, without a parser
        case ["run"]:
            return _run(DEFAULT_CONFIG, verbose=False)
        case ["--config", file, "run"]:
            return _run(Path(file), verbose=False)
    options = parser().parse_args(given)
    if options.command == "log":  # it needs no settings, which only root may be able to read
        return _log(options.since, options.alarm, options.all, options.json)
    if options.command == "run":
        return _run(options.config, options.verbose)
    try:
        settings = load(options.config)
        runtime = settings.path("storage", "runtime")
        match options.command:
            case "check":
                return _check(settings, options.buzz, options.json)
            case "status":
                return _status(settings, options.json)
            case "drill":
                return _drill(runtime, wait=not options.no_wait)
            case "enrol":
                return _enrol(options.file, settings)
        return _config(settings)
    except SettingsInvalid as error:
        if options.command == "config" and error.shown:
            print("\n".join(error.shown))
        return _refuse(EXIT_CONFIG, "these settings cannot be used:", error.problems)


def _run(config: Path, verbose: bool) -> int:
    from outcry.daemon.service.restart_backoff import Refusals

    refusals = Refusals(config)
    refusals.wait(lambda: button_is_free(config))
    from outcry.daemon.service.run import run
    from outcry.hw.pin_library import PinUnusable

    try:
        run(load(config), verbose)
    except SettingsInvalid as error:
        refusals.refuse("these settings cannot be used:", error.problems)
        return EXIT_CONFIG
    except PinUnusable as error:
        refusals.refuse("the button cannot be watched:", [str(error)], of_button=True)
        return EXIT_NO_PART
    return EXIT_OK


def button_is_free(config: Path) -> bool:
    from outcry.hw.pin_library import PinUnusable
    from outcry.hw.switch import Button

    try:
        Button(load(config).whole("button", "pin"), lambda closed, at: None).close()
    except (SettingsInvalid, PinUnusable):
        return False
    return True


def _config(settings: Settings) -> int:
    from outcry.daemon.messages import identity, texts

    print("\n".join(settings.shown()))
    try:
        link = identity.load(settings, lambda problem: None).longest_link()
    except SettingsInvalid:  # not enrolled yet: the texts can be checked without it
        link = None
    problems = texts.check(settings.path("texts", "folder"), link)
    if problems:
        return _refuse(EXIT_TROUBLE, "the contacts' texts have faults:", problems)
    return EXIT_OK


def _check(settings: Settings, buzz: bool, as_json: bool) -> int:
    from outcry.daemon.check.check import check

    try:
        return EXIT_OK if check(settings, buzz, as_json) else EXIT_TROUBLE
    except KeyboardInterrupt:
        print("\nstopped; every part has been released", file=sys.stderr)
        return EXIT_INTERRUPTED


def _alarm(text: str) -> str:
    import argparse

    if not text or len(text) > 8 or set(text.lower()) - set("0123456789abcdef"):
        why = f"{text}: write an alarm's id or how it begins, such as 7f3a90c1"
        raise argparse.ArgumentTypeError(why)
    return text


def _log(since: str | None, alarm: str | None, everything: bool, as_json: bool) -> int:
    from outcry.daemon.cli import log

    found = False
    try:
        told: Iterable[log.Line] = log.lines(log.read(since), everything)
        if alarm is not None:
            told = log.of_alarm(told, alarm)
        for line in told:
            found = True
            print(line.as_json() if as_json else line.text())
    except log.NoJournal as error:
        return _refuse(EXIT_NO_PART, "there is nothing to read:", [str(error)])
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    if found:
        return EXIT_OK
    hint = [] if os.geteuid() == 0 else ["you may need sudo to read the journal"]
    return _refuse(EXIT_TROUBLE, "the journal has nothing of that", hint)


def _status(settings: Settings, as_json: bool) -> int:
    from outcry.daemon.service import control_socket, judge, status

    try:
        facts = control_socket.ask(settings.path("storage", "runtime"), "status")
    except control_socket.NotAnswering as error:
        from outcry.daemon.check import check

        not_running = isinstance(error, control_socket.NotRunning)
        refusal = check.why_refused(settings) if not_running else ""
        if as_json:
            print(json.dumps({"error": str(error), "refusal": refusal}))
            return EXIT_NO_PART
        told = filter(None, (refusal, str(error)))
        return _refuse(EXIT_NO_PART, "the status is not known:", [*told])
    print(json.dumps(facts) if as_json else status.screen(facts))
    return EXIT_TROUBLE if judge.attention(facts) else EXIT_OK


def _drill(runtime: Path, wait: bool) -> int:
    from outcry.daemon.service import control_socket

    try:
        begun = control_socket.ask(runtime, "drill")
        if "error" in begun:
            return _refuse(EXIT_TROUBLE, "no drill was begun:", [str(begun["error"])])
        print("The drill has begun; the wearer feels five pulses.")
        if wait:
            print("Each hop is shown when it is reached. Ctrl-C leaves; the drill ends by itself.")
            follow(lambda: control_socket.ask(runtime, "status"), time.sleep)
    except control_socket.NotAnswering as error:
        return _refuse(EXIT_NO_PART, "the daemon does not answer:", [str(error)])
    except KeyboardInterrupt:
        print("The drill continues; `outcry status` shows how far it came.")
    return EXIT_OK


def follow(ask: Callable[[], dict[str, Any]], sleep: Callable[[float], None]) -> None:
    """Print each hop of the drill as it is reached, until a person has it or the drill is over."""
    shown: set[str] = set()
    while True:
        drill = ask().get("drill") or {"hops": {}, "over": True}
        for hop, seconds in drill["hops"].items():
            if hop not in shown:
                shown.add(hop)
                print(f"  {seconds:6.1f} s  {hop}", flush=True)
        if drill["over"] or "a person has it" in shown:
            return
        sleep(1.0)


def _enrol(file: Path, settings: Settings) -> int:
    from outcry.daemon.messages.identity import install

    try:
        enrolment = install(file, settings)
    except EnrolmentInvalid as error:
        return _refuse(EXIT_DATA, f"{file} is not valid:", error.problems)
    except (OSError, UnicodeDecodeError) as error:
        return _refuse(EXIT_CANNOT_WRITE, f"{file} could not be taken in:", [str(error)])
    print(f"Enrolled as device {enrolment.device:08x}, {len(enrolment.contacts)} contacts.")
    print(f"Now delete {file}: it holds this device's key. Then: sudo systemctl restart outcry")
    return EXIT_OK


def _refuse(code: int, what: str, problems: list[str]) -> int:
    print(what, *(f"  {problem}" for problem in problems), sep="\n", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
