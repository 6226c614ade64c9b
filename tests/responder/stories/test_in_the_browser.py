"""People's pages and the console in a real browser: a phone's small window, and a desk's."""

from __future__ import annotations

import math
import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import DESK, PHONE, asked_of, barriers, browser, complaints, overflows, picture
from builders import known_organisation
from console_hand import PASSWORD
from parts import needs_chromedriver, needs_chromium
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from site_in_browser import Site, steadily, text
from tile_server import tile_server

from outcry.report import AlarmKind, Flag, MessageType, Position
from outcry.responder.posting.publisher import Draft
from outcry.responder.rules.events import Confirmed
from outcry.responder.service.people_app import people_app

pytestmark = [pytest.mark.slow, needs_chromium, needs_chromedriver]

PICTURES = Path(__file__).parents[3] / "docs" / "pictures"


@pytest.fixture
def resources():
    with ExitStack() as resources:
        yield resources


@pytest.fixture
def site(world, request, tmp_path):
    world.hq.restarts({"organisation": known_organisation(tmp_path)})
    return Site(world, request.getfixturevalue("people"))


@pytest.fixture
def phone(resources):
    return resources.enter_context(browser(PHONE))


@pytest.fixture
def desk(resources):
    return resources.enter_context(browser(DESK))


@pytest.fixture
def wait_for(wait_for):
    """As everywhere; a page that is just being left or swapped is asked once more."""

    return steadily(wait_for)


def press(driver, words):
    buttons = driver.find_elements(By.TAG_NAME, "button")
    next(each for each in buttons if each.text == words).click()


def test_a_contact_confirms_without_a_manual(site, phone, world, wait_for):
    world.hq.takes(world.device.message())
    phone.get(f"{site.url}/c/{world.invitation(1)}")
    assert text(phone, "h1") == "Ana needs help"
    assert overflows(phone) <= 0
    phone.find_element(By.ID, "pin").send_keys(world.pins[0])
    press(phone, "It is real: make it public")
    wait_for(lambda: "Your answer is saved: “It is real: make it public”" in text(phone))
    assert world.hq.history()[-1] is Confirmed
    assert overflows(phone) <= 0
    assert complaints(phone) == []
    assert asked_of(phone) == {site.host}


def test_the_track_comes_by_itself_after_the_pin(site, phone, world, wait_for):
    world.hq.takes(world.device.message())
    phone.get(f"{site.url}/c/{world.invitation(1)}")
    phone.find_element(By.ID, "pin").send_keys(world.pins[0])
    press(phone, "I have seen this alarm")
    wait_for(lambda: "Your answer is saved" in text(phone))
    site.walks(2)
    phone.find_element(By.LINK_TEXT, "Update now").click()  # what the page does each minute
    wait_for(lambda: "52.52400, 13.40900" in text(phone))
    assert phone.find_element(By.CSS_SELECTOR, "svg polyline")


@pytest.mark.parametrize("language", ["ar", "fa"])
def test_a_page_from_right_to_left_reads_so(site, phone, world, language):
    from sqlalchemy import update

    from outcry.responder.storage import store

    with world.hq.store.write() as connection:
        connection.execute(update(store.contact).values(language=language))
    world.hq.takes(world.device.message())
    phone.get(f"{site.url}/c/{world.invitation(1)}")
    heading = phone.find_element(By.TAG_NAME, "h1")
    assert heading.value_of_css_property("direction") == "rtl"
    assert phone.find_element(By.ID, "pin").value_of_css_property("direction") == "ltr"
    assert overflows(phone) <= 0
    assert barriers(phone) == []


def test_the_console_lets_in_and_a_new_alarm_appears_without_a_reload(site, desk, world, wait_for):
    site.log_in(desk)
    wait_for(lambda: "No alarm is open" in text(desk))
    wait_for(lambda: text(desk, "#link").startswith("Live"))
    desk.execute_script("window.sameOne = true")
    calm = desk.title
    world.hq.takes(world.device.message())
    wait_for(lambda: desk.title.startswith("(1) ALARM: Ana"))
    assert desk.execute_script("return window.sameOne")
    assert text(desk, "#announce") == "New alarm: Ana: panic alarm"
    assert desk.find_element(By.ID, "announce").get_attribute("role") == "alert"
    assert text(desk, "#sound") == "Sound is on. Turn it off"
    press(desk, "Sound is on. Turn it off")
    wait_for(lambda: text(desk, "#sound") == "Sound is off. Turn it on")
    site.parts.console.act(1, "acknowledge", "pavel")
    wait_for(lambda: desk.title == calm)
    assert "Taken by pavel" in text(desk)
    assert complaints(desk) == []
    assert asked_of(desk) == {site.host}


