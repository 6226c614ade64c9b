"""What is behind people's port: contacts' and public pages, and the duty officers' console."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp

from outcry.responder.console.accounts import Officers
from outcry.responder.console.app import console_routes, content_policy
from outcry.responder.console.desk import Console
from outcry.responder.console.pages import ConsolePages
from outcry.responder.console.plans import Plans
from outcry.responder.contacts.app import people_api
from outcry.responder.contacts.desk import (
    Desk,
)
from outcry.responder.contacts.pages import Pages
from outcry.responder.maps.picture import ATTRIBUTION
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.web.assets import Assets
from outcry.responder.web.guard import Contained, Guard
from outcry.responder.web.templates import environment


@dataclass(frozen=True)
class DutyConsole:
    """What the console needs; a tile server, if any."""

    console: Console
    officers: Officers
    plans: Plans
    tiles: str = ""
    credit: str = ""


def people_app(
    desk: Desk,
    own_page: OwnPage,
    organisation: str,
    public_url: str,
    clock: Callable[[], float],
    behind_proxy: bool = False,
    console: DutyConsole | None = None,
) -> ASGIApp:
    """The application behind people's port; ``clock`` gives Unix seconds."""
    assets = Assets()
    pages = Pages(organisation, public_url, clock, assets.addresses)
    app = people_api(desk, own_page, pages, assets, behind_proxy)
    if console is not None:
        rendered = ConsolePages(
            environment(organisation, public_url, ATTRIBUTION),
            clock,
            assets.addresses,
            console.tiles,
            console.credit,
        )
        policy = content_policy(console.tiles)
        app.router.routes.extend(
            console_routes(
                console.console, console.officers, console.plans, rendered, policy, behind_proxy
            )
        )
    return Guard(Contained(app), behind_proxy, pages.style_hash)
