"""The overview, and each alarm's page, map and decisions."""

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse, StreamingResponse

from outcry.report import Position
from outcry.responder.console.dependencies import SESSION_COOKIE, Form, Hq, LoggedIn
from outcry.responder.console.desk import GRAVE
from outcry.responder.console.older_news import Act, OlderNews
from outcry.responder.console.watching.wearers import Asked
from outcry.responder.maps import surroundings
from outcry.responder.rules.events import Reason
from outcry.responder.storage.alarms import NoSuchAlarm
from outcry.responder.web.assets import Png
from outcry.responder.web.guard import HEADERS_ALONE

REASON_LENGTH = 200
EVENTS = "text/event-stream"
UNBUFFERED = {"X-Accel-Buffering": "no"}  # nginx would keep an event until 4 kB of them are there

router = APIRouter()


class NotSure(Exception):
    """What cannot be undone was asked for without the tick that it is meant."""


class NoReason(Exception):
    """A correction or a closing without its reason."""


class NobodySpoke(Exception):
    """A correction that says "is free" or "is safe", and nobody who has spoken with the wearer."""


@router.get("")
def overview(request: Request, hq: Hq, session: LoggedIn, refused: str = "") -> Response:
    known = refused.isascii() and refused.isdigit() and len(refused) < 7
    asked, console = Asked.of(request.query_params), hq.console
    watched = hq.overviews.of(
        asked,
        console.mark(),
        console.clock(),
        lambda: hq.pages.watched(console.overview(asked)),
    )
    return hq.pages.overview(session, watched, hq.shifts.unread(), int(refused) if known else 0)


@router.get("/alarm/{alarm:int}")
def view(alarm: int, hq: Hq, session: LoggedIn, done: str = "") -> Response:
    return hq.pages.view(session, hq.console.view(alarm, session.officer), done)


@router.get("/alarm/{alarm:int}/map.png")
def surroundings_map(alarm: int, hq: Hq, session: LoggedIn) -> Response:
    return Png(surroundings.drawn(_place(hq, alarm)))


@router.post("/alarm/{alarm:int}/{act}")
def decide(alarm: int, act: Act, hq: Hq, session: LoggedIn, form: Form) -> Response:
    reason = " ".join(form.get("reason", "").split())[:REASON_LENGTH]
    if act in GRAVE and form.get("sure") != "yes":
        raise NotSure
    if (act is Act.CORRECT and reason not in list(Reason)) or (act is Act.CLOSE and not reason):
        raise NoReason
    spoke = " ".join(form.get("spoke", "").split())[:REASON_LENGTH] if act is Act.CORRECT else ""
    if act is Act.CORRECT and reason != Reason.OTHER and not spoke:
        raise NobodySpoke
    given = reason if act in (Act.CORRECT, Act.CLOSE, Act.HAND_OVER) else None
    seen = form.get("seen", "")
    known = seen.isascii() and seen.isdigit() and len(seen) < 10  # else the page showed nothing
    try:
        hq.console.act(alarm, act, session.officer, given, int(seen) if known else 0, spoke or None)
    except OlderNews as older:
        return hq.pages.older_news(
            session, alarm, act, given, older, hq.console.names(alarm), spoke
        )
    return RedirectResponse(f"/console/alarm/{alarm}?done={act}", 303)


@router.get("/live")
async def live(request: Request, hq: Hq, session: LoggedIn) -> Response:
    """Tells an open page when something has changed."""
    if HEADERS_ALONE in request.scope:  # a stream has no end that could be waited for
        return Response(media_type=EVENTS, headers=UNBUFFERED)
    if hq.live.full:
        return Response("Too many consoles are open.\n", 503, {"Retry-After": "30"})
    token = request.cookies[SESSION_COOKIE]
    events = hq.live.events(lambda: hq.officers.session(token) is not None)
    return StreamingResponse(events, media_type=EVENTS, headers=UNBUFFERED)


def _place(hq: Hq, alarm: int) -> Position:
    """The newest place of an alarm; without one there is nothing to draw."""
    places = (each.report.place for each in hq.console.view(alarm).track)
    place = next((each for each in places if isinstance(each, Position)), None)
    if place is None:
        raise NoSuchAlarm
    return place
