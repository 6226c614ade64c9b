"""What the public reads: ``words/*.toml`` in seven languages, within each network's limits.

A text is made of whole sentences. Where there is no room for all, the least
important is left out first; a name is cut only when nothing else is left to
leave out, and never within a letter.
"""

import json
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

from outcry.responder.formatting import clock_time, local
from outcry.responder.maps import picture, places
from outcry.responder.maps.picture import Spot
from outcry.responder.maps.places import Place
from outcry.responder.posting import graphemes
from outcry.responder.posting.publisher import Draft, Limits
from outcry.responder.rules.events import Ground
from outcry.responder.translations import ENGLISH, Words

_FOLDER = Path(__file__).parent / "words"
Part = str | Callable[[str], str]  # the same for everybody, or made of the wearer's name
_LEFT_OUT_FIRST = ("by", "ground", "link", "ask", "place")
_LONGEST_NAME = 80  # clusters; what is longer is no name
_TOWN_RADIUS_M = 20_000.0  # the circle around a town says: somewhere here
_JOINERS = ("\u200c", "\u200d")  # part of how Persian names and emoji are written


@dataclass(frozen=True)
class Where:
    """What may be said of where somebody is.

    ``label`` replaces everything else; ``position`` (degrees) with ``accuracy_m`` is there only
    where the plan discloses coordinates.
    """

    place: Place
    label: str = ""
    position: tuple[float, float] | None = None
    accuracy_m: float = 0.0


@dataclass(frozen=True)
class PostFacts:
    """What a text is made of. Times are Unix seconds; ``made_at``: when it was decided to say it.

    ``at``: the moment that a follow-up tells of; ``reason``: why a correction is made. ``again``: the
    button was held again after the alarm was over; ``reopened``: a duty officer says that it is not.
    ``dated``: ``raised_at`` is when it was raised, and not only when it was received. ``zone``: by whose
    clock times are told; None: by UTC.
    """

    wearer: str
    organisation: str
    raised_at: float
    made_at: float
    strap: bool = False
    again: bool = False
    reopened: bool = False
    ground: Ground = Ground.QUORUM
    confirmed: int = 0
    where: Where | None = None
    link: str = ""
    at: float = 0.0
    reason: str = ""
    dated: bool = True
    zone: tzinfo | None = None


class _Language:
    """The words of one language, with dates and countries."""

    def __init__(self, language: str) -> None:
        self._data = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        self.say = Words(language, self._data)
        self._countries = countries()[language]

    def date(self, at: float, zone: tzinfo | None) -> str:
        """22 November 2026."""
        day = local(at, zone)
        # Not by ``say``: a date is one thing to keep together.
        month = self._data["months"][day.month - 1]
        return str(self._data["day"].format(day=day.day, month=month, year=day.year))

    def link(self, address: str) -> str:
        """Where more is said; nothing may stand against an address."""
        return str(self._data["link"].format(link=address))

    def place(self, where: Where) -> str:
        """12 km south-east of Grozny, Chechnya, Russia."""
        if where.label:
            return tidy(where.label)
        place = where.place
        km = round(place.distance_m / 1000)
        kind = "sea" if place.at_sea else "remote" if place.remote else "near" if km else "in_town"
        direction = self._data["directions"][place.direction]
        said = self.say(kind, km=km, direction=direction, town=self.town(place))
        if place.near_border:
            said = self.say("border", place=said)
        if where.position is not None:
            latitude, longitude = where.position
            said = self.say("exact", place=said, position=f"{latitude:.5f}, {longitude:.5f}")
        return said

    def town(self, place: Place) -> str:
        """Its name, its region unless that says the same, and its country if one is named."""
        name = place.town.name
        country = self._countries.get(place.country or "", "")
        region = place.region
        if region.startswith(name) or region == country:
            region = ""
        return str(self._data["comma"].join(part for part in (name, region, country) if part))


def post_draft(facts: PostFacts, limits: Limits, language: str) -> Draft:
    words = _language(language)
    say = words.say
    where = facts.where
    parts: dict[str, Part] = {
        "raised": _raised(words, facts),
        "place": say("place", place=words.place(where)) if where else "",
        "ask": say("ask"),
        "ground": _ground(words, facts),
        "by": say("by", organisation=tidy(facts.organisation)),
        "link": words.link(facts.link) if facts.link and limits.link else "",
    }
    text = _fitted(parts, tidy(facts.wearer), limits)
    shown = _picture(words, where) if where and limits.picture else None
    png, alt = shown or (None, "")
    alt = graphemes.cut(alt, limits.alt_length)
    return Draft(text, say.language, facts.made_at, png, alt)


def follow_up_draft(facts: PostFacts, limits: Limits, language: str) -> Draft:
    """What happened after the post: an answer to it."""
    words = _language(language)
    if facts.where is None:
        sentence = _sentence(words, "still", facts, facts.at)
    else:
        sentence = _sentence(words, "seen", facts, facts.at, words.place(facts.where))
    text = _fitted({"raised": sentence}, tidy(facts.wearer), limits)
    return Draft(text, words.say.language, facts.made_at)