def test_what_an_officer_writes_is_not_swept_away_by_news(site, desk, world, wait_for):
    world.hq.takes(world.device.message())
    site.log_in(desk)
    desk.get(f"{site.url}/console/alarm/1")
    desk.find_element(By.CSS_SELECTOR, "#more-close summary").click()
    reason = desk.find_element(By.ID, "reason")
    reason.send_keys("she is")
    site.walks(1)
    wait_for(lambda: "Position, by mobile data" in text(desk, "#history"))
    reason.send_keys(" home")
    assert desk.find_element(By.ID, "reason").get_attribute("value") == "she is home"


def test_the_map_is_drawn_and_grows_with_the_track(site, desk, world, wait_for):
    world.hq.takes(world.device.message())
    site.walks(2)
    site.log_in(desk)
    desk.get(f"{site.url}/console/alarm/1")
    dots = "#map path.leaflet-interactive"
    wait_for(lambda: len(desk.find_elements(By.CSS_SELECTOR, dots)) == 5)  # way, circle, 3 dots
    towns = ".town.leaflet-tooltip"
    wait_for(lambda: "Mitte" in [e.text for e in desk.find_elements(By.CSS_SELECTOR, towns)])
    assert "GeoNames" in text(desk, "#map .leaflet-control-attribution")
    box = desk.find_element(By.ID, "map").rect
    assert box["width"] > 300
    assert box["height"] > 200
    assert desk.execute_script("return document.getElementById('drawn').hidden")
    report = world.device.message(
        MessageType.POSITION, sequence=3, place=Position(52.53, 13.42, 9, 1)
    )
    world.hq.takes(report)
    wait_for(lambda: len(desk.find_elements(By.CSS_SELECTOR, dots)) == 6)
    assert complaints(desk) == []
    assert asked_of(desk) == {site.host}


LAND, WATER = (246, 242, 230), (201, 223, 236)
GROUND = """
const canvas = document.querySelector(".leaflet-ground-pane canvas");
if (!canvas) return [];
const paint = canvas.getContext("2d");
const there = canvas.getBoundingClientRect();
const map = document.getElementById("map").getBoundingClientRect();
const found = [];
for (let x = 1; x < 16; x += 1) for (let y = 1; y < 10; y += 1) {
  const across = (map.x + map.width * x / 16 - there.x) * canvas.width / there.width;
  const down = (map.y + map.height * y / 10 - there.y) * canvas.height / there.height;
  found.push([...paint.getImageData(across, down, 1, 1).data]);
}
return found;
"""
AFAR = [Position(52.52 + n * 0.02, 13.405 + n * 0.033, 12, 5) for n in range(5)]  # 3 km apart


class LiveMap:
    """The map on an alarm's page, as one sees it."""

    def __init__(self, site, driver):
        self.site, self.driver = site, driver
        site.log_in(driver)
        driver.get(f"{site.url}/console/alarm/1")

    def middle(self, selector):
        rect = self.driver.execute_script(
            "const r = document.querySelector(arguments[0])?.getBoundingClientRect();"
            "return r && [r.x + r.width / 2, r.y + r.height / 2]",
            selector,
        )
        return rect and (rect[0], rect[1])

    def off_the_middle(self):
        """Pixels from the middle of the map to the newest position."""
        at = self.middle("#map .newest")
        return math.dist(at, self.middle("#map")) if at else math.inf

    def knows(self, place):
        return f"{place.latitude:.5f}, {place.longitude:.5f}" in text(self.driver, "#place")

    def ground(self):
        """What is drawn below the track at 15 x 9 points of the map, as (red, green, blue)."""
        return [
            tuple(each[:3])
            for each in self.driver.execute_script(GROUND)
            if each[3] > 0  # nothing is there yet
        ]

    def all_is(self, colour):
        ground = self.ground()
        return len(ground) == 135 and all(math.dist(each, colour) < 12 for each in ground)

    def zooms(self, key, times, wait_for):
        """Each key when the map stands still: one that comes before is passed over."""
        for _ in range(times):
            wait_for(
                lambda: not self.driver.find_elements(By.CSS_SELECTOR, "#map .leaflet-zoom-anim")
            )
            before = self.scale
            self.driver.find_element(By.ID, "map").send_keys(key)
            wait_for(lambda before=before: self.scale != before)

    @property
    def towns(self):
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#map .town')].map((each) => each.textContent)"
        )

    @property
    def button(self):
        return self.driver.find_element(By.ID, "to-newest")

    @property
    def scale(self):
        return text(self.driver, "#map-scale")


