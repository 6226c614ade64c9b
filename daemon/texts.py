"""The words contacts read, from a template a language in config/texts.

Templates are checked when the daemon starts: every key there, no field that
cannot be filled, and never more than two SMS parts whatever the fields hold.
No fault in them keeps the button from being watched: what cannot be used is
told, and English goes in its place.
"""

from __future__ import annotations

import string
import tomllib
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from outcry.enrolment import MAX_NAME_CHARS
from outcry.report import MAX_AGE_S, NoPosition, Position

MAX_PARTS = 2
MODEM_PARTS = 8  # outcry.hw.modem refuses a text of more
_GSM7_PART = 153  # characters a part of a concatenated SMS holds, 3GPP TS 23.040 9.2.3.24.1
_UCS2_PART = 67
_MAP = "https://osm.org/?mlat={:.5f}&mlon={:.5f}"  # opens on any phone, app or not
_FIELDS = {
    "alert": {"wearer", "time", "position"},
    "drill": {"wearer", "time", "position"},
    "link": {"wearer", "link"},
    "raised_at": {"day", "hour"},
    "time_unknown": set[str](),
    "fix": {"map", "accuracy", "age"},
    "no_fix": set[str](),
    "before_restart": set[str](),
    "accuracy": {"metres"},
    "accuracy_unknown": set[str](),
    "age_now": set[str](),
    "age_minutes": {"minutes"},
    "age_hours": {"hours"},
}
_PLAIN = """
alert = "ALARM from {wearer}, {time}. {position} Real and not a test: call the people you agreed on now."
drill = "DRILL, not an alarm, from {wearer}, {time}. {position}"
link = "{wearer}'s alarm: open this, confirm with your PIN, and it is made public. {link}"
raised_at = "raised {day} {hour} UTC"
time_unknown = "raised just now"
fix = "Position: {map} within {accuracy}, {age}."
no_fix = "Position not known yet."
before_restart = "The position was lost in a restart: open the link."
accuracy = "{metres} m"
accuracy_unknown = "an unknown distance"
age_now = "seen just now"
age_minutes = "seen {minutes} min before"
age_hours = "seen {hours} h before"
"""
# GSM 03.38 basic set; characters of its extension table take two places.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENSION = frozenset("^{}\\[~]|€")


