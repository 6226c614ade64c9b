"""What can be asked of a real browser, which is on the stage for the bench too."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from urllib.parse import urlsplit

from axe_core_python.selenium import Axe
from PIL import Image

from stage.browser import DESK, PHONE, browser, shape

__all__ = [
    "DESK",
    "PHONE",
    "answers_to",
    "asked_of",
    "barriers",
    "browser",
    "complaints",
    "overflows",
    "picture",
    "shape",
]


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


def barriers(driver):
    """What a person with a screen reader or poor eyes would stumble over, by axe-core's rules."""
    found = Axe().run(driver)["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def overflows(driver):
    """How many pixels the page is wider than its window."""
    return driver.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def picture(driver, path):
    """The whole page, however long, as a PNG of 128 colours: the guides are in every package."""
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    shot = driver.execute_cdp_cmd(
        "Page.captureScreenshot",
        {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1},
        },
    )
    with Image.open(BytesIO(base64.b64decode(shot["data"]))) as whole:
        few = whole.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    few.save(path, "PNG", optimize=True)
