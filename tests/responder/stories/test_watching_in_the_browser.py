"""The officers' one screen for watching, in a real browser: list, archive and map."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import DESK, PHONE, browser, complaints, overflows, picture
from parts import needs_chromedriver, needs_chromium
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from site_in_browser import Site, barriers, text
from sqlalchemy import insert

from outcry.report import AlarmKind, MessageType
from outcry.responder.storage import roll, store
from stage.reports import NOON

pytestmark = [pytest.mark.slow, needs_chromium, needs_chromedriver]

TABLET = (768, 1024)


@pytest.fixture
def resources():
    with ExitStack() as resources:
        yield resources


@pytest.fixture
def site(world, people):
    return Site(world, people)


@pytest.fixture
def desk(resources):
    return resources.enter_context(browser(DESK))


@pytest.fixture
def wait_for(wait_for):
    """As everywhere; a page that is just being left or swapped is asked once more."""

    def wait(condition):
        def steady():
            try:
                return condition()
            except WebDriverException:
                return False

        return wait_for(steady)

    return wait


@pytest.fixture
def many(world):
    """120 wearers more: of each state some, here and there in the world."""
    names = ["Zarema", "Олена", "ليلى", "Boris", "Chioma"]
    rows = [
        {
            "device": 1 + n,
            "name": f"{names[n % 5]} {n:03}",
            "psk": bytes(32),
            "quorum": 1,
            "enrolled_at": NOON,
            "heard_at": None if n % 11 == 0 else NOON - (9000.0 if n % 7 == 0 else 60.0),
            "latitude": None if n % 11 == 0 else 50 + n % 13 * 0.7,
            "longitude": None if n % 11 == 0 else 10 + n % 17 * 1.3,
        }
        for n in range(120)
    ]
    with world.hq.store.write() as connection:
        connection.execute(insert(store.wearer), rows)
        roll.enter(connection, [each["device"] for each in rows])


def listed(driver):
    return [each.text for each in driver.find_elements(By.CSS_SELECTOR, "#list tbody th bdi")]


def tab_to(driver, name):
    for _ in range(60):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        at = driver.switch_to.active_element
        if name in (at.get_attribute("id"), at.text):
            return at
    raise AssertionError(f"{name} cannot be reached")


def test_a_wearer_is_found_from_the_keyboard_and_news_leaves_the_search_as_it_is(
    site, desk, world, wait_for, many
):
    site.log_in(desk)
    wait_for(lambda: text(desk, "#link").startswith("Live"))
    tab_to(desk, "q").send_keys("zarema" + Keys.ENTER)
    wait_for(lambda: len(listed(desk)) == 24)
    assert "q=zarema" in desk.current_url
    wait_for(lambda: text(desk, "#link").startswith("Live"))
    tab_to(desk, "q").send_keys(Keys.END + " 00")
    desk.execute_script("window.sameOne = true")
    world.hq.takes(world.device.message())
    wait_for(lambda: text(desk, "#announce") == "New alarm: Ana: panic alarm")
    wait_for(lambda: "In alarm: 0" in text(desk, "#list"))  # of those that were searched for
    assert desk.execute_script("return window.sameOne")
    assert len(listed(desk)) == 24
    field = desk.switch_to.active_element
    assert field.get_attribute("id") == "q"
    assert field.get_attribute("value") == "zarema 00"
    field.send_keys(Keys.ENTER)
    wait_for(lambda: listed(desk) == ["Zarema 000", "Zarema 005"])
    assert complaints(desk) == []


def test_pages_filters_and_sorting_are_links_that_news_follows(site, desk, world, wait_for, many):
    site.log_in(desk)
    tab_to(desk, "page-next").send_keys(Keys.ENTER)
    wait_for(lambda: "page=2" in desk.current_url and "Page 2 of 3" in text(desk, "#list"))
    second = listed(desk)
    world.hq.takes(world.device.message())
    wait_for(lambda: desk.title.startswith("(1) ALARM"))
    assert listed(desk) == second
    tab_to(desk, "show-silent").send_keys(Keys.ENTER)
    wait_for(lambda: "show=silent" in desk.current_url)
    assert {each.text for each in desk.find_elements(By.CSS_SELECTOR, "#list .state")} == {
        "■ silent"
    }
    tab_to(desk, "show-alarm").send_keys(Keys.ENTER)
    wait_for(lambda: listed(desk) == ["Ana"])


def test_the_list_is_searched_without_scripts(site, resources, world, wait_for, many):
    driver = resources.enter_context(browser(DESK, script=False))
    site.log_in(driver)
    driver.find_element(By.ID, "q").send_keys("олена 11")
    driver.find_element(By.ID, "search").click()
    wait_for(lambda: listed(driver) == ["Олена 111", "Олена 116"])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, TABLET, DESK])
def test_no_page_for_watching_has_a_barrier_or_is_too_wide(
    site, resources, world, size, dark, many, tmp_path
):
    driver = resources.enter_context(browser(size, dark=dark))
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, battery_percent=9))
    world.hq.takes(world.device.message())
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL, alarm=78))
    site.log_in(driver)
    found = {}
    pictures = Path(os.environ.get("OUTCRY_LOOK", tmp_path))
    for name, path in PAGES.items():
        driver.get(site.url + path)
        found[path] = barriers(driver) + ["too wide"] * (overflows(driver) > 0)
        picture(driver, pictures / f"{name}-{size[0]}-{'dark' if dark else 'light'}.png")
    assert {path: each for path, each in found.items() if each} == {}
    assert complaints(driver) == []


PAGES = {
    "overview": "/console",
    "search": "/console?q=zarema&sort=heard&show=silent",
    "archive": "/console/archive?how=open",
}
