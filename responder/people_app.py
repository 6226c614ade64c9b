"""People's pages: a contact's link, and what is public.

``/a/{sealed report}[/{n}]`` is the link a device makes, ``/c/{token}`` the one
in HQ's own texts; both show the same page, and take an answer with the
contact's PIN at ``…/seen``, ``…/confirm``, ``…/unsure`` and ``…/false``.
Opening a link decides nothing: previews and scanners open links too.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp

from outcry.responder.assets import Assets
from outcry.responder.bounded import TooLarge, TooSlow, read_body
from outcry.responder.console import Console
from outcry.responder.console_app import console_routes, content_policy
from outcry.responder.console_pages import ConsolePages
from outcry.responder.desk import Answer, Desk, NoSuchLink, Shown, TooSoon, WrongPin
from outcry.responder.guard import Contained, Guard, client_address, is_same_origin
from outcry.responder.officers import Officers
from outcry.responder.people import source_of
from outcry.responder.posting.own_page import OwnPage
from outcry.responder.rendering import Pages, environment

log = logging.getLogger("outcry.responder.pages")

FORM_LIMIT = 1024  # bytes; a PIN and its field's name


@dataclass(frozen=True)
class DutyConsole:
    """What the console needs: see :mod:`console` and :mod:`officers`; a tile server, if any."""

    console: Console
    officers: Officers
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
    pages = Pages(organisation, public_url, clock)
    assets = Assets()
    app = FastAPI(openapi_url=None, redirect_slashes=False)

    async def show(open_link: Callable[[], Shown], base: str) -> Response:
        try:
            shown = await run_in_threadpool(open_link)
        except NoSuchLink:
            return pages.problem(404, "no_such_link")
        return pages.alarm(shown, base)

    async def answer(
        request: Request, open_link: Callable[[], Shown], base: str, answer: Answer
    ) -> Response:
        if not is_same_origin(request.scope):
            return pages.problem(403, "stranger")
        try:
            form = parse_qs((await read_body(request, FORM_LIMIT)).decode("ascii", "replace"))
        except TooLarge:
            return pages.problem(413, "too_large")
        except TooSlow:
            return pages.problem(408, "too_slow")
        pin = form.get("pin", [""])[0]
        source = source_of(client_address(request.scope, behind_proxy))
        try:
            shown = await run_in_threadpool(open_link)
            standing = await run_in_threadpool(desk.answer, shown, answer, pin, source)
        except NoSuchLink:
            return pages.problem(404, "no_such_link")
        except WrongPin:
            return pages.alarm(shown, base, status=403, wrong_pin=True)
        except TooSoon as soon:
            wait = math.ceil(soon.seconds)
            slowed = pages.alarm(shown, base, status=429, wait_s=wait)
            slowed.headers["Retry-After"] = str(wait)
            return slowed
        return pages.standing(shown, base, answer, standing)

    @app.get("/a/{sealed}")
    async def device_link(sealed: str) -> Response:
        return await show(lambda: desk.sealed_link(sealed, None), f"/a/{sealed}")

    @app.get("/a/{sealed}/{n:int}")
    async def device_link_of(sealed: str, n: int) -> Response:
        return await show(lambda: desk.sealed_link(sealed, n), f"/a/{sealed}/{n}")

    @app.post("/a/{sealed}/{said}")
    async def answer_device_link(request: Request, sealed: str, said: Answer) -> Response:
        return await answer(request, lambda: desk.sealed_link(sealed, None), f"/a/{sealed}", said)

    @app.post("/a/{sealed}/{n:int}/{said}")
    async def answer_device_link_of(
        request: Request, sealed: str, n: int, said: Answer
    ) -> Response:
        return await answer(request, lambda: desk.sealed_link(sealed, n), f"/a/{sealed}/{n}", said)

    @app.get("/c/{token}")
    async def short_link(token: str) -> Response:
        return await show(lambda: desk.invitation(token), f"/c/{token}")

    @app.post("/c/{token}/{said}")
    async def answer_short_link(request: Request, token: str, said: Answer) -> Response:
        return await answer(request, lambda: desk.invitation(token), f"/c/{token}", said)

    @app.get("/static/{digest}/{name}")
    def asset(request: Request) -> Response:
        return assets.get(request.url.path) or pages.problem(404, "nothing_here")

    if console is not None:
        rendered = ConsolePages(
            environment(organisation, public_url),
            clock,
            assets.addresses,
            console.tiles,
            console.credit,
        )
        policy = content_policy(console.tiles)
        app.router.routes.extend(
            console_routes(console.console, console.officers, rendered, policy, behind_proxy)
        )

    @app.get("/")
    def public_page() -> HTMLResponse:
        return pages.posts(own_page.newest())

    @app.get("/post/{id_:int}")
    def public_post(id_: int) -> Response:
        thread = own_page.thread(id_)
        return pages.thread(thread) if thread else pages.problem(404, "no_such_post")

    @app.get("/feed.atom")
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

    return Guard(Contained(app), behind_proxy, pages.style_hash)
