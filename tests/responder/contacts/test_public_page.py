"""How the public page is found and shared: by search engines, and as a card in other networks."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from email.utils import parsedate_to_datetime
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlsplit
from urllib.robotparser import RobotFileParser

import pytest
from PIL import Image
from served import browser

from outcry.responder.posting.publisher import Draft

pytestmark = pytest.mark.slow


def png(width=1200, height=675):
    out = io.BytesIO()
    Image.new("P", (width, height)).save(out, "PNG")
    return out.getvalue()


HQ = "http://127.0.0.1:8443"
MAP = png()
WORDS = 'ALARM: "Ana" <b>needs</b>\nhelp & water'
POST = Draft(WORDS, "en", 0.0, MAP, 'A map of "Aarhus"')
FOUND = (
    "/", "/?x=1", "/?before=9", "/feed.atom", "/feed.rss", "/post/1", "/post/1/picture.png",
    "/post/1/picture-640.png",
)  # fmt: skip
HIDDEN = (
    "/post/9", "/post/1/picture-64.png", "/post/1/picture.png/", "/post/9/picture.png", "/nothing", "/feed.atom/", "/favicon.ico",
    "/console", "/console/login", "/a/{sealed}/1", "/a/{sealed}/1/map.png", "/c/{token}", "{css}",
)  # fmt: skip


class Cards(HTMLParser):
    """What a page says of itself to networks in which it is shared."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self.links: list[dict[str, str | None]] = []
        self.asks: list[str] = []  # the addresses that a browser loads by itself
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "meta" and "content" in found:
            self.said[found.get("property") or found.get("name") or ""] = found["content"] or ""
        elif tag in ("link", "a"):
            self.links.append(found)
        for name in ("src", "srcset", "data", "poster"):
            if found.get(name):
                self.asks.append(found[name])

    def linked(self, rel, type_=None):
        """The addresses of what the page is said to be linked to as this."""
        return [
            each["href"]
            for each in self.links
            if each.get("rel") == rel and each.get("type") == type_
        ]


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
    assert said["og:description"] == said["description"] == " ".join(WORDS.split())
    assert said["og:image"] == f"{HQ}/post/1/picture.png"
    shown = Image.open(io.BytesIO(client.get("/post/1/picture.png").content))
    assert (said["og:image:width"], said["og:image:height"]) == tuple(map(str, shown.size))
    assert said["og:image:type"] == "image/png"
    assert said["og:locale"] == "en_US"
    assert said["twitter:card"] == "summary_large_image"
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


def test_crawlers_may_read_what_is_public_and_open_no_link(world, client, post):
    robots = RobotFileParser()
    robots.parse(client.get("/robots.txt").text.splitlines())
    for path in (
        "/",
        "/post/1",
        "/post/1/picture.png",
        "/feed.rss",
        "/sitemap.xml",
        "/oembed?url=x",
    ):
        assert robots.can_fetch("Twitterbot", HQ + path), path
    for path in ("/a/abc", "/a/abc/1/map.png", "/c/abc", "/console", "/console/alarm/1"):
        assert not robots.can_fetch("Googlebot", HQ + path), path
    (sitemap,) = robots.site_maps()
    assert sitemap == f"{HQ}/sitemap.xml"


def test_the_sitemap_has_each_post_that_answers_no_other(world, client, post):
    world.hq.own_page.reply("r", post, Draft("more", "en", 0.0))
    world.clock.passes(86_400)
    world.hq.own_page.correct("c", post, Draft("not so", "en", 0.0))
    namespace = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    root = ET.fromstring(client.get("/sitemap.xml").content)
    found = {
        url.findtext(f"{namespace}loc"): url.findtext(f"{namespace}lastmod")
        for url in root.iter(f"{namespace}url")
    }
    assert found == {f"{HQ}/": None, f"{HQ}/post/1": "2026-11-23T12:00:00Z"}


@pytest.mark.parametrize("path", ["/", "/post/1", "/?before=2"])
def test_each_page_has_one_address(client, post, path):
    campaign = "&utm_source=x" if "?" in path else "?fbclid=x"
    assert Cards(client.get(path + campaign).text).linked("canonical") == [HQ + path]