@pytest.fixture
def live_map(site, desk, world, wait_for):
    world.hq.takes(world.device.message())
    shown = LiveMap(site, desk)
    wait_for(lambda: shown.off_the_middle() < 5)
    return shown


def test_the_map_follows_the_newest_position(site, live_map, wait_for):
    start = live_map.middle("#map .newest")
    for n in (1, 2):
        site.is_at(AFAR[n], n)
        wait_for(lambda n=n: live_map.knows(AFAR[n]))
        wait_for(lambda: live_map.off_the_middle() < 5)
        assert live_map.middle("#map .within")
    assert math.dist(live_map.middle("#map .newest"), start) < 5
    assert not live_map.button.is_displayed()
    assert complaints(live_map.driver) == []


def test_a_map_moved_by_hand_stays_until_the_button_brings_it_back(site, live_map, wait_for):
    box = live_map.driver.find_element(By.ID, "map")
    ActionChains(live_map.driver).drag_and_drop_by_offset(box, 200, 60).perform()
    wait_for(live_map.button.is_displayed)
    wait_for(lambda: live_map.off_the_middle() > 150)
    near = Position(52.5201, 13.405, 12, 5)
    site.is_at(near, 1)
    wait_for(lambda: live_map.knows(near))
    assert live_map.off_the_middle() > 150
    press(live_map.driver, "To the newest")
    wait_for(lambda: live_map.off_the_middle() < 5)
    assert not live_map.button.is_displayed()
    site.is_at(AFAR[2], 2)
    wait_for(lambda: live_map.knows(AFAR[2]))
    wait_for(lambda: live_map.off_the_middle() < 5)


def test_the_map_is_moved_and_brought_back_from_the_keyboard(site, live_map, wait_for):
    driver = live_map.driver
    before = live_map.scale
    driver.find_element(By.ID, "map").send_keys("+")  # to look closer is not to look elsewhere
    wait_for(lambda: live_map.scale != before)
    wait_for(lambda: live_map.off_the_middle() < 5)
    assert not live_map.button.is_displayed()
    driver.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    wait_for(live_map.button.is_displayed)
    wait_for(lambda: live_map.off_the_middle() > 60)
    driver.switch_to.active_element.send_keys(Keys.SHIFT + Keys.TAB)
    assert driver.switch_to.active_element == live_map.button
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    wait_for(lambda: live_map.off_the_middle() < 5)
    assert driver.switch_to.active_element.get_attribute("id") == "map"
    site.is_at(AFAR[1], 1)
    wait_for(lambda: live_map.knows(AFAR[1]))
    wait_for(lambda: live_map.off_the_middle() < 5)


def test_the_scale_is_in_words_and_changes_as_one_zooms(live_map, wait_for):
    wide = live_map.driver.find_element(By.ID, "map").rect["width"]
    metres = wide * 156_543 / 2**15 * math.cos(math.radians(52.52))
    coarse = "Coasts, rivers and borders may be a kilometre or two off."
    assert live_map.scale == f"This map is about {metres / 1000:.0f} km wide. {coarse}"
    live_map.driver.find_element(By.ID, "map").send_keys("-")
    wait_for(lambda: f"This map is about {metres * 2 / 1000:.0f} km wide." in live_map.scale)
    assert live_map.driver.find_elements(By.CSS_SELECTOR, "[aria-live] #map-scale") == []


def test_land_and_water_fill_the_map_wherever_one_looks(site, live_map, wait_for):
    wait_for(lambda: live_map.all_is(LAND))
    live_map.zooms("-", 7, wait_for)
    wait_for(lambda: {"Berlin", "Hamburg", "Warszawa"} & set(live_map.towns))
    wait_for(lambda: len(live_map.ground()) == 135)
    at_sea = Position(0.0, -30.0, 12, 5)
    site.is_at(at_sea, 1)
    wait_for(lambda: live_map.knows(at_sea))
    wait_for(lambda: live_map.all_is(WATER))
    site.is_at(Position(15.35, 44.2, 12, 5), 2)
    wait_for(lambda: "Sanaa" in live_map.towns)
    wait_for(lambda: len(live_map.ground()) == 135)
    assert complaints(live_map.driver) == []
    assert asked_of(live_map.driver) == {site.host}


