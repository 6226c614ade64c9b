"""The officers' one screen for watching, in a real browser: list, archive and map."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import DESK, PHONE, asked_of, barriers, browser, complaints, overflows, picture
from parts import needs_chromedriver, needs_chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from site_in_browser import Site, steadily, text
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

    return steadily(wait_for)


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
    tab_to(desk, "q").send_keys(Keys.END + " 11")
    desk.execute_script("window.sameOne = true")
    world.hq.takes(world.device.message())
    wait_for(lambda: text(desk, "#announce") == "New alarm: Ana: panic alarm")
    wait_for(lambda: "In alarm: 0" in text(desk, "#list"))  # of those that were searched for
    assert desk.execute_script("return window.sameOne")
    assert len(listed(desk)) == 24
    field = desk.switch_to.active_element
    assert field.get_attribute("id") == "q"
    assert field.get_attribute("value") == "zarema 11"
    field.send_keys(Keys.ENTER)
    wait_for(lambda: listed(desk) == ["Zarema 110", "Zarema 115"])
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
    assert {each.text for each in desk.find_elements(By.CSS_SELECTOR, "#list td .state")} == {
        "■ silent"
    }
    tab_to(desk, "show-alarm").send_keys(Keys.ENTER)
    wait_for(lambda: listed(desk) == ["Ana"])


def test_a_page_that_hq_had_no_time_for_is_asked_for_again(site, desk, world, wait_for):
    site.log_in(desk)
    wait_for(lambda: text(desk, "#link").startswith("Live"))
    desk.execute_script(
        "for (let id = 1; id < 1000; id += 1) clearInterval(id);"  # nor by itself after a while
        "const real = window.fetch; window.refused = 0;"
        "window.fetch = (...asked) => window.refused++ < 3"
        " ? Promise.resolve(new Response('', { status: 503 })) : real(...asked);"
    )
    world.hq.takes(world.device.message())
    wait_for(lambda: desk.title.startswith("(1) ALARM"))
    assert desk.execute_script("return window.refused") > 3


def test_the_list_is_searched_without_scripts(site, resources, world, wait_for, many):
    driver = resources.enter_context(browser(DESK, script=False))
    site.log_in(driver)
    driver.find_element(By.ID, "q").send_keys("олена 11")
    driver.find_element(By.ID, "search").click()
    wait_for(lambda: listed(driver) == ["Олена 111", "Олена 116"])


def test_all_wearers_are_on_the_map_and_a_mark_leads_to_the_list(site, desk, world, wait_for, many):
    site.log_in(desk)
    wait_for(lambda: marks(desk, "fine"))
    there = " ".join(marks(desk, "fine") + marks(desk, "silent")).split()
    shown = sum(map(int, filter(str.isdecimal, there)))
    assert {each for each in there if not each.isdecimal()} == {"●", "■"}
    assert shown == 109  # the others were never heard
    assert "12 wearers have no known position" in text(desk, "#nowhere")  # and Ana
    world.hq.takes(world.device.message())
    desk.execute_script("markedAt = 0")  # as if it had been looked at some seconds ago
    wait_for(lambda: marks(desk, "alarm") == ["▲"])
    desk.find_element(By.CSS_SELECTOR, "#watch .mark.alarm").click()
    wait_for(lambda: "Ana: in alarm" in text(desk, "#watch .leaflet-popup"))
    desk.find_element(By.LINK_TEXT, "Show in the list").click()
    wait_for(lambda: listed(desk) == ["Ana"])
    assert complaints(desk) == []
    assert asked_of(desk) == {site.host}


def marks(driver, state):
    return [each.text for each in driver.find_elements(By.CSS_SELECTOR, f"#watch .mark.{state}")]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, TABLET, DESK])
def test_no_page_for_watching_has_a_barrier_or_is_too_wide(
    site, resources, world, size, dark, many, tmp_path, wait_for
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
        if path == "/console":
            wait_for(lambda: marks(driver, "alarm"))
        found[path] = barriers(driver) + ["too wide"] * (overflows(driver) > 0)
        picture(driver, pictures / f"{name}-{size[0]}-{'dark' if dark else 'light'}.png")
    assert {path: each for path, each in found.items() if each} == {}
    assert complaints(driver) == []


PAGES = {
    "overview": "/console",
    "search": "/console?q=zarema&sort=heard&show=silent",
    "archive": "/console/archive?how=open",
}
