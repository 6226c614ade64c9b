"""A contact's link: the page it shows, its map, and the answer given with a PIN.

``/a/{sealed report}[/{n}]`` is the link a device makes, ``/c/{token}`` the one in HQ's own
texts. Both show the same page, and take an answer at ``…/seen``, ``…/confirm``, ``…/unsure`` and
``…/false``. Opening a link decides nothing: previews and scanners open links too.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from outcry.report import Position
from outcry.responder.contacts import desk
from outcry.responder.contacts.dependencies import Address, Form, Hq, Parts, Wish
from outcry.responder.contacts.waiting_line import KEPT_S
from outcry.responder.maps import surroundings
from outcry.responder.web.assets import Png
from outcry.responder.web.guard import keep_cookie, vouch_for
from outcry.responder.web.throttle import TooSoon

KNOWN_COOKIE = "__Host-known"
KNOWN_S = 400 * 86_400.0  # the longest a browser keeps one; a drill renews it


class Link(NamedTuple):
    """A link somebody has: its address, and what opens it."""

    address: str
    open: Callable[[], desk.Shown]


async def device_link(sealed: str, hq: Hq) -> Link:
    """The link a device made for nobody in particular."""
    return Link(f"/a/{sealed}", partial(hq.desk.sealed_link, sealed, None))


async def device_link_of(sealed: str, n: int, hq: Hq) -> Link:
    """The link a device made for the contact with this number in the list."""
    return Link(f"/a/{sealed}/{n}", partial(hq.desk.sealed_link, sealed, n))


async def short_link(token: str, hq: Hq) -> Link:
    """The link in a text of HQ's."""
    return Link(f"/c/{token}", partial(hq.desk.invitation, token))


def _routes(path: str, link_of: Callable[..., Awaitable[Link]]) -> APIRouter:
    router = APIRouter(prefix=path)
    Opens = Annotated[Link, Depends(link_of)]

    @router.get("")
    def show(
        request: Request,
        hq: Hq,
        wish: Wish,
        link: Opens,
        again: str | None = None,
        still: str | None = None,
    ) -> Response:
        shown = link.open()
        standing = _standing(request, hq, shown) if again is None else None
        if standing is not None:
            return hq.pages.standing(shown, link.address, standing, still=still is not None)
        return hq.pages.alarm(shown, link.address, _language(hq, shown, wish))

    @router.get("/map.png")
    def surroundings_map(request: Request, hq: Hq, link: Opens) -> Response:
        return Png(surroundings.drawn(_place(request, hq, link)))

    @router.post("/{said}")
    def answer(
        request: Request,
        said: desk.Answer,
        hq: Hq,
        form: Form,
        wish: Wish,
        address: Address,
        link: Opens,
    ) -> Response:
        shown = link.open()
        show_again = partial(hq.pages.alarm, shown, link.address, _language(hq, shown, wish))
        try:
            pin, mark = form.get("pin", ""), form.get("mark", "")
            known = request.cookies.get(KNOWN_COOKIE, "")
            place = request.cookies.get(_cookie(shown, "place"), "")
            standing = hq.desk.answer(shown, said, pin, address, mark, known, place)
        except desk.OlderNews as older:
            page = hq.pages.standing(shown, link.address, older.standing, older=True)
            return _remembered(page, shown, older.standing)
        except desk.WrongPin:
            return show_again(status=403, wrong_pin=True)
        except TooSoon as soon:
            later = soon.told_by(show_again(status=429, wait_s=soon.wait_s))
            if soon.place:
                keep_cookie(later, _cookie(shown, "place"), soon.place, soon.seconds + KEPT_S)
            return later
        vouch_for(request.scope)
        page = hq.pages.standing(shown, link.address, standing, said)
        return _remembered(page, shown, standing)

    return router


def _remembered(page: Response, shown: desk.Shown, standing: desk.Standing) -> Response:
    """The page of somebody whose PIN was right."""
    keep_cookie(page, _cookie(shown, "look"), standing.ticket, desk.TICKET_S)
    keep_cookie(page, KNOWN_COOKIE, standing.known, KNOWN_S)
    return page


def _standing(request: Request, hq: Parts, shown: desk.Shown) -> desk.Standing | None:
    """How things stand, for a browser that holds a ticket."""
    ticket = request.cookies.get(_cookie(shown, "look"), "")
    standing = hq.desk.look(shown, ticket) if ticket else None
    if standing is not None:
        vouch_for(request.scope)
    return standing


def _cookie(shown: desk.Shown, what: str) -> str:
    """One for each alarm: a contact of two wearers may watch both."""
    return f"__Host-{what}-{shown.alarm}"


def _language(hq: Parts, shown: desk.Shown, wish: str) -> str:
    return shown.language if shown.language in hq.pages.languages else wish


routers = (
    _routes("/a/{sealed}", device_link),
    _routes("/a/{sealed}/{n:int}", device_link_of),
    _routes("/c/{token}", short_link),
)


def _place(request: Request, hq: Parts, link: Link) -> Position:
    """What the link shows; with a ticket, the newest place."""
    try:
        shown = link.open()
    except (desk.NoSuchLink, desk.LinkExpired):
        raise HTTPException(404) from None
    standing = _standing(request, hq, shown)
    reports = [shown.report] if standing is None else [each.report for each in standing.track]
    place = next((r.place for r in reports if isinstance(r.place, Position)), None)
    if place is None:
        raise HTTPException(404)
    return place
