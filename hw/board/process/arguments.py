"""The command line of ``outcry-board``: what can be asked, and what each thing means."""

import argparse
import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from outcry.hw.board.modem.faults import STAGES
from outcry.hw.board.modem.gprs import HOWS
from outcry.hw.board.modem.registration import WELCOMES
from outcry.hw.board.modem.wire import DIRECTIONS
from outcry.hw.board.process.modem_control import CLEAR, CODE_LIMIT
from outcry.hw.board.process.requests import PIN_LIMIT
from outcry.hw.board.receiver.receiver import POSITION, STATES
from outcry.hw.board.sim800.fault_catalogue import CATALOGUE
from outcry.hw.board.sim800.jamming_detector import NOISES

BUTTON_PIN = 17
WAYS_TO_FAIL = tuple(how for how in HOWS if how != "on")
_WITHOUT_BOARD = ("record", "replay")
_EPILOG = """\
Every command but run, record and replay talks to a running board, found by --dir or
OUTCRY_BOARD.
The directory holds: modem-NAME (serial port), receiver (for gpsd), control.sock,
events.jsonl (what was seen from outside, one JSON object a line)."""

_Argument = tuple[tuple[str, ...], dict[str, Any]]
_Add = Callable[..., argparse.ArgumentParser]
_Value = TypeVar("_Value")
_Number = TypeVar("_Number", int, float)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """What is wanted; a wrong command line ends the process with 2."""
    top = parser()
    board = os.environ.get("OUTCRY_BOARD")
    wanted = argparse.Namespace(dir=Path(board) if board else None, json=False)
    # argparse takes a southern position, which begins with a minus, for an option; with a space
    # in front it does not.
    words = [f" {each}" if re.fullmatch(r"-[\d.]+,.*", each) else each for each in arguments]
    top.parse_args(words, wanted)
    if wanted.dir is None and wanted.do not in _WITHOUT_BOARD:
        top.error("which board? Give --dir DIR, or set OUTCRY_BOARD to its directory")
    return wanted


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--dir", type=Path, help="the board's directory (default: OUTCRY_BOARD)")
    common.add_argument("--json", action="store_true", help="answer as JSON")
    top = argparse.ArgumentParser(
        prog="outcry-board",
        description="A simulated board: SIM800 modems, phones, pins and a GPS receiver.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    commands = top.add_subparsers(dest="do", required=True, metavar="COMMAND")

    def add(name: str, help_: str, *arguments: _Argument, **more: Any) -> argparse.ArgumentParser:
        own = {"parents": [common], "description": help_, **more}
        command: argparse.ArgumentParser = commands.add_parser(name, help=help_, **own)
        for names, meaning in arguments:
            command.add_argument(*names, **meaning)
        return command

    _add_run(add)
    _add_pins_and_phones(add)
    _add_modem(add)
    _add_radio(add)
    _add_fault(add)
    fix = "what the receiver knows: on, off, few satellites, a date years old, or silence"
    add("fix", fix, _argument("state", choices=STATES))
    add("move", "put the receiver somewhere else", _argument("position", **_POSITION))
    add("status", "how the modems and the receiver are")
    _add_sessions(add)
    return top


def _argument(*names: str, **meaning: Any) -> _Argument:
    return names, meaning


def _written(hint: str, read: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """A type for argparse: it reads with ``read``; its error says what to write: ``hint``."""

    def value(text: str) -> _Value:
        try:
            return read(text)
        except (KeyError, ValueError):
            raise argparse.ArgumentTypeError(f"{text}: write {hint}") from None

    return value


def _within(number: _Number, low: float, high: float) -> _Number:
    if not low <= number <= high:
        raise ValueError
    return number


def _matched(pattern: str, text: str) -> re.Match[str]:
    if (match := re.fullmatch(pattern, text)) is None:
        raise ValueError
    return match


def _read_modem(text: str) -> tuple[str, str]:
    match = _matched(r"([a-z][a-z0-9-]*)=(\+\d{5,15})", text)
    return match[1], match[2]


def _read_position(text: str) -> tuple[float, float]:
    latitude, longitude = (float(each) for each in text.split(","))
    return _within(latitude, -90, 90), _within(longitude, -180, 180)


def _read_cell(text: str) -> list[int]:
    match = _matched(r"([0-9a-fA-F]{1,4}),([0-9a-fA-F]{1,4})(?:,(\d{1,2}))?", text)
    return [int(match[1], 16), int(match[2], 16), *([int(match[3])] if match[3] else [])]


_modem = _written("it like wearer=+447700900001", _read_modem)
_position = _written("it like 43.3178,45.6949", _read_position)
_cell = _written("it like 00e6,7a9f or 00e6,7a9f,40", _read_cell)
_switch = _written("on or off", {"on": True, "off": False}.__getitem__)
_pin = _written(
    f"a GPIO number from 0 to {PIN_LIMIT}", lambda text: _within(int(text), 0, PIN_LIMIT)
)
_seconds = _written(
    "a number of seconds from 0 to 600", lambda text: _within(float(text), 0.0, 600.0)
)
_limit = _written(
    "a number of seconds, or off", lambda text: None if text == "off" else float(text)
)
_times = _written(
    "a number from 1, or always",
    lambda text: 0 if text == "always" else _within(int(text), 1, math.inf),
)
_code = _written(
    f"a number from 0 to {CODE_LIMIT}, or off",
    lambda text: None if text == "off" else _within(int(text), 0, CODE_LIMIT),
)

_POSITION: dict[str, Any] = {"type": _position, "metavar": "LAT,LON"}
_BUTTON = _argument("--pin", type=int, default=BUTTON_PIN, help="GPIO number (default: 17)")
_WHICH = _argument("--modem", metavar="NAME", help="which (default: the first)")
_ON = _argument("on", type=_switch, metavar="on|off")


def _add_run(add: _Add) -> None:
    run = add("run", "be a board until SIGTERM or Ctrl-C")
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
    run.add_argument("--seed", type=int, help="repeats the random delays of an earlier run")
    run.add_argument("--autobaud", action="store_true", help="no RDY, +CFUN, +CPIN at power-on")
    run.add_argument("--pin", help="the SIM asks for this PIN")
    run.add_argument("--me-storage", action="store_true", help='accept AT+CPMS="ME"')
    run.add_argument(
        "--busy-while-connecting",
        action="store_true",
        help="serve no command between CIPSTART's OK and its result",
    )
    for wire, does in (
        ("reset", "whose transistor pulls the first modem's RST: high for 105 ms restarts it"),
        ("power-key", "whose transistor pulls its PWRKEY: high for 1 s switches it on, 1.5 s off"),
        ("supply", "whose switch cuts its supply: high for a second is off, low is on again"),
    ):
        run.add_argument(f"--{wire}-pin", type=_pin, metavar="N", help=f"the GPIO {does}")
    run.add_argument(
        "--receiver",
        default="generated",
        metavar="generated|none|FILE",
        help="make NMEA, have no receiver, or play a recording such as gpsd's .log files",
    )
    run.add_argument("--position", default=POSITION, help="in degrees", **_POSITION)
    run.add_argument("--speed", type=float, default=0.0, help="metres a second")


def _add_pins_and_phones(add: _Add) -> None:
    bounce = "with chatter at both ends and short slips"
    add(
        "press",
        "press the button for so long, and wait for the release",
        _argument("seconds", type=_seconds, metavar="SECONDS"),
        _argument("--bounce", action="store_true", help=bounce),
        _BUTTON,
    )
    add("hold", "press the button and stay on it", _BUTTON)
    add("release", "let go of the button", _BUTTON)
    add("pins", "levels, and the history of the outputs")
    add("phones", "all phones a text has reached, or was sent from")
    add("sms", "the texts on a phone", _argument("number", metavar="NUMBER"))
    fields = [_argument(name, metavar=name.upper()) for name in ("from", "to", "words")]
    add("text", "send a text from a phone", *fields)


def _add_modem(add: _Add) -> None:
    how = _argument(
        "--how",
        choices=WAYS_TO_FAIL,
        default="dead",
        help="dead: +PDP: DEACT, and CONNECT FAIL after long; refused: CONNECT FAIL at once; "
        "connecting: no result ever; silent: bytes vanish; rubbish: a stranger answers",
    )
    spares = _argument("--old-only", action="store_true", help="spare new connections")
    add("gprs", "the data path works, or fails in one of its ways", _ON, how, spares, _WHICH)
    add("network", "coverage comes or goes", _ON, _WHICH)
    add("mute", "the modem neither hears nor answers", _ON, _WHICH)
    add("reset", "the modem's RST pin", _WHICH)
    code = _argument("code", type=_code, metavar="CODE|off")
    add("sms-fault", "every AT+CMGS fails with this +CMS ERROR", code, _WHICH)
    add(
        "supply",
        "the modem's supply voltage: it warns at 3500, goes off below 3400, browns out below 3000",
        _argument("millivolts", type=int, metavar="MILLIVOLTS"),
        _WHICH,
    )
    add("power", "the modem's supply is switched on or off", _ON, _WHICH)


def _add_radio(add: _Add) -> None:
    nat = "the carrier forgets connections that were idle for longer, silently"
    add("nat", nat, _argument("seconds", type=_limit, metavar="SECONDS|off"), _WHICH)
    noise = _argument("noise", choices=NOISES)
    add("jamming", "what AT+SJDR hears; coverage is for `network`", noise, _WHICH)
    cells = _argument(
        "cells",
        nargs="+",
        type=_cell,
        metavar="LAC,CELL[,LEVEL]",
        help="area and number as AT+CENG? shows them (hexadecimal), level 0 to 63",
    )
    add("cells", "the base stations heard: the serving one first", cells, _WHICH)
    add("signal", "what AT+CSQ shows", _argument("csq", type=int, metavar="0-31"), _WHICH)
    welcome = _argument("how", choices=WELCOMES)
    add("welcome", "how the network takes this SIM", welcome, _WHICH)


def _add_fault(add: _Add) -> None:
    names = "\n".join(f"  {name:14} {each.sentence}" for name, each in CATALOGUE.items())
    fault = add(
        "fault",
        "arm a fault by its name, at a step or at once",
        _WHICH,
        description="Arm a fault by its name, at a step or at once.",
        epilog=f"faults:\n{names}\n  {CLEAR:14} Disarms them all.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
    fault.add_argument("--seed", type=int, help="repeats the random choices of an earlier run")


def _add_sessions(add: _Add) -> None:
    record = add(
        "record",
        "record what a program and a real modem say to each other",
        parents=[],
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
    replay = add(
        "replay",
        "be the modem of a recorded session",
        parents=[],
        description="Answer a program as the recorded modem did. What was not recorded is answered "
        "ERROR, and named on standard error.",
    )
    replay.add_argument("file", type=Path, metavar="FILE", help="a recorded session")
    for each in (record, replay):
        each.add_argument("--link", type=Path, metavar="PATH", help="a name for the program's port")
