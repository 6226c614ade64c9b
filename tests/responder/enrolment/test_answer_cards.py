"""The card a contact is given: in their language, right also where text runs from right to left."""

from __future__ import annotations

import re
import shutil

import pytest
from bidi import get_display

from outcry.responder.enrolment.answer_cards import Card
from outcry.responder.intake.reading import CHOICES, read
from outcry.responder.plans.document import LANGUAGES
from outcry.responder.rules.events import CalledFalse, Confirmed, ContactSaw, Unsure
from outcry.responder.web import templates

CODES = ("4417 0099", "5512 3344", "0000 0001", "9999 9998")
NUMBER = "+447700900002"
SAYS = {Confirmed: "confirm", ContactSaw: "seen", Unsure: "unsure", CalledFalse: "false"}


def card(language: str, contact: str = "Ben") -> Card:
    return Card.of(language, contact, NUMBER, CODES)


def page(*cards: Card) -> str:
    environment = templates.environment("Example Org", "", "")
    return environment.get_template("cards.html").render(cards=cards)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_says_what_each_digit_does_and_that_nothing_else_confirms(language):
    one = card(language)
    said = "\n".join(one.lines())
    assert [digit for digit, _ in one.choices] == [*CHOICES]
    for digit, words in one.choices:
        assert words == one.say(SAYS[CHOICES[digit]])
        assert f"  {digit}  {words}" in said.splitlines()
    assert one.say("card_only") in said
    assert "3" in said or "\u06f3" in said
    assert NUMBER in said


def test_what_a_card_tells_to_send_is_what_confirms():
    for code in CODES:
        assert read(f"{code} 1").says is Confirmed
        assert read(code).says is not Confirmed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("contact", ["Ben", "نادر", "Олена"])
def test_codes_and_numbers_stand_in_their_order_also_from_right_to_left(language, contact):
    seen = "\n".join(get_display(line) for line in card(language, contact).lines())
    assert set(re.findall(r"\d{4} \d{4}", seen)) == {*CODES}
    assert NUMBER in seen


def test_a_language_nobody_has_words_in_is_english():
    assert [*card("xx").lines()] == [*card("en").lines()]


def test_a_name_cannot_write_into_the_page():
    assert "<b>" not in page(card("en", "<b>Ben")).split("Card of")[1][:20]


def test_nothing_secret_shows_in_a_repr():
    assert not any(secret in repr(card("en")) for secret in (*CODES, NUMBER))


@pytest.mark.slow
def test_a_browser_shows_every_card_whole_and_each_code_in_its_order(tmp_path):
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium or chromedriver is not installed")
    from browser import browser

    file = tmp_path / "cards.html"
    file.write_text(page(*(card(language) for language in LANGUAGES)), encoding="utf-8")
    with browser() as driver:
        driver.get(file.as_uri())
        places = driver.execute_script(_PLACES)
        wide = driver.execute_script("return document.documentElement.scrollWidth")
    assert wide <= 1280
    assert len(places) == len(LANGUAGES) * len(CODES)
    for first, last in places:
        assert first < last, "the first half of a code is left of its second"


_PLACES = """
return [...document.querySelectorAll(".codes bdi")].map(code => {
  const at = n => { const r = document.createRange(); r.setStart(code.firstChild, n);
    r.setEnd(code.firstChild, n + 1); return r.getBoundingClientRect().left; };
  return [at(0), at(8)];
});"""
