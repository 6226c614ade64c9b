"""What a reader's phone loads of the public page, its picture included."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

from outcry.enrolment import MAX_NAME_CHARS
from outcry.responder import settings
from outcry.responder.contacts.public import SHOWN
from outcry.responder.maps import places
from outcry.responder.posting import wording
from outcry.responder.posting.wording import PostFacts, Where
from outcry.responder.rules.events import Ground
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.service.people_app import people_app
from outcry.responder.translations import load
from outcry.responder.web.listener import Listener
from outcry.responder.web.own_words import MOST_BYTES
from stage.reports import NOON
from stage.stage import NotSeen

_STOP_S = 5.0
_LIMIT_S = 60.0
_SPOTS = ((37.98, 23.73), (-53.1, -70.9), (55.68, 12.57))  # coasts make the largest pictures
_NAMES = ("W" * MAX_NAME_CHARS, "ش" * MAX_NAME_CHARS, "👩" * MAX_NAME_CHARS)


def public_page_bytes() -> float:
    """The largest public page with every file that a browser loads for it, in bytes of their bodies.

    Over HTTP from the listener that is shipped: the first page, full, and the address of one post
    with the most that is asked of readers; in every language, with the longest names and maps of the
    busiest coasts. Of a picture that is there in several sizes the largest counts.
    """
    with tempfile.TemporaryDirectory() as folder:
        for language in load():
            Path(folder, f"{language}.txt").write_text("ы " * MOST_BYTES)
        given = {"state": {"directory": folder}, "publishing": {"asks": folder}}
        hq = assemble(settings.check(given), Adapters())
        listener = Listener("people", people_app(hq), "127.0.0.1", 0)
        listener.start()
        try:
            return max(_weigh(hq, f"http://127.0.0.1:{listener.port}"))
        finally:
            if not listener.stop(_STOP_S):
                raise NotSeen("the listener does not stop")
            hq.store.close()


def _weigh(hq: Responder, url: str) -> Iterator[int]:
    for language in load():
        for name, spot in zip(_NAMES, _SPOTS, strict=True):
            post = _fill(hq, language, name, spot)
            yield _loaded(f"{url}/", language)
            yield _loaded(f"{url}/post/{post}", language)


def _fill(hq: Responder, language: str, name: str, spot: tuple[float, float]) -> str:
    """As many posts as a page shows, each with the most to say; returns the newest's id."""
    page, key = hq.own_page, f"{language} {spot}"
    where = Where(places.load().find(*spot), "", spot, 100.0)
    facts = PostFacts(
        name, "W" * 80, NOON, NOON, strap=True, ground=Ground.QUORUM, confirmed=10, where=where,
        at=NOON, reason="other",
    )  # fmt: skip
    for n in range(SHOWN):
        posted = page.post(f"{key} {n}", wording.post_draft(facts, page.limits, language))
        page.correct("c", posted, wording.correction_draft(facts, page.limits, language))
    return posted.id


def _loaded(url: str, language: str) -> int:
    body = _body(url, language)
    asked = _Asked(url, body.decode())
    strangers = {each for each in asked.files if urlsplit(each).netloc != urlsplit(url).netloc}
    if strangers or not asked.has_picture:
        raise NotSeen("the public page asks others for files, or shows no picture")
    return len(body) + sum(len(_body(each, language)) for each in asked.files)


def _body(url: str, language: str) -> bytes:
    request = Request(url, headers={"Accept-Language": language})
    with urlopen(request, timeout=_LIMIT_S) as answer:
        body: bytes = answer.read()
    if re.search(rb"url\(|@import", body) and url.endswith(".css"):
        raise NotSeen("the style asks for further files")
    return body


class _Asked(HTMLParser):
    """The addresses that a browser loads for this page by itself."""

    def __init__(self, url: str, page: str) -> None:
        super().__init__()
        self._url = url
        self.files: set[str] = set()
        self.has_picture = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.has_picture = self.has_picture or tag == "img"
        styles = found.get("href") if tag == "link" and found.get("rel") == "stylesheet" else None
        for address in (found.get("src"), styles):
            if address:
                self.files.add(urljoin(self._url, address))