def test_older_posts_are_reached_page_by_page(world, client):
    for n in range(1, 46):
        world.hq.own_page.post(f"alarm-{n}", Draft(f"words {n}.", "en", 0.0))
    seen, path = [], "/"
    while path:
        page = client.get(path).text
        seen += [n for n in range(1, 46) if f">words {n}.<" in page]
        path = next(iter(Cards(page).linked("next")), None)
    assert sorted(seen) == [*range(1, 46)]
    assert client.get("/?before=1").status_code == 404
    for wrong in ("0", "-1", "x", "9" * 30):
        assert client.get("/", params={"before": wrong}).status_code == 404


def test_both_feeds_are_announced_and_tell_the_same(world, client, post):
    world.hq.own_page.post("alarm-2", Draft("Тревога: <Ана> & \u2068 Ольга \u2069.", "ru", 0.0))
    world.hq.own_page.correct("c", post, Draft("NOT so.", "en", 0.0))
    page = Cards(client.get("/").text)
    (atom,) = page.linked("alternate", "application/atom+xml")
    (rss,) = page.linked("alternate", "application/rss+xml")
    assert client.get(atom).headers["content-type"] == "application/atom+xml"
    assert client.get(rss).headers["content-type"] == "application/rss+xml"
    space = "{http://www.w3.org/2005/Atom}"
    entries = ET.fromstring(client.get(atom).content).findall(f"{space}entry")
    items = ET.fromstring(client.get(rss).content).findall("channel/item")
    told = [
        (
            each.findtext(f"{space}id"),
            each.findtext(f"{space}title"),
            each.findtext(f"{space}content"),
        )
        for each in entries
    ]
    # The words of an item are HTML within XML.
    assert told == [
        (each.findtext("guid"), each.findtext("title"), unescape(each.findtext("description")))
        for each in items
    ]
    assert [each[0] for each in told] == [f"{HQ}/post/2", f"{HQ}/post/1"]
    assert told[0][2] == "Тревога: <Ана> & \u2068 Ольга \u2069."
    assert "<" not in items[0].findtext("description")
    assert told[1][2] == f"NOT so. - {WORDS}"
    assert told[1][1].startswith("NOT so. ALARM:")
    date = parsedate_to_datetime(items[0].findtext("pubDate"))
    assert date.timestamp() == world.clock()


def oembed(client, url=f"{HQ}/post/1", **more):
    return client.get("/oembed", params={"url": url, **more})


def test_a_post_can_be_embedded_by_what_its_page_names(client, post):
    (address,) = Cards(client.get("/post/1").text).linked("alternate", "application/json+oembed")
    assert address.startswith(f"{HQ}/oembed?")
    answer = client.get(address.removeprefix(HQ))
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert said["version"] == "1.0"
    assert said["type"] == "link"
    assert said["title"] == 'ALARM: "Ana" <b>needs</b> help & water'
    assert said["author_name"] == said["provider_name"] == "Example Org"
    assert said["thumbnail_url"] == f"{HQ}/post/1/picture.png"


@pytest.mark.parametrize(
    ("more", "width"),
    [
        ({}, 1200),
        ({"maxwidth": 1200, "maxheight": 675}, 1200),
        ({"maxwidth": 1199}, 640),
        ({"maxwidth": 640, "maxheight": 359}, 320),
        ({"maxheight": 180}, 320),
        ({"maxwidth": 319}, None),
        ({"maxheight": 1}, None),
        ({"maxwidth": 10**40}, 1200),
    ],
)
def test_the_map_of_an_embedded_post_is_no_larger_than_there_is_room(client, post, more, width):
    said = oembed(client, **more).json()
    assert said.get("thumbnail_width") == width
    if width is None:
        assert not any(key.startswith("thumbnail") for key in said)
        return
    picture = client.get(said["thumbnail_url"].removeprefix(HQ))
    assert picture.headers["content-type"] == "image/png"
    size = said["thumbnail_width"], said["thumbnail_height"]
    assert Image.open(io.BytesIO(picture.content)).size == size


