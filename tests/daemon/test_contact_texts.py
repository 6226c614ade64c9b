"""What contacts read: complete, never more than two parts, and templates that cannot surprise."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.texts import MAX_PARTS, Language, TextsInvalid, load, parts
from outcry.hw.modem.pdu import PduRefused, encode
from outcry.report import NoFixReason, NoPosition, Position

FOLDER = Path(__file__).parents[2] / "config" / "texts"
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.toml"))
LINK = "https://outcry.example.org/a/" + "x" * 155 + "/12"

places = (
    st.none()
    | st.sampled_from(NoFixReason).map(NoPosition)
    | st.builds(
        Position,
        st.floats(-90, 90),
        st.floats(-180, 180),
        st.none() | st.integers(0, 65_534),
        st.integers(0, 65_535),
    )
)


@pytest.fixture(params=SHIPPED)
def language(request):
    languages, problems = load(FOLDER, {request.param}, LINK)
    assert problems == []
    return languages[request.param]


@given(
    name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40),
    raised_at=st.none() | st.floats(0, 4e9),
    place=places,
    drill=st.booleans(),
)
def test_every_text_keeps_to_two_parts_for_a_name_in_plain_letters(name, raised_at, place, drill):
    english = load(FOLDER, {"en"}, LINK)[0]["en"]
    text = english.alert(name, raised_at, place, drill)
    if parts(name) == 1 and all(ord(character) < 128 for character in name):
        assert parts(text) <= MAX_PARTS
    assert name in text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=400))
def test_no_text_takes_more_parts_than_counted(text):
    try:
        sent = encode("+447700900101", text or "x", reference=0)
    except PduRefused:
        return
    assert len(sent) <= parts(text or "x")


def test_the_text_says_who_when_where_how_sure_and_how_old(language):
    text = language.alert("Zarema", 1_790_000_000, Position(43.3178, 45.6949, 12, 200), False)
    for fact in ("Zarema", "2026-", "UTC", "mlat=43.31780&mlon=45.69490", "12 m", "3 min"):
        assert fact in text


def test_no_fix_and_lost_fix_are_said_and_no_coordinates_are_invented(language):
    for place in (None, NoPosition(NoFixReason.NO_SATELLITES)):
        text = language.alert("Zarema", None, place, False)
        assert "mlat" not in text
        assert "0.00" not in text


def test_a_drill_begins_with_the_word(language):
    assert language.alert("Zarema", None, None, True).startswith("DRILL")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('alert = "', 'alert = "{secret} '), "alert has a field that cannot be filled: {secret}"),
        (("{position} Real", "Real"), "alert does not say {position}"),
        (('link = "', 'lnk = "'), "link is missing"),
        (('link = "', 'lnk = "'), "lnk is not known"),
        (('no_fix = "', 'no_fix = "{'), "no_fix has a brace without its pair"),
        (('alert = "', 'alert = "' + "x" * 1200), "alert can take 10 SMS parts"),
        (("{time}", "{time:d}"), "alert has more than a name in a brace"),
        (("{wearer}", "{wearer!r}"), "alert has more than a name in a brace"),
        (('age_now = "seen just now"', "age_now = 7"), "age_now is not text"),
        (
            ("wearer}, {time}. {position} Real", "wearer.__class__}{wearer}{time}{position}"),
            "filled",
        ),
    ],
)
def test_a_bad_template_is_refused_by_file_and_key(change, problem):
    source = (FOLDER / "en.toml").read_text().replace(*change)
    with pytest.raises(TextsInvalid) as refusal:
        Language("en.toml", source, LINK)
    assert any(problem in told for told in refusal.value.problems)


@pytest.mark.parametrize("more", ["x" * 200, "\u0416"])
def test_a_text_in_more_parts_than_a_reader_likes_is_told_and_sent(more, tmp_path):
    (tmp_path / "en.toml").write_text(
        (FOLDER / "en.toml").read_text().replace('alert = "', f'alert = "{more}'), encoding="utf-8"
    )
    languages, problems = load(tmp_path, {"en"}, LINK)
    assert any("SMS parts; shorten it to fit 2" in problem for problem in problems)
    assert more in languages["en"].alert("Zarema", None, None, False)


@pytest.mark.parametrize("name", ["en", "fr"])
def test_a_language_that_cannot_be_used_is_told_and_english_goes(name, tmp_path):
    languages, problems = load(tmp_path, {name}, None)
    assert any(f"{name}.toml: cannot be read" in problem for problem in problems)
    assert languages[name].alert("Zarema", None, None, False).startswith("ALARM from Zarema")


def test_the_folders_english_goes_before_the_one_built_in(tmp_path):
    (tmp_path / "en.toml").write_text((FOLDER / "en.toml").read_text().replace("ALARM", "DANGER"))
    (tmp_path / "fr.toml").write_text("nonsense")
    languages, problems = load(tmp_path, {"fr"}, None)
    assert languages["fr"].alert("Zarema", None, None, False).startswith("DANGER")
    assert problems


def test_the_english_built_in_is_the_english_shipped(tmp_path):
    shipped, built_in = load(FOLDER, {"en"}, LINK)[0]["en"], load(tmp_path, {"en"}, LINK)[0]["en"]
    assert shipped._templates == built_in._templates


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("\u0436" * 70, 1),
        ("\u0436" * 71, 2),
        ("\u0436" * 134, 2),
        ("\u0436" * 135, 3),
    ],
)
def test_parts_are_counted_as_the_standard_cuts_them(text, count):
    assert parts(text) == count == len(encode("+447700900101", text, reference=0))
