"""The enrolment file: the one file that makes a device a wearer's device.

HQ writes it (``outcry-responder enrol``), the device takes it in (``outcry
enrol``). JSON, because both ends write and read it by machine; every field is
checked, unknown ones are refused, and all problems are told at once.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from outcry.envelope import KEY_BYTES, EnvelopeRefused, from_text, to_text

FILE_VERSION = 1
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\Z")  # ITU-T E.164: at most 15 digits
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")  # ISO 639
_HOST = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9.-]{0,98}[A-Za-z0-9])?\Z"
)  # as long as ModemSettings takes
T = TypeVar("T")
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
    contacts: tuple[Contact, ...] = field(default=())

    def __repr__(self) -> str:
        return f"Enrolment(device={self.device})"


def write(enrolment: Enrolment) -> str:
    """The file's text."""
    hq = enrolment.hq
    return (
        json.dumps(
            {
                "outcry_enrolment": FILE_VERSION,
                "device": enrolment.device,
                "wearer": enrolment.wearer,
                "psk": to_text(enrolment.psk),
                "hq": {**asdict(hq), "public_key": to_text(hq.public_key)},
                "contacts": [asdict(contact) for contact in enrolment.contacts],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


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
    form = _Form(data, "")
    form.take("outcry_enrolment", int)
    device = form.take("device", int)
    if device is not None and not 0 < device <= 0xFFFFFFFF:
        form.problem("device", "is not within 1 to 4294967295")
    wearer = form.name("wearer")
    psk = form.key("psk")
    hq_form = form.inner("hq")
    host = hq_form.take("host", str)
    if host is not None and not _HOST.match(host):
        hq_form.problem("host", "is not a host name or address")
    port = hq_form.take("port", int)
    if port is not None and not 0 < port < 65536:
        hq_form.problem("port", "is not within 1 to 65535")
    number = hq_form.number("number") if hq_form.data.get("number") is not None else None
    hq_form.seen.add("number")
    link = hq_form.take("link", str)
    if link is not None and not (link.startswith(("https://", "http://")) and link.endswith("/")):
        hq_form.problem("link", "does not begin with https:// and end with /")
    public_key = hq_form.key("public_key")
    contacts = []
    for contact_form in form.inner_list("contacts"):
        name, phone = contact_form.name("name"), contact_form.number("number")
        language = contact_form.take("language", str)
        if language is not None and not _LANGUAGE.match(language):
            contact_form.problem("language", "is not a language code such as en")
        contact_form.finish()
        contacts.append((name, phone, language))
    hq_form.finish()
    form.finish()
    if form.problems:
        raise EnrolmentInvalid(form.problems)
    assert device is not None and wearer is not None and psk is not None  # noqa: PT018
    assert host is not None and port is not None and link is not None  # noqa: PT018
    assert public_key is not None
    return Enrolment(
        device=device,
        wearer=wearer,
        psk=psk,
        hq=Headquarters(host, port, number, link, public_key),
        contacts=tuple(
            Contact(name, phone, language)
            for name, phone, language in contacts
            if name and phone and language
        ),
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


class _Form:
    """One JSON object being read: collects problems instead of stopping at the first."""

    def __init__(self, data: dict[str, Any], where: str, problems: list[str] | None = None) -> None:
        self.data = data
        self.where = where
        self.problems: list[str] = [] if problems is None else problems
        self.seen: set[str] = set()

    def problem(self, key: str, what: str) -> None:
        self.problems.append(f"{self.where}{key} {what}")

    def take(self, key: str, type_: type[T]) -> T | None:
        self.seen.add(key)
        value = self.data.get(key)
        if isinstance(value, type_) and not isinstance(value, bool):
            return value
        self.problem(key, "is missing" if key not in self.data else f"is not {_words(type_)}")
        return None

    def name(self, key: str) -> str | None:
        value = self.take(key, str)
        if value is not None and not is_name(value):
            self.problem(key, f"is not {NAME_WORDS}")
        return value

    def number(self, key: str) -> str | None:
        value = self.take(key, str)
        if value is not None and not is_number(value):
            self.problem(key, "is not a number with its country code, such as +447700900123")
        return value

    def key(self, key: str) -> bytes | None:
        value = self.take(key, str)
        if value is None:
            return None
        try:
            data = from_text(value)
        except EnvelopeRefused:
            data = b""
        if len(data) != KEY_BYTES:
            self.problem(key, f"is not {KEY_BYTES} bytes in base64url")
        return data

    def inner(self, key: str) -> _Form:
        data = self.take(key, dict)
        where = f"{self.where}{key}."
        if data is None:  # said once, not again for each key inside
            return _Form({}, where, [])
        return _Form(data, where, self.problems)

    def inner_list(self, key: str) -> list[_Form]:
        forms = []
        for index, data in enumerate(self.take(key, list) or []):
            where = f"{self.where}{key}[{index}]."
            if isinstance(data, dict):
                forms.append(_Form(data, where, self.problems))
            else:
                self.problems.append(f"{where[:-1]} is not an object")
        return forms

    def finish(self) -> None:
        self.problems += [f"{self.where}{key} is not known" for key in self.data.keys() - self.seen]


def _words(type_: type) -> str:
    return {int: "a whole number", str: "text", dict: "an object", list: "a list"}[type_]
