"""The devices' port: ``POST /v1/reports`` and nothing else."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from outcry.responder import journal
from outcry.responder.intake.batching import GroupCommit
from outcry.responder.intake.inbox import Inbox, Outdated, Unreadable
from outcry.responder.web.bodies import TooLarge, TooSlow, read_body
from outcry.responder.web.guard import Contained

log = journal.Log("outcry.responder.device")

BODY_LIMIT = 1024  # bytes; a sealed report has 116

_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    Unreadable: (400, "this is not a sealed report that can be opened here"),
    TooSlow: (408, "the report stopped coming"),
    Outdated: (409, "this heartbeat is older than what was heard from this device before"),
    TooLarge: (413, f"a report has at most {BODY_LIMIT} bytes"),
}
_SEALED = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_WORDS = {"text/plain": {"schema": {"type": "string"}}}
_FAILED = "it failed here; the report may or may not be on disk: send it again"

router = APIRouter()


@router.post(
    "/v1/reports",
    summary="A sealed report; its receipt is made when it is on disk",
    response_class=Response,
    responses={
        200: {"description": "the receipt: a status byte and a MAC", "content": _SEALED},
        500: {"description": _FAILED, "content": _WORDS},
        **{code: {"description": why, "content": _WORDS} for code, why in _REFUSALS.values()},
        409: {"description": _REFUSALS[Outdated][1], "content": _SEALED},
    },
    openapi_extra={"requestBody": {"required": True, "content": _SEALED}},
)
async def reports(request: Request) -> Response:
    """Take a report in."""
    batches: GroupCommit = request.app.state.batches
    taken = await batches.take(await read_body(request, BODY_LIMIT))
    return Response(taken.receipt, media_type="application/octet-stream")


def device_app(inbox: Inbox) -> ASGIApp:
    return Contained(device_api(inbox))


def device_api(inbox: Inbox) -> FastAPI:
    """The same, with its description in OpenAPI, which no listener serves."""
    app = FastAPI(
        title="Outcry: devices' reports",
        version="1",
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.batches = GroupCommit(inbox)
    app.include_router(router)
    for refused in _REFUSALS:
        app.add_exception_handler(refused, _refuse)
    return app


async def _refuse(_request: Request, error: Exception) -> Response:
    status, why = _REFUSALS[type(error)]
    log.tell(journal.Entry.POST_REFUSED, status=status)
    if isinstance(error, Outdated):
        return Response(error.args[0], status, media_type="application/octet-stream")
    return PlainTextResponse(f"{why}\n", status)
