"""The wearable's settings: one TOML file, every problem in it told at once."""

import math
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from outcry import settings_file
from outcry.enrolment import CONTACT, NAME, Contact
from outcry.hw.at_strings import LONGEST, can_be_said, is_pin
from outcry.report import MAX_TAP_GROUPS
from outcry.settings_file import Contradiction, Key, SettingsInvalid, as_toml

Values = Mapping[str, Mapping[str, Any]]

NO_PIN = -1  # a wire that is not there
# One a minute, 0.6 kB each, for the 25 hours that a budget may look back (daemon/outbox/budget.py),
# and a tenth more for those sent at once.
HEARTBEATS_KILOBYTES = 990
_said_to_modem = partial(
    Key,
    good=can_be_said,
    write=f"at most {LONGEST} letters, digits and signs of ASCII, no quotation marks among them",
)


def _is_address(host: str) -> bool:
    """Whether it need not be looked up: with mute name servers that outlasts the unit's watchdog."""
    try:
        return host == "localhost" or bool(socket.inet_pton(socket.AF_INET, host))
    except OSError:
        return False


_GPSD = Key("127.0.0.1", good=_is_address, write='an IP address like "10.0.0.2", or "localhost"')

SCHEMA: Mapping[str, Mapping[str, Key]] = {
    "button": {
        "pin": Key(17, 0, 27, "a GPIO number"),
        "hold_seconds": Key(1.5, 1.0, 5.0, "seconds"),
        "tap_seconds": Key(0.6, 0.3, 0.8, "seconds"),
        "pause_seconds": Key(0.7, 0.4, 1.5, "seconds"),
        "code_end_seconds": Key(3.0, 2.0, 6.0, "seconds"),
        "stuck_seconds": Key(60.0, 20, 600, "seconds"),
    },
    "strap": {
        "enabled": Key(False),
        "pin": Key(27, 0, 27, "a GPIO number"),
        "open_seconds": Key(1.0, 0.3, 10, "seconds"),
    },
    "vibration": {
        "enabled": Key(True),
        "pin": Key(18, 0, 27, "a GPIO number"),
        "tells": Key("all", one_of=("all", "few")),
    },
    "gps": {"host": _GPSD, "port": Key(2947, 1, 65535, "a TCP port")},
    "modem": {
        "port": Key("/dev/serial0"),
        "baud": Key(115200, one_of=(9600, 19200, 38400, 57600, 115200)),
        "apn": _said_to_modem("internet"),
        "apn_user": _said_to_modem(""),
        "apn_password": _said_to_modem("", secret=True),
        "pin": Key("", good=is_pin, write="its 4 to 8 digits, or leave it empty", secret=True),
        "sms_while_connecting": Key(True),
        "power_pin": Key(NO_PIN, 0, 27, write="a GPIO number from 0 to 27, or -1 for none"),
        # "power key" is what "pwrkey" was called at first.
        "power_wire": Key("reset", one_of=("supply", "pwrkey", "reset", "power key")),
    },
    "sms": {
        "start_after_seconds": Key(8.0, 3.0, 9.5, "seconds"),
        "position_every_minutes": Key(30.0, 1, 1440, "minutes"),
        "again_after_minutes": Key(5.0, 1, 60, "minutes"),
        "positions_per_day": Key(50, 0, 1000, "texts"),
    },
    "reports": {
        "first_position_seconds": Key(20.0, 5, 60, "seconds"),
        "position_every_seconds": Key(60.0, 10, 600, "seconds"),
        "often_for_minutes": Key(10.0, 1, 120, "minutes"),
        "then_every_minutes": Key(10.0, 1, 120, "minutes"),
        "still_every_minutes": Key(30.0, 1, 240, "minutes"),
        "kilobytes_per_day": Key(500, 50, 100_000, "kilobytes"),
    },
    "clock": {"set_system": Key(False)},
    "supervision": {
        "heartbeat_minutes": Key(10.0, 0.3, 60, "minutes"),
        "kilobytes_per_day": Key(250, 10, 100_000, "kilobytes"),
        "battery_low_volts": Key(3.5, 3.0, 4.2, "volts"),
    },
    "drill": {
        "taps": Key(
            "5 5",
            good=lambda taps: drill_taps(taps) is not None,
            write='two to eight groups like "5 5", each of 1 to 9 taps',
        ),
    },
    "texts": {"folder": Key("texts")},
    "storage": {"state": Key("/var/lib/outcry"), "runtime": Key("/run/outcry")},
}
_GROUPS = frozenset("123456789")
_NOT_FOR_US = {
    False: "only root may read it; put `sudo` in front",
    True: "the service may not read it -> `sudo chgrp outcry` it, and `sudo chmod 640` it",
}


