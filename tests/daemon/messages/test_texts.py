"""What contacts read: complete, never more than two parts, in their language and its direction."""
# ruff: noqa: RUF001 - letters that look like others are what is tested here

import re
import time
import unicodedata
from bisect import bisect_left
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from bidi import get_base_level, get_display
from hypothesis import given
from hypothesis import strategies as st

from bench.messages import contacts as bench_contacts
from outcry.daemon.messages.texts import MAX_PARTS, NAME_KEPT, Language, TextsInvalid, check, load
from outcry.enrolment import MAX_NAME_CHARS
from outcry.envelope import SEALED_CHARS
from outcry.hw.modem.pdu import encode
from outcry.letters import clean, latin
from outcry.report import MAX_AGE_S, AlarmKind, NoFixReason, NoPosition, Position
from outcry.settings_file import text_of

FOLDER = Path(__file__).parents[3] / "config" / "texts"
SHIPPED = ["ar", "en", "es", "fa", "fr", "ru", "uk"]
GSM7 = ["en", "es", "fr"]
RIGHT_TO_LEFT = ["ar", "fa"]
LINK = "https://outcry.example.org/a/" + "x" * SEALED_CHARS + "/12"
KINDS = [AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL]
AT = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC
GROZNY = Position(43.3178, 45.6949, 12, 200)
FAR = Position(-88.88888, -178.88888, 65_534, 5_999)
PLACES = [GROZNY, FAR, Position(0, 0, None, MAX_AGE_S), NoPosition(NoFixReason.UNKNOWN), None]
NAMES = [
    "Zarema",
    "Зарема Садулаева",
    "محمد علي",
    "نرگس محمدی",
    "Ñáñez–O’Neil",
    "刘晓波",
    "W" * MAX_NAME_CHARS,
    "Щ" * MAX_NAME_CHARS,
    "ﷺ" * MAX_NAME_CHARS,
    "{wearer}%s{0.__class__}",
    "\u202eevil\u2066 (Ana)\u200f",
    "A\nB https://evil.example",
    "👩🏽‍⚖️🇺🇦",
    "\ud800",
    "\u3164",
    "",
]
SAFE = re.compile(
    r"\b(safe|salvo|segur[oa]|sécurité|sain et sauf|безопас|спас[её]н|безпе[цк]|врятован|bezopas)"
    r"|\b(بأمان|آمنة?|سالم|امن|امان|نجات)\b"
)
languages = load(FOLDER, set(SHIPPED), LINK)[0]


@pytest.fixture(params=SHIPPED)
def code(request):
    return request.param


@pytest.fixture
def language(code):
    return languages[code]


def sent_parts(text):
    """How many SMS the modem is given: by the codec that cuts them, not by our count."""
    return len(encode("+447700900101", text, reference=0))


def every_text(language, name, raised_at, place):
    for kind, again, follows in product(KINDS, (False, True), (False, True)):
        yield language.alert(name, raised_at, place, kind, again, follows)
    for kind in KINDS:
        yield language.link(name, LINK, kind)
    yield language.publish(name, raised_at, place)


places = (
    st.none()
    | st.sampled_from(NoFixReason).map(NoPosition)
    | st.builds(
        Position,
        st.floats(-90, 90),
        st.floats(-180, 180),
        st.none() | st.integers(0, 65_534),
        st.integers(0, MAX_AGE_S),
    )
)
clocks = st.none() | st.floats(-1e20, 1e20) | st.floats(0, 4e9)
names = st.sampled_from(NAMES) | st.text(max_size=MAX_NAME_CHARS)


# In two parts, whole


@pytest.mark.slow
@given(st.sampled_from(SHIPPED), names, clocks, places)
def test_every_text_in_every_language_takes_two_parts_at_most(code, name, raised_at, place):
    for text in every_text(languages[code], name, raised_at, place):
        assert sent_parts(text) <= MAX_PARTS
        assert "{" not in text
        assert "}" not in text


