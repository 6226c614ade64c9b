"""What the routes of contacts' and public pages are given by FastAPI."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from outcry.responder.contacts.desk import Desk
from outcry.responder.contacts.pages import Pages
from outcry.responder.contacts.public_pages import PublicPages
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.translations import accepted
from outcry.responder.web.assets import Assets
from outcry.responder.web.bodies import read_form
from outcry.responder.web.guard import client_address

FORM_LIMIT = 1024  # bytes; a PIN and its field's name


@dataclass(frozen=True)
class Parts:
    """What these pages are made of; ``app.state.parts`` holds it."""

    desk: Desk
    own_page: OwnPage
    pages: Pages
    public_pages: PublicPages
    assets: Assets
    behind_proxy: bool = False


async def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Hq = Annotated[Parts, Depends(parts_of)]


async def wish_of(request: Request, hq: Hq) -> str:
    """The language that the browser asks for."""
    return accepted(request.headers.get("accept-language", ""), hq.pages.languages)


async def _address(request: Request, hq: Hq) -> str:
    return client_address(request.scope, hq.behind_proxy)


async def _form(request: Request) -> Mapping[str, str]:
    return await read_form(request, FORM_LIMIT)


Wish = Annotated[str, Depends(wish_of)]
Address = Annotated[str, Depends(_address)]
"""Where a request comes from."""
Form = Annotated[Mapping[str, str], Depends(_form)]
"""The fields of a form that came from one of our own pages."""
