"""The responder's settings: one TOML file, every problem in it told at once.

``config/responder.toml`` shows every setting with its default.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from outcry import credentials, settings_file
from outcry.enrolment import NUMBER
from outcry.responder import hosts
from outcry.settings_file import Contradiction, Key, SettingsInvalid, as_toml

MAX_QUORUM = 10
DEFAULT_NAME = "Outcry"  # of an organisation that has not said its own


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


class Coordinates(StrEnum):
    """How officers read a position."""

    DEGREES = "degrees"
    MINUTES = "minutes"
    MGRS = "mgrs"


@dataclass(frozen=True)
class ConsoleMap:
    """Whose map lies under the console's tracks; ``tiles`` empty: nobody's, and nobody is asked."""

    tiles: str
    credit: str
    coordinates: Coordinates


@dataclass(frozen=True)
class HqModem:
    """The modem at HQ: its serial port and the number devices text to.

    Without a port it is at another responder's process on the same database, which sends the texts.
    """

    port: str
    number: str = field(repr=False)
    pin: str | None = field(repr=False)
    said_pins: Path | None = None  # what came of saying the PIN


@dataclass(frozen=True)
class Settings:
    """All settings, checked."""

    organisation: str
    sign: Path | None  # the organisation's, for the contact's page
    phone: str  # the number that contacts call to make sure; empty: none
    directory: Path
    database: str = field(repr=False)  # PostgreSQL's URL; empty: SQLite in the directory
    device: DeviceListener
    people: PeopleListener
    console: ConsoleMap
    modem: HqModem | None
    quorum: int
    private: tuple[str, ...]  # the addresses inside that are meant
    schemes: tuple[str, ...]  # of contacts' channels, beside those that plans may always have
    officers: Path | None  # the file with the duty officers' channels
    networks: Path | None  # the file with the networks' accounts
    asks: Path | None  # the folder with what readers of the public page are asked to do
    time_stamps: str  # the address of a time-stamping server (RFC 3161); empty: none


def is_loopback(host: str) -> bool:
    """Whether this host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_secure(url: str) -> bool:
    """Whether this is an address of HTTPS, or of plain HTTP that does not leave this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    here = parts.scheme == "http" and is_loopback(host)
    return bool(host) and (parts.scheme == "https" or here)


def _is_host(value: str) -> bool:
    return value == value.strip() and bool(value) and "/" not in value and " " not in value


def _is_line(value: str) -> bool:
    return 0 < len(value.strip()) <= 80 and value.isprintable()


def _is_public_url(value: str) -> bool:
    if not is_secure(value):
        return False
    parts = urlsplit(value)
    return not (parts.query or parts.fragment or parts.username or parts.path not in ("", "/"))


def _is_database(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("postgresql", "postgresql+psycopg") and len(parts.path) > 1


def _is_tiles(value: str) -> bool:
    whole = all(each in value for each in ("{z}", "{x}", "{y}"))
    # It stands in a Content-Security-Policy, where these would begin something else.
    plain = value.isascii() and not any(each in value for each in " ;,'\"")
    return whole and plain and is_secure(value)


def _is_server(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username


def _is_credit(value: str) -> bool:
    return len(value) <= 200 and value.isprintable()


def _are_private(value: list[Any]) -> bool:
    try:
        return all(isinstance(one, str) and hosts.named(one) for one in value)
    except ValueError:
        return False


def _are_schemes(value: list[Any]) -> bool:
    return all(isinstance(one, str) and one.isalnum() and one == one.lower() for one in value)


def _is_full_path(value: str) -> bool:
    return value.startswith("/")


def _is_pin(value: str) -> bool:
    return value.isascii() and value.isdigit() and 4 <= len(value) <= 8


_HOST = 'a host name or address, such as "127.0.0.1"'
_PEM = Key("", write="the path of a PEM file")
_SECRET_FILE = Key("", good=_is_full_path, write="a file's full path, or nothing")
KEYS: Mapping[str, Mapping[str, Key]] = {
    "organisation": {
        "name": Key(DEFAULT_NAME, good=_is_line, write="one line of up to 80 printable characters"),
        "sign": Key("", good=_is_full_path, write="a picture's full path, or nothing"),
        "phone": NUMBER._replace(secret=False),  # it is for everybody
    },
    "state": {
        "directory": Key(
            "/var/lib/outcry-responder",
            good=_is_full_path,
            write="a directory's full path, beginning with /",
        ),
        "database": Key(
            "",
            good=_is_database,
            write='an address such as "postgresql+psycopg://outcry@/outcry", or nothing for SQLite',
            secret=True,
        ),
    },
    "device": {
        "host": Key("127.0.0.1", good=_is_host, write=_HOST),
        "port": Key(8080, 1, 65535, "a TCP port"),
        "public_host": Key("", good=_is_host, write=_HOST),
        "public_port": Key(0, 1, 65535, "a TCP port"),
    },
    "people": {
        "host": Key("127.0.0.1", good=_is_host, write=_HOST),
        "port": Key(8443, 1, 65535, "a TCP port"),
        "public_url": Key(
            "http://127.0.0.1:8443",
            good=_is_public_url,
            write='an address without a path, such as "https://help.example.org" '
            "(http:// only on this machine itself)",
        ),
        "certificate": _PEM,
        "key": _PEM,
        "behind_proxy": Key(False),
        "link_days": Key(7, 1, 90, "a number of days"),
    },
    "console": {
        "tiles": Key(
            "",
            good=_is_tiles,
            write="an address with {z}, {x} and {y}, such as "
            '"https://tiles.example.org/{z}/{x}/{y}.png"',
        ),
        "tiles_credit": Key("", good=_is_credit, write="one line of up to 200 characters"),
        "coordinates": Key("degrees", one_of=tuple(map(str, Coordinates))),
    },
    "modem": {
        "port": Key("", good=_is_full_path, write="a serial device's path"),
        "number": NUMBER,
        "pin": Key("", good=_is_pin, write="4 to 8 digits", secret=True),
    },
    "network": {
        "private": Key(
            [],
            good=_are_private,
            write='addresses such as ["10.0.0.5", "127.0.0.1:8080", "192.168.7.0/24"]',
        ),
        "schemes": Key([], good=_are_schemes, write='beginnings of addresses, such as ["json"]'),
    },
    "telling": {"officers": _SECRET_FILE},
    "publishing": {
        "networks": _SECRET_FILE,
        "asks": Key("", good=_is_full_path, write="a folder's full path, or nothing"),
    },
    "record": {
        "time_stamps": Key(
            "", good=_is_server, write='an address such as "https://tsa.example.org/", or nothing'
        )
    },
    "plan": {"quorum": Key(2, 1, MAX_QUORUM, "a number of contacts")},
}


def load(path: Path) -> Settings:
    """The settings in a file; raises :class:`SettingsInvalid` with every problem found.

    And ``PermissionError`` if this user may not read it.
    """
    return check(settings_file.load(path), str(path))


def check(data: Mapping[str, Any], where: str = "settings") -> Settings:
    """The settings in parsed TOML; ``where`` begins each problem's line."""
    problems: list[str] = []
    values = settings_file.check(KEYS, _with_credential(data), problems)
    settings_file.add_contradictions(_contradictions(values), problems)
    if problems:
        raise SettingsInvalid([f"{where}: {problem}" for problem in problems])
    return _build(values)


