"""The words that contacts read, from one file of templates for each language in config/texts.

Templates are checked when the daemon starts: every key is there, every field can
be filled, and no text is longer than two SMS parts whatever the fields hold. A
fault in them does not stop the daemon: it is reported, and English is used.
"""

from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from enum import Enum
from functools import partial
from itertools import product
from pathlib import Path

from outcry.daemon.messages.templates import ENGLISH, TextsInvalid, fits_gsm7, read
from outcry.enrolment import MAX_NAME_CHARS
from outcry.hw.system_errors import told
from outcry.letters import clean, dated, latin, parts
from outcry.report import MAX_AGE_S, AlarmKind, NoPosition, Position
from outcry.settings_file import text_of

MAX_PARTS = 2
MODEM_PARTS = 8  # outcry.hw.modem refuses a text of more
NAME_KEPT = 12  # letters of a name that every text has room for
_MAP = "https://osm.org/?mlat={:.5f}&mlon={:.5f}"  # opens on any phone, and can be read out
_ALERTS = {AlarmKind.STRAP: "strap", AlarmKind.DRILL: "drill"}  # every other kind: "alert"
_WINTER_AND_SUMMER = (1.79e9, 1.8e9)  # September 2026, January 2027
_MINUTES_UNTIL_S = 99 * 60  # then hours; each rounded up: never younger

Place = Position | NoPosition | None
"""``None``: a power cut has taken it."""


class Template(Enum):
    """The kinds of text; the value is what the card stores."""

    ALERT = "alert"
    SEALED = "sealed"  # the sealed report itself, to HQ's number
    CODE = "code"  # the same, of a code of taps
    LINK = "link"
    PUBLISH = "publish"  # without HQ: words to be copied


