"""What HQ says to contacts in seven languages: whole, short, and never mistaken for another."""

from __future__ import annotations

import re
import string
import tomllib
from itertools import product

import pytest
from bidi import get_base_level, get_display
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.modem.pdu import encode
from outcry.report import AlarmKind, NoFixReason, NoPosition, Position
from outcry.responder.notify.sms_texts import FOLDER, MAX_PARTS, News, message, text
from outcry.responder.plans.document import LANGUAGES
from stage.reports import NOON

HERE = Position(43.31780, 45.69490, 12, 185)
FAR = Position(-88.88888, -178.88888, 65_534, 65_535)
NOWHERE = NoPosition(NoFixReason.NO_GPSD)
LINK = "https://help.example.org/c/AbCdEfGhIjKlMnOp"
KINDS = (AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL, AlarmKind.SILENCE)
DRILL_WORDS = {
    "ar": "تدريب",
    "en": "DRILL",
    "es": "SIMULACRO",
    "fa": "تمرین",
    "fr": "EXERCICE",
    "ru": "УЧЕНИЯ",
    "uk": "НАВЧАННЯ",
}
WORDS = {name: tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")) for name in LANGUAGES}


def sms_parts(said: str) -> int:
    """As the modem cuts it."""
    return len(encode("+447700900101", said, reference=0))


def news(kind: AlarmKind = AlarmKind.PANIC, name: str = "Ana", place=HERE, again=False) -> News:
    return News(name, kind, NOON, place, again)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_languages_are_those_of_the_folder_and_say_the_same_things():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(LANGUAGES)
    for name in LANGUAGES:
        assert WORDS[name].keys() == WORDS["en"].keys()
        for key in ("alarm", "strap", "again"):
            assert fields(WORDS[name][key]) == {"wearer", "time", "place", "link", "hint"}
        assert fields(WORDS[name]["drill"]) == {"wearer", "time", "link", "hint"}
        assert fields(WORDS[name]["silence"]) >= {"wearer", "time"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", [HERE, FAR, NOWHERE])
def test_who_when_where_and_the_link_stand_in_two_parts(language, place):
    said = text(language, news(place=place), LINK, has_codes=True)
    assert sms_parts(said) <= MAX_PARTS
    assert LINK in said.split()
    assert "Ana" in said
    assert "12:00 UTC" in said
    if isinstance(place, Position):
        assert f"{place.latitude:.5f}" in said
        assert f"{place.longitude:.5f}" in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL])
def test_the_link_to_answer_is_the_first_address_and_nothing_cuts_it_short(language, kind):
    """A frightened hand taps the first; phones end a link where letters and digits do."""
    for again, place in product((False, True), (HERE, NOWHERE)):
        for said in (
            text(language, news(kind, place=place, again=again), LINK, has_codes=True),
            message(language, news(kind, place=place, again=again), LINK)[1],
        ):
            assert re.findall(r"https?://\S+", said)[0] == LINK
    assert LINK[-1].isalnum()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("again", [False, True])
def test_only_a_drill_begins_with_the_word_drill(language, again):
    word = DRILL_WORDS[language]
    for kind in KINDS:
        title, body = message(language, news(kind, again=again), LINK)
        for said in (text(language, news(kind, again=again), LINK, True), title, body):
            assert said.startswith(word) == (kind is AlarmKind.DRILL)


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_latin_languages_keep_to_the_phones_own_alphabet(language):
    said = text(language, news(name="Zoë Łukasiewicz"), LINK, has_codes=True)
    assert said.isascii() or sms_parts(said) <= MAX_PARTS
    assert "map" not in said
    assert "https://osm.org/?mlat=43.31780&mlon=45.69490" in said.split()


def test_in_english_it_reads_like_this():
    assert text("en", news(), LINK, has_codes=True) == (
        f"ALARM from Ana, 2026-11-22 12:00 UTC. Open this link and answer with your PIN: {LINK} "
        "Position (within 12 m, 4 min before): https://osm.org/?mlat=43.31780&mlon=45.69490 . "
        "Or reply with a code from your card, a space and 1 (real), 2 (seen), "
        "3 (do not know) or 4 (false)."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hint_says_what_a_code_does_also_where_there_is_little_room(language):
    said = text(language, news(place=NOWHERE), LINK, has_codes=True)
    hints = [WORDS[language][key] for key in ("hint", "hint_short")]
    assert any(said.endswith(hint) for hint in hints)
    assert all("1" in hint for hint in hints)


def test_in_ukrainian_there_is_room_for_the_place_in_figures():
    said = text("uk", news(name="Олена"), LINK, has_codes=True)
    assert said.splitlines() == [
        "ТРИВОГА: Олена",
        "22.11 12:00 UTC",
        "Відповідайте тут із PIN:",
        LINK,
        "43.31780,45.69490 (4 хв раніше)",
    ]


def test_a_hint_is_for_those_who_have_a_card():
    assert "card" not in text("en", news(), LINK, has_codes=False)


def test_a_language_nobody_has_words_in_is_english():
    assert text("xx", news(), LINK, False) == text("en", news(), LINK, False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_silence_no_link_is_sent_and_no_alarm_claimed(language):
    said = text(language, news(AlarmKind.SILENCE, place=None), "", has_codes=False)
    assert sms_parts(said) <= MAX_PARTS
    assert "http" not in said
    assert WORDS[language]["title_alarm"].split(":")[0].split("{")[0] not in said


names = st.text(st.characters(codec="utf-8"), max_size=40)
places = st.sampled_from([HERE, FAR, NOWHERE, None])


@given(st.sampled_from(LANGUAGES), st.sampled_from(KINDS), names, places, st.booleans())
def test_whatever_the_name_two_parts_hold_it_and_the_link_stands_alone(
    language, kind, name, place, again
):
    said = text(language, news(kind, name, place, again), LINK, has_codes=True)
    assert sms_parts(said) <= MAX_PARTS
    assert kind is AlarmKind.SILENCE or LINK in said.split()


@pytest.mark.parametrize("language", ["ar", "fa"])
@pytest.mark.parametrize("name", ["Ana", "علی"])
def test_from_right_to_left_each_line_is_read_as_it_is_meant(language, name):
    for kind in KINDS:
        for line in text(language, news(kind, name), LINK, has_codes=True).splitlines():
            right = any("\u0600" <= letter <= "\u06ff" for letter in line)
            assert get_base_level(line) == right
            if LINK in line or not right:
                assert get_display(line, base_dir="L") == line


def test_nothing_of_a_person_shows_in_a_repr():
    assert "Ana" not in repr(news())
    assert "43.3" not in repr(news())


@pytest.mark.parametrize(
    ("age_s", "told"),
    [
        (59, "just before"),
        (60, " 1 min "),
        (61, " 2 min "),
        (119, " 2 min "),
        (5940, " 99 min "),
        (5941, " 2 h "),
        (7200, " 2 h "),
        (7201, " 3 h "),
    ],
)
def test_an_age_is_never_told_as_younger_than_it_is(age_s, told):
    place = Position(43.31780, 45.69490, 12, age_s)
    assert told in text("en", news(place=place), LINK, has_codes=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_age_that_nobody_knows_is_told_as_unknown(language):
    unknown = Position(43.31780, 45.69490, 12, 65_535, age_known=False)
    said = text(language, news(place=unknown), LINK, has_codes=False)
    known = text(language, news(), LINK, has_codes=False)
    has_room = WORDS[language]["age_minutes"].format(minutes=3) in known
    assert WORDS[language]["age_unknown"] in said or not has_room
    assert "18" not in said.replace("45.69490", "").replace("43.31780", "")