def load_secret(path: Path | None, credential: str) -> dict[str, Any]:
    """What a file of secrets holds, or the systemd credential in its place; nothing if neither is.

    Raises :class:`SettingsInvalid` if it cannot be read.
    """
    try:
        if path is not None:
            return settings_file.load(path)
        text = credentials.secret(credential) or ""
    except (OSError, UnicodeDecodeError) as error:
        why = f"{path or credential}: cannot be read ({type(error).__name__})"
        raise SettingsInvalid([why]) from None
    return settings_file.parse(text, credential)


def _with_credential(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings with the database's address, which may hold a password, from its credential."""
    state = data.get("state", {})
    if isinstance(state, dict) and not state.get("database"):
        database = credentials.secret("state.database")
        if database:
            return {**data, "state": {**state, "database": database}}
    return data


def _contradictions(values: Mapping[str, Mapping[str, Any]]) -> Iterator[Contradiction]:
    people, modem = values["people"], values["modem"]
    if bool(people["certificate"]) != bool(people["key"]):
        what = "belongs with people.key; give both, or neither"
        yield ("people.certificate", "people.key"), what
    if not people["certificate"] and not is_loopback(people["host"]):
        yield (
            ("people.host", "people.certificate"),
            f"{as_toml(people['host'])} is not this machine alone, and pages refuse plain HTTP;"
            + " give people.certificate and people.key, or write 127.0.0.1 behind a proxy",
        )
    if people["behind_proxy"] and people["certificate"]:
        what = "the proxy does TLS; give no people.certificate"
        yield ("people.behind_proxy", "people.certificate"), what
    if modem["port"] and not modem["number"]:
        what = "is needed with modem.port: the number devices text to"
        yield ("modem.number", "modem.port"), what


def _path(written: str) -> Path | None:
    return Path(written) if written else None


def _build(values: Mapping[str, Mapping[str, Any]]) -> Settings:
    device, modem, console = values["device"], values["modem"], values["console"]
    host, port = device["host"], device["port"]
    public_port = device["public_port"] or port
    directory = Path(values["state"]["directory"])
    people = dict(values["people"])
    people["public_url"] = people["public_url"].rstrip("/")
    people |= {name: _path(people[name]) for name in ("certificate", "key")}
    return Settings(
        organisation=values["organisation"]["name"].strip(),
        sign=_path(values["organisation"]["sign"]),
        phone=values["organisation"]["phone"],
        directory=directory,
        database=values["state"]["database"],
        device=DeviceListener(host, port, device["public_host"] or host, public_port),
        people=PeopleListener(**people),
        console=ConsoleMap(
            console["tiles"], console["tiles_credit"], Coordinates(console["coordinates"])
        ),
        modem=HqModem(modem["port"], modem["number"], modem["pin"] or None, directory / "said-pins")
        if modem["port"] or (values["state"]["database"] and modem["number"])
        else None,
        quorum=values["plan"]["quorum"],
        private=tuple(values["network"]["private"]),
        schemes=tuple(values["network"]["schemes"]),
        officers=_path(values["telling"]["officers"]),
        networks=_path(values["publishing"]["networks"]),
        asks=_path(values["publishing"]["asks"]),
        time_stamps=values["record"]["time_stamps"],
    )
