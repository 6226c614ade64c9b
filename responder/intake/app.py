"""The devices' port: ``POST /v1/reports`` and nothing else.

====  ==========================================================================
200   the report is on disk; the body is its receipt
400   not a sealed report that can be opened here
408   the body stopped coming
409   a heartbeat that is not newer than what was heard before
413   the body is longer than any report
====  ==========================================================================
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from outcry.responder import journal
from outcry.responder.intake.batching import GroupCommit
from outcry.responder.intake.inbox import Inbox, Outdated, Unreadable
from outcry.responder.web.bodies import TooLarge, TooSlow, read_body
from outcry.responder.web.guard import Contained

log = journal.Log("outcry.responder.device")

BODY_LIMIT = 1024  # bytes; a sealed report has 116


_SEALED = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_WORDS = {"text/plain": {"schema": {"type": "string"}}}
_SAID = {
    400: "not a sealed report that can be opened here",
    408: "the body stopped coming",
    409: "a heartbeat that is not newer than what was heard before",
    413: f"the body is longer than {BODY_LIMIT} bytes",
    500: "it failed here; the report may or may not be on disk: send it again",
}


def device_app(inbox: Inbox) -> ASGIApp:
    """The application behind the devices' port."""
    return Contained(device_api(inbox))


def device_api(inbox: Inbox) -> FastAPI:
    """The same, with its description in OpenAPI, which no listener serves."""
    app = FastAPI(
        title="Outcry: devices' reports",
        version="1",
        openapi_url=None,
        redirect_slashes=False,
    )
    batches = GroupCommit(inbox)

    @app.post(
        "/v1/reports",
        summary="A sealed report; its receipt is made when it is on disk",
        response_class=Response,
        responses={
            200: {"description": "the receipt: a status byte and a MAC", "content": _SEALED},
            **{code: {"description": why, "content": _WORDS} for code, why in _SAID.items()},
        },
        openapi_extra={"requestBody": {"required": True, "content": _SEALED}},
    )
    async def reports(request: Request) -> Response:
        try:
            sealed = await read_body(request, BODY_LIMIT)
            taken = await batches.take(sealed)
        except TooLarge:
            return _refusal(413, f"a report has at most {BODY_LIMIT} bytes")
        except TooSlow:
            return _refusal(408, "the report stopped coming")
        except Unreadable as refused:
            return _refusal(400, str(refused))
        except Outdated as refused:
            return _refusal(409, str(refused))
        return Response(taken.receipt, media_type="application/octet-stream")

    return app


def _refusal(status: int, why: str) -> Response:
    log.tell(journal.Entry.POST_REFUSED, status=status)
    return PlainTextResponse(f"{why}\n", status)
