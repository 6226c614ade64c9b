"""What everybody may read: the posts, each with its answers and picture, and their feed."""

from fastapi import APIRouter, HTTPException, Request, Response

from outcry.responder.contacts.dependencies import Hq
from outcry.responder.storage import store
from outcry.responder.web.assets import Png


class NoSuchPost(Exception):
    """There is no such post, or it was deleted."""


router = APIRouter()


def _to_be_found(answer: Response) -> Response:
    """What search engines may keep: of all that HQ serves nothing else, see ``web/guard.py``."""
    answer.headers["X-Robots-Tag"] = "all"
    return answer


@router.get("/")
def public_page(hq: Hq) -> Response:
    return _to_be_found(hq.pages.public(hq.own_page.newest()))


@router.get("/post/{id_:int}")
def public_post(id_: int, hq: Hq) -> Response:
    thread = hq.own_page.thread(id_) if id_ <= store.LARGEST_ID else []
    if not thread:
        raise NoSuchPost
    return hq.pages.public(thread, single=True)


@router.get("/post/{id_:int}/picture.png")
def public_picture(id_: int, hq: Hq) -> Response:
    picture = hq.own_page.picture(id_) if id_ <= store.LARGEST_ID else None
    if picture is None:
        raise NoSuchPost
    return _to_be_found(Png(picture))


@router.get("/feed.atom")
def feed(hq: Hq) -> Response:
    return _to_be_found(hq.pages.feed(hq.own_page.newest()))


@router.get("/favicon.ico")
async def icon() -> Response:
    """Asked for by every browser; a page of words instead would cost a slow phone seconds."""
    return Response(status_code=204, headers={"Cache-Control": "public, max-age=31536000"})


@router.get("/static/{digest}/{name}")
async def asset(request: Request, hq: Hq) -> Response:
    found = hq.assets.served.get(request.url.path)
    if found is None:
        raise HTTPException(404)
    return found
