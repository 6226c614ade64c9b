"""HQ's pages in a real browser, with an officer who can log in there."""

from __future__ import annotations

from urllib.parse import urlsplit

import pyotp
from console_hand import PASSWORD
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from outcry.report import MessageType, Position


class Site:
    """HQ's pages on a real listener, with an officer who has settled in."""

    def __init__(self, world, url):
        self.parts = world.hq.parts
        self.world = world
        self.url = url
        self.host = url.removeprefix("http://")
        token = self.parts.officers.add("olga")
        self._totp = pyotp.TOTP(self.parts.officers.welcome(token).secret)
        self.parts.officers.settle(token, PASSWORD, self.code())

    def code(self):
        return self._totp.at(int(self.world.clock()))

    def log_in(self, driver):
        self.world.clock.passes(30)  # each code works once
        driver.get(f"{self.url}/console/login")
        for name, words in (("name", "olga"), ("password", PASSWORD), ("code", self.code())):
            driver.find_element(By.ID, name).send_keys(words)
        driver.find_element(By.CSS_SELECTOR, "button.main").click()
        WebDriverWait(driver, 60, ignored_exceptions=[WebDriverException]).until(
            lambda _: urlsplit(driver.current_url).path == "/console"
        )

    def walks(self, count=8):
        """The wearer walks north-east, a report a minute."""
        for n in range(1, count + 1):
            self.world.clock.passes(60)
            place = Position(52.52 + n * 0.002, 13.405 + n * 0.003 - n % 3 * 0.001, 12 + n, 5)
            report = self.world.device.message(
                MessageType.POSITION, sequence=n, place=place, battery_percent=57 - n, signal=17
            )
            self.world.hq.takes(report)

    def is_at(self, place, sequence):
        """The wearer's device reports that it is there."""
        self.world.clock.passes(60)
        report = self.world.device.message(MessageType.POSITION, sequence=sequence, place=place)
        self.world.hq.takes(report)


def text(driver, selector="body"):
    return driver.find_element(By.CSS_SELECTOR, selector).text


def steadily(wait_for):
    """The same wait; a page that is just being left or swapped is asked once more."""

    def wait(condition):
        def steady():
            try:
                return condition()
            except WebDriverException:
                return False

        return wait_for(steady)

    return wait
