"""What is behind people's port: contacts' and public pages, and the duty officers' console."""

from __future__ import annotations

from starlette.types import ASGIApp

from outcry.responder.console.app import console_routes, content_policy
from outcry.responder.console.pages import ConsolePages
from outcry.responder.contacts.app import people_api
from outcry.responder.contacts.pages import Pages
from outcry.responder.maps.picture import ATTRIBUTION
from outcry.responder.service.assemble import Responder
from outcry.responder.web.assets import Assets
from outcry.responder.web.guard import Contained, Guard
from outcry.responder.web.templates import environment


def people_app(hq: Responder) -> ASGIApp:
    """The application behind people's port."""
    settings, assets = hq.settings, Assets()
    people, tiles = settings.people, settings.console.tiles
    pages = Pages(settings.organisation, people.public_url, hq.clock, assets.addresses)
    app = people_api(hq.desk, hq.own_page, pages, assets, people.behind_proxy)
    rendered = ConsolePages(
        environment(settings.organisation, people.public_url, ATTRIBUTION),
        hq.clock,
        assets.addresses,
        tiles,
        settings.console.credit,
    )
    policy = content_policy(tiles)
    app.router.routes.extend(
        console_routes(hq.console, hq.officers, hq.plans, rendered, policy, people.behind_proxy)
    )
    return Guard(Contained(app), people.behind_proxy, pages.style_hash)
