"""What is behind people's port: contacts' and public pages, and the duty officers' console."""

from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from outcry.responder.console import dependencies as console
from outcry.responder.console.app import console_app
from outcry.responder.console.news import Live
from outcry.responder.console.pages import ConsolePages
from outcry.responder.contacts import dependencies as contacts
from outcry.responder.contacts.app import contacts_app
from outcry.responder.contacts.pages import Pages
from outcry.responder.contacts.public_pages import PublicPages
from outcry.responder.service.assemble import Responder
from outcry.responder.web import sign
from outcry.responder.web.assets import Assets
from outcry.responder.web.guard import HEADERS_ALONE, Contained, Guard
from outcry.responder.web.own_words import OwnWords
from outcry.responder.web.turns import Turns


def people_app(hq: Responder) -> ASGIApp:
    given, people, map_ = hq.settings, hq.settings.people, hq.settings.console
    assets, behind_proxy = Assets(), people.behind_proxy
    addresses = assets.addresses
    pages = Pages(given.organisation, people.public_url, hq.clock, _sign(given.sign), given.phone)
    own_words = OwnWords(given.asks)
    public = PublicPages(pages.environment, pages.languages, addresses, own_words)
    rendered = ConsolePages(
        pages.environment, hq.clock, addresses, map_.tiles, map_.credit, map_.coordinates
    )
    outside = contacts_app(
        contacts.Parts(hq.desk, hq.own_page, pages, public, assets, behind_proxy)
    )
    live = Live(hq.console.mark)
    inside = console_app(
        console.Parts(
            hq.console, hq.officers, rendered, live, hq.plan_desk, hq.preview, behind_proxy
        )
    )

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":  # asked for by what watches a site; uvicorn sends no body
            scope = {**scope, "method": "GET", HEADERS_ALONE: True}
        is_console = f"{scope['path']}/".startswith("/console/")
        await (inside if is_console else outside)(scope, receive, send)

    return Guard(Contained(Turns(either, behind_proxy)), behind_proxy, pages.style_hash)


def _sign(path: Path | None) -> str:
    """None where the file is wrong, of which the daily check tells: no alarm waits for a picture."""
    try:
        return "" if path is None else sign.read(path)
    except sign.SignInvalid:
        return ""
