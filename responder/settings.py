"""The responder's settings: one TOML file, every problem in it told at once.

``config/responder.toml`` shows every setting with its default. What is wrong
is said with the key, the value and what to write instead; an unknown key is
refused with the nearest known one. A value that may be a secret is never
repeated.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from outcry import credentials
from outcry.enrolment import is_number

MAX_QUORUM = 10


class SettingsInvalid(ValueError):
    """The settings file cannot be used; ``problems`` says what to write instead."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class DeviceListener:
    """Where devices post sealed reports, and what a device dials to get there."""

    host: str
    port: int
    public_host: str
    public_port: int


@dataclass(frozen=True)
class PeopleListener:
    """Where contacts and the public read. ``public_url`` ends without a slash."""

    host: str
    port: int
    public_url: str
    certificate: Path | None
    key: Path | None
    behind_proxy: bool
    link_days: int

    @property
    def link_base(self) -> str:
        """What a device puts before a sealed report to make a contact's link."""
        return f"{self.public_url}/a/"


@dataclass(frozen=True)
class ConsoleMap:
    """Whose map lies under the console's tracks; ``tiles`` empty: nobody's, and nobody is asked."""

    tiles: str
    credit: str


@dataclass(frozen=True)
class HqModem:
    """The modem at HQ: its serial port and the number devices text to.

    Without a port it is at another responder's process on the same database, which sends the texts.
    """

    port: str
    number: str = field(repr=False)
    pin: str | None = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """All settings, checked."""

    organisation: str
    directory: Path
    database: str = field(repr=False)  # PostgreSQL's URL; empty: SQLite in the directory
    device: DeviceListener
    people: PeopleListener
    console: ConsoleMap
    modem: HqModem | None
    quorum: int
    officers: Path | None  # the file with the duty officers' channels
    networks: Path | None  # the file with the networks' accounts


@dataclass(frozen=True)
class _Key:
    """One setting: its type, its default, whether a value will do, and what to write."""

    type: type
    default: Any
    good: Callable[[Any], bool]
    write: str
    secret: bool = False
    credential: str = ""  # the systemd credential that says it when the file says nothing


def is_loopback(host: str) -> bool:
    """Whether this host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_port(value: int) -> bool:
    return 1 <= value <= 65535


def _is_host(value: str) -> bool:
    return value == value.strip() and bool(value) and "/" not in value and " " not in value


def _is_line(value: str) -> bool:
    return 0 < len(value.strip()) <= 80 and value.isprintable()


def _is_public_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or parts.username or parts.path not in ("", "/"))
    return bool(host) and bare and (parts.scheme == "https" or _plain_but_here(parts.scheme, host))


def _plain_but_here(scheme: str, host: str) -> bool:
    return scheme == "http" and is_loopback(host)


def _is_database(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("postgresql", "postgresql+psycopg") and len(parts.path) > 1


def _is_tiles(value: str) -> bool:
    if not value:
        return True
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return False
    whole = all(each in value for each in ("{z}", "{x}", "{y}"))
    # It stands in a Content-Security-Policy, where these would begin something else.
    plain = value.isascii() and not any(each in value for each in " ;,'\"")
    return whole and plain and (parts.scheme == "https" or _plain_but_here(parts.scheme, host))


def _is_pin(value: str) -> bool:
    return value == "" or (value.isascii() and value.isdigit() and 4 <= len(value) <= 8)


_PORT = "a whole number from 1 to 65535"
_HOST = 'a host name or address, such as "127.0.0.1"'
KEYS: Mapping[str, Mapping[str, _Key]] = {
    "organisation": {
        "name": _Key(str, "Outcry", _is_line, "one line of up to 80 printable characters"),
    },
    "state": {
        "directory": _Key(
            str,
            "/var/lib/outcry-responder",
            lambda v: v.startswith("/"),
            "a directory's full path, beginning with /",
        ),
        "database": _Key(
            str,
            "",
            lambda v: v == "" or _is_database(v),
            'an address such as "postgresql+psycopg://outcry@/outcry", or nothing for SQLite',
            secret=True,
            credential="state.database",
        ),
    },
    "device": {
        "host": _Key(str, "127.0.0.1", _is_host, _HOST),
        "port": _Key(int, 8080, _is_port, _PORT),
        "public_host": _Key(str, "", lambda v: v == "" or _is_host(v), _HOST),
        "public_port": _Key(int, 0, lambda v: v == 0 or _is_port(v), _PORT),
    },
    "people": {
        "host": _Key(str, "127.0.0.1", _is_host, _HOST),
        "port": _Key(int, 8443, _is_port, _PORT),
        "public_url": _Key(
            str,
            "http://127.0.0.1:8443",
            _is_public_url,
            'an address without a path, such as "https://help.example.org" '
            "(http:// only on this machine itself)",
        ),
        "certificate": _Key(str, "", lambda v: True, "the path of a PEM file"),
        "key": _Key(str, "", lambda v: True, "the path of a PEM file"),
        "behind_proxy": _Key(bool, False, lambda v: True, "true or false"),
        "link_days": _Key(int, 7, lambda v: 1 <= v <= 90, "a whole number of days from 1 to 90"),
    },
    "console": {
        "tiles": _Key(
            str,
            "",
            _is_tiles,
            'an address with {z}, {x} and {y}, such as "https://tiles.example.org/{z}/{x}/{y}.png"',
        ),
        "tiles_credit": _Key(
            str, "", lambda v: len(v) <= 200 and v.isprintable(), "one line of up to 200 characters"
        ),
    },
    "modem": {
        "port": _Key(str, "", lambda v: v == "" or v.startswith("/"), "a serial device's path"),
        "number": _Key(
            str,
            "",
            lambda v: v == "" or is_number(v),
            "a number with its country code, such as +447700900123",
            secret=True,
        ),
        "pin": _Key(str, "", _is_pin, "4 to 8 digits in quotation marks", secret=True),
    },
    "telling": {
        "officers": _Key(
            str, "", lambda v: v == "" or v.startswith("/"), "a file's full path, or nothing"
        ),
    },
    "publishing": {
        "networks": _Key(
            str, "", lambda v: v == "" or v.startswith("/"), "a file's full path, or nothing"
        ),
    },
    "plan": {
        "quorum": _Key(
            int, 2, lambda v: 1 <= v <= MAX_QUORUM, f"a whole number from 1 to {MAX_QUORUM}"
        ),
    },
}


def load(path: Path) -> Settings:
    """The settings in a file; raises :class:`SettingsInvalid` with every problem found.

    And ``PermissionError`` if this user may not read it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except PermissionError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsInvalid([f"{path}: cannot be read: {why}"]) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid([f"{path}: is not TOML: {error}"]) from None
    return check(data, str(path))