def test_a_post_without_a_picture_is_embedded_without_one(world, client):
    world.hq.own_page.post("alarm-1", Draft("words", "en", 0.0))
    assert "thumbnail_url" not in oembed(client).json()


@pytest.mark.parametrize("added", ["?fbclid=x", "#share", "/", "/?a=b"])
def test_a_post_is_known_by_its_address_whatever_was_added(client, post, added):
    assert oembed(client, f"{HQ}/post/1{added}").status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        f"{HQ}/", f"{HQ}/post/2", f"{HQ}/post/", f"{HQ}/post/-1", f"{HQ}/post/1/2", f"{HQ}/a/1",
        f"{HQ}/post/{'9' * 19}", f"{HQ}/post/{'9' * 5000}", f"{HQ}/post/\u0661", f"{HQ}/console/post/1",
        "https://127.0.0.1:8443/post/1", "http://127.0.0.1:8444/post/1", "http://[/post/1",
        "http://127.0.0.1:8443@evil.example/post/1", "http://evil.example/post/1", "/post/1", "",
    ],
)  # fmt: skip
def test_nothing_else_can_be_embedded(client, post, url):
    assert oembed(client, url).status_code == 404


def test_what_cannot_be_asked_of_the_embedding_is_refused(client, post):
    assert oembed(client, format="xml").status_code == 501
    assert oembed(client, format="json").status_code == 200
    for wrong in ("0", "-5", "wide"):
        assert oembed(client, maxwidth=wrong).status_code == 404
    assert client.get("/oembed").status_code == 404


def test_a_post_is_passed_on_by_plain_links_and_nobody_is_asked_before(client, post):
    page = client.get("/post/1").text
    shown = Cards(page)
    assert "<script" not in page
    assert all(each.startswith("/") for each in shown.asks)
    assert shown.linked("stylesheet") == [
        each for each in shown.linked("stylesheet") if each[0] == "/"
    ]
    shared = [each["href"] for each in shown.links if each.get("rel") == "nofollow noopener"]
    by = {urlsplit(each).netloc or urlsplit(each).scheme: urlsplit(each) for each in shared}
    words = 'ALARM: "Ana" <b>needs</b> help & water'
    both = f"{words}\n{HQ}/post/1"
    assert parse_qs(by["x.com"].query) == {"text": [words], "url": [f"{HQ}/post/1"]}
    assert parse_qs(by["t.me"].query) == {"text": [words], "url": [f"{HQ}/post/1"]}
    assert parse_qs(by["bsky.app"].query) == {"text": [both]}
    assert parse_qs(by["wa.me"].query) == {"text": [both]}
    assert parse_qs(by["www.facebook.com"].query) == {"u": [f"{HQ}/post/1"]}
    assert by["share.joinmastodon.org"].fragment == f"text={quote(both, safe='')}"
    assert parse_qs(by["mailto"].query) == {"subject": [words], "body": [both]}
    assert len(by) == 7


def test_what_is_passed_on_of_a_corrected_post_is_the_correction_first(world, client, post):
    world.hq.own_page.correct("c", post, Draft("Ana is safe.", "en", 0.0))
    shared = Cards(client.get("/post/1").text).links
    (x,) = [each["href"] for each in shared if "x.com" in (each["href"] or "")]
    assert parse_qs(urlsplit(x).query)["text"][0].startswith("Ana is safe. ALARM")


def test_a_name_that_is_isolated_stays_so_where_words_are_cut(world, client):
    world.hq.own_page.post("alarm-1", Draft("x \u2068" + "y " * 200 + "\u2069", "ar", 0.0))
    said = Cards(client.get("/post/1").text).said
    for words in (said["og:title"], said["og:description"], oembed(client).json()["title"]):
        assert words.endswith("…")
        assert words.count("\u2068") == words.count("\u2069") == 1


