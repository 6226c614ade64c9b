"""The contact's page in a real browser, on an old phone first: by a person who has never seen it."""

from __future__ import annotations

import pytest
from browser import PHONE, barriers, browser, complaints, overflows, shape
from builders import CALL_US, known_organisation
from parts import needs_chromedriver, needs_chromium
from selenium.webdriver.common.by import By
from sqlalchemy import update

from outcry.report import AlarmKind
from outcry.responder.rules.events import Confirmed
from outcry.responder.storage import store
from outcry.responder.translations import load

pytestmark = [pytest.mark.slow, needs_chromium, needs_chromedriver]

LANGUAGES = sorted(load())
LONG_NAMES = {
    "ru": "Магомед-Али Абдурахманович Хасбулатов",
    "ar": "عبد الرحمن بن محمد الأنصاري الحسيني",
}
SIZES = (PHONE, (768, 1024), (1280, 900))
ZOOMED = tuple((width // 2, height // 2) for width, height in SIZES)


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def window(request):
    with browser(PHONE, dark=request.param) as driver:
        yield driver


@pytest.fixture(scope="module")
def phone():
    with browser(PHONE) as driver:
        yield driver


@pytest.fixture
def url(world, request, tmp_path):
    """HQ's pages, of an organisation with a sign and a number."""
    world.hq.restarts({"organisation": known_organisation(tmp_path)})
    return request.getfixturevalue("people")


def speaks(world, language, wearer="Ana"):
    with world.hq.store.write() as connection:
        connection.execute(update(store.contact).values(language=language))
        connection.execute(update(store.wearer).values(name=wearer))


def answers(driver, url, world, said, pin=None, alarm=1):
    """Opens the link afresh and gives this answer."""
    driver.delete_all_cookies()
    driver.get(f"{url}/c/{world.invitation(1, alarm)}")
    driver.find_element(By.ID, "pin").send_keys(pin or world.pins[0])
    driver.find_element(By.CSS_SELECTOR, f"button[formaction$='/{said}']").click()


def bottom(element):
    return element.rect["y"] + element.rect["height"]


def below(driver, selector):
    """What of this cannot be seen or tapped on the first screen of the phone, and by how much."""
    found = driver.find_elements(By.CSS_SELECTOR, selector)
    assert found
    return [(each.text or selector, bottom(each)) for each in found if bottom(each) > PHONE[1]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_of_an_old_phone_has_all_that_it_takes_to_answer(
    url, phone, world, language
):
    speaks(world, language)
    shape(phone, PHONE)
    for n, kind in enumerate((AlarmKind.DRILL, AlarmKind.PANIC, AlarmKind.STRAP), 1):
        world.hq.takes(world.device.message(kind=kind, alarm=80 + n))
        phone.get(f"{url}/c/{world.invitation(1, n)}")
        assert below(phone, "#pin, .real, .asks") == []
        if kind is not AlarmKind.DRILL:
            assert below(phone, "button") == []
        assert overflows(phone) <= 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_else_is_to_be_said_the_deciding_button_stays_on_the_first_screen(
    url, phone, world, language, wait_for
):
    """A long name, a later alarm, a wrong PIN."""
    speaks(world, language, LONG_NAMES.get(language, LONG_NAMES["ru"]))
    shape(phone, PHONE)
    world.hq.takes(world.device.message(kind=AlarmKind.STRAP, alarm=80))
    world.hq.takes(world.device.message(alarm=81))
    phone.get(f"{url}/c/{world.invitation(1, 1)}")
    assert below(phone, "#pin, .real") == []
    answers(phone, url, world, "confirm", pin="000000")
    wait_for(lambda: phone.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    assert below(phone, "#pin, .real") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_size_zoom_or_light_puts_up_a_barrier(url, window, world, language, wait_for):
    speaks(world, language)
    world.hq.takes(world.device.message(kind=AlarmKind.STRAP))
    found = {}

    def look(page):
        for size in SIZES:
            shape(window, size)
            found[page, size] = barriers(window) + cut_off(window)
        for size in ZOOMED:
            shape(window, size)
            found[page, size] = cut_off(window)

    window.delete_all_cookies()
    window.get(f"{url}/c/{world.invitation(1)}")
    look("before")
    answers(window, url, world, "confirm")
    wait_for(lambda: window.find_elements(By.CSS_SELECTOR, "[role=status]"))
    look("after")
    assert {where: each for where, each in found.items() if each} == {}
    assert complaints(window) == []


def cut_off(driver):
    """What is wider than the place it has, the page itself too."""
    wide = driver.execute_script(
        "return [...document.querySelectorAll('body *:not(svg *)')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.outerHTML)"
    )
    return [f"cut off: {each[:120]}" for each in wide] + ["too wide"] * (overflows(driver) > 0)


@pytest.mark.parametrize("language", ["ar", "fa", "en"])
def test_a_map_is_never_mirrored_and_every_label_lies_in_it(url, phone, world, language):
    speaks(world, language)
    world.hq.takes(world.device.message())
    phone.get(f"{url}/c/{world.invitation(1)}")
    box = phone.find_element(By.TAG_NAME, "svg").rect
    labels = {each.text: each.rect for each in phone.find_elements(By.CSS_SELECTOR, "svg text")}
    for rect in labels.values():
        assert rect["x"] >= box["x"]
        assert rect["x"] + rect["width"] <= box["x"] + box["width"]
        assert rect["y"] >= box["y"]
    east = sorted((name for name in labels if name.startswith("13.")), key=float_of)
    assert east == sorted(east, key=lambda name: labels[name]["x"])
    assert labels["N↑"]["x"] > box["x"] + box["width"] / 2
    assert labels["100 m"]["x"] < box["x"] + box["width"] / 2


def float_of(label):
    return float(label.rstrip("°"))


def test_it_says_who_asks_with_their_sign_and_a_number_to_call(url, phone, world):
    world.hq.takes(world.device.message())
    complaints(phone)  # those of the tests before
    phone.get(f"{url}/c/{world.invitation(1)}")
    asks = phone.find_element(By.CSS_SELECTOR, ".asks")
    assert asks.text == f"Example Org asks for your answer. To make sure, call us: {CALL_US}"
    call = asks.find_element(By.TAG_NAME, "a")
    assert call.get_attribute("href") == f"tel:{CALL_US}"
    sign = asks.find_element(By.TAG_NAME, "img")
    assert phone.execute_script("return arguments[0].naturalWidth > 0", sign)
    assert complaints(phone) == []


def test_from_the_link_to_the_saved_answer_no_script_is_needed(url, world, wait_for):
    world.hq.takes(world.device.message())
    with browser(PHONE, script=False) as phone:
        answers(phone, url, world, "confirm")
        wait_for(lambda: "Your answer is saved" in phone.page_source)
    assert world.hq.history()[-1] is Confirmed