@pytest.mark.parametrize("name", NAMES)
def test_no_name_and_no_extreme_makes_a_text_longer_or_breaks_it(language, name):
    moments = (AT, None, float("inf"), float("nan"), -1e18)
    for text in {
        text
        for raised_at, place in product(moments, PLACES)
        for text in every_text(language, name, raised_at, place)
    }:
        assert sent_parts(text) <= MAX_PARTS
        assert text.replace("\n", "").isprintable()


@given(st.sampled_from(SHIPPED), names, places.filter(lambda place: isinstance(place, Position)))
def test_the_map_shows_the_very_place_and_nothing_sticks_to_its_address(code, name, place):
    for kind in KINDS:
        text = languages[code].alert(name, AT, place, kind)
        found = re.findall(
            r"(?<!\S)https://osm\.org/\?mlat=(-?\d+\.\d{5})&mlon=(-?\d+\.\d{5})(?!\S)", text
        )
        assert len(found) == 1
        assert abs(float(found[0][0]) - place.latitude) <= 0.000_006
        assert abs(float(found[0][1]) - place.longitude) <= 0.000_006


def test_the_equator_and_greenwich_have_no_minus(language):
    text = language.alert("Ana", AT, Position(-1e-7, -0.0, 5, 0), AlarmKind.PANIC)
    assert "mlat=0.00000&mlon=0.00000\n" in text


@given(st.sampled_from(SHIPPED), names, st.sampled_from(KINDS))
def test_the_link_arrives_whole_in_the_phones_own_alphabet(code, name, kind):
    text = languages[code].link(name, LINK, kind)
    assert text.split()[-1] == LINK
    assert len(text.split()) > 3
    assert sent_parts(text) == 2


def test_even_an_address_that_leaves_no_room_for_words_is_sent(language):
    link = "https://x.example/~a/" + "x" * 285
    assert language.link("Zarema", link, AlarmKind.PANIC) == link
    longest = Language("it", (FOLDER / "en.toml").read_text(encoding="utf-8"), link)
    assert any("link can take 3 SMS parts" in warning for warning in longest.warnings)


@pytest.mark.parametrize("name", ["Zarema", "Зарема Садулаева", "محمد علي", "Nguyễn Văn Đài"])
def test_a_usual_alarm_names_the_wearer_in_full_and_says_what_to_do(code, language, name):
    place = Position(43.3178, 45.6949, 40, 20)
    for follows, key in ((True, "open_link"), (False, "call")):
        text = language.alert(name, AT, place, AlarmKind.PANIC, link_follows=follows)
        assert text.endswith("\n" + language.templates[key])
        if code not in GSM7:
            assert name in text


def test_in_the_phones_own_alphabet_nothing_is_ever_left_out(code, language):
    for place, kind, again in product(PLACES, KINDS, (False, True)):
        text = language.alert("W" * MAX_NAME_CHARS, AT, place, kind, again, link_follows=True)
        if code in GSM7:
            assert "W" * MAX_NAME_CHARS in text
            assert text.endswith(language.templates["open_link"])
        else:
            assert text.count("W") >= NAME_KEPT


# What they say


def test_the_text_says_who_when_where_how_sure_and_how_old(language):
    text = language.alert("Zarema", AT, GROZNY, AlarmKind.PANIC)
    for fact in ("Zarema", "21", "14:13 UTC", "mlat=43.31780&mlon=45.69490", "12 ", "3 "):
        assert fact in text


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Position(1, 2, 40, 0), ("within 40 m", "seen just now")),
        (Position(1, 2, 40, 59), ("seen just now",)),
        (Position(1, 2, 999, 60), ("within 999 m", "seen 1 min earlier")),
        (Position(1, 2, 40, 61), ("seen 2 min earlier",)),
        (Position(1, 2, 40, 119), ("seen 2 min earlier",)),
        (Position(1, 2, 1000, 5_940), ("within 1 km", "seen 99 min earlier")),
        (Position(1, 2, 1000, 5_941), ("within 1 km", "seen 2 h earlier")),
        (Position(1, 2, 1001, 6_000), ("within 2 km", "seen 2 h earlier")),
        (Position(1, 2, 40, 8_999), ("seen 3 h earlier",)),
        (Position(1, 2, 65_534, 65_534), ("within 66 km", "seen 19 h earlier")),
        (Position(1, 2, None, 65_535), ("accuracy not known", "seen more than 18 h earlier")),
    ],
)
def test_accuracy_and_age_are_never_told_as_better_than_they_are(place, words):
    text = languages["en"].alert("Zarema", AT, place, AlarmKind.PANIC)
    assert all(word in text for word in words)


