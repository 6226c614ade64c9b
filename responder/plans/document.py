"""A wearer's plan as people agree to it: read from a file, checked whole, written back.

The file is TOML; ``write`` makes it with every key and what each means, so
that nobody has to look anything up. What the rules make of it: ``repository.py``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from outcry import settings_file
from outcry.responder.rules.model import Disclosure
from outcry.responder.settings import MAX_QUORUM
from outcry.settings_file import Contradiction, Key, SettingsInvalid, as_toml

MOST_ITEMS = 20  # of a checklist: a longer one is not read in an alarm
LANGUAGES = ("ar", "en", "es", "fa", "fr", "ru", "uk")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}\Z")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}\Z")
_NETWORK = re.compile(r"own page\Z|[a-z0-9][a-z0-9_-]{0,40}\Z")


class PlanInvalid(SettingsInvalid):
    """The plan cannot be used; ``problems`` says what to write instead."""


@dataclass(frozen=True)
class Person:
    """How one contact is reached: the language of their texts, SMS or not, Apprise addresses.

    ``relation``: who they are to the wearer, for the officer who calls them.
    """

    language: str = "en"
    sms: bool = True
    channels: Mapping[str, str] = field(default_factory=dict, repr=False)
    relation: str = ""


@dataclass(frozen=True)
class Terms:
    """What was agreed. Minutes and days as people count them; 0 means never.

    ``networks`` empty: all that HQ has. ``languages``: of posts, by network, where it is not
    ``language``. ``checklist``: what officers do in an alarm. ``place_label``: published instead of
    the town's name. ``keep_days``: after this an alarm that is over is deleted. ``time_zone``: an
    IANA name, or empty for that of the place.
    """

    quorum: int
    officer_counts: bool
    order: tuple[int, ...]
    at_once: int
    next_after_s: int
    all_after_s: int
    idle_minutes: int
    consent_minutes: int
    consent_given_on: str
    position: Disclosure
    place_label: str
    embargo_minutes: int
    networks: tuple[str, ...]
    language: str
    languages: Mapping[str, str]
    watch: bool
    heartbeat_minutes: float
    contacts_after_minutes: int
    checklist: tuple[str, ...]
    keep_days: int
    time_zone: str
    people: Mapping[int, Person]

    def post_language(self, network: str) -> str:
        return self.languages.get(network, self.language)


def _is_day(value: str) -> bool:
    try:
        return value == "" or bool(date.fromisoformat(value))
    except ValueError:
        return False


def is_label(value: str) -> bool:
    shown = value.replace("\u200c", "").replace("\u200d", "")  # Persian places have these in them
    return len(value) <= 60 and shown.isprintable() and value == value.strip()


def _is_zone(value: str) -> bool:
    return value == "" or bool(_ZONE.match(value))


def _are_networks(value: list[Any]) -> bool:
    named = all(isinstance(one, str) and _NETWORK.match(one) for one in value)
    return named and len(set(value)) == len(value)


def _is_checklist(value: list[Any]) -> bool:
    items = all(isinstance(one, str) and one and is_label(one) for one in value)
    return items and len(set(value)) == len(value) <= MOST_ITEMS


def _are_numbers(value: list[Any]) -> bool:
    return all(type(one) is int for one in value)


def _are_languages(value: dict[str, Any]) -> bool:
    return all(_NETWORK.match(name) and one in LANGUAGES for name, one in value.items())


def _are_channels(value: dict[str, Any]) -> bool:
    return all(
        _NAME.match(name) and isinstance(url, str) and "://" in url for name, url in value.items()
    )


_LANGUAGE = "one of " + ", ".join(f'"{name}"' for name in LANGUAGES)
_A_LANGUAGE = Key("en", one_of=LANGUAGES)
_MINUTES_MOST = 7 * 1440
KEYS: Mapping[str, Mapping[str, Key]] = {
    "confirming": {
        "quorum": Key(2, 1, MAX_QUORUM, "a number of contacts"),
        "officer_counts": Key(True),
    },
    "telling": {
        "order": Key([], good=_are_numbers, write="contacts' numbers, such as [2, 1, 3]"),
        "at_once": Key(0, 0, 99, write="how many are told first, 0: everybody"),
        "next_after_s": Key(60, 10, 3600, "seconds"),
        "all_after_s": Key(150, 10, 7200, "seconds"),
        "idle_minutes": Key(15, 0, 1440, write="minutes, at most 1440; 0: never"),
    },
    "consent": {
        "minutes": Key(0, 0, _MINUTES_MOST, write="minutes, at most 10080; 0: none was given"),
        "given_on": Key("", good=_is_day, write='the day it was given, such as "2026-11-22"'),
    },
    "publication": {
        "position": Key("town", one_of=tuple(each.value for each in Disclosure)),
        "place_label": Key(
            "", good=is_label, write="a place's name in up to 60 characters, or nothing"
        ),
        "embargo_minutes": Key(0, 0, 1440, "minutes"),
        "networks": Key(
            [], good=_are_networks, write='names such as ["own page", "mastodon"], or [] for all'
        ),
        "language": _A_LANGUAGE,
        "languages": Key(
            {}, good=_are_languages, write='{ mastodon = "fr" } or the like, each ' + _LANGUAGE
        ),
    },
    "silence": {
        "watch": Key(True),
        "heartbeat_minutes": Key(10.0, 0.3, 1440, "the device's own minutes"),
        "contacts_after_minutes": Key(
            60, 0, _MINUTES_MOST, write="minutes, at most 10080; 0: never"
        ),
    },
    "time": {"time_zone": Key("", good=_is_zone, write='a name such as "Europe/Kyiv", or nothing')},
    "response": {
        "checklist": Key(
            [],
            good=_is_checklist,
            write='up to 20 items of 60 characters, such as ["Call the lawyer"]',
        )
    },
    "record": {"keep_days": Key(0, 0, 36_500, write="days; 0: kept until somebody deletes it")},
}
_CONTACT: Mapping[str, Key] = {
    "language": _A_LANGUAGE,
    "sms": Key(True),
    "relation": Key("", good=is_label, write="who they are to the wearer, in up to 60 characters"),
    "channels": Key(
        {},
        good=_are_channels,
        write='{ mail = "mailtos://user:pass@example.org" } or the like',
        secret=True,
    ),
}


def parse(text: str, contacts: Sequence[int]) -> Terms:
    """The terms in a file's text; raises :class:`PlanInvalid` with every problem found."""
    try:
        document = settings_file.parse(text, "the plan")
    except SettingsInvalid as error:
        raise PlanInvalid(error.problems) from None
    return check(document, contacts)


