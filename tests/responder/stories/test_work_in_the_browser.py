"""Officers work on an alarm in a real browser: from the keyboard, on a phone, without scripts."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import pytest
from axe_core_python.selenium import Axe
from browser import DESK, PHONE, browser, complaints, overflows, picture
from console_hand import PASSWORD
from parts import needs_chromedriver, needs_chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from site_in_browser import steadily

from outcry.responder.console.desk import Act
from outcry.responder.console.team.shift_log import ShiftLog
from outcry.responder.plans import repository
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Noted, Said

pytestmark = [pytest.mark.slow, needs_chromium, needs_chromedriver]

LOOKS = os.environ.get("OUTCRY_LOOKS")  # a folder for pictures, for a person's eye


class Duty:
    """Two officers of an HQ at which an alarm is open; one of them is before the screen."""

    def __init__(self, world, url):
        self.world, self.url = world, url
        self.parts = world.hq.parts
        self._totp = {}
        for name in ("olga", "pavel"):
            token = self.parts.officers.add(name)
            self._totp[name] = pyotp.TOTP(self.parts.officers.welcome(token).secret)
            self.parts.officers.settle(token, PASSWORD, self._code(name))
        world.hq.takes(world.device.message())
        world.hq.works()

    def _code(self, name):
        return self._totp[name].at(int(self.world.clock()))

    def comes(self, driver, wait_for, name="olga"):
        """An officer logs in and opens the alarm, from the keyboard."""
        self.world.clock.passes(30)
        driver.get(f"{self.url}/console/login?next=/console/alarm/1")
        for words in (name, Keys.TAB, PASSWORD, Keys.TAB, self._code(name), Keys.ENTER):
            driver.switch_to.active_element.send_keys(words)
        wait_for(lambda: urlsplit(driver.current_url).path == "/console/alarm/1")

    def agrees(self):
        """A plan with a checklist, and who Ben is to Ana."""
        device = self.world.device.enrolment.device
        known = {"1": {"relation": "her brother", "language": "uk"}}
        response = {"checklist": ["Call the lawyer", "Call the embassy"]}
        with self.world.hq.store.write() as connection:
            repository.change(connection, device, {"response": response, "contact": known}, 0.0)

    @property
    def case(self):
        return Case.of(self.world.hq.entries())

    @property
    def holder(self):
        return self.case.now.holder


@pytest.fixture
def resources():
    with ExitStack() as resources:
        yield resources


@pytest.fixture
def duty(world, people):
    return Duty(world, people)


@pytest.fixture
def wait_for(wait_for):
    """As everywhere; a page that is just being left or swapped is asked once more."""

    return steadily(wait_for)


def text(driver, selector="body"):
    return driver.find_element(By.CSS_SELECTOR, selector).text


def tab_to(driver, name):
    """Move on with the tabulator until what has this id, or these words, has the focus."""
    for _ in range(60):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        at = driver.switch_to.active_element
        if name in (at.get_attribute("id"), at.text):
            assert at.value_of_css_property("outline-width") not in ("0px", "")
            return at
    raise AssertionError(f"{name} cannot be reached")


def look(driver, name):
    """A picture for a person's eye, where one is wanted."""
    if LOOKS:
        picture(driver, Path(LOOKS) / f"{name}.png")