def correction_draft(facts: PostFacts, limits: Limits, language: str) -> Draft:
    """What readers of the post must know now: it may take the post's place."""
    words = _language(language)
    reason = facts.reason if facts.reason in ("false_alarm", "released") else "other"
    parts: dict[str, Part] = {
        "raised": _sentence(words, reason, facts, facts.raised_at),
        "by": words.say("by", organisation=tidy(facts.organisation)),
    }
    return Draft(_fitted(parts, tidy(facts.wearer), limits), words.say.language, facts.made_at)


def take_back_draft(facts: PostFacts, limits: Limits, language: str) -> Draft:
    """What readers of a correction must know now: it may take the correction's place."""
    words = _language(language)
    parts: dict[str, Part] = {
        "raised": _sentence(words, "taken_back", facts, facts.made_at),
        "by": words.say("by", organisation=tidy(facts.organisation)),
        "link": words.link(facts.link) if facts.link and limits.link else "",
    }
    return Draft(_fitted(parts, tidy(facts.wearer), limits), words.say.language, facts.made_at)


def tidy(name: str) -> str:
    """A name on one line, without signs that turn or command: it is to be read, nothing more.

    An "@" would call somebody in most networks.
    """
    kept = "".join(
        " " if letter.isspace() else letter.replace("@", "＠")  # noqa: RUF001 - its wide twin
        for letter in name
        if letter in _JOINERS or letter.isspace() or unicodedata.category(letter)[0] != "C"
    )
    return graphemes.cut(" ".join(kept.split()), _LONGEST_NAME)


def _sentence(
    words: _Language, key: str, facts: PostFacts, at: float, place: str = ""
) -> Callable[[str], str]:
    """A sentence with the wearer's name, which may have to be cut: what makes it of a name."""
    date, time = words.date(at, facts.zone), clock_time(at, facts.zone)
    return lambda wearer: words.say(key, wearer=wearer, date=date, time=time, place=place)


def _raised(words: _Language, facts: PostFacts) -> Callable[[str], str]:
    """No two episodes begin with the same words: X refuses those, and one would pass for the other."""
    if facts.reopened:
        return _sentence(words, "reopened", facts, facts.made_at)
    key = "again" if facts.again else "strap" if facts.strap else "panic"
    return _sentence(words, key if facts.dated else "received", facts, facts.raised_at)


def _ground(words: _Language, facts: PostFacts) -> str:
    match facts.ground:
        case Ground.CONSENT:
            return words.say("consent", wearer=tidy(facts.wearer))
        case Ground.DUTY_OFFICER if not facts.confirmed:
            return words.say("officer")
        case _ if facts.confirmed == 1:
            return words.say("one", wearer=tidy(facts.wearer))
        case _:
            return words.say("many", count=facts.confirmed, wearer=tidy(facts.wearer))


def _fitted(parts: dict[str, Part], wearer: str, limits: Limits) -> str:
    """All parts, or as many as there is room for."""
    left_out: set[str] = set()
    for more in ("", *_LEFT_OUT_FIRST):
        left_out.add(more)
        text = _joined(parts, wearer, left_out)
        if graphemes.length(text, limits.unit) <= limits.length:
            return text
    for length in range(len(graphemes.clusters(wearer)) - 1, 0, -1):
        text = _joined(parts, graphemes.cut(wearer, length), left_out)
        if graphemes.length(text, limits.unit) <= limits.length:
            return text
    raise ValueError(f"no text of this language fits {limits.length} {limits.unit.value}")


def _joined(parts: dict[str, Part], wearer: str, left_out: set[str]) -> str:
    left = [part for name, part in parts.items() if name not in left_out]
    said = (part(wearer) if callable(part) else part for part in left)
    return " ".join(each for each in said if each)


def _picture(words: _Language, where: Where) -> tuple[bytes, str] | None:
    """The surroundings of the town, the same wherever near it somebody is; or of the position.

    None where the plan gives a label: the picture would say more.
    """
    if where.label:
        return None
    town = where.place.town
    if where.position is not None:
        spot = Spot(*where.position, where.accuracy_m)
        alt = words.say("alt_exact", place=words.place(where))
    else:
        spot = Spot(town.latitude, town.longitude, _TOWN_RADIUS_M, town.name)
        alt = words.say("alt", town=words.town(where.place))
    return _drawn(spot), alt


@lru_cache(8)
def _drawn(spot: Spot) -> bytes:
    """Drawn once for all networks that show it."""
    return picture.draw(spot, places.load())


@cache
def _language(language: str) -> _Language:
    return _Language(language if language in countries() else ENGLISH)


@cache
def countries() -> dict[str, dict[str, str]]:
    """By language and code, the names of countries."""
    text = resources.files("outcry.responder.maps").joinpath("data/countries.json")
    names: dict[str, dict[str, str]] = json.loads(text.read_text(encoding="utf-8"))
    return names
