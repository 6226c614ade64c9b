"""Getting in and out: the login, the log-out, and the one-time link of a new officer."""

import re
import secrets
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from outcry.responder.console import dependencies
from outcry.responder.console.accounts import SESSION_S, LoginRefused, OfficerRefused
from outcry.responder.web.guard import client_address, keep_cookie
from outcry.responder.web.throttle import TooSoon

KNOWN_COOKIE = "__Host-officer"
KNOWN_S = 400 * 86_400.0  # the longest a browser keeps one
FORM_S = 3600  # for how long a form may lie open before there is a session
_NEXT = re.compile(r"/console(/archive|/alarm/\d{1,18}|/wearer/[0-9a-f]{8}/plan)?")
_WRONG = (
    "Wrong name, password or code. Wait for the next code in your authenticator app, "
    "because each works once."
)

router = APIRouter()


@router.get("/login")
def login_form(hq: dependencies.Hq, next: str = "") -> Response:
    return _with_token(lambda token: hq.pages.login(token, next_page(next)))


@router.post("/login")
def login(request: Request, hq: dependencies.Hq, form: dependencies.FirstForm) -> Response:
    back = next_page(form.get("next", ""))
    address = client_address(request.scope, hq.behind_proxy)
    name, password, code = (form.get(key, "") for key in ("name", "password", "code"))
    try:
        known = request.cookies.get(KNOWN_COOKIE, "")
        entered = hq.officers.login(name, password, code, address, known)
    except LoginRefused:
        return _with_token(lambda token: hq.pages.login(token, back, _WRONG, 403))
    except TooSoon as soon:
        words = f"Too many logins have failed. Wait {soon.wait_s} s, then try again."
        return soon.told_by(_with_token(lambda token: hq.pages.login(token, back, words, 429)))
    told = f"?refused={entered.refused}" if entered.refused and back == "/console" else ""
    answer = RedirectResponse(back + told, 303)
    keep_cookie(answer, dependencies.SESSION_COOKIE, entered.token, SESSION_S)
    keep_cookie(answer, KNOWN_COOKIE, entered.known, KNOWN_S)
    _delete(answer, dependencies.FORM_COOKIE)
    return answer


@router.post("/logout")
def logout(
    request: Request, hq: dependencies.Hq, session: dependencies.LoggedIn, form: dependencies.Form
) -> Response:
    hq.officers.logout(request.cookies[dependencies.SESSION_COOKIE])
    answer = RedirectResponse("/console/login", 303)
    _delete(answer, dependencies.SESSION_COOKIE)
    return answer


@router.get("/welcome/{link}")
def welcome(link: str, hq: dependencies.Hq) -> Response:
    newcomer = hq.officers.welcome(link)
    return _with_token(lambda token: hq.pages.welcome(newcomer, link, token))


@router.post("/welcome/{link}")
def settle(link: str, hq: dependencies.Hq, form: dependencies.FirstForm) -> Response:
    newcomer = hq.officers.welcome(link)
    password = form.get("password", "")
    try:
        if password != form.get("again", ""):
            raise OfficerRefused("The two passwords differ. Type the same password twice.")
        codes = hq.officers.settle(link, password, form.get("code", ""))
    except OfficerRefused as refused:
        words = str(refused)
        return _with_token(lambda token: hq.pages.welcome(newcomer, link, token, words, 422))
    return hq.pages.settled(codes)


def next_page(path: str) -> str:
    """Where to go after the login: nowhere but the console."""
    return path if _NEXT.fullmatch(path) else "/console"


def _with_token(page: Callable[[str], Response]) -> Response:
    """A page whose form is tied to this browser by a cookie, there being no session yet."""
    token = secrets.token_urlsafe(24)
    answer = page(token)
    keep_cookie(answer, dependencies.FORM_COOKIE, token, FORM_S)
    return answer


def _delete(answer: Response, name: str) -> None:
    answer.delete_cookie(name, secure=True, httponly=True, samesite="strict")
