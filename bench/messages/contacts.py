"""How many SMS a contact's text takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from outcry.daemon.messages.texts import Language, Place, check, load
from outcry.enrolment import MAX_NAME_CHARS
from outcry.envelope import SEALED_CHARS
from outcry.hw.modem.pdu import encode
from outcry.report import (
    MAX_ACCURACY_M,
    MAX_AGE_S,
    AlarmKind,
    NoFixReason,
    NoPosition,
    Position,
)
from stage.stage import ROOT

RANDOM_NAMES = 40
FOLDER = ROOT / "config" / "texts"
_LINK = "https://alarm.human-rights.example.org/a/" + "x" * SEALED_CHARS + "/99"
_SCRIPTS = ("Wé", "Щю", "ﷺم", "نی", "龍", "မြ", "𞤀", "👩🏽", "{\u202e", "\u0301")
_PLACES: tuple[Place, ...] = (
    None,
    NoPosition(NoFixReason.UNKNOWN),
    *(
        Position(-88.88888, -178.88888, accuracy, age_s)
        for accuracy, age_s in product((None, MAX_ACCURACY_M), (5_999, MAX_AGE_S))
    ),
)


def contact_text_parts_max(random_names: int = RANDOM_NAMES) -> float:
    """The most SMS any text takes, as the modem's codec cuts it.

    In every language shipped, of every kind, with every position and clock, under the longest
    names of ten scripts and 40 drawn from all of Unicode. A template told of at start is ten.
    """
    random = Random(1)
    names = [script * MAX_NAME_CHARS for script in _SCRIPTS]
    names += [_drawn(random) for _ in range(random_names)]
    codes = {path.stem for path in FOLDER.glob("*.toml")}
    languages, _ = load(FOLDER, codes, _LINK)
    most = 10 if check(FOLDER, _LINK) else 0
    for language, name in product(languages.values(), names):
        texts = set(_texts(language, name[:MAX_NAME_CHARS]))
        most = max(most, *(len(encode("+447700900101", text, 0)) for text in texts))
    return most


def _drawn(random: Random) -> str:
    """A name from neighbours in Unicode: mostly one script, and now and then no letters at all."""
    start = random.randrange(0x20, 0x2_0000)
    return "".join(chr(start + random.randrange(40)) for _ in range(MAX_NAME_CHARS))


def _texts(language: Language, name: str) -> Iterator[str]:
    kinds = (AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL)
    for kind, place, raised_at in product(kinds, _PLACES, (None, 1.79e9)):
        for again, link_follows in product((False, True), repeat=2):
            yield language.alert(name, raised_at, place, kind, again, link_follows)
        yield language.link(name, _LINK, kind)
        yield language.publish(name, raised_at, place)
