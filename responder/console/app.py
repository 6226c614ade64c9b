"""The console's addresses, and what is answered where something is wrong.

Every page asks for a session but the login and the one-time link; every form carries a token
that a stranger's page cannot know.
"""

from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as NotServed
from starlette.responses import RedirectResponse

from outcry.responder.console import alarms, login, maps, plans, previews
from outcry.responder.console.accounts import NoSuchWelcome
from outcry.responder.console.alarms import NobodySpoke, NoReason, NotSure
from outcry.responder.console.dependencies import NotLoggedIn, Parts
from outcry.responder.console.desk import NotNow
from outcry.responder.console.team import shifts, trails, work
from outcry.responder.console.team.colleagues import NoSuchOfficer
from outcry.responder.console.team.shift_log import NotToRead
from outcry.responder.console.team.work import NoWords, TooManyWords
from outcry.responder.console.watching import archive, watch_map
from outcry.responder.maps.squares import NoSuchSquare
from outcry.responder.plans.authority import CannotConfirm
from outcry.responder.plans.repository import NoSuchWearer
from outcry.responder.storage.alarms import NoSuchAlarm
from outcry.responder.web.bodies import Stranger, TooLarge, TooSlow
from outcry.responder.web.throttle import TooSoon

_A_NEW_LINK = (
    "It works once, within a day. For a new one, on HQ's machine: "
    "outcry-responder officer reset NAME"
)
_ANSWERED = (
    "This change was answered already, has lapsed, was changed since you opened the page, or is your "
    "own. Open the plan again."
)
_PROBLEMS: dict[type[Exception], tuple[int, str, str]] = {
    TooLarge: (413, "Only a part of that arrived", "Nothing was saved. Go back and try again."),
    TooSlow: (408, "Only a part of that arrived", "Nothing was saved. Go back and try again."),
    Stranger: (
        403,
        "This form is too old, or came from another page",
        "Nothing was saved. Open the page again and repeat what you did.",
    ),
    TooSoon: (429, "Too many at once", "Nothing was saved. Wait a few seconds, then try again."),
    NoSuchWelcome: (404, "This link no longer works", _A_NEW_LINK),
    NoSuchAlarm: (404, "There is no such alarm", "It may have been deleted, as old alarms are."),
    NoSuchSquare: (404, "Page not found", "Go back to the console."),
    NoSuchWearer: (404, "There is no such wearer", "The console lists everybody who is enrolled."),
    NotSure: (422, "Nothing was done", "Tick the box to confirm, then press the button again."),
    NoReason: (422, "Nothing was done", "Give a reason: the other officers need it."),
    NobodySpoke: (
        422,
        "Nothing was done",
        'Write who has spoken with the wearer. If nobody has, do not say "free" or "false alarm".',
    ),
    NoWords: (422, "Nothing was saved", "Write something, then press the button again."),
    TooManyWords: (422, "Nothing was saved", "That is too long. Go back and write it in parts."),
    NoSuchOfficer: (
        409,
        "Nothing was done",
        "There is no such officer any more, or they have never logged in. You have it still.",
    ),
    NotNow: (
        409,
        "This cannot be done now",
        "Another officer may have been faster. Look at the alarm again.",
    ),
    NotToRead: (
        409,
        "Nothing was saved",
        "Somebody has read it already, or you wrote it yourself.",
    ),
    CannotConfirm: (409, "Nothing was done", _ANSWERED),
    RequestValidationError: (404, "Page not found", "Go back to the console."),
    NotServed: (404, "Page not found", "Go back to the console."),
    Exception: (500, "Something went wrong", "Wait a minute, then check whether it was saved."),
}
"""The status of each problem, its heading, and what to do."""


def console_app(parts: Parts) -> FastAPI:
    """The application below ``/console``."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.parts = parts
    rooms = (alarms, maps, previews, archive, watch_map, work, shifts, trails, plans)
    for router in (login.router, *(each.router for each in rooms)):
        app.include_router(router, prefix="/console")
    for problem in _PROBLEMS:
        app.add_exception_handler(problem, _say)
    app.add_exception_handler(NotLoggedIn, _ask_to_log_in)
    return app


async def _say(request: Request, error: Exception) -> Response:
    problem = next(said for kind, said in _PROBLEMS.items() if isinstance(error, kind))
    parts: Parts = request.app.state.parts
    alarm = request.path_params.get("alarm")
    if alarm is not None and problem[0] in (409, 422):
        return parts.pages.problem(*problem, f"/console/alarm/{alarm}", "Back to the alarm")
    return parts.pages.problem(*problem)


async def _ask_to_log_in(request: Request, _error: Exception) -> Response:
    wanted = login.next_page(request.url.path if request.method == "GET" else "")
    return RedirectResponse(f"/console/login?next={quote(wanted)}", 303)
