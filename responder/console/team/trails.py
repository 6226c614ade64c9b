"""The audit trail's page: what was written down, for one officer or wearer or for all."""

import math

from fastapi import APIRouter, Response

from outcry.responder.console.dependencies import Hq, LoggedIn
from outcry.responder.console.team.trail import trail

router = APIRouter()


@router.get("/trail")
def shown(
    hq: Hq, session: LoggedIn, officer: str = "", wearer: str = "", before: str = ""
) -> Response:
    """What is no moment or no wearer in the address is as if it was not there."""
    device = _number(wearer)
    found = trail(hq.console.store, _moment(before), officer or None, device)
    return hq.pages.trail(session, found, officer, wearer if device is not None else "")


def _moment(given: str) -> float | None:
    try:
        at = float(given)
    except ValueError:
        return None
    return at if math.isfinite(at) else None


def _number(given: str) -> int | None:
    """A device as pages write it."""
    try:
        return int(given, 16) if len(given) == 8 else None
    except ValueError:
        return None