class TextsInvalid(Exception):
    """A template cannot be used; ``problems`` says each reason in the words of the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Template(Enum):
    """The kinds of text; the value is what the card stores."""

    ALERT = "alert"
    SEALED = "sealed"  # the sealed report itself, to HQ's number
    LINK = "link"


def parts(text: str) -> int:
    """How many SMS parts this text takes (3GPP TS 23.038, 23.040)."""
    if all(character in _GSM7 or character in _GSM7_EXTENSION for character in text):
        length = len(text) + sum(character in _GSM7_EXTENSION for character in text)
        return 1 if length <= 160 else -(-length // _GSM7_PART)
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= 70 else -(-length // _UCS2_PART)


class Language:
    """The templates of one language, checked. Raises :class:`TextsInvalid`."""

    def __init__(self, name: str, source: str, link: str | None) -> None:
        problems: list[str] = []
        try:
            self._templates = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise TextsInvalid([f"{name}: not TOML: {error}"]) from None
        for key in sorted(_FIELDS.keys() - self._templates.keys()):
            problems.append(f"{name}: {key} is missing")
        for key, template in self._templates.items():
            problems += [f"{name}: {key} {problem}" for problem in _problems(key, template)]
        if not problems:
            problems += [f"{name}: {problem}" for problem in self._too_long(link, MODEM_PARTS)]
        if problems:
            raise TextsInvalid(problems)
        self.warnings = [f"{name}: {problem}" for problem in self._too_long(link, MAX_PARTS)]
        """What a reader may be spared, but no alarm withheld for: texts in more than two parts."""

    def alert(
        self, wearer: str, raised_at: float | None, place: Position | NoPosition | None, drill: bool
    ) -> str:
        """The alarm in words. ``raised_at`` is Unix seconds, ``None`` if the clock is not set;
        ``place`` is ``None`` when a restart has taken it."""
        return self._fill(
            "drill" if drill else "alert",
            wearer=wearer,
            time=self._time(raised_at),
            position=self._position(place),
        )

    def link(self, wearer: str, link: str) -> str:
        """The contact's link in words."""
        return self._fill("link", wearer=wearer, link=link)

    def _fill(self, key: str, **fields: object) -> str:
        template: str = self._templates[key]
        return template.format(**fields)

    def _time(self, raised_at: float | None) -> str:
        if raised_at is None:
            return self._fill("time_unknown")
        moment = datetime.fromtimestamp(raised_at, UTC)
        return self._fill("raised_at", day=f"{moment:%Y-%m-%d}", hour=f"{moment:%H:%M}")

    def _position(self, place: Position | NoPosition | None) -> str:
        if place is None:
            return self._fill("before_restart")
        if isinstance(place, NoPosition):
            return self._fill("no_fix")
        accuracy = (
            self._fill("accuracy_unknown")
            if place.accuracy_m is None
            else self._fill("accuracy", metres=place.accuracy_m)
        )
        return self._fill(
            "fix",
            map=_MAP.format(place.latitude, place.longitude),
            accuracy=accuracy,
            age=self._age(place.age_s),
        )

    def _age(self, age_s: int) -> str:
        if age_s < 60:
            return self._fill("age_now")
        if age_s < 7200:
            return self._fill("age_minutes", minutes=age_s // 60)
        return self._fill("age_hours", hours=age_s // 3600)

    def _too_long(self, link: str | None, limit: int) -> list[str]:
        """The longest texts the fields allow, in this template's own alphabet."""
        wearer = "W" * MAX_NAME_CHARS
        far = Position(-88.88888, -178.88888, 65_534, MAX_AGE_S)
        longest = {
            "alert": self.alert(wearer, 1.79e9, far, drill=False),
            "drill": self.alert(wearer, 1.79e9, far, drill=True),
        }
        if link is not None:
            longest["link"] = self.link(wearer, link)
        return [
            f"{key} can take {parts(text)} SMS parts; shorten it to fit {MAX_PARTS}"
            for key, text in longest.items()
            if parts(text) > limit
        ]


def load(
    folder: Path, languages: set[str], link: str | None
) -> tuple[dict[str, Language], list[str]]:
    """The templates of these languages, and every problem found.

    For one that cannot be used stands English: the folder's, or else the one built in.
    ``link`` is the longest link a contact can be sent, to check the length with.
    """
    problems: list[str] = []
    found: dict[str, Language] = {}
    for name in sorted(languages | {"en"}):
        path = folder / f"{name}.toml"
        try:
            found[name] = Language(path.name, path.read_text(encoding="utf-8"), link)
            problems += found[name].warnings
        except TextsInvalid as error:
            problems += error.problems
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: cannot be read ({type(error).__name__})")
    english = found.get("en") or Language("built in", _PLAIN, link)
    return {name: found.get(name, english) for name in languages}, problems


def _problems(key: str, template: object) -> list[str]:
    if key not in _FIELDS:
        return ["is not known"]
    if not isinstance(template, str):
        return ["is not text"]
    try:
        parsed = list(string.Formatter().parse(template))
        fields = {name for _, name, _, _ in parsed if name is not None}
    except ValueError:
        return ["has a brace without its pair"]
    if any(form or conversion for _, _, form, conversion in parsed):
        return ["has more than a name in a brace"]
    wrong = fields - _FIELDS[key]
    missing = _FIELDS[key] - fields
    return [f"has a field that cannot be filled: {{{name}}}" for name in sorted(wrong)] + [
        f"does not say {{{name}}}" for name in sorted(missing)
    ]
