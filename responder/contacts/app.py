"""People's pages: a contact's link, and what is public.

``/a/{sealed report}[/{n}]`` is the link a device makes, ``/c/{token}`` the one
in HQ's own texts; both show the same page, and take an answer with the
contact's PIN at ``…/seen``, ``…/confirm``, ``…/unsure`` and ``…/false``.
Opening a link decides nothing: previews and scanners open links too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from outcry.report import Position
from outcry.responder.contacts.desk import (
    TICKET_S,
    Answer,
    Desk,
    LinkExpired,
    NoSuchLink,
    Shown,
    TooSoon,
    WrongPin,
)
from outcry.responder.contacts.pages import Pages
from outcry.responder.maps import surroundings
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.translations import accepted
from outcry.responder.web.assets import Assets
from outcry.responder.web.bodies import TooLarge, TooSlow, read_body
from outcry.responder.web.guard import client_address, is_same_origin
from outcry.responder.web.throttle import source_of

LARGEST_ID = 2**31 - 1  # what PostgreSQL's INTEGER holds
FORM_LIMIT = 1024  # bytes; a PIN and its field's name
_RESPONSES: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is nothing here", "content": {"text/html": {}}},
    422: {"description": "never: said as 404"},
}
_EXPIRED: dict[int | str, dict[str, Any]] = {
    410: {"description": "the alarm is long over", "content": {"text/html": {}}}
}


class _Png(Response):
    media_type = "image/png"


class _Atom(Response):
    media_type = "application/atom+xml"


def people_api(
    desk: Desk, own_page: OwnPage, pages: Pages, assets: Assets, behind_proxy: bool = False
) -> FastAPI:
    """Contacts' and the public's addresses, with their description in OpenAPI, which is not served."""
    app = FastAPI(
        title="Outcry: contacts' and the public's pages",
        version="1",
        openapi_url=None,
        redirect_slashes=False,
        default_response_class=HTMLResponse,
        responses=_RESPONSES,
    )

    async def show(
        request: Request, open_link: Callable[[], Shown], base: str, again: str | None
    ) -> Response:
        wish = accepted(request.headers.get("accept-language", ""), pages.languages)
        try:
            shown = await run_in_threadpool(open_link)
        except NoSuchLink:
            return pages.problem(404, "no_such_link", wish)
        except LinkExpired:
            return pages.problem(410, "expired", wish)
        ticket = request.cookies.get(_cookie(shown), "")
        if ticket and again is None:
            standing = await run_in_threadpool(desk.look, shown, ticket)
            if standing is not None:
                return pages.standing(shown, base, standing)
        return pages.alarm(shown, base, _language(shown, wish))

    async def draw(request: Request, open_link: Callable[[], Shown]) -> Response:
        """The surroundings of what the link shows; with a ticket, of the newest place."""
        try:
            shown = await run_in_threadpool(open_link)
        except (NoSuchLink, LinkExpired):
            return pages.problem(404, "nothing_here")
        reports = [shown.report]
        ticket = request.cookies.get(_cookie(shown), "")
        standing = await run_in_threadpool(desk.look, shown, ticket) if ticket else None
        if standing is not None:
            reports = [each.report for each in standing.track]
        place = next((r.place for r in reports if isinstance(r.place, Position)), None)
        if place is None:
            return pages.problem(404, "nothing_here")
        return _Png(await run_in_threadpool(surroundings.drawn, place))

    async def answer(
        request: Request, open_link: Callable[[], Shown], base: str, answer: Answer
    ) -> Response:
        wish = accepted(request.headers.get("accept-language", ""), pages.languages)
        if not is_same_origin(request.scope):
            return pages.problem(403, "stranger", wish)
        try:
            form = parse_qs((await read_body(request, FORM_LIMIT)).decode("ascii", "replace"))
        except TooLarge:
            return pages.problem(413, "not_whole", wish)
        except TooSlow:
            return pages.problem(408, "not_whole", wish)
        pin = form.get("pin", [""])[0]
        source = source_of(client_address(request.scope, behind_proxy))
        try:
            shown = await run_in_threadpool(open_link)
            language = _language(shown, wish)
            standing = await run_in_threadpool(desk.answer, shown, answer, pin, source)
        except NoSuchLink:
            return pages.problem(404, "no_such_link", wish)
        except LinkExpired:
            return pages.problem(410, "expired", wish)
        except WrongPin:
            return pages.alarm(shown, base, language, status=403, wrong_pin=True)
        except TooSoon as soon:
            wait = math.ceil(soon.seconds)
            slowed = pages.alarm(shown, base, language, status=429, wait_s=wait)
            slowed.headers["Retry-After"] = str(wait)
            return slowed
        page = pages.standing(shown, base, standing, answer)
        page.set_cookie(
            _cookie(shown),
            standing.ticket,
            max_age=int(TICKET_S),
            secure=True,
            httponly=True,
            samesite="strict",
        )
        return page

    def _language(shown: Shown, wish: str) -> str:
        return shown.language if shown.language in pages.languages else wish

    @app.get("/a/{sealed}", responses=_EXPIRED)
    async def device_link(request: Request, sealed: str, again: str | None = None) -> Response:
        return await show(request, lambda: desk.sealed_link(sealed, None), f"/a/{sealed}", again)

    @app.get("/a/{sealed}/{n:int}", responses=_EXPIRED)
    async def device_link_of(
        request: Request, sealed: str, n: int, again: str | None = None
    ) -> Response:
        base = f"/a/{sealed}/{n}"
        return await show(request, lambda: desk.sealed_link(sealed, n), base, again)

    @app.get("/a/{sealed}/map.png", response_class=_Png)
    async def device_link_map(request: Request, sealed: str) -> Response:
        return await draw(request, lambda: desk.sealed_link(sealed, None))

    @app.get("/a/{sealed}/{n:int}/map.png", response_class=_Png)
    async def device_link_of_map(request: Request, sealed: str, n: int) -> Response:
        return await draw(request, lambda: desk.sealed_link(sealed, n))

    @app.get("/c/{token}/map.png", response_class=_Png)
    async def short_link_map(request: Request, token: str) -> Response:
        return await draw(request, lambda: desk.invitation(token))

    @app.post("/a/{sealed}/{said}")
    async def answer_device_link(request: Request, sealed: str, said: Answer) -> Response:
        return await answer(request, lambda: desk.sealed_link(sealed, None), f"/a/{sealed}", said)

    @app.post("/a/{sealed}/{n:int}/{said}")
    async def answer_device_link_of(
        request: Request, sealed: str, n: int, said: Answer
    ) -> Response:
        return await answer(request, lambda: desk.sealed_link(sealed, n), f"/a/{sealed}/{n}", said)

    @app.get("/c/{token}", responses=_EXPIRED)
    async def short_link(request: Request, token: str, again: str | None = None) -> Response:
        return await show(request, lambda: desk.invitation(token), f"/c/{token}", again)

    @app.post("/c/{token}/{said}")
    async def answer_short_link(request: Request, token: str, said: Answer) -> Response:
        return await answer(request, lambda: desk.invitation(token), f"/c/{token}", said)

    @app.get("/favicon.ico", status_code=204, response_class=Response)
    def icon() -> Response:
        """Asked for by every browser; a page of words instead would cost a slow phone seconds."""
        return Response(status_code=204, headers={"Cache-Control": "public, max-age=31536000"})

    @app.get("/static/{digest}/{name}", include_in_schema=False)
    def asset(request: Request) -> Response:
        return assets.get(request.url.path) or pages.problem(404, "nothing_here")

    @app.get("/")
    def public_page() -> HTMLResponse:
        return pages.posts(own_page.newest())

    @app.get("/post/{id_:int}")
    def public_post(id_: int) -> Response:
        thread = own_page.thread(id_) if id_ <= LARGEST_ID else []
        return pages.thread(thread) if thread else pages.problem(404, "no_such_post")

    @app.get("/post/{id_:int}/picture.png", response_class=_Png)
    def public_picture(id_: int) -> Response:
        picture = own_page.picture(id_) if id_ <= LARGEST_ID else None
        if picture is None:
            return pages.problem(404, "no_such_post")
        return _Png(picture)

    @app.get("/feed.atom", response_class=_Atom)
    def feed() -> Response:
        return pages.feed(own_page.newest())

    @app.exception_handler(404)
    @app.exception_handler(405)
    @app.exception_handler(422)
    async def nothing_here(_request: Request, _error: Exception) -> Response:
        return pages.problem(404, "nothing_here")

    @app.exception_handler(Exception)
    async def failed(_request: Request, _error: Exception) -> Response:
        return pages.problem(500, "failed")

    return app


def _cookie(shown: Shown) -> str:
    """One for each alarm: a contact of two wearers may watch both."""
    return f"__Host-look-{shown.alarm}"
