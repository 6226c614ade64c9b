"""The console's addresses, below ``/console`` on people's listener.

Every page asks for a session but the login and the one-time link; every form
carries a token that a stranger's page cannot know. Live news are server-sent
events that say only *that* something changed: the page then asks for itself.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from outcry.report import Position
from outcry.responder.console.accounts import (
    SESSION_S,
    LoginRefused,
    NoSuchWelcome,
    OfficerRefused,
    Officers,
    Session,
)
from outcry.responder.console.desk import GRAVE, Act, Console, NoSuchAlarm, NotNow
from outcry.responder.console.pages import ConsolePages
from outcry.responder.console.plans import Plans
from outcry.responder.maps import surroundings
from outcry.responder.plans.document import PlanInvalid
from outcry.responder.plans.repository import NoSuchWearer
from outcry.responder.rules.events import Reason
from outcry.responder.web.bodies import TooLarge, TooSlow, read_body
from outcry.responder.web.guard import client_address, is_same_origin
from outcry.responder.web.throttle import TooSoon, source_of

FORM_LIMIT = 8192  # bytes: a password of 256 letters in any script, percent-coded, and a reason
PLAN_LIMIT = 128 * 1024  # a plan explains itself in 3 kB, and each letter may take nine bytes
REASON_LENGTH = 200
LOOK_EVERY_S = 1.0
STILL_HERE_S = 15.0  # a proxy or a phone's network forgets a connection on which nothing comes
MOST_WAITING = 64  # consoles open at a time
_COOKIE = "__Host-console"
_BEFORE = "__Host-form"  # before there is a session: the form's token, in the same browser only
_NEXT = re.compile(r"/console(/alarm/\d{1,18}|/wearer/[0-9a-f]{8}/plan)?")


class _Refused(Exception):
    """Answered already: ``response`` is what to send."""

    def __init__(self, response: Response) -> None:
        self.response = response


class _Live:
    """One look at the database a second for all open consoles together, none without any."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = asyncio.Lock()
        self._looked_at = -math.inf
        self._mark = ""
        self.waiting = 0

    async def mark(self) -> str:
        async with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
                self._mark = await run_in_threadpool(self._console.mark)
                self._looked_at = time.monotonic()
            return self._mark


