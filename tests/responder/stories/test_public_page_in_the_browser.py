"""The public page in a real browser: small, dark, enlarged, without scripts, in every script."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_core_python.selenium import Axe
from browser import DESK, PHONE, asked_of, browser, complaints, overflows, picture
from parts import needs_chromedriver, needs_chromium
from selenium.webdriver.common.by import By

from outcry.responder.maps import places
from outcry.responder.posting import wording
from outcry.responder.posting.publisher import Draft
from outcry.responder.posting.wording import PostFacts, Where
from outcry.responder.rules.events import Ground
from outcry.responder.service.people_app import people_app
from stage.reports import NOON

pytestmark = [pytest.mark.slow, needs_chromium, needs_chromedriver]

LANGUAGES = ("ar", "en", "es", "fa", "fr", "ru", "uk")
NAMES = {"ar": "Ana-Maria Kowalska", "en": "فاطمة الزهراء", "ru": "Ольга 'Олічка' Шевченко"}
ENLARGED = (180, 640)  # a phone's 360 pixels at 200 %
SIZES = [PHONE, (768, 1024), DESK, ENLARGED]
LONG = "https://example.org/" + "a" * 300
PICTURES = Path(__file__).parents[3] / "docs" / "pictures"


@pytest.fixture
def site(world, serve, tmp_path):
    """HQ's pages with a post, a follow-up and a correction in every language, and what is asked."""
    (tmp_path / "en.txt").write_text(
        "Call the ministry: +44 7700 900199. Ask for her.\n\n#FreeFatima"
    )
    (tmp_path / "es.txt").write_text(f"Comparta {LONG}")
    (tmp_path / "fa.txt").write_text("به وزارت زنگ بزنید: +44 7700 900199.\n\n#FreeAna")
    world.hq.restarts({"publishing": {"asks": str(tmp_path)}})
    page, town = world.hq.own_page, places.load().find(43.31, 45.69)
    for n, language in enumerate(LANGUAGES, 1):
        world.clock.passes(600)
        facts = PostFacts(
            NAMES.get(language, "Ana"), "Example Org", NOON, NOON, ground=Ground.QUORUM, confirmed=2,
            where=Where(town), at=world.clock(), reason="released",
        )  # fmt: skip
        posted = page.post(f"alarm-{n}", wording.post_draft(facts, page.limits, language))
        facts = PostFacts(facts.wearer, "Example Org", NOON, NOON, at=world.clock())
        page.reply(f"more-{n}", posted, wording.follow_up_draft(facts, page.limits, language))
    page.correct("c", posted, wording.correction_draft(facts, page.limits, language))
    page.post("long", Draft(LONG, "en", 0.0))
    return serve(people_app(world.hq.parts))


def barriers(driver):
    found = Axe().run(driver)["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def paths():
    yield "/"
    yield "/?before=3"
    yield from (f"/post/{2 * n - 1}" for n in range(1, len(LANGUAGES) + 1))
    yield "/post/2"
    yield f"/post/{2 * len(LANGUAGES) + 1}"
    yield "/what-we-ask"
    yield "/post/99"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_every_public_page_can_be_read_however_small_dark_or_enlarged(site, size, dark):
    found = {}
    with browser(size, dark=dark) as driver:
        for path in paths():
            driver.get(site + path)
            if path != "/post/99":
                body = driver.find_element(By.TAG_NAME, "body")
                is_dark = body.value_of_css_property("background-color") == "rgba(20, 20, 20, 1)"
                assert is_dark == dark
            found[path] = barriers(driver) + ["too wide"] * (overflows(driver) > 0)
            smallest = min(
                (each.rect["height"] for each in driver.find_elements(By.CSS_SELECTOR, ".share a")),
                default=44,
            )
            found[path] += ["too small for a finger"] * (smallest < 44)
        assert {path: each for path, each in found.items() if each} == {}
        assert asked_of(driver) == {site.removeprefix("http://")}
        assert [each for each in complaints(driver) if "404" not in each] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_own_words_are_in_the_readers_language(site, language):
    with browser(PHONE) as driver:
        headers = {"headers": {"Accept-Language": language}}
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", headers)
        for path in ("/what-we-ask", "/", "/post/1", "/post/3"):
            driver.get(site + path)
            wanted = "rtl" if language in ("ar", "fa") else "ltr"
            assert driver.execute_script("return document.dir") == wanted
            assert driver.execute_script("return document.documentElement.lang") == language
            assert barriers(driver) == []
            assert overflows(driver) <= 0
        article = driver.find_element(By.CSS_SELECTOR, "article")  # the post keeps its own
        assert article.value_of_css_property("direction") == "ltr"


def test_without_scripts_all_is_there(site):
    with browser(PHONE, script=False) as driver:
        driver.get(f"{site}/post/1")
        assert "نداء استغاثة" in driver.find_element(By.CSS_SELECTOR, "article").text
        assert driver.find_element(By.CSS_SELECTOR, "article img").get_property("naturalWidth") > 0
        assert len(driver.find_elements(By.CSS_SELECTOR, "#share a")) == 7
        assert asked_of(driver) == {site.removeprefix("http://")}


def test_a_phone_loads_the_smaller_picture(site):
    with browser(PHONE) as driver:
        driver.get(f"{site}/post/3")
        shown = driver.find_element(By.CSS_SELECTOR, "article img").get_property("currentSrc")
        assert shown == f"{site}/post/3/picture-640.png"


def test_the_docs_pictures_of_the_public_page(site, tmp_path):
    """The documentation's own are written by ``make pictures`` alone: fonts differ by machine."""
    pictures = PICTURES if os.environ.get("OUTCRY_PICTURES") else tmp_path
    with browser(PHONE) as driver:
        driver.get(f"{site}/post/3")
        picture(driver, pictures / "public-post.png")
    with browser(PHONE, dark=True) as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        headers = {"headers": {"Accept-Language": "fa"}}
        driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", headers)
        driver.get(f"{site}/post/1")
        picture(driver, pictures / "public-post-dark.png")