class Language:
    """The templates of one language, checked. Raises :class:`TextsInvalid`.

    Every text keeps to :data:`MAX_PARTS`: one that is too long loses first the advice, then letters
    of the name, and never anything else.
    """

    def __init__(
        self, name: str, source: str, link: str | None, zone: tzinfo | None = None
    ) -> None:
        """``name`` is the file's, ``link`` as long as any a contact can be sent.

        ``zone``: by whose clock times are told; None: by that of this machine (timedatectl).
        """
        self.name = name
        self._zone = zone
        self.templates = read(name, source)
        self._gsm7 = fits_gsm7(self.templates)
        problems = [f"{name}: {problem}" for problem in self._too_long(link, MODEM_PARTS)]
        if problems:
            raise TextsInvalid(problems)
        self.warnings = [
            f"{name}: {problem}"
            for problem in self._too_long(link, MAX_PARTS) + self._without_advice()
        ]
        """What should be shortened, though the texts can be sent: too many parts, no room for advice."""

    def alert(
        self,
        wearer: str,
        written_at: float | None,
        place: Place,
        kind: AlarmKind,
        again: bool = False,
        link_follows: bool = False,
    ) -> str:
        """The alarm in words. ``written_at`` is Unix seconds, ``None`` if the clock is not set.

        ``again``: the reader has had a text of this alarm. ``link_follows``: the link comes next.
        """
        key = _ALERTS.get(kind, "again" if again else "alert")
        advice = self._advice(kind, link_follows)
        time, position = self._time(written_at), self._position(place)
        return self._fitted(key, self._name(wearer), advice, time=time, position=position)

    def link(self, wearer: str, link: str, kind: AlarmKind) -> str:
        """The words with the contact's link, in Latin letters in every language."""
        key = "drill_link" if kind is AlarmKind.DRILL else "link"
        name = latin(wearer) or latin(self.templates["unnamed"])
        text = self._fitted(key, name, link=link)
        return text if parts(text) <= MAX_PARTS else link

    def publish(self, wearer: str, raised_at: float | None, place: Place) -> str:
        time, position = self._time(raised_at), self._position(place)
        return self._fitted("publish", self._name(wearer), time=time, position=position)

    def lacks_time(self, text: str) -> bool:
        """Whether this text says of something that its time is not known."""
        return self._fill("time_unknown") in text

    def _name(self, wearer: str) -> str:
        return (latin(wearer) if self._gsm7 else clean(wearer)) or self.templates["unnamed"]

    def _text(self, key: str, name: str, advice: str = "", **fields: str) -> str:
        text = self._fill(key, wearer=name, **fields)
        return f"{text}\n{advice}" if advice else text

    def _fitted(self, key: str, name: str, advice: str = "", **fields: str) -> str:
        """The text, with as much of the advice and the name as two parts hold."""
        text = self._text(key, name, advice, **fields)
        for end in range(len(name), 0, -1):
            if parts(text) <= MAX_PARTS:
                break
            text = self._text(key, name[:end], **fields)
        return text

    def _advice(self, kind: AlarmKind, link_follows: bool) -> str:
        if link_follows:
            return self.templates["open_link"]
        return "" if kind is AlarmKind.DRILL else self.templates["call"]

    def _fill(self, key: str, **fields: object) -> str:
        return self.templates[key].format(**fields)

    def _time(self, raised_at: float | None) -> str:
        if raised_at is not None:
            with suppress(ValueError, OverflowError, OSError):  # no real clock says that
                moment = datetime.fromtimestamp(raised_at, UTC)
                template = self.templates["raised_at"]
                if "{zone}" in template or "{offset}" in template:  # else it says UTC itself
                    moment = moment.astimezone(self._zone)
                return dated(template, moment)
        return self._fill("time_unknown")

    def _position(self, place: Place) -> str:
        if place is None:
            return self._fill("before_restart")
        if isinstance(place, NoPosition):
            return self._fill("no_fix")
        latitude, longitude = (round(each, 5) + 0.0 for each in (place.latitude, place.longitude))
        return self._fill(
            "fix",
            map=_MAP.format(latitude, longitude),
            accuracy=self._accuracy(place.accuracy_m),
            age=self._age(place.age_s) if place.age_known else self._fill("time_unknown"),
        )

    def _accuracy(self, metres: int | None) -> str:
        if metres is None:
            return self._fill("accuracy_unknown")
        if metres < 1000:
            return self._fill("accuracy", metres=metres)
        kilometres = -(-metres // 1000)  # rounded up: never better than it is
        return self._fill("accuracy_far", kilometres=kilometres)

    def _age(self, age_s: int) -> str:
        if age_s < 60:
            return self._fill("age_now")
        if age_s <= _MINUTES_UNTIL_S:
            return self._fill("age_minutes", minutes=-(-age_s // 60))
        if age_s < MAX_AGE_S:
            return self._fill("age_hours", hours=-(-age_s // 3600))
        return self._fill("age_more", hours=MAX_AGE_S // 3600)

    def _too_long(self, link: str | None, limit: int) -> list[str]:
        """The longest texts the fields allow, in this language's own alphabet."""
        fields = {"time": self._longest_time(), "position": self._longest_position()}
        name = "W" * (MAX_NAME_CHARS if self._gsm7 else NAME_KEPT)
        longest = {}
        for key in ("alert", "strap", "again", "drill"):
            advice = ("open_link",) if key == "drill" else ("open_link", "call")
            for advised in advice if self._gsm7 else ("",):
                text = self._text(key, name, self.templates.get(advised, ""), **fields)
                longest[f"{key} with {advised}" if advised else key] = text
        longest["publish"] = self._text("publish", name, **fields)
        for key in ("link", "drill_link") if link is not None else ():
            longest[key] = self._fill(key, wearer="W" * NAME_KEPT, link=link)
        return [
            f"{key} can take {parts(text)} SMS parts; shorten it to fit {MAX_PARTS}"
            for key, text in longest.items()
            if parts(text) > limit
        ]

    def _without_advice(self) -> list[str]:
        """Advice that does not fit even into a usual alarm."""
        position = self._position(Position(43.31780, 45.69490, 40, 0))
        usual = partial(self._text, "alert", "W" * 16, time=self._time(1.79e9), position=position)
        return [
            f"{key} has no room in a usual alert; shorten one of them"
            for key in ("open_link", "call")
            if parts(usual(self.templates[key])) > MAX_PARTS
        ]

    def _longest_time(self) -> str:
        return max(self._time(None), *map(self._time, _WINTER_AND_SUMMER), key=len)

    def _longest_position(self) -> str:
        ages = (0, _MINUTES_UNTIL_S, MAX_AGE_S - 1, MAX_AGE_S)
        fixes = [
            Position(-88.88888, -178.88888, accuracy, age)
            for accuracy, age in product((None, 999, 65_534), ages)
        ]
        return max(map(self._position, (None, *fixes)), key=len)


def load(
    folder: Path, languages: set[str], link: str | None, wearer: str = ""
) -> tuple[dict[str, Language], list[str]]:
    """The templates of these languages, and every problem found.

    English, from the folder or built in, replaces a language that cannot be used. ``link`` is the
    longest link a contact can be sent. ``wearer``'s name is put into Latin letters now, so that no
    alarm has to wait for that.
    """
    latin(wearer)
    problems: list[str] = []
    found: dict[str, Language] = {}
    for name in sorted(languages | {"en"}):
        path = folder / f"{name.lower()}.toml"
        try:
            found[name] = Language(path.name, text_of(path), link)
            problems += found[name].warnings
        except TextsInvalid as error:
            problems += error.problems
        except OSError as error:
            problems.append(f"{path}: cannot be read ({told(error)})")
    english = found.get("en") or Language("built in", ENGLISH, link)
    return {name: found.get(name, english) for name in languages}, problems


def check(folder: Path, link: str | None) -> list[str]:
    """Every problem of every language in this folder."""
    return load(folder, {path.stem for path in folder.glob("*.toml")}, link)[1]