def test_an_answer_by_itself_leads_to_what_it_answers(world, client, post):
    world.hq.own_page.reply("r", post, Draft("still in danger", "en", 0.0))
    assert '<a href="/post/1">Follow-up to an earlier post</a>' in client.get("/post/2").text
    assert "Follow-up to" not in client.get("/post/1").text


@pytest.mark.parametrize(
    ("accepted", "language", "direction", "all_"),
    [
        ("ar", "ar", "rtl", "كل الإنذارات"),
        ("en-GB,en;q=0.9", "en", "ltr", "All alarms"),
        ("de, uk;q=0.5", "uk", "ltr", "Усі тривоги"),  # noqa: RUF001
        ("", "fa", "rtl", "همهٔ هشدارها"),
        ("de", "fa", "rtl", "همهٔ هشدارها"),
    ],
)
def test_the_page_speaks_its_readers_language_else_the_posts(
    world, client, accepted, language, direction, all_
):
    world.hq.own_page.post("alarm-1", Draft("هشدار", "fa", 0.0))
    answer = client.get("/post/1", headers={"Accept-Language": accepted})
    assert f'<html lang="{language}" dir="{direction}">' in answer.text
    assert all_ in answer.text
    assert 'lang="fa" dir="rtl"' in answer.text
    assert answer.headers["vary"] == "Accept-Language"
    assert Cards(answer.text).said["og:locale"] == "fa_IR"


def test_what_is_not_there_is_said_in_the_readers_language(client):
    ukrainian = {"Accept-Language": "uk"}
    assert "Цього допису тут немає" in client.get("/post/9", headers=ukrainian).text
    assert "Сторінку не знайдено" in client.get("/nothing", headers=ukrainian).text


@pytest.fixture
def asks(world, tmp_path):
    """The organisation's own words, and the pages that show them."""
    folder = tmp_path / "asks"
    folder.mkdir()
    (folder / "en.txt").write_text(
        "Call +44 7700 900199.\n\n<b>Say</b> #FreeAna: https://example.org/a"
    )
    (folder / "ar.txt").write_text("اتصلوا على +44 7700 900199")
    return folder


@pytest.fixture
def asking(world, serve, asks):
    from outcry.responder.service.people_app import people_app

    world.hq.restarts({"publishing": {"asks": str(asks)}})
    world.hq.own_page.post("alarm-1", POST)
    with browser(serve(people_app(world.hq.parts))) as client:
        yield client


def test_readers_are_told_what_the_organisation_asks_of_them(asking):
    post, page, all_ = (asking.get(path).text for path in ("/post/1", "/what-we-ask", "/"))
    for shown in (post, page):
        assert "What we ask you to do" in shown
        assert (
            '<a href="tel:+447700900199" rel="noopener"><bdi dir="ltr">+44 7700 900199</bdi></a>'
            in shown
        )
        assert 'href="https://example.org/a"' in shown
        assert "&lt;b&gt;Say&lt;/b&gt; <bdi>#FreeAna</bdi>" in shown
    assert '<a href="/what-we-ask">What we ask you to do</a>' in all_
    assert "#FreeAna" not in all_
    assert Cards(page).linked("canonical") == [f"{HQ}/what-we-ask"]
    assert "noindex" not in asking.get("/what-we-ask").headers["x-robots-tag"]
    assert f"<loc>{HQ}/what-we-ask</loc>" in asking.get("/sitemap.xml").text


def test_and_in_their_language(asking):
    arabic = asking.get("/what-we-ask", headers={"Accept-Language": "ar"}).text
    assert "اتصلوا على" in arabic
    assert '<div lang="ar" dir="rtl">' in arabic
    french = asking.get("/post/1", headers={"Accept-Language": "fr"}).text
    assert "Ce que nous vous demandons de faire" in french
    assert '<div lang="en" dir="ltr">' in french


def test_where_nothing_is_asked_no_page_says_so(client, post):
    assert client.get("/what-we-ask").status_code == 404
    for path in ("/", "/post/1", "/sitemap.xml"):
        assert "what-we-ask" not in client.get(path).text
