"""The addresses of each wearer's plan."""

from dataclasses import replace

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from outcry.responder.console.accounts import CodeRefused, Session
from outcry.responder.console.dependencies import Form, Hq, LoggedIn, Parts, PlanForm
from outcry.responder.console.plan_desk import PlanView
from outcry.responder.plans.authority import NotProven
from outcry.responder.plans.document import PlanInvalid
from outcry.responder.web.throttle import TooSoon

WHY_LENGTH = 200

router = APIRouter(prefix="/wearer/{device}/plan")


@router.get("")
def read(device: str, hq: Hq, session: LoggedIn, done: str = "") -> Response:
    return hq.pages.plan(session, device, hq.plans.view(device), done=done)


@router.post("")
def change(device: str, hq: Hq, session: LoggedIn, form: PlanForm) -> Response:
    text, version, code = (form.get(key, "") for key in ("plan", "version", "code"))
    why = " ".join(form.get("why", "").split())[:WHY_LENGTH]
    # As it was sent, so that no form made from an older plan is ever taken for a newer one.
    view = replace(hq.plans.view(device), text=text, version=version)
    try:
        came = hq.plans.change(device, text, version, session.officer, code, why)
    except PlanInvalid as invalid:
        return hq.pages.plan(session, device, view, invalid.problems, status=422)
    except NotProven as asked:
        return hq.pages.plan(session, device, view, asked=asked, status=403)
    except (CodeRefused, TooSoon) as refused:
        return _refused(hq, session, device, view, refused)
    return _done(device, came)


@router.post("/{number:int}/confirm")
def confirm(device: str, number: int, hq: Hq, session: LoggedIn, form: Form) -> Response:
    try:
        hq.plans.confirm(number, form.get("seen", ""), session.officer, form.get("code", ""))
    except (CodeRefused, TooSoon) as refused:
        return _refused(hq, session, device, hq.plans.view(device), refused)
    return _done(device, "confirmed")


@router.post("/{number:int}/refuse")
def refuse(device: str, number: int, hq: Hq, session: LoggedIn, form: Form) -> Response:
    hq.plans.refuse(number, session.officer)
    return _done(device, "refused")


def _done(device: str, what: str) -> Response:
    return RedirectResponse(f"/console/wearer/{device}/plan?done={what}", 303)


def _refused(
    hq: Parts, session: Session, device: str, view: PlanView, refused: CodeRefused | TooSoon
) -> Response:
    """The page again, because of its six digits."""
    if isinstance(refused, TooSoon):
        words = f"too many wrong codes; wait {refused.wait_s} s"
        return refused.told_by(hq.pages.plan(session, device, view, [words], status=429))
    words = "wrong code; wait for the next in your authenticator app, because each works once"
    return hq.pages.plan(session, device, view, [words], status=403)
