"""What will be posted about an alarm, shown to the duty officer who may publish it."""

from fastapi import APIRouter, HTTPException, Response

from outcry.responder.console.dependencies import Hq, LoggedIn
from outcry.responder.web.assets import Png

router = APIRouter()


@router.get("/alarm/{alarm:int}/preview")
def preview(alarm: int, hq: Hq, session: LoggedIn) -> Response:
    standing = hq.console.view(alarm).standing
    with hq.console.store.read() as connection:
        posts = hq.preview(connection, alarm)
    return hq.pages.preview(session, standing, posts)


@router.get("/alarm/{alarm:int}/corrections")
def corrections(alarm: int, hq: Hq, session: LoggedIn) -> Response:
    """What each ready correction says, network by network."""
    standing = hq.console.view(alarm).standing
    with hq.console.store.read() as connection:
        posts = hq.preview.corrections(connection, alarm)
    return hq.pages.corrections(session, standing, posts)


@router.get("/alarm/{alarm:int}/preview/{n:int}.png")
def picture(alarm: int, n: int, hq: Hq, session: LoggedIn) -> Response:
    """The picture of one of these posts, counted from 0."""
    with hq.console.store.read() as connection:
        posts = hq.preview(connection, alarm)
    found = posts[n].draft.picture if n < len(posts) else None
    if found is None:
        raise HTTPException(404)
    return Png(found)