def test_no_fix_and_lost_fix_are_said_and_no_coordinates_are_invented(language):
    told = set()
    for place in (None, NoPosition(NoFixReason.NO_SATELLITES)):
        text = language.alert("Zarema", None, place, AlarmKind.PANIC)
        assert "osm.org" not in text
        assert "0.00" not in text
        told.add(text)
    assert len(told) == 2


def test_a_clock_that_is_not_set_names_no_hour(language):
    for text in every_text(language, "Zarema", None, GROZNY):
        assert "UTC" not in text
        assert "1970" not in text


DRILL = {
    "ar": ("تدريب", "TADRIB"),
    "en": ("DRILL", "DRILL"),
    "es": ("SIMULACRO", "SIMULACRO"),
    "fa": ("تمرین", "TAMRIN"),
    "fr": ("EXERCICE", "EXERCICE"),
    "ru": ("УЧЕНИЯ", "UCHENIYA"),
    "uk": ("НАВЧАННЯ", "NAVCHANNIA"),
}


@pytest.mark.parametrize("again", [False, True])
def test_a_drill_begins_with_the_word_in_the_contacts_language_and_no_alarm_does(
    code, language, again
):
    word, latin_word = DRILL[code]
    for place in PLACES:
        assert language.alert("Ana", AT, place, AlarmKind.DRILL, again).startswith(word)
        for kind in (AlarmKind.PANIC, AlarmKind.STRAP):
            assert not language.alert("Ana", AT, place, kind, again).startswith(word)
    assert language.link("Ana", LINK, AlarmKind.DRILL).startswith(latin_word)
    assert latin_word not in language.link("Ana", LINK, AlarmKind.PANIC)


def test_a_drill_sends_nobody_to_call_the_others(language):
    for kind in KINDS:
        text = language.alert("Ana", AT, None, kind)
        assert (language.templates["call"] in text) == (kind is not AlarmKind.DRILL)


def test_button_strap_and_later_news_of_one_alarm_read_differently(language):
    texts = {
        language.alert("Ana", AT, GROZNY, AlarmKind.PANIC),
        language.alert("Ana", AT, GROZNY, AlarmKind.STRAP),
        language.alert("Ana", AT, GROZNY, AlarmKind.PANIC, again=True),
        language.alert("Ana", AT, GROZNY, AlarmKind.DRILL),
    }
    assert len(texts) == 4


def test_a_strap_goes_on_as_a_strap(language):
    texts = [language.alert("Ana", AT, GROZNY, AlarmKind.STRAP, again) for again in (False, True)]
    assert texts[0] == texts[1]


def test_no_text_says_that_anybody_is_safe(language):
    for place in PLACES:
        for text in every_text(language, "Ana", AT, place):
            assert not SAFE.search(text.lower())


def test_the_words_to_publish_tell_no_position(language):
    """Others than friends will read them; the map is in the contact's own text."""
    text = language.publish("Zarema", AT, GROZNY)
    assert "Zarema" in text
    assert "14:13 UTC" in text
    assert "43.3" not in text


def test_whoever_wants_the_position_published_can_write_it_into_the_template():
    source = (FOLDER / "en.toml").read_text(encoding="utf-8")
    source = source.replace("({time}). Share", "({time}). {position} Share")
    language = Language("en.toml", source, LINK)
    assert language.warnings == []
    assert "mlat=43.31780&mlon=45.69490 Share" in language.publish("Zarema", AT, GROZNY)