def test_the_closer_one_looks_the_smaller_are_the_towns_that_are_named(live_map, wait_for):
    live_map.zooms("-", 8, wait_for)
    wait_for(lambda: {"Berlin", "Magdeburg"} <= set(live_map.towns))
    from_afar = set(live_map.towns)
    live_map.zooms("=", 3, wait_for)  # "+" is Shift too: three steps at once
    wait_for(lambda: len(set(live_map.towns) - from_afar) > 10)
    assert "Magdeburg" not in live_map.towns


@pytest.fixture
def tiles():
    with tile_server() as server:
        yield server


def test_tiles_are_asked_of_the_server_in_the_settings_alone(world, serve, desk, tiles, wait_for):
    address = f"http://{tiles.host}/{{z}}/{{x}}/{{y}}.png"
    world.hq.restarts({"console": {"tiles": address, "tiles_credit": "Our own streets"}})
    site = Site(world, serve(people_app(world.hq.parts)))
    world.hq.takes(world.device.message())
    shown = LiveMap(site, desk)
    loaded = "#map .leaflet-tile-loaded"
    wait_for(lambda: len(desk.find_elements(By.CSS_SELECTOR, loaded)) >= 4)
    wait_for(lambda: shown.off_the_middle() < 5)
    side = 2**15 / 360
    assert (15, int((13.405 + 180) * side)) in [tile[:2] for tile in tiles.asked]
    assert "Our own streets" in text(desk, "#map .leaflet-control-attribution")
    assert shown.towns == []
    assert shown.scale == "This map is about 3 km wide."
    assert complaints(desk) == []
    assert asked_of(desk) == {site.host, tiles.host}
    site.is_at(AFAR[3], 1)
    wait_for(lambda: any(tile[1] > (13.48 + 180) * side for tile in tiles.asked))
    with tile_server() as another:
        desk.execute_script(
            "const stray = new Image(); stray.id = 'stray'; document.body.append(stray);"
            "stray.onerror = () => stray.title = 'refused'; stray.src = arguments[0]",
            f"http://{another.host}/1/0/0.png",
        )
        wait_for(lambda: desk.find_element(By.ID, "stray").get_attribute("title") == "refused")
        assert another.asked == []
    assert tiles.strange == []
    assert "Content Security Policy" in complaints(desk)[0]


def test_a_wearer_who_crosses_the_date_line_is_not_drawn_round_the_world(site, live_map, wait_for):
    for n, longitude in enumerate((179.99, -179.99), 1):
        site.is_at(Position(-16.8, longitude, 12, 5), n)
        wait_for(lambda x=longitude: live_map.knows(Position(-16.8, x, 12, 5)))
        wait_for(lambda: live_map.off_the_middle() < 5)
    before = live_map.driver.find_elements(By.CSS_SELECTOR, "#map path.leaflet-interactive")[-3]
    box = live_map.driver.find_element(By.ID, "map").rect
    assert 0 < box["x"] + box["width"] / 2 - before.rect["x"] < 600  # 2 km at 4.6 m a pixel


