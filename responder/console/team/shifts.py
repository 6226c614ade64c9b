"""The shift log's page: its entries, and handing a shift over."""

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from outcry.responder.console.dependencies import Form, Hq, LoggedIn, NoteForm
from outcry.responder.console.team.work import note_in
from outcry.responder.storage.store import LARGEST_ID

router = APIRouter()


@router.get("/shift")
def shift(hq: Hq, session: LoggedIn, before: int | None = None, done: str = "") -> Response:
    known = before is not None and 0 < before <= LARGEST_ID
    found = hq.shifts.page(session.officer, before if known else None)
    return hq.pages.shift(session, found, done, paged=known)


@router.post("/shift/write")
def write(hq: Hq, session: LoggedIn, form: NoteForm) -> Response:
    hq.shifts.write(session.officer, note_in(form))
    return RedirectResponse("/console/shift?done=written", 303)


@router.post("/shift/end")
def end(hq: Hq, session: LoggedIn, form: NoteForm) -> Response:
    hq.shifts.write(session.officer, note_in(form), form.get("to", ""))
    return RedirectResponse("/console/shift?done=ended", 303)


@router.post("/shift/{number:int}/read")
def read(number: int, hq: Hq, session: LoggedIn, form: Form) -> Response:
    hq.shifts.read(session.officer, min(number, LARGEST_ID))
    return RedirectResponse("/console/shift?done=read", 303)
