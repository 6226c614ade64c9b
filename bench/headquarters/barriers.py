"""What a person with a screen reader or poor eyes would stumble over, by axe-core's rules."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from selenium.webdriver import Chrome

from bench.headquarters.news import listening, session
from outcry import enrolment
from outcry.enrolment import Contact
from outcry.responder import settings
from outcry.responder.console.dependencies import SESSION_COOKIE
from outcry.responder.enrolment.enrol import Application, enrol
from outcry.responder.maps import places
from outcry.responder.posting import wording
from outcry.responder.posting.wording import PostFacts, Where
from outcry.responder.rules.events import CameBy
from outcry.responder.service.assemble import Adapters, Responder, assemble
from outcry.responder.service.people_app import people_app
from outcry.responder.storage import store
from outcry.responder.translations import load
from stage import reports
from stage.browser import DESK, PHONE, browser
from stage.stage import NotSeen, PartMissing

TABLET = (768, 1024)
CONSOLE = ("", "/alarm/1", "/alarm/1/preview", "/archive", "/shift", "/trail")


def axe_violations(sizes: Sequence[tuple[int, int]] = (PHONE, TABLET, DESK)) -> float:
    """Violations on contact's, public and console's pages, in a real browser.

    Each in the widths of a phone, a tablet and a desk, light and dark; the contact's and the public
    page in all languages. The console is in English.
    """
    for part in ("chromium", "chromedriver"):
        if shutil.which(part) is None:
            raise PartMissing(f"{part} is not installed; tools/system-packages installs it")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        state = {"directory": f"{folder}/state"}
        hq = assemble(settings.check({"state": state}), Adapters())
        running.callback(hq.store.close)
        links = _happens(hq, Path(folder))
        cookie = session(hq)
        url = f"http://127.0.0.1:{running.enter_context(listening('people', people_app(hq)))}"
        found = 0
        for size in sizes:
            for dark in (False, True):
                with browser(size, dark=dark) as driver:
                    found += sum(_visits(driver, url, links, cookie))
        return found


def _visits(driver: Chrome, url: str, links: dict[str, str], cookie: str) -> Iterator[int]:
    for language, token in links.items():
        wish = {"headers": {"Accept-Language": language}}
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", wish)
        for path in (f"/c/{token}", "/"):
            yield _violations(driver, url + path)
    yield _violations(driver, f"{url}/console/login")
    driver.add_cookie({"name": SESSION_COOKIE, "value": cookie, "path": "/", "secure": True})
    for path in CONSOLE:
        yield _violations(driver, f"{url}/console{path}")


def _violations(driver: Chrome, address: str) -> int:
    from axe_core_python.selenium import Axe  # type: ignore[import-untyped]

    driver.get(address)
    if urlsplit(driver.current_url).path != urlsplit(address).path:
        raise NotSeen("a page led to another one")
    return sum(len(each["nodes"]) for each in Axe().run(driver)["violations"])


def _happens(hq: Responder, folder: Path) -> dict[str, str]:
    """An alarm that has come in, and a post in each language; contacts' links by their languages."""
    languages = [*load()]
    contacts = tuple(
        Contact(f"Contact {n}", f"+44770090011{n}", language)
        for n, language in enumerate(languages)
    )
    out = folder / "zarema.json"
    enrol(hq.settings, Application("Zarema", "+447700900001", contacts, 2), out)
    wearer = enrolment.read(out.read_text())
    hq.inbox.take(reports.sealed(reports.report(), wearer, 1), CameBy.DATA)
    for language in languages:
        place = places.load().find(reports.HERE.latitude, reports.HERE.longitude)
        facts = PostFacts("Zarema", "Example Org", reports.NOON, reports.NOON, where=Where(place))
        hq.own_page.post(language, wording.post_draft(facts, hq.own_page.limits, language))
    invitation, contact = store.invitation.c, store.contact.c
    with hq.store.read() as connection:
        rows = connection.execute(
            store.invitation.join(store.contact)
            .select()
            .with_only_columns(contact.language, invitation.token)
        )
        return {row.language: row.token for row in rows}
