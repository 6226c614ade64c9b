"""The devices' port: ``POST /v1/reports`` and nothing else."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from outcry.responder import journal
from outcry.responder.intake.batching import GroupCommit
from outcry.responder.intake.inbox import Inbox, Outdated, Unreadable
from outcry.responder.web.bodies import TooLarge, TooSlow, read_body
from outcry.responder.web.guard import Contained, vouch_for

log = journal.Log("outcry.responder.device")

PATH = "/v1/reports"
BODY_LIMIT = 1024  # bytes; a sealed report has 116

_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    Unreadable: (400, "this is not a sealed report that can be opened here"),
    TooSlow: (408, "the report stopped coming"),
    Outdated: (409, "this heartbeat is older than what was heard from this device before"),
    TooLarge: (413, f"a report has at most {BODY_LIMIT} bytes"),
}


def device_app(inbox: Inbox) -> ASGIApp:
    """One address, so without a framework that routes: it would cost each report."""
    batches = GroupCommit(inbox)

    async def reports(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != PATH:
            answer: Response = PlainTextResponse("Not Found", 404)
        elif scope["method"] != "POST":
            answer = PlainTextResponse("Method Not Allowed", 405, {"Allow": "POST"})
        else:
            answer = await _taken(batches, Request(scope, receive))
        await answer(scope, receive, send)

    return Contained(reports)


async def _taken(batches: GroupCommit, request: Request) -> Response:
    """Take a sealed report in; its receipt is made when it is on disk.

    After a 500 it may be on disk or not: the device sends it again.
    """
    try:
        taken = await batches.take(await read_body(request, BODY_LIMIT))
    except tuple(_REFUSALS) as error:
        return _refusal(error)
    vouch_for(request.scope)
    return Response(taken.receipt, media_type="application/octet-stream")


def _refusal(error: Exception) -> Response:
    status, why = _REFUSALS[type(error)]
    log.tell(journal.Entry.POST_REFUSED, status=status)
    if isinstance(error, Outdated):
        return Response(error.args[0], status, media_type="application/octet-stream")
    return PlainTextResponse(f"{why}\n", status)
