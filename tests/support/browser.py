"""A real browser without a screen, and what can be asked of it."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PHONE = (360, 640)
DESK = (1280, 900)


@contextmanager
def browser(size=DESK, script=True, dark=False, believes_all=False):
    """Chromium with a window of this size; with or without JavaScript.

    ``believes_all``: certificates of authorities too that it does not know.
    """
    options = webdriver.ChromeOptions()
    options.accept_insecure_certs = believes_all
    options.binary_location = shutil.which("chromium")
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
        _shape(driver, size)
        if not script:
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        if dark:
            scheme = {"name": "prefers-color-scheme", "value": "dark"}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield driver
    finally:
        driver.quit()


def _shape(driver, size):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
    )


def asked_of(driver):
    """The hosts of all that the pages so far have asked for over the network."""
    hosts = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            parts = urlsplit(message["params"]["request"]["url"])
            if parts.scheme not in ("data", "about", "blob", "chrome"):
                hosts.add(parts.netloc)
    return hosts


def answers_to(driver, path):
    """The statuses of what was answered to this path since it was last asked."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [
        message["params"]["response"]["status"]
        for message in messages
        if message["method"] == "Network.responseReceived"
        and urlsplit(message["params"]["response"]["url"]).path == path
    ]


def complaints(driver):
    """What the browser's own console complains of: a refused style, a broken script."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def overflows(driver):
    """How many pixels the page is wider than its window."""
    return driver.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def picture(driver, path):
    """The whole page, however long, as a PNG."""
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    shot = driver.execute_cdp_cmd(
        "Page.captureScreenshot",
        {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1},
        },
    )
    import base64

    path.write_bytes(base64.b64decode(shot["data"]))
