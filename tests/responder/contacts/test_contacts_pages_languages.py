"""The contact's page in each contact's language, right to left where that is how it is read."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest
from served import browser
from sqlalchemy import update

from outcry.report import AlarmKind, Flag, MessageType, NoFixReason, NoPosition, Position
from outcry.responder.rules.events import Closed
from outcry.responder.storage import event_log, store
from outcry.responder.translations import accepted, load

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "responder" / "words"
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.fixture
def client(people):
    with browser(people) as client:
        yield client


def speaks(world, language):
    """The wearer's first contact speaks this language."""
    with world.hq.store.write() as connection:
        table = store.contact
        first = update(table).where(table.c.number_in_list == 1)
        connection.execute(first.values(language=language))


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_the_pages_speak_every_language_that_the_device_texts_in():
    assert sorted(path.stem for path in (ROOT / "config" / "texts").glob("*.toml")) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_fields(language):
    english = tomllib.loads((FOLDER / "en.toml").read_text())
    other = tomllib.loads((FOLDER / f"{language}.toml").read_text())
    assert list(other) == list(english)
    assert {k: fields(v) for k, v in other.items()} == {k: fields(v) for k, v in english.items()}


def test_everything_a_device_can_say_has_words():
    english = tomllib.loads((FOLDER / "en.toml").read_text())
    marks = set(Flag) - {Flag.CLOCK_VOUCHED}  # which is nothing that people need to look at
    assert {f"mark_{flag.name}" for flag in marks} <= set(english)
    assert {f"no_fix_{reason.name}" for reason in NoFixReason} <= set(english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_in_the_contacts_language_before_and_after_the_pin(world, client, language):
    speaks(world, language)
    say = load()[language]
    message = world.device.message(battery_percent=9, signal=4, flags=Flag.JAMMING)
    link = f"/a/{message.text}/1"
    page = client.get(link, headers={"accept-language": "de"})
    head = f'<html lang="{language}" dir="{say.direction}">'
    assert head in page.text
    assert say("confirm") in page.text.replace("&#39;", "'")
    page = client.post(f"{link}/confirm", data={"pin": world.pins[0]})
    assert head in page.text
    for words in (
        say("noted", answer=say("confirm")),
        say("mark_JAMMING"),
        say("last_position"),
    ):
        assert words in page.text.replace("&#39;", "'")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_page_can_be_made_in_every_language(world, client, language):
    speaks(world, language)
    for n, kind in enumerate((AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL)):
        place = NoPosition(list(NoFixReason)[n])
        message = world.device.message(kind=kind, alarm=80 + n, place=place)
        world.hq.takes(message)
        gone = world.device.message(
            MessageType.WITHDRAWAL, kind=kind, alarm=80 + n, sequence=1, taps=(1, 2)
        )
        world.hq.takes(gone)
        for said in ("seen", "unsure", "false"):
            page = client.post(f"/a/{message.text}/1/{said}", data={"pin": world.pins[0]})
            assert page.status_code == 200
            assert "{" not in page.text.partition("</style>")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_keeps_to_itself_whatever_its_script(world, client, language):
    """Of the wearer, the contact, the organisation and the town, on both pages."""
    speaks(world, language)
    names = ("Ωμέγα", "Βήτα", "Example Org", "Mitte")
    with world.hq.store.write() as connection:
        connection.execute(update(store.wearer).values(name=names[0]))
        connection.execute(update(store.contact).values(name=names[1]))
    first = world.device.message(kind=AlarmKind.STRAP)
    link = f"/a/{first.text}/1"
    after = client.post(f"{link}/confirm", data={"pin": world.pins[0]}).text
    with world.hq.store.write() as connection:
        event_log.append(connection, 1, Closed(world.clock(), "olga", "she is home"))
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.hq.takes(world.device.message(MessageType.WITHDRAWAL, sequence=2, taps=(1, 2)))
    world.hq.takes(world.device.message(alarm=78))
    before = client.get(f"/c/{world.invitation(1, 2)}").text + client.get(link).text
    after += client.post(f"{link}/seen", data={"pin": world.pins[0]}).text
    for page in (before, after):
        bare = re.sub(r'<title>.*?</title>|aria-label="[^"]*"|<bdi[^>]*>.*?</bdi>', "", page)
        assert [name for name in names if name in bare] == []
    assert {name for name in names if f"<bdi>{name}</bdi>" in before} == set(names) - {names[1]}
    assert {name for name in names if f"<bdi>{name}</bdi>" in after} == set(names)


def test_without_a_contact_the_browser_says_the_language(world, client):
    link = f"/a/{world.device.message().text}"
    assert '<html lang="fa" dir="rtl">' in client.get(link, headers={"accept-language": "fa"}).text
    assert '<html lang="en"' in client.get(link).text
    lost = client.get("/c/nothing", headers={"accept-language": "uk-UA,uk;q=0.9,en;q=0.1"})
    assert lost.status_code == 404
    assert '<html lang="uk"' in lost.text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "en"),
        ("de,fr;q=0.5,es;q=0.7", "es"),
        ("RU-ru", "ru"),
        ("fa;q=zero", "fa"),
        (";;;,,,q=", "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_a_browsers_wish_is_understood_or_passed_over(header, language):
    assert accepted(header, load()) == language


def test_a_name_from_right_to_left_does_not_turn_the_line_around():
    say = load()["en"]
    assert say("panic", wearer="علی") == "\u2068علی\u2069 needs help"
    assert say("panic", wearer="Ana\u202e") == "\u2068Ana\u202e\u2069 needs help"
    assert say("panic", wearer="Ana") == "Ana needs help"


def test_a_contact_whose_language_is_not_here_reads_english(world, client):
    speaks(world, "xx")
    link = f"/a/{world.device.message().text}/1"
    assert '<html lang="en"' in client.get(link).text
    page = client.post(f"{link}/seen", data={"pin": world.pins[0]})
    assert '<html lang="en"' in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_age_that_nobody_knows_is_told_as_unknown(world, client, language):
    """65535 seconds are the layout's way to say so, and no eighteen hours."""
    speaks(world, language)
    message = world.device.message(place=Position(52.52, 13.405, 12, 65_535))
    page = client.get(f"/a/{message.text}/1").text.replace("&#39;", "'")
    assert load()[language]("seen_unknown") in page
    assert load()[language].span(65_535) not in page
