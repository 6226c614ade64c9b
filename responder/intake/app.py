"""The devices' port: ``POST /v1/reports`` and nothing else."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from outcry.responder import journal
from outcry.responder.intake.batching import GroupCommit
from outcry.responder.intake.inbox import Inbox, Outdated, Unreadable
from outcry.responder.web.bodies import TooLarge, TooSlow, read_body
from outcry.responder.web.guard import Contained, vouch_for

log = journal.Log("outcry.responder.device")

BODY_LIMIT = 1024  # bytes; a sealed report has 116

_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    Unreadable: (400, "this is not a sealed report that can be opened here"),
    TooSlow: (408, "the report stopped coming"),
    Outdated: (409, "this heartbeat is older than what was heard from this device before"),
    TooLarge: (413, f"a report has at most {BODY_LIMIT} bytes"),
}


async def reports(request: Request) -> Response:
    """Take a sealed report in; its receipt is made when it is on disk.

    After a 500 it may be on disk or not: the device sends it again.
    """
    batches: GroupCommit = request.app.state.batches
    taken = await batches.take(await read_body(request, BODY_LIMIT))
    vouch_for(request.scope)
    return Response(taken.receipt, media_type="application/octet-stream")


def device_app(inbox: Inbox) -> ASGIApp:
    """Without FastAPI, which costs more for each report than all of this, and is of no use to one."""
    app = Starlette(
        routes=[Route("/v1/reports", reports, methods=["POST"])],
        exception_handlers=dict.fromkeys(_REFUSALS, _refuse),
    )
    app.router.redirect_slashes = False
    app.state.batches = GroupCommit(inbox)
    return Contained(app)


async def _refuse(_request: Request, error: Exception) -> Response:
    status, why = _REFUSALS[type(error)]
    log.tell(journal.Entry.POST_REFUSED, status=status)
    if isinstance(error, Outdated):
        return Response(error.args[0], status, media_type="application/octet-stream")
    return PlainTextResponse(f"{why}\n", status)
