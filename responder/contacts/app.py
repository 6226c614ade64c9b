"""Contacts' and the public's addresses, and what is answered where something is wrong."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as NotServed

from outcry.responder.contacts import links, public
from outcry.responder.contacts.dependencies import Parts, wish_of
from outcry.responder.contacts.desk import LinkExpired, NoSuchLink
from outcry.responder.contacts.public import NoSuchPost
from outcry.responder.web.bodies import Stranger, TooLarge, TooSlow

_PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    NoSuchLink: (404, "no_such_link"),
    LinkExpired: (410, "expired"),
    NoSuchPost: (404, "no_such_post"),
    Stranger: (403, "stranger"),
    TooLarge: (413, "not_whole"),
    TooSlow: (408, "not_whole"),
    RequestValidationError: (404, "nothing_here"),
    NotServed: (404, "nothing_here"),
    Exception: (500, "failed"),
}
"""The status of each problem, and its words in ``problem.html``."""


def contacts_app(parts: Parts) -> FastAPI:
    """The application at the root of people's port."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.parts = parts
    for router in (*links.routers, public.router):
        app.include_router(router)
    for problem in _PROBLEMS:
        app.add_exception_handler(problem, _say)
    return app


async def _say(request: Request, error: Exception) -> Response:
    status, words = next(said for kind, said in _PROBLEMS.items() if isinstance(error, kind))
    parts: Parts = request.app.state.parts
    return parts.pages.problem(status, words, await wish_of(request, parts))