# Names


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Зарема Садулаева", "Zarema Sadulaeva"),
        ("Григорій Щирий", "Grigoriy Shchiriy"),
        ("محمد علي", "Mhmd Ali"),
        ("نرگس محمدی", "Nrgs Mhmdi"),
        ("Martín Ñáñez", "Martin Ñañez"),
        ("Zoë O’Neil–Žižek", "Zoe O'Neil-Zizek"),
        ("Đài Łukasz ø ß", "Dài Lukasz ø ß"),
        ("刘晓波", "LiuXiaoBo"),
        ("მარიამი", "Mariami"),
        ("\u202eevil\u2066 Ana\u200f", "evil Ana"),
        ("A\u00a0B\u2028C\tD", "A B C D"),
        ("👩🏽 Ana 1️⃣", "Ana 1"),
        ("[Ana] {x}", "(Ana) (x)"),
    ],
)
def test_a_name_reaches_a_text_in_latin_letters_as_it_sounds(name, read):
    text = languages["en"].alert(name, None, None, AlarmKind.PANIC)
    assert text.startswith(f"ALARM from {read}, time")


NOTHING_TO_SHOW = [
    "",
    "👍🏽",
    "\u202e\u2066",
    "\u3164\u115f",
    "\ud800",
    "\u0301\u0301",
    "?!",
    "— ՚",
]


@pytest.mark.parametrize("name", NOTHING_TO_SHOW)
def test_a_name_with_nothing_to_show_is_spoken_of_all_the_same(language, name):
    unnamed = language.templates["unnamed"]
    assert unnamed in language.alert(name, AT, None, AlarmKind.PANIC)
    assert latin(unnamed) in language.link(name, LINK, AlarmKind.PANIC)


def test_marks_heaped_on_a_letter_do_not_push_the_name_out_of_the_text():
    heaped = "Z" + "\u0301\u0302" * 36 + "arema"
    place = Position(-89.99999, -179.99999, 65_000, 65_000)
    assert "arema" in languages["ru"].alert(heaped, AT, place, AlarmKind.PANIC)


@pytest.mark.parametrize("name", ["\u0301Ana", " \u0301Ana", "\u064eAna"])
def test_a_mark_without_a_letter_hangs_on_nothing(name):
    assert "ТРЕВОГА: Ana" in languages["ru"].alert(name, AT, None, AlarmKind.PANIC)


@pytest.mark.parametrize("name", ["Nguyễn Thị Ðịnh", "مُحَمَّد", "שִׁמְעוֹן", "ကြွှေ", "บุ๋ม", "བསྒྲུབས"])
def test_letters_that_need_their_marks_keep_them(name):
    assert clean(name) == unicodedata.normalize("NFC", name)


def test_a_name_of_a_plane_few_phones_have_is_written_as_it_sounds():
    assert "adlam" in languages["ru"].alert("𞤀𞤣𞤤𞤢𞤥", AT, None, AlarmKind.PANIC)


@pytest.mark.parametrize("letter", ["’", "–", "“", "…", "\u00a0", "«"])
def test_typography_in_a_template_never_halves_the_room(letter):
    source = (FOLDER / "fr.toml").read_text(encoding="utf-8")
    source = source.replace("Pas un exercice.", f"Pas un {letter} exercice.")
    language = Language("fr.toml", source, LINK)
    assert language.warnings == []
    assert letter not in language.alert("Ana", AT, GROZNY, AlarmKind.PANIC)


def test_accents_that_the_phones_lack_are_sent_without():
    source = (FOLDER / "es.toml").read_text(encoding="utf-8").replace("Lugar (", "Posición (")
    language = Language("es.toml", source, LINK)
    assert language.warnings == []
    assert "Posicion (" in language.alert("Ana", AT, GROZNY, AlarmKind.PANIC)


@pytest.mark.parametrize("name", GSM7)
def test_the_shipped_latin_texts_need_no_letter_replaced(name):
    templates = languages[name].templates
    source = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert all(template in source for template in templates.values())


# From right to left


def lines_of(language, name):
    for place in PLACES:
        for text in every_text(language, name, AT, place):
            yield from text.split("\n")


def is_right_to_left(line):
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in line)


@pytest.mark.parametrize("code", RIGHT_TO_LEFT)
@pytest.mark.parametrize("name", ["محمد علي", "نرگس", "Zarema", "Ana (HRW) 7", "Зарема"])
def test_a_line_of_arabic_script_runs_from_right_to_left(code, name):
    for line in lines_of(languages[code], name):
        shown = get_display(line)
        if not is_right_to_left(line):
            assert get_base_level(line) == 0
            assert shown == line  # the address, the time, the words in Latin letters
            continue
        assert get_base_level(line) == 1
        first = line.split()[0]
        assert shown.endswith(first[::-1])
        for number in re.findall(r"\d+", line):
            assert number in shown
        if name in line and not is_right_to_left(name):
            assert get_display(name) in shown


