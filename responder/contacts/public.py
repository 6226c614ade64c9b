"""What everybody may read: the posts, each with its answers and picture, their feeds and cards."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from starlette.responses import PlainTextResponse

from outcry.responder.contacts.dependencies import Hq, Parts
from outcry.responder.maps import picture
from outcry.responder.posting.own_page import Post
from outcry.responder.storage import store
from outcry.responder.translations import ENGLISH, accepted
from outcry.responder.web.assets import Png

SHOWN = 20  # posts on a page that opens on a slow phone


class NoSuchPost(Exception):
    """There is no such post, or it was deleted."""


router = APIRouter()
Id = Annotated[int, Query(ge=1, le=store.LARGEST_ID)]
Pixels = Annotated[int | None, Query(ge=1)]


def _to_be_found(answer: Response) -> Response:
    """What search engines may keep: of all that HQ serves nothing else, see ``web/guard.py``."""
    answer.headers["X-Robots-Tag"] = "all, max-image-preview:large"
    return answer


def _thread(hq: Parts, id_: int) -> list[Post]:
    thread = hq.own_page.thread(id_) if id_ <= store.LARGEST_ID else []
    if not thread:
        raise NoSuchPost
    return thread


def _language(request: Request, hq: Parts, posts: list[Post]) -> str:
    """As the browser asks; what asks for none, such as a search engine, reads as the post does."""
    otherwise = posts[0].language if posts else ENGLISH
    known = hq.pages.languages
    wished = accepted(request.headers.get("accept-language", ""), known, otherwise)
    return wished if wished in known else ENGLISH


@router.get("/")
def public_page(request: Request, hq: Hq, before: Id | None = None) -> Response:
    posts = hq.own_page.newest(SHOWN + 1, before)
    if before is not None and not posts:
        raise NoSuchPost
    older = posts[SHOWN - 1].id if len(posts) > SHOWN else None
    since = "" if before is None else f"?before={before}"
    shown = posts[:SHOWN]
    page = hq.public_pages.page(shown, _language(request, hq, shown), older, since)
    return _to_be_found(page)


@router.get("/post/{id_:int}")
def public_post(request: Request, id_: int, hq: Hq) -> Response:
    thread = _thread(hq, id_)
    return _to_be_found(hq.public_pages.thread(thread, _language(request, hq, thread)))


@router.get("/post/{id_:int}/picture.png")
def public_picture(id_: int, hq: Hq) -> Response:
    return _to_be_found(Png(_picture(hq, id_)))


@router.get("/post/{id_:int}/picture-{width:int}.png")
def public_picture_reduced(id_: int, width: int, hq: Hq) -> Response:
    if width not in picture.REDUCED:
        raise NoSuchPost
    return _to_be_found(Png(picture.reduced(_picture(hq, id_), width)))


def _picture(hq: Parts, id_: int) -> bytes:
    found = hq.own_page.picture(id_) if id_ <= store.LARGEST_ID else None
    if found is None:
        raise NoSuchPost
    return found


@router.get("/what-we-ask")
def asks(request: Request, hq: Hq) -> Response:
    page = hq.public_pages.asks(_language(request, hq, []))
    if page is None:
        raise HTTPException(404)
    return _to_be_found(page)


@router.get("/feed.atom")
def feed(request: Request, hq: Hq) -> Response:
    posts = hq.own_page.newest()
    return _to_be_found(hq.public_pages.atom(posts, _language(request, hq, posts)))


@router.get("/feed.rss")
def feed_of_rss(request: Request, hq: Hq) -> Response:
    posts = hq.own_page.newest()
    return _to_be_found(hq.public_pages.rss(posts, _language(request, hq, posts)))


@router.get("/oembed")
def embedded(
    hq: Hq,
    url: str,
    maxwidth: Pixels = None,
    maxheight: Pixels = None,
    format: str = "json",
) -> Response:
    """What oEmbed (https://oembed.com) asks for: JSON alone, and of our own posts alone."""
    if format != "json":
        return PlainTextResponse("Only JSON is served here.\n", 501)
    id_ = hq.public_pages.post_id(url)
    if id_ is None:
        raise NoSuchPost
    return hq.public_pages.embedded(_thread(hq, id_)[0], maxwidth, maxheight)


@router.get("/robots.txt")
async def robots(hq: Hq) -> Response:
    return hq.public_pages.robots()


@router.get("/sitemap.xml")
def sitemap(hq: Hq) -> Response:
    return hq.public_pages.sitemap(hq.own_page.addresses())


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