def barriers(driver):
    found = Axe().run(driver)["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def test_taken_noted_handed_over_and_given_back_from_the_keyboard(duty, resources, wait_for):
    olga = resources.enter_context(browser(DESK))
    duty.comes(olga, wait_for)
    tab_to(olga, "act-acknowledge").send_keys(Keys.ENTER)
    wait_for(lambda: "You have this alarm." in text(olga, "#acts"))
    tab_to(olga, "note-text").send_keys("Her brother knows", Keys.ENTER, "nothing")
    tab_to(olga, "add-note").send_keys(Keys.ENTER)
    wait_for(lambda: "Note by olga: Her brother knows\nnothing" in text(olga, "#history"))
    assert duty.world.hq.entries()[-1].text == "Her brother knows\nnothing"
    tab_to(olga, "still").send_keys(Keys.ENTER)
    wait_for(lambda: "Duty officer olga is still on it" in text(olga, "#history"))
    tab_to(olga, "Hand it over…").send_keys(Keys.ENTER)
    tab_to(olga, "to").send_keys("pavel")
    look(olga, "desk-hand-over")
    tab_to(olga, "Hand it over").send_keys(Keys.ENTER)
    wait_for(lambda: "pavel has this alarm" in text(olga, "#acts"))
    assert duty.holder == "pavel"
    tab_to(olga, "act-take-over").send_keys(Keys.ENTER)
    wait_for(lambda: "You have this alarm." in text(olga, "#acts"))
    tab_to(olga, "act-give-back").send_keys(Keys.ENTER)
    wait_for(lambda: "Nobody has it: olga gave it back" in text(olga, "#live"))
    assert duty.holder is None
    look(olga, "desk-given-back")
    assert complaints(olga) == []


def test_the_checklist_and_the_calls_from_the_keyboard(duty, resources, wait_for):
    olga = resources.enter_context(browser(DESK))
    duty.agrees()
    duty.comes(olga, wait_for)
    tab_to(olga, "item-2").send_keys(Keys.ENTER)
    wait_for(lambda: "Done: olga" in text(olga, "#checklist"))
    assert list(duty.case.now.ticked) == ["Call the embassy"]
    tab_to(olga, "rang-1").send_keys(Keys.ENTER)
    olga.switch_to.active_element.send_keys(Keys.TAB)
    olga.switch_to.active_element.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    olga.switch_to.active_element.send_keys(Keys.TAB, "he is at her home")
    look(olga, "desk-rang")
    tab_to(olga, "Save the call").send_keys(Keys.ENTER)
    wait_for(lambda: "It is not the contact's confirmation" in text(olga))
    words = "olga: says on the telephone that it is real: he is at her home"
    assert words in text(olga, "#people")
    assert duty.case.now.votes == 0
    assert complaints(olga) == []


def test_who_had_it_sees_at_once_that_another_has_taken_it_over(duty, resources, wait_for):
    olga = resources.enter_context(browser(DESK))
    duty.parts.console.act(1, Act.ACKNOWLEDGE, "olga")
    duty.comes(olga, wait_for)
    wait_for(lambda: text(olga, "#link").startswith("Live"))
    assert "You have this alarm." in text(olga, "#acts")
    duty.parts.console.act(1, Act.TAKE_OVER, "pavel")
    wait_for(lambda: "pavel has this alarm" in text(olga, "#acts"))
    assert "Duty officer pavel takes it over from olga" in text(olga, "#history")


def test_given_back_it_calls_like_a_new_one_again(duty, resources, wait_for):
    olga = resources.enter_context(browser(DESK))
    duty.parts.console.act(1, Act.ACKNOWLEDGE, "pavel")
    duty.comes(olga, wait_for)
    wait_for(lambda: text(olga, "#link").startswith("Live"))
    assert not olga.title.startswith("(1)")
    duty.parts.console.act(1, Act.GIVE_BACK, "pavel")
    wait_for(lambda: olga.title.startswith("(1) ALARM: Ana"))
    assert text(olga, "#announce") == "New alarm: Ana: panic alarm"


def test_what_an_officer_writes_into_a_note_stays_while_news_comes(duty, resources, wait_for):
    olga = resources.enter_context(browser(DESK))
    duty.comes(olga, wait_for)
    wait_for(lambda: text(olga, "#link").startswith("Live"))
    tab_to(olga, "note-text").send_keys("Her brother")
    duty.parts.console.act(1, Act.ACKNOWLEDGE, "pavel")
    wait_for(lambda: "Duty officer pavel has taken it" in text(olga, "#history"))
    note = olga.find_element(By.ID, "note-text")
    note.send_keys(" knows")
    assert note.get_attribute("value") == "Her brother knows"


def test_without_scripts_the_same_is_done(duty, resources, wait_for):
    olga = resources.enter_context(browser(DESK, script=False))
    duty.comes(olga, wait_for)
    olga.find_element(By.ID, "act-acknowledge").click()
    wait_for(lambda: "You have this alarm." in olga.page_source)
    olga.find_element(By.ID, "note-text").send_keys("x")
    olga.find_element(By.ID, "add-note").click()
    wait_for(lambda: "Note by olga: x" in olga.page_source)
    assert isinstance(duty.world.hq.entries()[-1], Noted)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_page_has_no_barrier_no_matter_who_has_it(duty, resources, wait_for, size, dark):
    driver = resources.enter_context(browser(size, dark=dark))
    duty.agrees()
    duty.parts.console.note(1, "pavel", "https://example.org/" + "x" * 200)
    duty.parts.console.tick(1, "pavel", "Call the lawyer", done=True)
    duty.parts.console.rang(1, "pavel", 1, Said.OTHER, "x" * 200)
    duty.comes(driver, wait_for)
    found = {}
    for name, act, who in (
        ("new", None, ""),
        ("mine", Act.ACKNOWLEDGE, "olga"),
        ("given back", Act.GIVE_BACK, "olga"),
        ("another's", Act.ACKNOWLEDGE, "pavel"),
    ):
        if act:
            duty.parts.console.act(1, act, who)
        driver.get(f"{duty.url}/console/alarm/1")
        for details in driver.find_elements(By.TAG_NAME, "summary"):
            details.click()
        found[name] = barriers(driver) + ["too wide"] * (overflows(driver) > 0)
        look(driver, f"work-{name.replace(' ', '-')}-{size[0]}-{'dark' if dark else 'light'}")
    assert {name: each for name, each in found.items() if each} == {}


def test_a_shift_is_handed_over_and_read_from_the_keyboard(duty, resources, wait_for):
    olga = resources.enter_context(browser(DESK))
    pavel = resources.enter_context(browser(DESK))
    duty.comes(olga, wait_for)
    tab_to(olga, "Shift log").send_keys(Keys.ENTER)
    wait_for(lambda: text(olga, "h1") == "Shift log")
    tab_to(olga, "to").send_keys("pavel")
    tab_to(olga, "handover").send_keys("Ana travels to Minsk.", Keys.ENTER, "Her lawyer knows.")
    look(olga, "desk-shift-end")
    tab_to(olga, "end").send_keys(Keys.ENTER)
    wait_for(lambda: "It stands on the first page" in text(olga))
    duty.comes(pavel, wait_for, "pavel")
    pavel.get(f"{duty.url}/console")
    wait_for(lambda: text(pavel, "#link").startswith("Live"))
    assert "Ana travels to Minsk.\nHer lawyer knows." in text(pavel, "#handovers")
    look(pavel, "desk-shift-overview")
    tab_to(pavel, "read-1").send_keys(Keys.ENTER)
    wait_for(lambda: "Saved: you have read it." in text(pavel))
    look(pavel, "desk-shift-read")
    wait_for(lambda: "Read by pavel" in text(olga, "#log"))
    assert complaints(olga) + complaints(pavel) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_shift_log_has_no_barrier(duty, resources, wait_for, size, dark):
    driver = resources.enter_context(browser(size, dark=dark))
    shift_log = ShiftLog(duty.parts.store, duty.world.clock)
    shift_log.write("pavel", "x" * 200)
    shift_log.write("pavel", "Ana travels", "olga")
    shift_log.read("olga", 2)
    shift_log.write("pavel", "Ana is back", "olga")
    duty.comes(driver, wait_for)
    for path in ("/console", "/console/shift"):
        driver.get(duty.url + path)
        assert barriers(driver) == []
        assert overflows(driver) <= 0
        look(driver, f"shift-{path.count('/')}-{size[0]}-{'dark' if dark else 'light'}")


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_audit_trail_is_read_from_the_keyboard_and_has_no_barrier(
    duty, resources, wait_for, size
):
    olga = resources.enter_context(browser(size))
    duty.parts.console.act(1, Act.ACKNOWLEDGE, "pavel")
    duty.parts.console.note(1, "olga", "x" * 300)
    duty.comes(olga, wait_for)
    tab_to(olga, "Audit trail").send_keys(Keys.ENTER)
    wait_for(lambda: text(olga, "h1") == "Audit trail")
    assert "Note by olga" in text(olga, "#trail")
    assert barriers(olga) == []
    assert overflows(olga) <= 0
    look(olga, f"trail-{size[0]}")
    tab_to(olga, "officer").send_keys("pavel")
    tab_to(olga, "show").send_keys(Keys.ENTER)
    wait_for(lambda: "Note by olga" not in text(olga, "#trail"))
    assert "Alarm 1: Duty officer pavel has taken it" in text(olga, "#trail")