@pytest.mark.parametrize("name", ["محمد علي 7", "7 محمد (Ali)", "Zarema"])
def test_a_name_from_right_to_left_turns_nothing_else_round(code, name):
    for line in lines_of(languages[code], name):
        if "https://" in line or "UTC" in line or "{" in line:
            assert get_display(line, base_dir=None) == line or code in GSM7
        if code not in RIGHT_TO_LEFT:
            assert get_base_level(line) == 0


def test_no_text_needs_a_mark_of_direction_that_old_phones_show_as_a_box(language):
    for text in every_text(language, "محمد علي", AT, GROZNY):
        assert not any(unicodedata.category(letter) == "Cf" for letter in text)


def test_numbers_are_written_in_the_same_digits_everywhere(language):
    for text in every_text(language, "محمد", AT, GROZNY):
        assert all(letter.isascii() for letter in text if letter.isdecimal())


def test_persian_and_arabic_are_written_with_their_own_letters():
    arabic, persian = ("".join(languages[code].templates.values()) for code in ("ar", "fa"))
    assert not set("کیپچگژ") & set(arabic)
    assert not set("كيىة") & set(persian)


# Templates that cannot surprise


def test_the_shipped_languages_are_these_and_have_no_problems():
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == SHIPPED
    assert check(FOLDER, LINK) == []
    assert check(FOLDER, None) == []


@pytest.mark.parametrize(
    "key",
    [
        *("alert", "strap", "again", "drill", "publish", "link", "raised_at", "time_unknown"),
        *("fix", "accuracy", "accuracy_far", "accuracy_unknown", "age_minutes", "age_more"),
    ],
)
def test_one_letter_too_many_is_told_and_not_one_sooner(code, key):
    """Told from the very letter on that would cost a reader a word or a letter of the name."""
    source = (FOLDER / f"{code}.toml").read_text(encoding="utf-8")

    def padded(letters):
        pattern = re.compile(rf'^({key} = (?:"""\n)?"?)', re.MULTILINE)
        return Language(code, pattern.sub(rf"\g<1>{'x' * letters}", source), LINK)

    room = bisect_left(range(1, 300), True, key=lambda letters: bool(padded(letters).warnings))
    assert any("shorten" in warning for warning in padded(room + 1).warnings)
    fullest = padded(room)
    assert fullest.warnings == []
    wanted = MAX_NAME_CHARS if code in GSM7 else NAME_KEPT
    ages, accuracies = (0, 5_999, 65_534, 65_535), (None, 999, 65_534)
    worst = [Position(-88.88888, -178.88888, *each) for each in product(accuracies, ages)]
    for raised_at, place in product((None, AT), [None, NoPosition(NoFixReason.UNKNOWN), *worst]):
        for text in every_text(fullest, "W" * MAX_NAME_CHARS, raised_at, place):
            assert text.count("W") >= (NAME_KEPT if LINK in text else wanted)


