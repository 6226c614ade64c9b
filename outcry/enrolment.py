"""The enrolment file: the one file that makes a device a wearer's device.

HQ writes it (``outcry-responder enrol``), the device takes it in (``outcry
enrol``). JSON, because both ends write and read it by machine; every field is
checked, unknown ones are refused, and all problems are told at once.
"""

import json
import re
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from outcry.envelope import KEY_BYTES, EnvelopeRefused, Header, from_text, seal, to_text
from outcry.report import REPORT_BYTES
from outcry.settings_file import FileInvalid, Key, check_section

FILE_VERSION = 1
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\Z")  # ITU-T E.164: at most 15 digits
# As long as ModemSettings takes.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,98}[A-Za-z0-9])?\Z")
_LINK = re.compile(r"https?://\S+/\Z")
MAX_NAME_CHARS = 40  # so that a contact's text keeps to two SMS parts
NAME_WORDS = f"1 to {MAX_NAME_CHARS} printable characters on one line"
# Persian and the scripts of India write names with U+200C and U+200D; U+00A0 and U+202F come along
# when a name is copied from a web page.
_IN_NAMES = {0x200C: None, 0x200D: None, 0xA0: " ", 0x202F: " "}


class EnrolmentInvalid(FileInvalid):
    """The enrolment cannot be used; its problems name keys, and repeat nothing that is secret."""


@dataclass(frozen=True, repr=False)
class Contact:
    """Who is told: a name, a number in international form, the language of their texts."""

    name: str
    number: str
    language: str = "en"


@dataclass(frozen=True, repr=False)
class Headquarters:
    """Where the alarm goes. ``link`` is what a sealed report is appended to, ending in ``/``."""

    host: str
    port: int
    number: str | None
    link: str
    public_key: bytes


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

    def can_seal(self) -> bool:
        """Whether a report can be sealed for HQ: X25519 refuses some 32 bytes. Slow at first."""
        try:
            seal(bytes(REPORT_BYTES), Header(self.device, 0), self.hq.public_key, self.psk)
        except ValueError:
            return False
        return True


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
    problems: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found and name in _NAMES:
                problems.append(f"{name}: is written twice; remove the wrong one")
            found[name] = value
        return found

    try:
        data = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise EnrolmentInvalid(["this is not an enrolment file: it is not JSON"]) from None
    if not isinstance(data, dict) or data.get("outcry_enrolment") != FILE_VERSION:
        why = f"this is not an enrolment file: outcry_enrolment is not {FILE_VERSION}"
        raise EnrolmentInvalid([why])
    hq, contacts = data.pop("hq", None), data.pop("contacts", None)
    if not isinstance(hq, dict):
        hq = {}  # then each of its keys is missing
    if not isinstance(contacts, list):
        problems.append("contacts: is not a list")
        contacts = []
    own = check_section("enrolment", _OWN, data, problems)
    hq = check_section("hq", _HQ, {**hq, "number": hq.get("number") or ""}, problems)
    contacts = [
        check_section(f"contacts[{n}]", CONTACT, contact, problems)
        for n, contact in enumerate(contacts)
    ]
    if problems:
        raise EnrolmentInvalid(problems)
    hq |= {"number": hq["number"] or None, "public_key": from_text(hq["public_key"])}
    return Enrolment(
        device=own["device"],
        wearer=own["wearer"],
        psk=from_text(own["psk"]),
        hq=Headquarters(**hq),
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


_needed = partial(Key, secret=True, required=True)  # secret: no value is repeated
_SECRET = _needed("", good=_is_key, write=f"{KEY_BYTES} bytes in base64url")
_NUMBER_WORDS = "a number with its country code, such as +447700900123"
NUMBER = Key("", good=is_number, write=_NUMBER_WORDS, secret=True)
NAME = _needed("", good=is_name, write=f"a name of {NAME_WORDS}")
CONTACT = {
    "name": NAME,
    "number": _needed("", good=is_number, write=_NUMBER_WORDS),
    "language": Key(
        "en",
        good=lambda language: language.isascii() and language.isalpha(),
        write="a language code such as en",
    ),
}
_OWN = {
    "outcry_enrolment": Key(FILE_VERSION),
    "device": _needed(0, 1, 2**32 - 1, write="a whole number from 1 to 4294967295"),
    "wearer": NAME,
    "psk": _SECRET,
}
_HQ = {
    "host": _needed("", good=_HOST.match, write="a host name or address"),
    "port": _needed(0, 1, 65535, "a TCP port"),
    "number": NUMBER,
    "link": _needed("", good=_LINK.match, write="an address from https:// to /"),
    "public_key": _SECRET,
}
_NAMES = {*_OWN, *_HQ, *CONTACT, "hq", "contacts"}  # another is told as not known, unnamed
