"""A real browser without a screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PHONE = (360, 640)
DESK = (1280, 900)


@contextmanager
def browser(
    size: tuple[int, int] = DESK,
    script: bool = True,
    dark: bool = False,
    believes_all: bool = False,
) -> Iterator[webdriver.Chrome]:
    """Chromium with a window of this size; with or without JavaScript.

    ``believes_all``: certificates of authorities too that it does not know.
    """
    options = webdriver.ChromeOptions()
    options.accept_insecure_certs = believes_all
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "--headless=new",
        "--no-sandbox",  # of a root's own tests, on pages of our own
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--autoplay-policy=no-user-gesture-required",
        "--mute-audio",
        "--lang=en",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    try:
        driver.set_page_load_timeout(60)
        shape(driver, size)
        if not script:
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        if dark:
            scheme = {"name": "prefers-color-scheme", "value": "dark"}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield driver
    finally:
        driver.quit()


def shape(driver: webdriver.Chrome, size: tuple[int, int]) -> None:
    """Gives its window this size, in CSS pixels; half as many are what a zoom of 200 % leaves."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
    )
