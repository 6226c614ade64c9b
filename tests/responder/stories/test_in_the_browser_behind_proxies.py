"""The duty officer's console in a real browser, through each proxy, while HQ is upgraded."""

from __future__ import annotations

import pyotp
import pytest
from browser import answers_to, browser
from console_hand import PASSWORD
from fronts import BOTH
from parts import needs_chromedriver, needs_chromium
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from served import LIMIT_S

from outcry.responder.service.people_app import people_app
from outcry.responder.web.listener import Listener
from stage.ports import free_port
from stage.proxies import proxy

pytestmark = [pytest.mark.slow, needs_chromium, needs_chromedriver]


@pytest.mark.parametrize("kind", BOTH)
def test_the_console_hears_again_after_hq_was_away(kind, tmp_path, world, wait_for):
    """The proxy answers in HQ's place, and a browser does not ask again after such an answer."""
    people = free_port()
    with (
        proxy(kind, tmp_path / "proxy", free_port(), people) as front,
        browser(believes_all=True) as desk,
    ):
        world.hq.restarts({"people": {"behind_proxy": True, "public_url": front.url}})
        hq = begun(world, people)
        logged_in(world, desk, front.url, wait_for)
        wait_for(lambda: shows(desk, "Live: this page updates itself."))
        assert hq.stop(LIMIT_S)
        seen = []
        wait_for(lambda: seen.extend(answers_to(desk, "/console/live")) or 503 in seen)
        assert shows(desk, "No connection")
        hq = begun(world, people)
        world.hq.takes(world.device.message())
        wait_for(lambda: shows(desk, "Live: this page updates itself.") and shows(desk, "Ana"))
        assert hq.stop(LIMIT_S)


def begun(world, port):
    """A new process of HQ, as far as browsers can tell."""
    listener = Listener("people", people_app(world.hq.parts), "127.0.0.1", port)
    listener.start()
    return listener


def logged_in(world, desk, url, wait_for):
    officers = world.hq.parts.officers
    token = officers.add("olga")
    codes = pyotp.TOTP(officers.welcome(token).secret)
    officers.settle(token, PASSWORD, codes.at(int(world.clock())))
    world.clock.passes(30)  # each code works once
    desk.get(f"{url}/console/login")
    said = (("name", "olga"), ("password", PASSWORD), ("code", codes.at(int(world.clock()))))
    for name, words in said:
        desk.find_element(By.ID, name).send_keys(words)
    desk.find_element(By.CSS_SELECTOR, "button.main").click()
    wait_for(lambda: shows(desk, "olga"))


def shows(desk, words):
    try:
        return words in desk.find_element(By.TAG_NAME, "body").text
    except WebDriverException:  # the page is just being swapped
        return False
