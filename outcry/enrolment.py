"""The enrolment file: the one file that makes a device a wearer's device.

HQ writes it (``outcry-responder enrol``), the device takes it in (``outcry
enrol``). JSON, because both ends write and read it by machine; every field is
checked, unknown ones are refused, and all problems are told at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from outcry.envelope import KEY_BYTES, EnvelopeRefused, from_text, to_text

FILE_VERSION = 1
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\Z")  # ITU-T E.164: at most 15 digits
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")  # ISO 639
# As long as ModemSettings takes.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,98}[A-Za-z0-9])?\Z")
_LINK = re.compile(r"https?://(.*/)?\Z", re.DOTALL)
MAX_NAME_CHARS = 40  # so that a contact's text keeps to two SMS parts
NAME_WORDS = f"1 to {MAX_NAME_CHARS} printable characters on one line"
# Persian and the scripts of India write names with U+200C and U+200D; U+00A0 and U+202F come along
# when a name is copied from a web page.
_IN_NAMES = {0x200C: None, 0x200D: None, 0xA0: " ", 0x202F: " "}


class EnrolmentInvalid(ValueError):
    """The enrolment cannot be used; ``problems`` says each reason, naming keys and no values."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, repr=False)
class Contact:
    """Who is told: a name, a number in international form, the language of their texts."""

    name: str
    number: str
    language: str = "en"

    def __repr__(self) -> str:
        return "Contact(<hidden>)"


@dataclass(frozen=True, repr=False)
class Headquarters:
    """Where the alarm goes. ``link`` is what a sealed report is appended to, ending in ``/``."""

    host: str
    port: int
    number: str | None
    link: str
    public_key: bytes

    def __repr__(self) -> str:
        return "Headquarters(<hidden>)"


@dataclass(frozen=True, repr=False)
class Enrolment:
    """A wearer's identity, keys, HQ and contacts."""

    device: int
    wearer: str
    psk: bytes
    hq: Headquarters
    contacts: tuple[Contact, ...] = ()

    def __repr__(self) -> str:
        return f"Enrolment(device={self.device})"


def write(enrolment: Enrolment) -> str:
    """The file's text."""
    hq = enrolment.hq
    file = {
        "outcry_enrolment": FILE_VERSION,
        "device": enrolment.device,
        "wearer": enrolment.wearer,
        "psk": to_text(enrolment.psk),
        "hq": {**asdict(hq), "public_key": to_text(hq.public_key)},
        "contacts": [asdict(contact) for contact in enrolment.contacts],
    }
    return json.dumps(file, indent=2, ensure_ascii=False) + "\n"


def read(text: str) -> Enrolment:
    """The enrolment in a file's text; raises :class:`EnrolmentInvalid` with every problem found."""
    try:
        data = json.loads(text)
    except ValueError:
        raise EnrolmentInvalid(["this is not an enrolment file: it is not JSON"]) from None
    if not isinstance(data, dict) or data.get("outcry_enrolment") != FILE_VERSION:
        raise EnrolmentInvalid(
            [f"this is not an enrolment file: outcry_enrolment is not {FILE_VERSION}"]
        )
    problems: list[str] = []
    _look(data, _FIELDS, "", problems)
    hq, contacts = data.get("hq"), data.get("contacts")
    if isinstance(hq, dict):
        _look(hq, _HQ_FIELDS, "hq.", problems)
    for n, contact in enumerate(contacts if isinstance(contacts, list) else []):
        _look(contact, _CONTACT_FIELDS, f"contacts[{n}].", problems)
    if problems:
        raise EnrolmentInvalid(problems)
    assert isinstance(hq, dict) and isinstance(contacts, list)  # noqa: PT018
    given = {"number": None, **hq, "public_key": from_text(hq["public_key"])}
    return Enrolment(
        device=data["device"],
        wearer=data["wearer"],
        psk=from_text(data["psk"]),
        hq=Headquarters(**given),
        contacts=tuple(Contact(**contact) for contact in contacts),
    )


def is_number(text: str) -> bool:
    """Whether this is a phone number in international form, such as +447700900123."""
    return _NUMBER.match(text) is not None


def is_name(text: str) -> bool:
    """Whether this can be a person's name: one line of 1 to :data:`MAX_NAME_CHARS` characters.

    None of them may be hidden or turn others round, but for those that part or join letters.
    """
    shown = text.translate(_IN_NAMES)
    return bool(shown.strip()) and shown.isprintable() and len(text) <= MAX_NAME_CHARS


def _is_key(text: str) -> bool:
    try:
        return len(from_text(text)) == KEY_BYTES
    except EnvelopeRefused:
        return False


class _Field(NamedTuple):
    """What a value must be, and what is said of one that is of this type and not good."""

    type: type
    good: Callable[[Any], object] = lambda _: True
    problem: str = ""
    optional: bool = False


_NAME_FIELD = _Field(str, is_name, f"is not {NAME_WORDS}")
_KEY_FIELD = _Field(str, _is_key, f"is not {KEY_BYTES} bytes in base64url")
_NUMBER_FIELD = _Field(
    str, is_number, "is not a number with its country code, such as +447700900123"
)
_FIELDS = {
    "outcry_enrolment": _Field(int),
    "device": _Field(int, range(1, 2**32).__contains__, "is not within 1 to 4294967295"),
    "wearer": _NAME_FIELD,
    "psk": _KEY_FIELD,
    "hq": _Field(dict),
    "contacts": _Field(list),
}
_HQ_FIELDS = {
    "host": _Field(str, _HOST.match, "is not a host name or address"),
    "port": _Field(int, range(1, 2**16).__contains__, "is not within 1 to 65535"),
    "number": _NUMBER_FIELD._replace(optional=True),
    "link": _Field(str, _LINK.match, "does not begin with https:// and end with /"),
    "public_key": _KEY_FIELD,
}
_CONTACT_FIELDS = {
    "name": _NAME_FIELD,
    "number": _NUMBER_FIELD,
    "language": _Field(str, _LANGUAGE.match, "is not a language code such as en"),
}
_WORDS = {int: "a whole number", str: "text", dict: "an object", list: "a list"}


def _look(data: object, fields: Mapping[str, _Field], where: str, problems: list[str]) -> None:
    """Add each problem of one JSON object."""
    if not isinstance(data, dict):
        problems.append(f"{where[:-1]} is not an object")
        return
    for key, field in fields.items():
        value = data.get(key)
        if value is None and field.optional:
            continue
        if not isinstance(value, field.type) or isinstance(value, bool):
            what = f"is not {_WORDS[field.type]}" if key in data else "is missing"
            problems.append(f"{where}{key} {what}")
        elif not field.good(value):
            problems.append(f"{where}{key} {field.problem}")
    problems += [f"{where}{key} is not known" for key in data if key not in fields]