def console_routes(
    console: Console,
    officers: Officers,
    plans: Plans,
    pages: ConsolePages,
    policy: str,
    behind_proxy: bool,
) -> list[Route]:
    """The routes; ``policy`` is the Content-Security-Policy of these pages."""
    live = _Live(console)

    async def session_of(request: Request) -> Session:
        token = request.cookies.get(_COOKIE, "")
        session = await run_in_threadpool(officers.session, token) if token else None
        if session is None:
            path = request.url.path if request.method == "GET" else "/console"
            raise _Refused(_see(f"/console/login?next={quote(_next(path))}"))
        return session

    async def form_of(
        request: Request, expected: str, limit: int = FORM_LIMIT
    ) -> Mapping[str, str]:
        """The form's fields; refused unless it is ours."""
        try:
            body = (await read_body(request, limit)).decode("ascii", "replace")
        except TooLarge:
            raise _Refused(pages.problem(413, *_NOT_WHOLE)) from None
        except TooSlow:
            raise _Refused(pages.problem(408, *_NOT_WHOLE)) from None
        try:
            fields = {name: values[0] for name, values in parse_qs(body, max_num_fields=20).items()}
        except ValueError:  # more fields than any form of ours has
            raise _Refused(pages.problem(413, *_NOT_WHOLE)) from None
        given = fields.get("token", "")
        ours = bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
        if not ours or not is_same_origin(request.scope):
            raise _Refused(pages.problem(403, *_STRANGER))
        return fields

    async def overview(request: Request) -> Response:
        session = await session_of(request)
        seen = await run_in_threadpool(console.overview)
        refused = request.query_params.get("refused", "")
        count = int(refused) if refused.isascii() and refused.isdigit() and len(refused) < 7 else 0
        return pages.overview(session, seen, count)

    async def login_form(request: Request) -> Response:
        next_ = _next(request.query_params.get("next", ""))
        return _with_form(lambda token: pages.login(token, next_))

    async def login(request: Request) -> Response:
        fields = await form_of(request, request.cookies.get(_BEFORE, ""))
        next_ = _next(fields.get("next", ""))
        source = source_of(client_address(request.scope, behind_proxy))
        name, password, code = (fields.get(key, "") for key in ("name", "password", "code"))
        try:
            token, refused = await run_in_threadpool(officers.login, name, password, code, source)
        except LoginRefused:
            return _with_form(lambda token: pages.login(token, next_, _WRONG, 403))
        except TooSoon as soon:
            wait = math.ceil(soon.seconds)
            problem = f"Too many wrong tries from here. Wait {wait} s, then try again."
            slowed = _with_form(lambda token: pages.login(token, next_, problem, 429))
            slowed.headers["Retry-After"] = str(wait)
            return slowed
        answer = _see(next_ + (f"?refused={refused}" if refused and next_ == "/console" else ""))
        _set(answer, _COOKIE, token, int(SESSION_S))
        answer.delete_cookie(_BEFORE, secure=True, httponly=True, samesite="strict")
        return answer

    async def logout(request: Request) -> Response:
        session = await session_of(request)
        await form_of(request, session.form_token)
        await run_in_threadpool(officers.logout, request.cookies[_COOKIE])
        answer = _see("/console/login")
        answer.delete_cookie(_COOKIE, secure=True, httponly=True, samesite="strict")
        return answer

    async def welcome(request: Request) -> Response:
        link = request.path_params["link"]
        try:
            newcomer = await run_in_threadpool(officers.welcome, link)
        except NoSuchWelcome:
            return pages.problem(404, *_NO_WELCOME)
        return _with_form(lambda token: pages.welcome(newcomer, link, token))

    async def settle(request: Request) -> Response:
        link = request.path_params["link"]
        fields = await form_of(request, request.cookies.get(_BEFORE, ""))
        password = fields.get("password", "")
        try:
            newcomer = await run_in_threadpool(officers.welcome, link)
            if password != fields.get("again", ""):
                raise OfficerRefused("The two passwords differ. Write the same twice.")
            code = fields.get("code", "")
            codes = await run_in_threadpool(officers.settle, link, password, code)
        except NoSuchWelcome:
            return pages.problem(404, *_NO_WELCOME)
        except OfficerRefused as refused:
            words = str(refused)
            return _with_form(lambda token: pages.welcome(newcomer, link, token, words, 422))
        return pages.settled(codes)

    async def alarm(request: Request) -> Response:
        session = await session_of(request)
        id_ = request.path_params["id"]
        try:
            view = await run_in_threadpool(console.view, id_)
        except NoSuchAlarm:
            return pages.problem(404, *_NO_ALARM)
        return pages.view(session, view, request.query_params.get("done", ""))

    async def place_of(request: Request) -> Position:
        """The newest place of an alarm."""
        await session_of(request)
        try:
            view = await run_in_threadpool(console.view, request.path_params["id"])
        except NoSuchAlarm:
            raise _Refused(pages.problem(404, *_NO_ALARM)) from None
        places = (each.report.place for each in view.track)
        place = next((each for each in places if isinstance(each, Position)), None)
        if place is None:
            raise _Refused(pages.problem(404, *_NO_ALARM))
        return place

    async def draw(request: Request) -> Response:
        png = await run_in_threadpool(surroundings.drawn, await place_of(request))
        return Response(png, media_type="image/png")

    async def outlines(request: Request) -> Response:
        place = await place_of(request)
        at = math.floor(place.latitude), math.floor(place.longitude)
        lines = await run_in_threadpool(surroundings.outlines, *at)
        return Response(lines, media_type="application/json")

    async def decide(request: Request) -> Response:
        session = await session_of(request)
        fields = await form_of(request, session.form_token)
        id_, said = request.path_params["id"], request.path_params["act"]
        if said not in list(Act):
            return pages.problem(404, *_NO_ALARM)
        act = Act(said)
        back = f"/console/alarm/{id_}", "Back to the alarm"
        reason = " ".join(fields.get("reason", "").split())[:REASON_LENGTH]
        if act in GRAVE and fields.get("sure") != "yes":
            return pages.problem(422, *_NOT_SURE, *back)
        if (act is Act.CORRECT and reason not in list(Reason)) or (act is Act.CLOSE and not reason):
            return pages.problem(422, *_NO_REASON, *back)
        given = reason if act in (Act.CORRECT, Act.CLOSE) else None
        try:
            await run_in_threadpool(console.act, id_, act, session.officer, given)
        except NoSuchAlarm:
            return pages.problem(404, *_NO_ALARM)
        except NotNow:
            return pages.problem(409, *_NOT_NOW, *back)
        return _see(f"/console/alarm/{id_}?done={act}")

    async def read_plan(request: Request) -> Response:
        session = await session_of(request)
        device = request.path_params["device"]
        try:
            text = await run_in_threadpool(plans.read, device)
        except NoSuchWearer:
            return pages.problem(404, *_NO_WEARER)
        return pages.plan(session, device, text, done="done" in request.query_params)

    async def change_plan(request: Request) -> Response:
        session = await session_of(request)
        fields = await form_of(request, session.form_token, PLAN_LIMIT)
        device, text = request.path_params["device"], fields.get("plan", "")
        try:
            await run_in_threadpool(plans.change, device, text, session.officer)
        except NoSuchWearer:
            return pages.problem(404, *_NO_WEARER)
        except PlanInvalid as invalid:
            return pages.plan(session, device, text, problems=invalid.problems)
        return _see(f"/console/wearer/{device}/plan?done")

    async def news(request: Request) -> Response:
        await session_of(request)
        if live.waiting >= MOST_WAITING:
            return Response("Too many consoles are open.\n", 503, {"Retry-After": "30"})
        return StreamingResponse(_tell(live, officers, request), media_type="text/event-stream")

    return [
        Route(path, _strict(answer, policy), methods=[method])
        for method, path, answer in (
            ("GET", "/console", overview),
            ("GET", "/console/login", login_form),
            ("POST", "/console/login", login),
            ("POST", "/console/logout", logout),
            ("GET", "/console/welcome/{link}", welcome),
            ("POST", "/console/welcome/{link}", settle),
            ("GET", "/console/alarm/{id:int}", alarm),
            ("GET", "/console/alarm/{id:int}/map.png", draw),
            ("GET", "/console/alarm/{id:int}/outlines.json", outlines),
            ("POST", "/console/alarm/{id:int}/{act}", decide),
            ("GET", "/console/wearer/{device}/plan", read_plan),
            ("POST", "/console/wearer/{device}/plan", change_plan),
            ("GET", "/console/live", news),
        )
    ]


