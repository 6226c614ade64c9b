"""The command line of ``outcry-board``: what can be asked, and what each thing means."""

import argparse
import os
import re
from pathlib import Path
from typing import Any

from outcry.hw.board.modem.faults import STAGES
from outcry.hw.board.modem.gprs import HOWS
from outcry.hw.board.modem.registration import WELCOMES
from outcry.hw.board.modem.wire import DIRECTIONS
from outcry.hw.board.process.modem_control import CLEAR
from outcry.hw.board.process.requests import PIN_LIMIT
from outcry.hw.board.receiver.receiver import POSITION, STATES
from outcry.hw.board.sim800.fault_catalogue import CATALOGUE
from outcry.hw.board.sim800.jamming_detector import NOISES

BUTTON_PIN = 17
WAYS_TO_FAIL = tuple(how for how in HOWS if how != "on")
_EPILOG = """\
Every command but run, record and replay talks to a running board, found by --dir or
OUTCRY_BOARD.
The directory holds: modem-NAME (serial port), receiver (for gpsd), control.sock,
events.jsonl (what was seen from outside, one JSON object a line)."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="outcry-board",
        description="A simulated board: SIM800 modems, phones, pins and a GPS receiver.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common(top, default=True)
    commands = top.add_subparsers(dest="do", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_pins(commands)
    _add_phones(commands)
    _add_modem(commands)
    _add_radio(commands)
    _add_fault(commands)
    _add_receiver(commands)
    _command(commands, "status", "how the modems and the receiver are")
    _add_sessions(commands)
    return top


def separated(arguments: list[str]) -> list[str]:
    """A southern position begins with a minus, which argparse takes for an option.

    It takes nothing with a space in it for one.
    """
    return [f" {each}" if re.fullmatch(r"-[\d.]+,.*", each) else each for each in arguments]


def _add_common(to: argparse.ArgumentParser, *, default: bool) -> None:
    board = os.environ.get("OUTCRY_BOARD")
    missing: Any = argparse.SUPPRESS
    to.add_argument(
        "--dir",
        type=Path,
        default=(Path(board) if board else None) if default else missing,
        help="the board's directory (default: OUTCRY_BOARD)",
    )
    to.add_argument(
        "--json",
        action="store_true",
        default=False if default else missing,
        help="answer as JSON",
    )


def _command(commands: Any, name: str, help_: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
    _add_common(added, default=False)
    return added


def _add_run(commands: Any) -> None:
    run = _command(commands, "run", "be a board until SIGTERM or Ctrl-C")
    run.add_argument(
        "--modem",
        dest="modems",
        action="append",
        type=_modem,
        metavar="NAME=NUMBER",
        help="a modem on this board; may be repeated (default: wearer=+447700900001)",
    )
    run.add_argument("--instant", action="store_true", help="nothing takes any time")
    run.add_argument("--warm", action="store_true", help="the modems were switched on long ago")
    run.add_argument("--seed", type=int, help="for the same random delays again")
    run.add_argument("--autobaud", action="store_true", help="no RDY, +CFUN, +CPIN at power-on")
    run.add_argument("--pin", help="the SIM asks for this PIN")
    run.add_argument("--me-storage", action="store_true", help='accept AT+CPMS="ME"')
    run.add_argument(
        "--busy-while-connecting",
        action="store_true",
        help="serve no command between CIPSTART's OK and its result",
    )
    run.add_argument(
        "--reset-pin",
        type=_pin,
        metavar="N",
        help="the GPIO whose transistor pulls the first modem's RST: high for 105 ms restarts it",
    )
    run.add_argument(
        "--power-key-pin",
        type=_pin,
        metavar="N",
        help="the GPIO whose transistor pulls its PWRKEY: high for 1 s switches it on or off",
    )
    run.add_argument(
        "--receiver",
        default="generated",
        metavar="generated|none|FILE",
        help="make NMEA, have no receiver, or play a recording such as gpsd's .log files",
    )
    run.add_argument(
        "--position", type=_position, default=POSITION, metavar="LAT,LON", help="in degrees"
    )
    run.add_argument("--speed", type=float, default=0.0, help="metres a second")


def _add_pins(commands: Any) -> None:
    press = _command(commands, "press", "press the button for so long, and wait for the release")
    press.add_argument("seconds", type=_seconds, metavar="SECONDS")
    press.add_argument(
        "--bounce", action="store_true", help="with chatter at both ends and short slips"
    )
    hold = _command(commands, "hold", "press the button and stay on it")
    release = _command(commands, "release", "let go of the button")
    for each in (press, hold, release):
        each.add_argument("--pin", type=int, default=BUTTON_PIN, help="GPIO number (default: 17)")
    _command(commands, "pins", "levels, and the history of the outputs")


def _add_phones(commands: Any) -> None:
    _command(commands, "phones", "all phones a text has reached, or was sent from")
    sms = _command(commands, "sms", "the texts on a phone")
    sms.add_argument("number", metavar="NUMBER")
    text = _command(commands, "text", "send a text from a phone")
    text.add_argument("from", metavar="FROM")
    text.add_argument("to", metavar="TO")
    text.add_argument("words", metavar="WORDS")


def _add_modem(commands: Any) -> None:
    gprs = _command(commands, "gprs", "the data path works, or fails in one of its ways")
    gprs.add_argument("on", type=_on, metavar="on|off")
    gprs.add_argument(
        "--how",
        choices=WAYS_TO_FAIL,
        default="dead",
        help="dead: +PDP: DEACT, and CONNECT FAIL after long; refused: CONNECT FAIL at once; "
        "connecting: no result ever; silent: bytes vanish; rubbish: a stranger answers",
    )
    gprs.add_argument("--old-only", action="store_true", help="spare new connections")
    network = _command(commands, "network", "coverage comes or goes")
    network.add_argument("on", type=_on, metavar="on|off")
    mute = _command(commands, "mute", "the modem neither hears nor answers")
    mute.add_argument("on", type=_on, metavar="on|off")
    reset = _command(commands, "reset", "the modem's RST pin")
    fault = _command(commands, "sms-fault", "every AT+CMGS fails with this +CMS ERROR")
    fault.add_argument("code", type=_code, metavar="CODE|off")
    supply = _command(
        commands,
        "supply",
        "the modem's supply voltage: it warns at 3500, goes off below 3400, browns out below 3000",
    )
    supply.add_argument("millivolts", type=int, metavar="MILLIVOLTS")
    power = _command(commands, "power", "the modem's supply is switched on or off")
    power.add_argument("on", type=_on, metavar="on|off")
    for each in (gprs, network, mute, reset, fault, supply, power):
        _add_which(each)


def _add_radio(commands: Any) -> None:
    nat = _command(
        commands, "nat", "the carrier forgets connections that were idle for longer, silently"
    )
    nat.add_argument("seconds", type=_limit, metavar="SECONDS|off")
    jamming = _command(commands, "jamming", "what AT+SJDR hears; coverage is for `network`")
    jamming.add_argument("noise", choices=NOISES)
    cells = _command(commands, "cells", "the base stations heard: the serving one first")
    cells.add_argument(
        "cells",
        nargs="+",
        type=_cell,
        metavar="LAC,CELL[,LEVEL]",
        help="area and number as AT+CENG? shows them (hexadecimal), level 0 to 63",
    )
    signal = _command(commands, "signal", "what AT+CSQ shows")
    signal.add_argument("csq", type=int, metavar="0-31")
    welcome = _command(commands, "welcome", "how the network takes this SIM")
    welcome.add_argument("how", choices=WELCOMES)
    for each in (nat, jamming, cells, signal, welcome):
        _add_which(each)


def _add_fault(commands: Any) -> None:
    names = "\n".join(f"  {name:14} {each.sentence}" for name, each in CATALOGUE.items())
    help_ = "arm a fault by its name, at a step or at once"
    fault: argparse.ArgumentParser = commands.add_parser(
        "fault",
        help=help_,
        description=f"{help_.capitalize()}.",
        epilog=f"faults:\n{names}\n  {CLEAR:14} Disarms them all.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common(fault, default=False)
    fault.add_argument("name", choices=(*CATALOGUE, CLEAR), metavar="FAULT")
    fault.add_argument("--step", metavar="COMMAND", help="such as +CMGS or E; * is any command")
    fault.add_argument(
        "--stage",
        choices=STAGES,
        help="before the command is done, at the prompt, with the text typed, at the answer, "
        "or at the late result (CONNECT OK)",
    )
    fault.add_argument(
        "--times", type=_times, metavar="N|always", help="how often it strikes (default: once)"
    )
    fault.add_argument("--skip", type=int, metavar="N", help="let so many occurrences pass first")
    fault.add_argument("--seconds", type=float, help="how late, or how long")
    fault.add_argument("--text", help="the line that comes")
    fault.add_argument("--code", type=int, help="of +CMS ERROR")
    fault.add_argument("--share", type=float, help="0 to 1: how many of the bytes")
    fault.add_argument("--direction", choices=DIRECTIONS, help="of the bytes (default: both)")
    fault.add_argument("--baud", type=int, metavar="RATE", help="the modem's rate from then on")
    fault.add_argument("--seed", type=int, help="for the same luck again")
    _add_which(fault)


def _add_sessions(commands: Any) -> None:
    record: argparse.ArgumentParser = commands.add_parser(
        "record",
        help="record what a program and a real modem say to each other",
        description="Sit between a program and a real modem, and write down what passes. Let the "
        "program use the port that is printed.",
        epilog="Phone numbers, texts, PINs and passwords are masked. Cells, the operator and what "
        "travels over the data path are not: they tell where and what was recorded.",
    )
    record.add_argument("port", metavar="PORT", help="the modem's serial port, like /dev/serial0")
    record.add_argument("file", type=Path, metavar="FILE", help="where to; must not exist")
    record.add_argument("--baud", type=int, default=115200, metavar="N", help="default: 115200")
    record.add_argument(
        "--raw", action="store_true", help="mask nothing: not to be given to anybody"
    )
    replay: argparse.ArgumentParser = commands.add_parser(
        "replay",
        help="be the modem of a recorded session",
        description="Answer a program as the recorded modem did. What was not recorded is answered "
        "ERROR, and named on standard error.",
    )
    replay.add_argument("file", type=Path, metavar="FILE", help="a recorded session")
    for each in (record, replay):
        each.add_argument("--link", type=Path, metavar="PATH", help="a name for the program's port")


def _add_which(to: argparse.ArgumentParser) -> None:
    to.add_argument("--modem", metavar="NAME", help="which (default: the first)")


def _add_receiver(commands: Any) -> None:
    fix = _command(
        commands,
        "fix",
        "what the receiver knows: on, off, few satellites, a date years old, or silence",
    )
    fix.add_argument("state", choices=STATES)
    move = _command(commands, "move", "put the receiver somewhere else")
    move.add_argument("position", type=_position, metavar="LAT,LON")


def _modem(text: str) -> tuple[str, str]:
    name, _, number = text.partition("=")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or not re.fullmatch(r"\+\d{5,15}", number):
        raise argparse.ArgumentTypeError(f"{text}: write it like wearer=+447700900001")
    return name, number


def _position(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(each) for each in text.split(","))
    except ValueError:
        latitude = longitude = 1000.0
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise argparse.ArgumentTypeError(f"{text}: write it like 43.3178,45.6949")
    return latitude, longitude


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text}: write a number of seconds from 0 to 600")
    return seconds


def _limit(text: str) -> float | None:
    if text == "off":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: write a number of seconds, or off") from None


def _pin(text: str) -> int:
    if not text.isdecimal() or int(text) > PIN_LIMIT:
        raise argparse.ArgumentTypeError(f"{text}: write a GPIO number from 0 to {PIN_LIMIT}")
    return int(text)


def _times(text: str) -> int:
    if text == "always":
        return 0
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text}: write a number from 1, or always")
    return int(text)


def _cell(text: str) -> list[int]:
    match = re.fullmatch(r"([0-9a-fA-F]{1,4}),([0-9a-fA-F]{1,4})(?:,(\d{1,2}))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text}: write it like 00e6,7a9f or 00e6,7a9f,40")
    area, cell, level = match.groups()
    return [int(area, 16), int(cell, 16), *([int(level)] if level is not None else [])]


def _on(text: str) -> bool:
    if text not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"{text}: write on or off")
    return text == "on"


def _code(text: str) -> int | None:
    if text == "off":
        return None
    if not text.isdecimal() or int(text) > 999:
        raise argparse.ArgumentTypeError(f"{text}: write a number from 0 to 999, or off")
    return int(text)