@dataclass(frozen=True, repr=False)
class Settings:
    """The settings in force; ``wearer`` and ``contacts`` as written."""

    values: Values
    folder: Path
    wearer: str | None = None
    contacts: tuple[Contact, ...] = field(default=())

    def __repr__(self) -> str:
        return "Settings(<hidden>)"

    def text(self, section: str, key: str) -> str:
        return str(self.values[section][key])

    def whole(self, section: str, key: str) -> int:
        return int(self.values[section][key])

    def number(self, section: str, key: str) -> float:
        """A number setting, in the unit its name ends with."""
        return float(self.values[section][key])

    def flag(self, section: str, key: str) -> bool:
        return bool(self.values[section][key])

    def path(self, section: str, key: str) -> Path:
        """A path setting; a relative one begins at the settings file's folder."""
        return self.folder / self.text(section, key)

    def shown(self) -> list[str]:
        """The settings in force as lines of TOML, secrets masked, people left out."""
        return [*_lines(self.values, []), f"# {len(self.contacts)} contacts written here"]


def load(path: Path) -> Settings:
    """The settings in this file; raises :class:`SettingsInvalid` with every problem found."""
    try:
        return _settings(settings_file.load(path), path)
    except PermissionError:
        by_service = "RUNTIME_DIRECTORY" in os.environ  # systemd.exec(5)
        raise SettingsInvalid([f"{path}: {_NOT_FOR_US[by_service]}"]) from None


def read(source: str, path: Path) -> Settings:
    """As :func:`load`, for a text; ``path`` is what problems name and relative paths begin at."""
    return _settings(settings_file.parse(source, str(path)), path)


def _settings(data: Mapping[str, Any], path: Path) -> Settings:
    problems: list[str] = []
    values = settings_file.check(SCHEMA, data, problems, others=("wearer", "contacts"))
    wearer = None
    if "wearer" in data:
        named = settings_file.check_section("wearer", {"name": NAME}, data["wearer"], problems)
        wearer = named["name"]
    contacts = _contacts(data.get("contacts", []), problems)
    settings_file.add_contradictions(_contradictions(values), problems)
    if problems:
        told = [f"{path}: {problem}" for problem in problems]
        raise SettingsInvalid(told, _lines(data, problems))
    return Settings(values, path.parent, wearer, contacts)


def _contacts(written: object, problems: list[str]) -> tuple[Contact, ...]:
    if not isinstance(written, list) or not all(isinstance(entry, dict) for entry in written):
        problems.append("contacts: is not a list; begin each contact with [[contacts]]")
        return ()
    return tuple(
        Contact(**settings_file.check_section(f"contacts[{index}]", CONTACT, entry, problems))
        for index, entry in enumerate(written)
    )


def _contradictions(values: Values) -> Iterator[Contradiction]:
    yield from _shared_pins(values)
    # Heartbeats that stop when their budget is spent would look like a silence, every day.
    supervision = values["supervision"]
    minutes, kilobytes = supervision["heartbeat_minutes"], supervision["kilobytes_per_day"]
    needed = math.ceil(HEARTBEATS_KILOBYTES / minutes)
    if kilobytes < needed:
        what = f"is too little for a heartbeat every {minutes:g} minutes; write {needed} or more"
        keys = ("supervision.kilobytes_per_day", "supervision.heartbeat_minutes")
        yield keys, f"{kilobytes} {what}"


def _shared_pins(values: Values) -> Iterator[Contradiction]:
    """Each wire needs a pin of its own; what is switched off needs none."""
    wires = [("button", "pin", True), ("strap", "pin", values["strap"]["enabled"])]
    wires.append(("vibration", "pin", values["vibration"]["enabled"]))
    wires.append(("modem", "power_pin", values["modem"]["power_pin"] != NO_PIN))
    taken = dict[int, str]()
    for section, name, used in wires:
        if used:
            wire, pin = f"{section}.{name}", values[section][name]
            if pin in taken:
                yield (wire, taken[pin]), f"is {taken[pin]} too; give it a pin of its own"
            taken.setdefault(pin, wire)


def _lines(written: Mapping[str, Any], problems: list[str]) -> list[str]:
    """What is written, or the defaults, as TOML: secrets masked, each problem beside its line."""
    lines, left = [], list(problems)

    def beside(what: str) -> str:
        about = [problem for problem in left if problem.startswith(f"{what}: ")]
        left[:] = [problem for problem in left if problem not in about]
        return "".join(f"  # <- {problem.partition(': ')[2]}" for problem in about)

    for section, keys in SCHEMA.items():
        given = written.get(section)
        values = given if isinstance(given, dict) else {}
        lines.append(f"[{section}]{beside(section)}")
        for name, key in keys.items():
            value = values.get(name, key.default)
            shown = '"***"' if key.secret and value != "" else as_toml(value)
            lines.append(f"{name} = {shown}{beside(f'{section}.{name}')}")
        unknown = [problem for problem in left if problem.startswith(f"{section}.")]
        left = [problem for problem in left if problem not in unknown]
        lines += [f"# <- {problem.removeprefix(f'{section}.')}" for problem in unknown]
        lines.append("")
    return [*lines, *(f"# <- {problem}" for problem in left)]


def drill_taps(written: str) -> tuple[int, ...] | None:
    """The groups of taps in ``"5 5"``; ``None`` if that is no code."""
    groups = written.split()
    if not 2 <= len(groups) <= MAX_TAP_GROUPS or any(group not in _GROUPS for group in groups):
        return None
    return tuple(map(int, groups))
