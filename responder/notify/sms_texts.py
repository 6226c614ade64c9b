"""What HQ says to a contact, in their language: from the templates in ``words/``.

A text keeps to two SMS parts whatever its fields hold: what does not fit goes,
first the hint, then the map, the accuracy, the place, and last letters of the
name. The link and what has happened never go.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from pathlib import Path

from outcry.letters import clean, dated, is_gsm7, latin, parts
from outcry.report import AlarmKind, NoPosition, Position
from outcry.responder import formatting
from outcry.responder.rules.calls import Says

FOLDER = Path(__file__).parent / "words"
MAX_PARTS = 2
_MAP = "https://osm.org/?mlat={:.5f}&mlon={:.5f}"
_KEYS = {AlarmKind.STRAP: "strap", AlarmKind.DRILL: "drill", AlarmKind.SILENCE: "silence"}
_ASK_FOR_A_CODE = (Says.USED, Says.UNKNOWN, Says.WORDS)
_TITLES = {AlarmKind.DRILL: "title_drill", AlarmKind.SILENCE: "title_silence"}


@dataclass(frozen=True, repr=False)
class News:
    """What a contact is told of. ``at``: Unix seconds; of a silence, when it was last heard.

    ``again``: the wearer held the button after the alarm was closed. ``place`` is None where
    nothing is to be said of it. ``marks``: what a silent device last said of itself. ``told_of_at``:
    when HQ had it; ``by_hq``: HQ's clock dates it, and if it is not ``dated`` that says nothing of
    when it was raised. ``zone``: by whose clock ``at`` is told; None: by UTC.
    """

    wearer: str
    kind: AlarmKind
    at: float
    place: Position | NoPosition | None
    again: bool = False
    marks: tuple[str, ...] = ()
    told_of_at: float | None = None
    by_hq: bool = False
    dated: bool = True
    zone: tzinfo | None = None


def text(language: str, news: News, link: str, has_codes: bool) -> str:
    """The SMS to a contact. ``has_codes``: they have a card to answer from by SMS."""
    words = _words(language)
    name = _name(words, news.wearer)
    hints = (words["hint"], words["hint_short"], "") if has_codes else ("",)
    for place in _places(words, news.place):
        for hint in hints:
            said = _fill(words, news, name, place, link, hint)
            if parts(said) <= MAX_PARTS:
                return said
    for end in range(len(name), 0, -1):
        said = _fill(words, news, name[:end], "", link, "")
        if parts(said) <= MAX_PARTS:
            return said
    return said  # an address so long that nothing helps


def reply(language: str, says: Says, has_codes: bool) -> str:
    """The SMS to a contact who has texted: one part. ``has_codes``: they can answer by SMS."""
    key = "no_card" if says in _ASK_FOR_A_CODE and not has_codes else says.value
    return _words(language)[f"reply_{key}"]


def message(language: str, news: News, link: str) -> tuple[str, str]:
    """Title and body for a channel that carries more than an SMS does."""
    words = _words(language)
    name = clean(news.wearer) or words["unnamed"]
    title = words[_TITLES.get(news.kind, "title_alarm")].format(wearer=name)
    place = next(_places(words, news.place))
    return title, _fill(words, news, name, place, link, "")


@lru_cache
def _words(language: str) -> Mapping[str, str]:
    path = FOLDER / f"{language}.toml"
    if not path.exists():
        path = FOLDER / "en.toml"
    return {key: str(said) for key, said in tomllib.loads(path.read_text("utf-8")).items()}


def _name(words: Mapping[str, str], wearer: str) -> str:
    """In Latin letters where one of another script would halve the room."""
    return (latin(wearer) if is_gsm7(words["alarm"]) else clean(wearer)) or words["unnamed"]


def _fill(words: Mapping[str, str], news: News, name: str, place: str, link: str, hint: str) -> str:
    key = _KEYS.get(news.kind, "again" if news.again else "alarm")
    time = dated(words["time"], formatting.local(news.at, news.zone))
    if not news.dated:
        time = words["received"].format(time=time)
    said = words[key].format(wearer=name, time=time, place=place, link=link, hint=hint)
    lines = (" ".join(line.split()) for line in said.splitlines())
    return "\n".join(line for line in lines if line)


def _places(words: Mapping[str, str], place: Position | NoPosition | None) -> Iterator[str]:
    """The place, in fewer words each time; at last none."""
    if isinstance(place, Position):
        latitude, longitude = (round(each, 5) + 0.0 for each in (place.latitude, place.longitude))
        fields = {
            "map": _MAP.format(latitude, longitude),
            "at": f"{latitude:.5f},{longitude:.5f}",
            "accuracy": _accuracy(words, place.accuracy_m),
            "age": _age(words, place),
        }
        for key in ("fix", "fix_short", "fix_shortest"):
            yield words[key].format(**fields)
    elif place is not None:
        yield words["no_fix"]
    yield ""


def _accuracy(words: Mapping[str, str], metres: int | None) -> str:
    if metres is None:
        return words["accuracy_unknown"]
    return words["accuracy"].format(metres=metres)


def _age(words: Mapping[str, str], place: Position) -> str:
    seconds = place.age_s
    if not place.age_known:
        return words["age_unknown"]
    if seconds < 60:
        return words["age_now"]
    if seconds <= 99 * 60:  # each is rounded up: never younger
        return words["age_minutes"].format(minutes=-(-seconds // 60))
    return words["age_hours"].format(hours=-(-seconds // 3600))