def test_everything_is_done_from_the_keyboard(site, desk, world, wait_for):
    world.hq.takes(world.device.message())
    world.clock.passes(30)
    desk.get(f"{site.url}/console/login")
    for words in ("olga", Keys.TAB, PASSWORD, Keys.TAB, site.code(), Keys.ENTER):
        desk.switch_to.active_element.send_keys(words)
    wait_for(lambda: "No duty officer has taken it yet" in text(desk))

    def tab_to(name):
        for _ in range(30):
            desk.switch_to.active_element.send_keys(Keys.TAB)
            at = desk.switch_to.active_element
            if name in (at.get_attribute("id"), at.text):
                width = at.value_of_css_property("outline-width")
                assert width not in ("0px", "")  # one sees where one is
                return at
        raise AssertionError(f"{name} cannot be reached")

    tab_to("Ana: panic alarm").send_keys(Keys.ENTER)
    wait_for(lambda: desk.current_url.endswith("/console/alarm/1"))
    tab_to("act-acknowledge").send_keys(Keys.ENTER)
    wait_for(lambda: "Saved: you have taken this alarm" in text(desk))
    assert world.hq.entries()[-1].officer == "olga"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_no_page_has_a_barrier_or_is_wider_than_its_window(site, resources, world, size, dark):
    driver = resources.enter_context(browser(size, dark=dark))
    world.hq.takes(world.device.message(MessageType.HEARTBEAT, flags=Flag.MOVING))
    world.hq.takes(world.device.message())
    world.hq.takes(world.device.message(kind=AlarmKind.DRILL, alarm=78))
    site.walks(3)
    world.hq.own_page.post("k", Draft("Ana raised an alarm.", "en", 0.0))
    token = site.parts.officers.add("pavel")
    found = {}

    def look(path):
        driver.get(site.url + path)
        found[path] = barriers(driver) + ["too wide"] * (overflows(driver) > 0)

    for path in (f"/c/{world.invitation(1)}", "/c/none", "/", "/post/1", "/console/login",
                 f"/console/welcome/{token}"):  # fmt: skip
        look(path)
    site.log_in(driver)
    for path in ("/console", "/console/alarm/1", "/console/alarm/1/preview",
                 "/console/alarm/1/corrections", "/console/alarm/9"):  # fmt: skip
        look(path)
    assert {path: each for path, each in found.items() if each} == {}
    assert asked_of(driver) == {site.host}
    assert [each for each in complaints(driver) if "404" not in each] == []


def test_without_scripts_the_console_shows_and_does_the_same(site, resources, world, wait_for):
    driver = resources.enter_context(browser(DESK, script=False))
    world.hq.takes(world.device.message())
    site.log_in(driver)
    wait_for(lambda: "No duty officer has taken it yet" in driver.page_source)
    driver.get(f"{site.url}/console/alarm/1")
    assert "<svg" in driver.page_source
    driver.find_element(By.ID, "act-acknowledge").click()
    wait_for(lambda: "Saved: you have taken this alarm" in driver.page_source)


def test_a_logout_elsewhere_ends_the_open_console(site, desk, wait_for):
    site.log_in(desk)
    wait_for(lambda: text(desk, "#link").startswith("Live"))
    site.parts.officers.remove("olga")
    desk.execute_script("look()")  # what the page does every 20 s
    wait_for(lambda: "/console/login" in desk.current_url)


def test_the_docs_pictures(site, resources, world, wait_for, tmp_path):
    """The documentation's own are written by ``make pictures`` alone: fonts differ by machine."""
    pictures = PICTURES if os.environ.get("OUTCRY_PICTURES") else tmp_path
    phone = resources.enter_context(browser(PHONE))
    flags = Flag.MOVING
    world.hq.takes(
        world.device.message(
            MessageType.HEARTBEAT, flags=flags, battery_percent=57, supply_mv=3810, signal=17
        )
    )
    world.hq.takes(world.device.message(battery_percent=57, supply_mv=3810, signal=17))
    site.walks()
    phone.get(f"{site.url}/c/{world.invitation(1)}")
    picture(phone, pictures / "contact.png")
    phone.find_element(By.ID, "pin").send_keys(world.pins[0])
    press(phone, "It is real: make it public")
    wait_for(lambda: "Your answer is saved" in text(phone))
    picture(phone, pictures / "contact-after-pin.png")
    desk = resources.enter_context(browser(DESK))
    site.log_in(desk)
    wait_for(lambda: text(desk, "#link").startswith("Live"))
    picture(desk, pictures / "console.png")
    desk.get(f"{site.url}/console/alarm/1")
    wait_for(lambda: desk.find_elements(By.CSS_SELECTOR, "#map path"))
    wait_for(lambda: desk.find_elements(By.CSS_SELECTOR, "#map .town"))
    around = desk.find_element(By.CSS_SELECTOR, "#around img")
    desk.execute_script("arguments[0].scrollIntoView()", around)
    wait_for(lambda: desk.execute_script("return arguments[0].naturalWidth > 0", around))
    wait_for(lambda: text(desk, "#link").startswith("Live"))
    picture(desk, pictures / "console-alarm.png")
    world.answers(world.invitation(2), world.pins[1], "confirm")
    world.hq.works()
    desk.get(f"{site.url}/")
    picture(desk, pictures / "public.png")
