"""The wearable's settings: one TOML file, every problem told at once in its words.

The schema below is the whole truth: key, default, range. A problem names the
file, the key, the value (masked where it may be a secret or a person) and what
to write instead; an unknown key gets "did you mean".
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outcry.enrolment import NAME_WORDS, Contact, is_name, is_number
from outcry.report import MAX_TAP_GROUPS

Value = bool | int | float | str


@dataclass(frozen=True)
class Key:
    """One setting: its default, whose type is its type, and what it may be."""

    default: Value
    low: float | None = None
    high: float | None = None
    one_of: tuple[Value, ...] = ()
    empty: bool = False
    secret: bool = False
    unit: str = ""


NO_PIN = -1  # a wire that is not there
# At one a minute, in the 25 hours that a budget may look back, 0.6 kB each (daemon/outbox/budget.py); a
# tenth more for those sent at once.
HEARTBEATS_KILOBYTES = 990

SCHEMA: dict[str, dict[str, Key]] = {
    "button": {
        "pin": Key(17, 0, 27, unit="a GPIO number"),
        "hold_seconds": Key(1.5, 1.0, 5.0, unit="seconds"),
        "tap_seconds": Key(0.6, 0.3, 0.8, unit="seconds"),
        "pause_seconds": Key(0.7, 0.4, 1.5, unit="seconds"),
        "code_end_seconds": Key(3.0, 2.0, 6.0, unit="seconds"),
        "stuck_seconds": Key(60.0, 20, 600, unit="seconds"),
    },
    "strap": {
        "enabled": Key(False),
        "pin": Key(27, 0, 27, unit="a GPIO number"),
        "open_seconds": Key(1.0, 0.3, 10, unit="seconds"),
    },
    "vibration": {
        "enabled": Key(True),
        "pin": Key(18, 0, 27, unit="a GPIO number"),
        "tells": Key("all", one_of=("all", "few")),
    },
    "gps": {
        "host": Key("127.0.0.1"),
        "port": Key(2947, 1, 65535, unit="a TCP port"),
    },
    "modem": {
        "port": Key("/dev/serial0"),
        "baud": Key(115200, one_of=(9600, 19200, 38400, 57600, 115200)),
        "apn": Key("internet", empty=True),
        "apn_user": Key("", empty=True),
        "apn_password": Key("", empty=True, secret=True),
        "pin": Key("", empty=True, secret=True),
        "sms_while_connecting": Key(True),
        "power_pin": Key(NO_PIN, NO_PIN, 27, unit="a GPIO number, -1 for none,"),
        "power_wire": Key("reset", one_of=("reset", "power key")),
    },
    "sms": {
        "start_after_seconds": Key(8.0, 3.0, 9.5, unit="seconds"),
        "position_every_minutes": Key(30.0, 1, 1440, unit="minutes"),
        "again_after_minutes": Key(5.0, 1, 60, unit="minutes"),
        "positions_per_day": Key(50, 0, 1000, unit="texts"),
    },
    "reports": {
        "first_position_seconds": Key(20.0, 5, 60, unit="seconds"),
        "position_every_seconds": Key(60.0, 10, 600, unit="seconds"),
        "often_for_minutes": Key(10.0, 1, 120, unit="minutes"),
        "then_every_minutes": Key(10.0, 1, 120, unit="minutes"),
        "still_every_minutes": Key(30.0, 1, 240, unit="minutes"),
        "kilobytes_per_day": Key(500, 50, 100_000, unit="kilobytes"),
    },
    "supervision": {
        "heartbeat_minutes": Key(10.0, 0.3, 60, unit="minutes"),
        "kilobytes_per_day": Key(250, 10, 100_000, unit="kilobytes"),
        "battery_low_volts": Key(3.5, 3.0, 4.2, unit="volts"),
    },
    "drill": {
        "taps": Key("5 5"),
    },
    "texts": {
        "folder": Key("texts"),
    },
    "storage": {
        "state": Key("/var/lib/outcry"),
        "runtime": Key("/run/outcry"),
    },
}
_GROUPS = frozenset("123456789")
_CONTACT_KEYS = ("name", "number", "language")


class SettingsInvalid(Exception):
    """The settings cannot be used; ``problems`` says each reason and what to write instead.

    ``shown``, where the file could be read at all: the settings with each problem beside its line.
    """

    def __init__(self, problems: list[str], shown: list[str] | None = None) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.shown = shown or []


@dataclass(frozen=True, repr=False)
class Settings:
    """The settings in force: ``settings["modem", "apn"]``; ``wearer`` and ``contacts`` as written."""

    values: dict[tuple[str, str], Value]
    folder: Path
    wearer: str | None = None
    contacts: tuple[Contact, ...] = field(default=())

    def __repr__(self) -> str:
        return "Settings(<hidden>)"

    def text(self, section: str, key: str) -> str:
        """A text setting."""
        return str(self.values[section, key])

    def whole(self, section: str, key: str) -> int:
        """A whole-number setting."""
        return int(self.values[section, key])

    def number(self, section: str, key: str) -> float:
        """A number setting, in the unit its name ends with."""
        return float(self.values[section, key])

    def flag(self, section: str, key: str) -> bool:
        """A yes-or-no setting."""
        return bool(self.values[section, key])

    def path(self, section: str, key: str) -> Path:
        """A path setting; a relative one begins at the settings file's folder."""
        return self.folder / self.text(section, key)

    def shown(self) -> list[str]:
        """The settings in force as lines of TOML, secrets masked, people left out."""
        return [*_lines(self.values, []), f"# {len(self.contacts)} contacts written here"]