def content_policy(tiles: str) -> str:
    """The Content-Security-Policy of the console: its own files, and one tile server if set."""
    parts = urlsplit(tiles)
    server = f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}" if tiles else ""
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        f"img-src 'self'{server}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _strict(
    answer: Callable[[Request], Awaitable[Response]], policy: str
) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            response = await answer(request)
        except _Refused as refused:
            response = refused.response
        response.headers["Content-Security-Policy"] = policy
        return response

    return answered


async def _tell(live: _Live, officers: Officers, request: Request) -> AsyncIterator[str]:
    """An event whenever something changed, until the browser goes or the session ends."""
    token = request.cookies[_COOKIE]
    said, spoke_at = "", time.monotonic()
    live.waiting += 1
    try:
        said = await live.mark()
        yield ": here\n\n"
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            mark = await live.mark()
            now = time.monotonic()
            if mark != said:
                said, spoke_at = mark, now
                yield f"data: {mark}\n\n"
            elif now - spoke_at > STILL_HERE_S:
                spoke_at = now
                if await run_in_threadpool(officers.session, token) is None:
                    return
                yield ": here\n\n"
    finally:
        live.waiting -= 1


def _with_form(page: Callable[[str], Response]) -> Response:
    """A page whose form is tied to this browser by a cookie, there being no session yet."""
    token = secrets.token_urlsafe(24)
    answer = page(token)
    _set(answer, _BEFORE, token, 3600)
    return answer


def _set(answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict"
    )


def _see(address: str) -> Response:
    return RedirectResponse(address, 303)


def _next(path: str) -> str:
    """Where to go after the login: nowhere but the console."""
    return path if _NEXT.fullmatch(path) else "/console"


_WRONG = (
    "Name, password and code do not belong together. Wait for the authenticator's next digits: "
    "each works once."
)
_NOT_WHOLE = ("That did not arrive whole", "Nothing was noted. Go back and try again.")
_STRANGER = (
    "This form is too old, or came from another page",
    "Nothing was noted. Open the page again and repeat what you did.",
)
_NO_WELCOME = (
    "This link does not work any more",
    "It works once, for a day. At HQ's machine, a new one: outcry-responder officer reset NAME",
)
_NO_ALARM = ("There is no such alarm", "It may have been deleted as the retention says.")
_NO_WEARER = ("There is no such wearer", "The console lists everybody who is enrolled.")
_NOT_SURE = ("Nothing was done", "Tick the box to say that you mean it, then press again.")
_NO_REASON = ("Nothing was done", "Say why: the others will want to know.")
_NOT_NOW = (
    "That cannot be done now",
    "Somebody else may have been faster. Look at the alarm again.",
)