@pytest.mark.parametrize("code", GSM7)
def test_what_is_told_as_too_long_would_really_lose_words(code):
    source = (FOLDER / f"{code}.toml").read_text(encoding="utf-8")
    longest = ("W" * MAX_NAME_CHARS, AT, FAR, AlarmKind.STRAP)
    for letters in range(120):
        language = Language(code, source.replace('strap = "', 'strap = "' + "x" * letters), LINK)
        text = language.alert(*longest, link_follows=True)
        whole = text.endswith(language.templates["open_link"])
        assert whole or language.warnings
        if not whole:
            return
    raise AssertionError("it never became too long")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('alert = "', 'alert = "{secret} '), "alert has a field that cannot be filled: {secret}"),
        (("Not a drill. {position}", "Not"), "alert does not say {position}"),
        (('\nlink = "', '\nlnk = "'), "link is missing"),
        (('\nlink = "', '\nlnk = "'), "lnk is not known"),
        (('\nlink = "', '\nZarema = "Ana"\nlink = "'), "en.toml: *** is not known"),
        (('no_fix = "', 'no_fix = "{'), "no_fix has a brace without its pair"),
        (('alert = "', 'alert = "' + "x" * 1200), "alert with open_link can take 10 SMS parts"),
        (("{time}", "{time:d}"), "alert has more than a name in a brace"),
        (("{wearer}", "{wearer!r}"), "alert has more than a name in a brace"),
        (('age_now = "seen just now"', "age_now = 7"), "age_now is not text"),
        (('age_now = "seen just now"', 'age_now = " "'), "age_now is empty"),
        (("alert = ", "alert = 'x"), "not TOML"),
        (("{wearer}, {time}. Not", "{wearer.__class__}{wearer}{time} Not"), "cannot be filled"),
        (("{position}", "{position}."), "alert has '.' after {position}; leave a space"),
        (("{link}", "<{link}>"), "link has '<' before {link}; leave a space there"),
        (("{map}", "{map}, sic"), "fix has ',' after {map}"),
        (("PIN to make", "ПИН to make"), "link is not in Latin letters"),
    ],
)
def test_a_bad_template_is_refused_by_file_and_key(change, problem):
    source = (FOLDER / "en.toml").read_text(encoding="utf-8").replace(*change)
    with pytest.raises(TextsInvalid) as refusal:
        Language("en.toml", source, LINK)
    assert any(problem in told for told in refusal.value.problems)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("استغاثة من {wearer}", "{wearer} :استغاثة"), "alert has no word before {wearer}"),
        (("استغاثة من {wearer}\n{time}", "استغاثة من {wearer}، {time}"), "goes on after {wearer}"),
        (("{age}:\n{map}", "{age}: {map}"), "fix has more than {map} in its line"),
        (("فتح الرابط التالي", "فتح الرابط التالي وإدخال"), "open_link has no room in a usual"),
    ],
)
def test_a_template_that_a_phone_would_show_in_the_wrong_order_is_refused(change, problem):
    source = (FOLDER / "ar.toml").read_text(encoding="utf-8").replace(*change)
    try:
        told = Language("ar.toml", source, LINK).warnings
    except TextsInvalid as refusal:
        told = refusal.problems
    assert any(problem in each for each in told)


def test_a_text_in_more_parts_than_a_reader_likes_is_told_and_sent(tmp_path):
    source = (FOLDER / "en.toml").read_text(encoding="utf-8")
    more = "x" * 300
    (tmp_path / "en.toml").write_text(
        source.replace('alert = "', f'alert = "{more}'), encoding="utf-8"
    )
    used, problems = load(tmp_path, {"en"}, LINK)
    assert any("SMS parts; shorten it to fit 2" in problem for problem in problems)
    assert more in used["en"].alert("Zarema", None, None, AlarmKind.PANIC)


@pytest.mark.parametrize("stray", ["\u0410", "\u0416\u0449", "\u0639"])
def test_a_letter_strayed_into_a_latin_text_is_told_by_name(stray, tmp_path):
    """A Cyrillic A looks like ours and would halve the room."""
    source = (FOLDER / "fr.toml").read_text(encoding="utf-8")
    (tmp_path / "fr.toml").write_text(
        source.replace("ALARME de", f"{stray}LARME de"), encoding="utf-8"
    )
    used, problems = load(tmp_path, {"fr"}, LINK)
    assert f"fr.toml: alert has {stray[0]!r}, which is not in the phones' alphabet" in problems[1]
    assert used["fr"].alert("Ana", None, None, AlarmKind.PANIC).startswith("ALARM from Ana")