def load(path: Path) -> Settings:
    """The settings in this file; raises :class:`SettingsInvalid` with every problem found."""
    try:
        source = path.read_text(encoding="utf-8")
    except PermissionError:
        raise SettingsInvalid([f"{path}: only root may read it; put `sudo` in front"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid([f"{path}: cannot be read ({type(error).__name__})"]) from None
    return read(source, path)


def read(source: str, path: Path) -> Settings:
    """As :func:`load`, for a text; ``path`` is what problems name and relative paths begin at."""
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid([f"{path}: not TOML: {error}"]) from None
    problems: list[str] = []
    values: dict[tuple[str, str], Value] = {}
    for section in data:
        if section not in SCHEMA and section not in ("wearer", "contacts"):
            problems.append(f"[{section}] is not known{_meant(section, [*SCHEMA, 'wearer'])}")
    for section, keys in SCHEMA.items():
        written = data.get(section, {})
        if not isinstance(written, dict):
            problems.append(f"{section}: is not a section; write [{section}] on a line of its own")
            written = {}
        for name in written.keys() - keys.keys():
            problems.append(f"{section}.{name}: is not known{_meant(name, list(keys))}")
        for name, key in keys.items():
            value = written.get(name, key.default)
            problem = _problem(value, key)
            if problem:
                shown = _shown(value, key.secret)
                problems.append(f"{section}.{name}: {shown} {problem}")
            values[section, name] = value
    wearer = _wearer(data.get("wearer"), problems)
    contacts = _contacts(data.get("contacts", []), problems)
    if values["modem", "pin"] and not str(values["modem", "pin"]).isdecimal():
        problems.append(
            'modem.pin: "***" is not digits; write the PIN of the SIM, or leave it empty'
        )
    problems += _shared_pins(values)
    problems += _too_few_heartbeats(values)
    if drill_taps(str(values["drill", "taps"])) is None:
        problems.append(
            'drill.taps: is not a code of taps; write two to eight groups like "5 5", '
            "each of 1 to 9 taps"
        )
    if problems:
        told = [f"{path}: {problem}" for problem in sorted(problems)]
        raise SettingsInvalid(told, _lines(values, sorted(problems)))
    return Settings(values, path.parent, wearer, contacts)


def _lines(values: dict[tuple[str, str], Value], problems: list[str]) -> list[str]:
    """Values as TOML, secrets masked, each problem beside the line it is about."""
    lines, left = [], list(problems)

    def beside(what: str) -> str:
        about = [problem for problem in left if problem.startswith(f"{what}: ")]
        left[:] = [problem for problem in left if problem not in about]
        return "".join(f"  # <- {problem.partition(': ')[2]}" for problem in about)

    for section, keys in SCHEMA.items():
        lines.append(f"[{section}]{beside(section)}")
        for name, key in keys.items():
            value = _shown(values[section, name], key.secret)
            lines.append(f"{name} = {value}{beside(f'{section}.{name}')}")
        unknown = [problem for problem in left if problem.startswith(f"{section}.")]
        left = [problem for problem in left if problem not in unknown]
        lines += [f"# <- {problem.removeprefix(f'{section}.')}" for problem in unknown]
        lines.append("")
    return [*lines, *(f"# <- {problem}" for problem in left)]


def _problem(value: Any, key: Key) -> str | None:
    wanted: type[Value] = type(key.default)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        return f"is not {words[wanted]}; write {words[wanted]} like {_shown(key.default, False)}"
    if key.one_of and value not in key.one_of:
        return f"is not possible; write one of {', '.join(map(str, key.one_of))}"
    if key.low is not None and key.high is not None and not key.low <= float(value) <= key.high:
        return f"is out of range; write {key.unit} from {key.low:g} to {key.high:g}"
    if value == "" and not key.empty:
        return f"is empty; write text like {_shown(key.default, False)}"
    return None


def _too_few_heartbeats(values: dict[tuple[str, str], Value]) -> list[str]:
    """Heartbeats that end when their budget is spent look like a silence, each day."""
    keys = SCHEMA["supervision"]
    names = ("heartbeat_minutes", "kilobytes_per_day")
    if any(_problem(values["supervision", name], keys[name]) for name in names):
        return []
    minutes, kilobytes = (float(values["supervision", name]) for name in names)
    needed = math.ceil(HEARTBEATS_KILOBYTES / minutes)
    if kilobytes >= needed:
        return []
    what = f"is too little for a heartbeat every {minutes:g} minutes; write {needed} or more"
    return [f"supervision.kilobytes_per_day: {kilobytes:g} {what}"]


def drill_taps(written: str) -> tuple[int, ...] | None:
    """The groups of taps in ``"5 5"``; ``None`` if that is no code."""
    groups = written.split()
    if not 2 <= len(groups) <= MAX_TAP_GROUPS or any(group not in _GROUPS for group in groups):
        return None
    return tuple(map(int, groups))


def _shared_pins(values: dict[tuple[str, str], Value]) -> list[str]:
    """Each wire needs a pin of its own; what is switched off needs none."""
    wires = [("button", "pin", True), ("strap", "pin", values["strap", "enabled"])]
    wires.append(("vibration", "pin", values["vibration", "enabled"]))
    wires.append(("modem", "power_pin", values["modem", "power_pin"] != NO_PIN))
    problems, taken = [], dict[Value, str]()
    for section, name, used in wires:
        pin = values[section, name]
        if used is not True or type(pin) is not int:
            continue
        if pin in taken:
            problems.append(f"{section}.{name}: is {taken[pin]} too; give it a pin of its own")
        taken.setdefault(pin, f"{section}.{name}")
    return problems


def _wearer(written: Any, problems: list[str]) -> str | None:
    if written is None:
        return None
    name = written.get("name") if isinstance(written, dict) else None
    if not isinstance(name, str) or not is_name(name):
        problems.append(f"wearer.name: write a name of {NAME_WORDS}")
        return None
    for key in written.keys() - {"name"}:
        problems.append(f"wearer.{key}: is not known{_meant(key, ['name'])}")
    return name


def _contacts(written: Any, problems: list[str]) -> tuple[Contact, ...]:
    if not isinstance(written, list):
        problems.append("contacts: is not a list; begin each contact with [[contacts]]")
        return ()
    contacts = []
    for index, entry in enumerate(written):
        where = f"contacts[{index}]"
        if not isinstance(entry, dict):
            problems.append(f"{where}: is not a contact; begin each contact with [[contacts]]")
            continue
        before = len(problems)
        for key in entry.keys() - set(_CONTACT_KEYS):
            problems.append(f"{where}.{key}: is not known{_meant(key, list(_CONTACT_KEYS))}")
        name, number = entry.get("name"), entry.get("number")
        language = entry.get("language", "en")
        if not isinstance(name, str) or not is_name(name):
            problems.append(f"{where}.name: write a name of {NAME_WORDS}")
        if not isinstance(number, str) or not is_number(number):
            problems.append(
                f"{where}.number: {_shown(number, True)} has no country code or is not a number; "
                "write it like +447700900123"
            )
        if not (isinstance(language, str) and language.isascii() and language.isalpha()):
            problems.append(f"{where}.language: write a language code such as en")
        if len(problems) == before:
            contacts.append(Contact(str(name), str(number), str(language)))
    return tuple(contacts)


def _meant(word: str, known: list[str]) -> str:
    import difflib  # only a mistake needs it

    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else "; remove it"


def _shown(value: Any, secret: bool) -> str:
    if secret and value != "":
        return '"***"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