def check(data: Mapping[str, Any], where: str = "settings") -> Settings:
    """The settings in parsed TOML; ``where`` begins each problem's line."""
    problems: list[str] = []
    values = {
        section: _section(section, keys, data.get(section, {}), problems)
        for section, keys in KEYS.items()
    }
    problems += [_unknown(key, KEYS) for key in data if key not in KEYS]
    if not problems:
        problems += _contradictions(values)
    if problems:
        raise SettingsInvalid([f"{where}: {problem}" for problem in problems])
    return _build(values)


def _section(
    section: str, keys: Mapping[str, _Key], given: object, problems: list[str]
) -> dict[str, Any]:
    if not isinstance(given, dict):
        problems.append(f"{section} is not a section; write [{section}] and its keys below")
        given = {}
    values = {}
    for name, key in keys.items():
        value = given.get(name, key.default)
        if key.credential and not value:
            value = credentials.secret(key.credential) or value
        values[name] = value
        if type(value) is not key.type or not key.good(value):
            said = "this value" if key.secret else repr(value)
            problems.append(f"{section}.{name}: {said} will not do; write {key.write}")
    problems += [_unknown(name, keys, f"{section}.") for name in given if name not in keys]
    return values


def _unknown(name: str, known: Mapping[str, object], where: str = "") -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'; did you mean "{where}{near[0]}"?' if near else f"; known are {', '.join(known)}"
    return f"{where}{name} is not known{hint}"


def _contradictions(values: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is wrong with settings that are each fine alone."""
    people, modem = values["people"], values["modem"]
    problems = []
    if bool(people["certificate"]) != bool(people["key"]):
        problems.append("people.certificate and people.key: give both, or neither")
    if not people["certificate"] and not is_loopback(people["host"]):
        problems.append(
            f"people.host: {people['host']!r} is not this machine alone, and pages refuse plain "
            "HTTP; give people.certificate and people.key, or write 127.0.0.1 behind a proxy"
        )
    if people["behind_proxy"] and people["certificate"]:
        problems.append("people.behind_proxy: the proxy does TLS; give no people.certificate")
    if modem["port"] and not modem["number"]:
        problems.append("modem.number: is needed with modem.port: the number devices text to")
    return problems


def _build(values: Mapping[str, Mapping[str, Any]]) -> Settings:
    device, people, modem = values["device"], values["people"], values["modem"]
    return Settings(
        organisation=values["organisation"]["name"].strip(),
        directory=Path(values["state"]["directory"]),
        database=values["state"]["database"],
        device=DeviceListener(
            device["host"],
            device["port"],
            device["public_host"] or device["host"],
            device["public_port"] or device["port"],
        ),
        people=PeopleListener(
            people["host"],
            people["port"],
            people["public_url"].rstrip("/"),
            Path(people["certificate"]) if people["certificate"] else None,
            Path(people["key"]) if people["key"] else None,
            people["behind_proxy"],
            people["link_days"],
        ),
        console=ConsoleMap(values["console"]["tiles"], values["console"]["tiles_credit"]),
        modem=HqModem(modem["port"], modem["number"], modem["pin"] or None)
        if modem["port"] or (values["state"]["database"] and modem["number"])
        else None,
        quorum=values["plan"]["quorum"],
        officers=Path(values["telling"]["officers"]) if values["telling"]["officers"] else None,
        networks=Path(values["publishing"]["networks"])
        if values["publishing"]["networks"]
        else None,
    )