@pytest.mark.parametrize("name", ["en", "fr"])
def test_a_language_that_cannot_be_used_is_told_and_english_goes(name, tmp_path):
    used, problems = load(tmp_path, {name}, None)
    assert any(f"{name}.toml: cannot be read" in problem for problem in problems)
    text = used[name].alert("Zarema", None, None, AlarmKind.PANIC)
    assert text.startswith("ALARM from Zarema")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[alert]\n",
        b"alert = 1\n",
        b"\x00" * 9,
        b"alert = " + b"[" * 9_999,
        b"alert = " + b"9" * 9_999,
        b"#" * 2_000_000,
    ],
)
def test_whatever_is_in_a_file_english_goes(content, tmp_path):
    (tmp_path / "fa.toml").write_bytes(content)
    used, problems = load(tmp_path, {"fa"}, None)
    assert problems
    assert used["fa"].alert("Ana", None, None, AlarmKind.PANIC).startswith("ALARM from Ana")


WHERE_THEY_ARE_SPOKEN = [
    ("ar", "Asia/Baghdad", "21/09 17:13+3"),
    ("en", "Asia/Kathmandu", "2026-09-21 19:58 UTC+5:45"),
    ("en", "UTC", "2026-09-21 14:13 UTC"),
    ("es", "America/Caracas", "21/09/2026 10:13 UTC-4"),
    ("fa", "Asia/Kabul", "21 Sep 18:43+4:30"),
    ("fa", "Asia/Tehran", "21 Sep 17:43+3:30"),
    ("fr", "Africa/Kinshasa", "le 21/09/2026 à 15:13 UTC+1"),
    ("ru", "Asia/Kamchatka", "22.09 02:13+12"),
    ("ru", "UTC", "21.09 14:13 UTC"),
    ("uk", "Europe/Kyiv", "21.09 17:13+3"),
]


@pytest.mark.parametrize(("code", "zone", "told"), WHERE_THEY_ARE_SPOKEN)
def test_the_time_is_that_of_where_the_wearer_lives_and_every_text_still_fits(code, zone, told):
    language = Language(code, text_of(FOLDER / f"{code}.toml"), LINK, ZoneInfo(zone))
    assert language.warnings == []
    assert told in language.alert("Zarema", AT, GROZNY, AlarmKind.PANIC)


def test_a_template_that_says_utc_itself_is_filled_with_utc():
    source = text_of(FOLDER / "en.toml").replace("{hour} {zone}", "{hour} UTC")
    language = Language("en.toml", source, LINK, ZoneInfo("Europe/Moscow"))
    assert "2026-09-21 14:13 UTC" in language.alert("Zarema", AT, None, AlarmKind.PANIC)


def test_without_a_zone_it_is_the_machines(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Moscow")
    time.tzset()
    try:
        language = Language("en.toml", text_of(FOLDER / "en.toml"), LINK)
        assert "2026-09-21 17:13 UTC+3" in language.alert("Zarema", AT, None, AlarmKind.PANIC)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_language_may_be_named_in_capitals():
    used, problems = load(FOLDER, {"RU"}, LINK)
    assert problems == []
    assert used["RU"].alert("Ana", None, None, AlarmKind.PANIC).startswith("ТРЕВОГА")


def test_the_folders_english_goes_before_the_one_built_in(tmp_path):
    source = (FOLDER / "en.toml").read_text(encoding="utf-8")
    (tmp_path / "en.toml").write_text(source.replace("ALARM", "DANGER"), encoding="utf-8")
    (tmp_path / "fr.toml").write_text("nonsense", encoding="utf-8")
    used, problems = load(tmp_path, {"fr"}, None)
    text = used["fr"].alert("Zarema", None, None, AlarmKind.PANIC)
    assert text.startswith("DANGER")
    assert problems


def test_the_english_built_in_is_the_english_shipped(tmp_path):
    built_in = load(tmp_path, {"en"}, LINK)[0]["en"]
    assert languages["en"].templates == built_in.templates


@pytest.mark.slow
def test_the_bench_counts_what_a_template_costs(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_contacts, "RANDOM_NAMES", 0)
    source = (FOLDER / "en.toml").read_text(encoding="utf-8")
    (tmp_path / "en.toml").write_text(source, encoding="utf-8")
    monkeypatch.setattr(bench_contacts, "FOLDER", tmp_path)
    assert bench_contacts.contact_text_parts_max() == 2
    (tmp_path / "en.toml").write_text(
        source.replace('publish = "', 'publish = "' + "x" * 170), encoding="utf-8"
    )
    assert bench_contacts.contact_text_parts_max() > 2