def check(document: Mapping[str, Any], contacts: Sequence[int]) -> Terms:
    """The terms in a parsed file, for a wearer with these contacts (numbers in the list).

    What is left out has its default. Raises :class:`PlanInvalid` with every problem found.
    """
    problems: list[str] = []
    values = settings_file.check(KEYS, document, problems, others=["contact"])
    people = _people(document.get("contact", {}), contacts, problems)
    if not values["telling"]["order"]:
        values["telling"]["order"] = list(contacts)
    settings_file.add_contradictions(_contradictions(values, people, contacts), problems)
    if problems:
        raise PlanInvalid(problems)
    return _terms(values, people)


def default(contacts: Mapping[int, str], quorum: int) -> dict[str, Any]:
    """The plan of a wearer for whom none was written: languages as enrolled."""
    known = {n: name if name in LANGUAGES else "en" for n, name in contacts.items()}
    people = {str(n): {"language": language} for n, language in known.items()}
    return {"confirming": {"quorum": quorum}, "contact": people}


def document(terms: Terms) -> dict[str, Any]:
    """The terms as a parsed file holds them: what :func:`check` reads back."""
    sections: dict[str, Any] = {
        section: {name: _written(getattr(terms, _field(section, name))) for name in keys}
        for section, keys in KEYS.items()
    }
    people = {str(n): asdict(one) for n, one in terms.people.items()}
    return {**sections, "contact": people}


