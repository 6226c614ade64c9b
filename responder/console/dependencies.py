"""What the console's routes are given by FastAPI: their parts, who is logged in, what was sent."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from outcry.responder.console.accounts import Officers, Session
from outcry.responder.console.desk import Console
from outcry.responder.console.news import Live
from outcry.responder.console.pages import ConsolePages
from outcry.responder.console.plan_desk import PlanDesk
from outcry.responder.console.team.shift_log import ShiftLog
from outcry.responder.console.watching.overviews import Overviews
from outcry.responder.posting.preview import Preview
from outcry.responder.web.bodies import Stranger, read_form
from outcry.responder.web.guard import vouch_for

FORM_LIMIT = 8192  # bytes: a password of 256 letters in any script, percent-coded, and a reason
PLAN_LIMIT = 128 * 1024  # a plan explains itself in 3 kB, and each letter may take nine bytes
NOTE_LIMIT = 16 * 1024  # a note of a thousand letters, each of which may take twelve bytes
SESSION_COOKIE = "__Host-console"
FORM_COOKIE = "__Host-form"  # before there is a session: the form's token, in the same browser only


class NotLoggedIn(Exception):
    """There is no session, or it has ended."""


@dataclass(frozen=True)
class Parts:
    """What the console is made of; ``app.state.parts`` holds it."""

    console: Console
    officers: Officers
    pages: ConsolePages
    live: Live
    plans: PlanDesk
    preview: Preview
    behind_proxy: bool = False
    overviews: Overviews = field(default_factory=Overviews)

    @property
    def shifts(self) -> ShiftLog:
        return ShiftLog(self.console.store, self.console.clock, self.console.on_act)


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Hq = Annotated[Parts, Depends(_parts)]


def session_of(request: Request, hq: Hq) -> Session:
    token = request.cookies.get(SESSION_COOKIE, "")
    session = hq.officers.session(token) if token else None
    if session is None:
        raise NotLoggedIn
    vouch_for(request.scope)
    return session


LoggedIn = Annotated[Session, Depends(session_of)]
"""Whose session this is; without one the browser is sent to the login."""


async def _form(request: Request, token: str, limit: int) -> Mapping[str, str]:
    fields = await read_form(request, limit)
    given = fields.get("token", "")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise Stranger
    return fields


def _session_form(limit: int) -> Callable[..., Awaitable[Mapping[str, str]]]:
    async def read(request: Request, session: LoggedIn) -> Mapping[str, str]:
        return await _form(request, session.form_token, limit)

    return read


async def _first_form(request: Request) -> Mapping[str, str]:
    return await _form(request, request.cookies.get(FORM_COOKIE, ""), FORM_LIMIT)


Form = Annotated[Mapping[str, str], Depends(_session_form(FORM_LIMIT))]
"""The fields of a form that is this session's own."""
NoteForm = Annotated[Mapping[str, str], Depends(_session_form(NOTE_LIMIT))]
PlanForm = Annotated[Mapping[str, str], Depends(_session_form(PLAN_LIMIT))]
FirstForm = Annotated[Mapping[str, str], Depends(_first_form)]
"""The fields of a form that this browser was given before there was a session."""
