"""What the public reads: whole sentences in seven languages, within what each network carries."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from importlib import resources

import pytest
from bidi import get_display
from hypothesis import given
from hypothesis import strategies as st
from twitter_text import parse_tweet

from outcry.responder.maps import places
from outcry.responder.posting import graphemes, wording
from outcry.responder.posting.bluesky import Bluesky
from outcry.responder.posting.facebook import Facebook
from outcry.responder.posting.mastodon import Mastodon
from outcry.responder.posting.publisher import Limits, Unit
from outcry.responder.posting.wording import (
    PostFacts,
    Where,
    correction_draft,
    follow_up_draft,
    post_draft,
    tidy,
)
from outcry.responder.rules.events import Ground
from stage.reports import NOON

LANGUAGES = ("ar", "en", "es", "fa", "fr", "ru", "uk")
X_LIMITS = Limits(280, Unit.WEIGHTED, link=False)
NETWORKS = {"bluesky": Bluesky.limits, "mastodon": Mastodon.limits, "x": X_LIMITS}
NAMES = (
    "Ana",
    "آنا الحرية",
    "Анна Ковальчук",
    "Nguyễn Thị Ánh",
    "Ana 👩🏽‍🚀🇺🇦",
    "க்ஷி நிலா",
    "z̸̧̢͔̥̈́̾a̵l̷g̸o̴" * 9,
    "👨‍👩‍👧‍👦" * 80,
)
FAMILY = "👨‍👩‍👧‍👦"


@pytest.fixture(scope="module")
def grozny():
    return Where(places.load().find(43.23, 45.80))


def facts(where=None, **more):
    given = {"confirmed": 2, "link": "https://help.example.org/post/12", "at": NOON + 600}
    return PostFacts("Ana", "Example Org", NOON, NOON + 60, where=where, **{**given, **more})


def test_a_post_says_who_when_where_and_what_to_do(grozny):
    assert post_draft(facts(grozny), Mastodon.limits, "en").text == (
        "Ana raised an alarm on 22 November 2026 at 12:00 UTC and may be in danger. "
        "Last known location: 3 km north of Chechen-Aul, Chechnya, Russia. "
        "Please share this now: public attention protects. 2 people who know Ana have confirmed this alarm. "
        "Published by Example Org. More: https://help.example.org/post/12"
    )


def test_a_draft_is_the_same_whenever_it_is_made(grozny):
    first = post_draft(facts(grozny), Bluesky.limits, "fa")
    assert post_draft(facts(grozny), Bluesky.limits, "fa") == first
    assert (first.language, first.made_at) == ("fa", NOON + 60)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_fits_every_network_whatever_the_name(language, network, grozny):
    limits = replace(NETWORKS[network], picture=False)
    for name in NAMES:
        for strap in (False, True):
            said = replace(facts(grozny, strap=strap), wearer=name, organisation=name)
            for draft in (
                post_draft(said, limits, language),
                follow_up_draft(said, limits, language),
                *(
                    correction_draft(replace(said, reason=reason), limits, language)
                    for reason in ("false_alarm", "released", "other")
                ),
            ):
                assert graphemes.length(draft.text, limits.unit) <= limits.length
                assert "{" not in draft.text
                assert draft.text == " ".join(draft.text.split())


def test_what_matters_least_is_left_out_first(grozny):
    sentences = ["Published by", "who know Ana", "More:", "Please share", "Last known location"]
    gone = []
    for length in range(300, 75, -1):
        text = post_draft(facts(grozny), Limits(length, picture=False), "en").text
        assert len(text) <= length
        gone += [each for each in sentences if each not in text and each not in gone]
    assert gone == sentences
    assert text == "Ana raised an alarm on 22 November 2026 at 12:00 UTC and may be in danger."


def test_a_name_is_cut_only_between_letters():
    said = replace(facts(), wearer=FAMILY * 80)
    text = post_draft(said, Mastodon.limits, "en").text
    name = text[: text.index("…")]
    assert name.replace(FAMILY, "") == ""
    assert name


def test_x_gets_no_link_unless_it_is_paid_for(grozny):
    assert "http" not in post_draft(facts(grozny), X_LIMITS, "en").text
    assert "http" in post_draft(facts(grozny), replace(X_LIMITS, link=True), "en").text


@pytest.mark.parametrize(
    ("ground", "confirmed", "said"),
    [
        (Ground.QUORUM, 1, "One person who knows Ana has confirmed this alarm."),
        (Ground.QUORUM, 3, "3 people who know Ana have confirmed this alarm."),
        (Ground.DUTY_OFFICER, 0, "We have checked this alarm."),
        (Ground.DUTY_OFFICER, 2, "2 people who know Ana have confirmed this alarm."),
        (Ground.CONSENT, 0, "Ana asked us in advance to publish if nobody answers."),
    ],
)
def test_the_ground_is_said(ground, confirmed, said):
    text = post_draft(facts(ground=ground, confirmed=confirmed), Mastodon.limits, "en").text
    assert said in text


def test_coordinates_are_said_only_where_they_are_given(grozny):
    drafts = [post_draft(facts(grozny), Mastodon.limits, language) for language in LANGUAGES]
    assert not any("43." in draft.text + draft.alt for draft in drafts)
    exact = replace(grozny, position=(43.23, 45.80))
    assert "43.23000, 45.80000" in post_draft(facts(exact), Mastodon.limits, "en").text


def test_the_picture_of_a_town_is_the_same_wherever_near_it_somebody_is(grozny):
    other = Where(places.load().find(43.2205, 45.8006))
    assert other.place.town == grozny.place.town
    one, two = (post_draft(facts(where), Mastodon.limits, "en") for where in (grozny, other))
    assert one.picture == two.picture
    assert one.picture is not None
    exact = replace(grozny, position=(43.23, 45.80))
    assert post_draft(facts(exact), Mastodon.limits, "en").picture != one.picture


def test_a_label_replaces_the_place_and_the_picture(grozny):
    draft = post_draft(facts(replace(grozny, label="the capital")), Mastodon.limits, "en")
    assert "Last known location: the capital." in draft.text
    assert "Chech" not in draft.text
    assert draft.picture is None


def test_without_a_place_there_is_no_picture_and_no_word_of_one():
    draft = post_draft(facts(), Mastodon.limits, "en")
    assert draft.picture is None
    assert "location" not in draft.text


def test_a_network_without_pictures_gets_none(grozny):
    assert post_draft(facts(grozny), Limits(500, picture=False), "en").picture is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_is_described_in_the_post_s_language(language, grozny):
    alt = post_draft(facts(grozny), Mastodon.limits, language).alt
    assert "Chechen-Aul" in alt
    assert wording.countries()[language]["RU"] in alt


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ((43.3119, 45.6890), "Last known location: Grozny, Chechnya, Russia."),
        ((23.0, 5.0), "Last known location: remote area, 59 km north-west of Tamanghasset"),
        ((43.3, 34.0), "Last known location: at sea, 123 km south of Foros, Crimea."),
        ((31.735, -106.485), "Last known location: 3 km south of El Paso, near the border."),
        ((44.95, 34.1), "Last known location: 1 km south-west of Simferopol, Crimea."),
        ((35.7, 51.4), "Last known location: 2 km west of Tehran, Iran."),
    ],
)
def test_a_place_is_said_as_people_would(at, said):
    text = post_draft(facts(Where(places.load().find(*at))), Mastodon.limits, "en").text
    assert said in text


def test_a_follow_up_tells_the_newest_and_a_correction_its_reason(grozny):
    still = follow_up_draft(facts(), Mastodon.limits, "en").text
    assert still == "STILL IN DANGER: new signal from Ana's alarm on 22 November 2026 at 12:10 UTC."
    seen = follow_up_draft(facts(grozny), Mastodon.limits, "en").text
    assert seen.endswith("12:10 UTC: 3 km north of Chechen-Aul, Chechnya, Russia.")
    said = {
        reason: correction_draft(facts(reason=reason), Mastodon.limits, "en").text
        for reason in ("false_alarm", "released", "other", "something new")
    }
    assert "false alarm" in said["false_alarm"]
    assert "Ana is free" in said["released"]
    assert said["other"] == said["something new"]
    assert all(text.startswith("CORRECTION") for text in said.values())


@pytest.mark.parametrize("name", ["آنا الحرية", "אנה"])
def test_a_name_from_right_to_left_leaves_an_english_sentence_in_order(name):
    text = post_draft(replace(facts(), wearer=name), Mastodon.limits, "en").text
    assert get_display(text, base_dir="L").rstrip().endswith("post/12")
    isolated = f"\u2068{name}\u2069"
    assert text.count(isolated) == text.count(name)


@pytest.mark.parametrize("language", ["ar", "fa"])
def test_signs_of_direction_are_always_in_pairs(language, grozny):
    for known in (*NETWORKS.values(), Limits(120)):
        limits = replace(known, picture=False)
        for name in NAMES:
            text = post_draft(replace(facts(grozny), wearer=name), limits, language).text
            depth = 0
            for letter in text:
                depth += (letter == "\u2068") - (letter == "\u2069")
                assert depth >= 0
            assert depth == 0


def test_a_name_cannot_turn_the_text_call_anybody_or_break_a_line():
    assert tidy("A\u202eb\u2066c\u0000\nd  @all") == "Abc d ＠all"  # noqa: RUF001
    persian = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
    assert tidy(persian) == persian


def test_an_unknown_language_is_english():
    assert post_draft(facts(), Mastodon.limits, "xx").language == "en"


def test_all_languages_have_the_same_words_and_fields():
    import string
    import tomllib

    folder = resources.files("outcry.responder.posting").joinpath("words")
    texts = {
        language: tomllib.loads(folder.joinpath(f"{language}.toml").read_text(encoding="utf-8"))
        for language in LANGUAGES
    }
    for language, words in texts.items():
        assert list(words) == list(texts["en"]), language
        assert (len(words["months"]), len(words["directions"])) == (12, 8)
        for key, text in words.items():
            if isinstance(text, str):
                fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
                wanted = {name for _, name, _, _ in string.Formatter().parse(texts["en"][key])}
                assert fields <= {name for name in wanted if name}, (language, key)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0), ("abc", 3), ("e\u0301", 1), ("é", 1), (FAMILY, 1), ("👩🏽‍🚀", 1), ("🇺🇦🇩🇪", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 1), ("한국", 2),
        ("\u1112\u1161\u11ab", 1), ("கி", 1), ("❤️", 1), ("1️⃣", 1), ("a\r\nb", 3), ("\u2068a\u2069", 3),
        ("ที่", 1), ("नि", 1), ("ب\u064e", 1), ("\u200d", 1), ("a\u200db", 2),
        ("क्ष", 2),  # one by GB9c, which not every network knows
        ("\u1019\u102c\u1038", 3),  # Burmese: its marks for a long vowel and a tone stand apart
    ],
)  # fmt: skip
def test_graphemes_are_what_readers_take_for_letters(text, count):
    assert len(list(graphemes.clusters(text))) == count


@given(st.text())
def test_clusters_are_the_text(text):
    assert "".join(graphemes.clusters(text)) == text


@given(st.text(), st.integers(1, 50))
def test_a_cut_text_is_short_enough_and_a_beginning(text, length):
    cut = graphemes.cut(text, length)
    assert len(list(graphemes.clusters(cut))) <= max(length, 1)
    assert cut == text or text.startswith(cut[:-1])


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("a" * 280, 280), ("Ж" * 280, 280), ("ش" * 280, 280), ("漢" * 140, 280), (FAMILY, 2), ("🇺🇦", 2),
        ("see https://help.example.org/a/very/long/address/indeed/yes", 27), ("e\u0301", 1), ("…", 2),
        ("Amnesty.org", 23), ("see Amnesty.org now", 31), ("☎", 2), ("1️⃣", 2), ("😀\u0301", 3),
    ],
)  # fmt: skip
def test_x_counts_by_weight(text, weight):
    assert graphemes.length(text, Unit.WEIGHTED) == weight


PIECES = st.sampled_from(
    ["Amnesty.org", "https://", "www.de", "a.b.com/x?y=1", "/x", ".", "é", "漢", "آنا", "ж.рф", "😀", "👋🏽", "🇺🇦", FAMILY, " ", "@", "#", "(", "'", "-"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=9))
def test_no_text_is_longer_by_x_s_own_count(pieces):
    """Of which twitter-text is the reference, and this a port that somebody else has written."""
    text = "".join(pieces)
    assert graphemes.length(text, Unit.WEIGHTED) >= parse_tweet(text).weightedLength
    if text.isalpha():
        assert graphemes.length(text, Unit.WEIGHTED) == parse_tweet(text).weightedLength


EMOJI = [
    "".join(chr(int(number, 16)) for number in line.split(";")[0].split())
    for line in (resources.files("twitter_text") / "regexp/emoji-test.txt").read_text("utf-8").splitlines()
    if ";" in line and not line.startswith("#")
]  # fmt: skip
JOINTS = ["\u200d"] * 8 + [
    "\ufe0f",
    "\u20e3",
    "\U000e0067",
    "\U000e007f",
    *"👨👩🧑👧👦❤💋🌈🏳🏴👯🤝💑♀♂⚕🏽1a",
]


@given(st.lists(st.sampled_from([*EMOJI[::7], *JOINTS * 9]), max_size=7))
def test_no_emoji_is_lighter_than_x_has_it_however_it_is_joined(pieces):
    text = "".join(pieces)
    assert graphemes.length(text, Unit.WEIGHTED) >= parse_tweet(text).weightedLength


def test_every_emoji_weighs_what_it_weighs_on_x_and_a_joined_one_no_less():
    for emoji in EMOJI:
        weight, own = parse_tweet(emoji).weightedLength, graphemes.length(emoji, Unit.WEIGHTED)
        assert own == weight or ("\u200d" in emoji and own > weight), ascii(emoji)


def test_bluesky_also_counts_bytes():
    assert graphemes.length(FAMILY * 200, Unit.GRAPHEMES) == 200 * len(FAMILY.encode()) // 10
    assert graphemes.length("a" * 300, Unit.GRAPHEMES) == 300


def test_country_names_are_in_the_letters_of_the_language():
    data = resources.files("outcry.responder.maps").joinpath("data/countries.json").read_text()
    for language, script in (("ru", "CYRILLIC"), ("ar", "ARABIC"), ("fa", "ARABIC")):
        for name in json.loads(data)[language].values():
            assert script in unicodedata.name(next(c for c in name if c.isalpha()))


def test_facebook_s_text_is_never_cut(grozny):
    long = replace(facts(grozny), organisation="An organisation with a very long name indeed")
    assert "very long name indeed" in post_draft(long, Facebook.limits, "en").text
