"""A trusted contact: a phone that gets texts, a browser that opens links, a PIN in the head."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request

from stage.stage import CONTACTS, Stage

_LINK = re.compile(r"https?://[^\s]+/[ac]/[^\s]+")
_LIMIT_S = 10.0


class Contact:
    """One of the contacts on a stage."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self.name = name
        self.number = CONTACTS[name]

    def texts(self) -> list[str]:
        """What is on the phone."""
        return self._stage.texts(self.number)

    def link(self, path: str) -> str | None:
        """The link in a text: ``/a/`` from the device, ``/c/`` from HQ."""
        for text in self.texts():
            for link in _LINK.findall(text):
                if path in link:
                    return str(link)
        return None

    def opens(self, link: str) -> str:
        """The page behind a link."""
        with urllib.request.urlopen(link, timeout=_LIMIT_S) as answer:
            return str(answer.read().decode())

    def confirms(self, link: str) -> str:
        """Types the PIN and presses the button; the page that comes back."""
        form = urllib.parse.urlencode({"pin": self._stage.pins[self.name]}).encode()
        with urllib.request.urlopen(f"{link}/confirm", data=form, timeout=_LIMIT_S) as answer:
            return str(answer.read().decode())


def page(url: str) -> str:
    """A public page, empty while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=_LIMIT_S) as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:
        return ""