_SAYS = {
    "confirming": "Who must say that it is real before an alarm is published.",
    "quorum": "how many contacts must say so",
    "officer_counts": "true: one contact and the duty officer are also enough",
    "telling": "Who is told, in which order; also in drills. One more is told after each next_after_s\n"
    "# without an answer; all are told after all_after_s, or as soon as somebody confirms.",
    "order": "the contacts' numbers",
    "at_once": "how many are told first; 0: all",
    "idle_minutes": "all officers are told again when who has an open alarm does nothing for this time;\n"
    "# or nobody has it any more; 0: never",
    "consent": "The wearer's own consent to publish when nobody has answered for this time. Never used\n"
    "# for drills, after a veto or a withdrawal under duress, or for a report that came late.",
    "minutes": "0: the wearer has not consented",
    "given_on": "the day on which the wearer consented",
    "publication": "What the public may learn, where, and in which language.",
    "position": '"nothing", "town" (the nearest) or "coordinates"',
    "place_label": "published instead of the town's name",
    "embargo_minutes": "so long people can still object before anything is published; officers need not wait",
    "networks": "[]: all networks that HQ has",
    "languages": 'networks with another language, such as { mastodon = "fr" }',
    "silence": "Whether HQ raises a silence when the device was not heard for 2.5 heartbeat intervals.",
    "heartbeat_minutes": "as set on the device",
    "contacts_after_minutes": "contacts are told of a silence after this time; 0: never",
    "time": "By whose clock people read times of alarms.",
    "time_zone": "empty: that of the nearest town, or of the country of the wearer's number",
    "response": "What the duty officers do in an alarm.",
    "checklist": 'each is ticked on the alarm\'s page, such as ["Call the lawyer", "Call the embassy"]',
    "record": "",
    "keep_days": "an alarm that is over is deleted after this time; 0: never automatically",
}


def write(terms: Terms, title: str, names: Mapping[int, str]) -> str:
    """The file: every key, and what it means. ``names``: who the contacts are."""
    lines = [f"# {title}"]
    whole = document(terms)
    for section, keys in KEYS.items():
        lines += ["", *([f"# {_SAYS[section]}"] if _SAYS[section] else []), f"[{section}]"]
        for name in keys:
            says = f"  # {_SAYS[name]}" if name in _SAYS else ""
            lines.append(f"{name} = {as_toml(whole[section][name])}{says}")
    for n, person in whole["contact"].items():
        lines += ["", f"# {names.get(int(n), '')}", f"[contact.{n}]"]
        lines += [f"{name} = {as_toml(value)}" for name, value in person.items()]
    return "\n".join(lines) + "\n"


def _people(given: object, contacts: Sequence[int], problems: list[str]) -> dict[int, Person]:
    if not isinstance(given, dict):
        problems.append("contact: is not a section; write [contact.1] and its keys below")
        given = {}
    numbers = {str(n): n for n in contacts}
    problems += [  # a longer one may be a person's name or number
        f"contact.{settings_file.unknown(name, numbers, name.isdecimal() and len(name) < 3)}"
        for name in given
        if name not in numbers
    ]
    people = {}
    for name, n in numbers.items():
        section = given.get(name, {})
        values = settings_file.check_section(f"contact.{name}", _CONTACT, section, problems)
        people[n] = Person(**values)
    return people


def _contradictions(
    values: Mapping[str, Mapping[str, Any]], people: Mapping[int, Person], contacts: Sequence[int]
) -> Iterator[Contradiction]:
    quorum, telling, consent = values["confirming"]["quorum"], values["telling"], values["consent"]
    most = len(contacts)
    if quorum > most > 0:
        what = f"{quorum} can never be met by {most} contacts; write {most} or less"
        yield ("confirming.quorum",), what
    if sorted(telling["order"]) != sorted(contacts):
        every = ", ".join(map(str, sorted(contacts)))
        what = f"name each of {every} once, or write [] for the order of the list"
        yield ("telling.order",), what
    if telling["all_after_s"] < telling["next_after_s"]:
        what = "is less than telling.next_after_s; write as much or more"
        yield ("telling.all_after_s", "telling.next_after_s"), what
    if consent["minutes"] and not consent["given_on"]:
        what = "is needed with consent.minutes: the day it was given"
        yield ("consent.given_on", "consent.minutes"), what
    for n, person in people.items():
        if not person.sms and not person.channels:
            here = f"contact.{n}"
            what = "would never be told; write sms = true or give channels"
            yield (here, f"{here}.sms", f"{here}.channels"), what


def _terms(values: Mapping[str, Mapping[str, Any]], people: Mapping[int, Person]) -> Terms:
    fields: dict[str, Any] = {
        _field(section, name): tuple(value) if isinstance(value, list) else value
        for section, keys in values.items()
        for name, value in keys.items()
    }
    fields["position"] = Disclosure(fields["position"])
    return Terms(**fields, people=people)


def _field(section: str, name: str) -> str:
    return f"consent_{name}" if section == "consent" else name


def _written(value: Any) -> Any:
    """A field's value as TOML and JSON have it."""
    if isinstance(value, Disclosure):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
