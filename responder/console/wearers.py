"""A wearer's plan, read and changed."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from outcry.responder.console.dependencies import Hq, LoggedIn, PlanForm
from outcry.responder.plans.document import PlanInvalid

router = APIRouter()


@router.get("/wearer/{device}/plan")
def read_plan(device: str, hq: Hq, session: LoggedIn, done: str | None = None) -> Response:
    return hq.pages.plan(session, device, hq.plans.read(device), done=done is not None)


@router.post("/wearer/{device}/plan")
def change_plan(device: str, hq: Hq, session: LoggedIn, form: PlanForm) -> Response:
    text = form.get("plan", "")
    try:
        hq.plans.change(device, text, session.officer)
    except PlanInvalid as invalid:
        return hq.pages.plan(session, device, text, problems=invalid.problems)
    return RedirectResponse(f"/console/wearer/{device}/plan?done", 303)
