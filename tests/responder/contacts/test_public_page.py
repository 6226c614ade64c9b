"""How the public page is found and shared: by search engines, and as a card in other networks."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from served import browser

from outcry.responder.posting.publisher import Draft

pytestmark = pytest.mark.slow

HQ = "http://127.0.0.1:8443"
WORDS = 'ALARM: "Ana" <b>needs</b>\nhelp & water'
POST = Draft(WORDS, "en", 0.0, b"\x89PNG", 'A map of "Aarhus"')
FOUND = ("/", "/?x=1", "/feed.atom", "/post/1/picture.png")
HIDDEN = (
    "/post/1", "/post/1/picture.png/", "/post/9/picture.png", "/nothing", "/feed.atom/", "/favicon.ico",
    "/console", "/console/login", "/a/{sealed}/1", "/a/{sealed}/1/map.png", "/c/{token}", "{css}",
)  # fmt: skip


class Cards(HTMLParser):
    """What a page says of itself to networks in which it is shared."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "meta" and "content" in found:
            self.said[found.get("property") or found.get("name") or ""] = found["content"] or ""


@pytest.fixture
def client(people):
    with browser(people) as client:
        yield client


@pytest.fixture
def post(world):
    return world.hq.own_page.post("alarm-1", POST)


def test_the_public_page_its_feed_and_its_pictures_can_be_found_and_nothing_else(
    world, client, post
):
    message = world.device.message()
    world.hq.takes(message)
    css = client.get("/").text.split('rel="stylesheet" href="')[1].split('"')[0]
    for path in HIDDEN:
        where = path.format(sealed=message.text, token=world.invitation(1), css=css)
        for answer in (client.get(where), client.head(where)):
            assert answer.headers["x-robots-tag"] == "noindex", path
    for path in FOUND:
        for answer in (client.get(path), client.head(path)):
            assert answer.status_code == 200
            assert "noindex" not in answer.headers["x-robots-tag"], path
            assert "noindex" not in answer.text
        assert client.post(path).headers["x-robots-tag"] == "noindex"


def test_what_cannot_be_shown_is_not_kept(world, client, monkeypatch):
    monkeypatch.setattr(world.hq.own_page, "newest", lambda: 1 / 0)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["x-robots-tag"]) == (500, "noindex")


@pytest.mark.parametrize("path", ["/", "/post/1"])
def test_a_shared_page_is_a_card_with_its_map(client, post, path):
    page = client.get(path).text
    said = Cards(page).said
    assert said["og:description"] == WORDS
    assert said["og:image"] == f"{HQ}/post/1/picture.png"
    assert said["og:image:alt"] == POST.alt
    assert said["og:url"] == (HQ + path)
    assert said["og:title"]
    assert "<b>" not in page


def test_a_card_says_first_that_the_post_no_longer_holds(world, client, post):
    world.hq.own_page.reply("r", post, Draft("still in danger", "en", 0.0))
    world.hq.own_page.correct("c", post, Draft("It was a false alarm.", "en", 0.0))
    for path in ("/", "/post/1"):
        assert (
            Cards(client.get(path).text).said["og:description"].startswith("It was a false alarm.")
        )


def test_a_page_without_posts_or_pictures_is_a_card_without_them(world, client):
    assert "og:image" not in (said := Cards(client.get("/").text).said)
    assert "og:description" not in said
    world.hq.own_page.post("alarm-1", Draft("x" * 5000, "ar", 0.0))
    said = Cards(client.get("/post/1").text).said
    assert "og:image" not in said
    assert 200 < len(said["og:description"]) <= 300
