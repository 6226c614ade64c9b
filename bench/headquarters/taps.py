"""How often a contact has to tap, from the text message to the confirmation."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome

from bench.alarm.press import warm_up
from stage.browser import PHONE, browser
from stage.hand import Hand
from stage.stage import CONTACTS, NotSeen, PartMissing, Stage

CONTACT = "Ana"
_LIMIT_S = 60.0
_SCREENS = 20  # that far somebody frightened may have to scroll


def taps_to_confirm() -> float:
    """Taps and swipes until HQ has it that a contact confirms, on a phone of 360x640 without scripts.

    The wearable, its network and HQ are the stage's; the contact does what the text and the page
    say: taps the first address in the text, the PIN's field, the button. Typing is no tap.
    """
    for part in ("chromium", "chromedriver"):
        if shutil.which(part) is None:
            raise PartMissing(f"{part} is not installed; tools/system-packages installs it")
    with tempfile.TemporaryDirectory() as folder:
        options = ("--instant", "--warm")
        with Stage(Path(folder), options) as stage, browser(PHONE, script=False) as phone:
            warm_up(stage)
            Hand(stage.board_folder).press()
            text = stage.wait("the contact's text", lambda: _text_of_hq(stage), _LIMIT_S)
            finger = Finger(phone)
            finger.opens(_first_address(text))
            finger.taps("#pin")
            phone.execute_cdp_cmd("Input.insertText", {"text": stage.pins[CONTACT]})
            finger.taps("button.real")
            stage.wait("the confirmation", lambda: _confirmed(stage), _LIMIT_S)
            return finger.touches


class Finger:
    """Touches a phone's screen, and counts how often."""

    def __init__(self, phone: Chrome) -> None:
        self.touches = 0
        self._phone = phone
        self._ask("Emulation.setTouchEmulationEnabled", enabled=True)

    def opens(self, address: str) -> None:
        """Taps a link in another app."""
        self.touches += 1
        self._phone.get(address)

    def taps(self, selector: str) -> None:
        """Taps the middle of this, after as many swipes as it takes to have it on the screen."""
        for _ in range(_SCREENS):
            x, top, bottom = self._where(selector)
            self.touches += 1
            if top >= 0 and bottom <= PHONE[1]:
                finger = {"x": x, "y": (top + bottom) / 2}
                self._ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[finger])
                self._ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
                return
            self._ask("Input.synthesizeScrollGesture", x=180, y=320, yDistance=-400)
        raise NotSeen(f"{selector} is nowhere on the page")

    def _where(self, selector: str) -> tuple[float, float, float]:
        """Its middle from left to right, its top and its bottom on the screen, in pixels."""
        root = self._ask("DOM.getDocument")["root"]["nodeId"]
        node = self._ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        border = self._ask("DOM.getBoxModel", nodeId=node)["model"]["border"]
        return sum(border[::2]) / 4, min(border[1::2]), max(border[1::2])

    def _ask(self, command: str, **arguments: object) -> Any:
        return self._phone.execute_cdp_cmd(command, arguments)


def _text_of_hq(stage: Stage) -> str | None:
    return next((text for text in stage.texts(CONTACTS[CONTACT]) if "/c/" in text), None)


def _first_address(text: str) -> str:
    """What a phone makes a link of; it ends before whatever is no letter or digit at its end."""
    found = re.search(r"https?://\S*\w", text, re.ASCII)
    if found is None:
        raise NotSeen("there is no address in the text")
    return found[0]


def _confirmed(stage: Stage) -> bool:
    said = stage.run("outcry-responder", "status", "--config", f"{stage.folder}/responder.toml")
    return "confirmed by 1 of 2" in said
