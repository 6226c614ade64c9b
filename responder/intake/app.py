"""The devices' port: ``POST /v1/reports`` and nothing else."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from outcry.responder import journal
from outcry.responder.intake.batching import GroupCommit
from outcry.responder.intake.inbox import Inbox, Outdated, Unreadable
from outcry.responder.web.bodies import TooLarge, TooSlow, read_body
from outcry.responder.web.door import Guest
from outcry.responder.web.guard import Contained, failed, vouch_for
from outcry.responder.web.whole_posts import TakesPosts

log = journal.Log("outcry.responder.device")

BODY_LIMIT = 1024  # bytes; a sealed report has 116

_REFUSALS: dict[type[BaseException], tuple[int, str]] = {
    Unreadable: (400, "this is not a sealed report that can be opened here"),
    TooSlow: (408, "the report stopped coming"),
    Outdated: (409, "this heartbeat is older than what was heard from this device before"),
    TooLarge: (413, f"a report has at most {BODY_LIMIT} bytes"),
}


class DeviceApp(TakesPosts):
    """One address, so without a framework that routes: it would cost each report.

    A report's receipt is made when it is on disk. After a 500 it may be on disk or not: the device
    sends it again.
    """

    path = "/v1/reports"

    def __init__(self, inbox: Inbox) -> None:
        self._batches = GroupCommit(inbox)
        self._contained = Contained(self._serve)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._contained(scope, receive, send)

    def begin(self, body: bytes) -> asyncio.Future[bytes]:
        return self._batches.take(body)

    def answer(self, done: asyncio.Future[bytes], guest: Guest | None) -> Response:
        error = done.exception()
        if error is None:
            if guest is not None:
                guest.vouch()
            return _receipt(done.result())
        return _refusal(error) if type(error) in _REFUSALS else failed(error)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != self.path:
            answer: Response = PlainTextResponse("Not Found", 404)
        elif scope["method"] != "POST":
            answer = PlainTextResponse("Method Not Allowed", 405, {"Allow": "POST"})
        else:
            answer = await self._taken(Request(scope, receive))
        await answer(scope, receive, send)

    async def _taken(self, request: Request) -> Response:
        try:
            receipt = await self._batches.take(await read_body(request, BODY_LIMIT))
        except tuple(_REFUSALS) as error:
            return _refusal(error)
        vouch_for(request.scope)
        return _receipt(receipt)


def _receipt(receipt: bytes) -> Response:
    return Response(receipt, media_type="application/octet-stream")


def _refusal(error: BaseException) -> Response:
    status, why = _REFUSALS[type(error)]
    log.tell(journal.Entry.POST_REFUSED, status=status)
    if isinstance(error, Outdated):
        return Response(error.args[0], status, media_type="application/octet-stream")
    return PlainTextResponse(f"{why}\n", status)
