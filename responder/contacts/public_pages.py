"""What everybody may read, made of the posts: the page, two feeds, and what finds and shares them."""

from collections.abc import Mapping, Sequence
from email.utils import formatdate
from urllib.parse import urlsplit

from jinja2 import Environment
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from outcry.responder import formatting
from outcry.responder.contacts import sharing
from outcry.responder.maps import picture
from outcry.responder.posting.own_page import Post
from outcry.responder.translations import ENGLISH, Words
from outcry.responder.web.own_words import OwnWords

_WIDTHS = (picture.WIDTH, *picture.REDUCED)


class PublicPages:
    """Renders each; ``say`` is the language of the page's own words, each post keeps its own."""

    def __init__(
        self,
        environment: Environment,
        languages: Mapping[str, Words],
        static: Mapping[str, str],
        own_words: OwnWords,
    ) -> None:
        """``static``: the address of each file that pages may load."""
        self._own_words = own_words
        self._environment = environment
        self._languages = languages
        self._static = static
        self._organisation = str(environment.globals["organisation"])
        self._public_url = str(environment.globals["public_url"])

    def page(
        self, posts: Sequence[Post], language: str, older: int | None = None, since: str = ""
    ) -> HTMLResponse:
        """The newest posts; ``older``: the id before which the next page begins, None: it is the last.

        ``since``: the query of this page, if it is not the first.
        """
        card = next((post for post in posts if post.answers is None), None)
        shown = card or (posts[0] if posts else None)
        pictured = next((post.id for post in posts if post.has_picture), None)
        address = f"{self._public_url}/{since}"
        return self._public(posts, language, shown, pictured, address=address, older=older)

    def thread(self, posts: Sequence[Post], language: str) -> HTMLResponse:
        """One post and the answers to it: the address that is shared."""
        first = posts[0]
        pictured = first.id if first.has_picture else None
        links = sharing.links(headline(first, sharing.LONGEST), first.url)
        return self._public(posts, language, first, pictured, address=first.url, links=links)

    def asks(self, language: str) -> HTMLResponse | None:
        """What readers are asked to do; None: nothing."""
        asked = self._own_words.said(language)
        if asked is None:
            return None
        text = self._render("what_we_ask.html", say=self._languages[language], asked=asked)
        return HTMLResponse(text, headers={"Vary": "Accept-Language"})

    def atom(self, posts: Sequence[Post], language: str) -> Response:
        """The newest posts as an Atom feed (RFC 4287)."""
        changed = formatting.rfc3339(_changed(posts))
        return self._feed("atom.xml", "application/atom+xml", posts, language, changed)

    def rss(self, posts: Sequence[Post], language: str) -> Response:
        """The newest posts as an RSS 2.0 feed."""
        changed = formatdate(_changed(posts), usegmt=True)
        return self._feed("rss.xml", "application/rss+xml", posts, language, changed)

    def sitemap(self, addresses: Sequence[tuple[str, float]]) -> Response:
        """Every address that search engines should know, and when each changed, Unix seconds."""
        more = [] if self._own_words.said(ENGLISH) is None else ["/", "/what-we-ask"]
        text = self._render("sitemap.xml", addresses=addresses, pages=more or ["/"])
        return Response(text, media_type="application/xml")

    def robots(self) -> Response:
        """A search engine must open no contact's link: each opened one delivers its report."""
        closed = "".join(f"Disallow: {path}\n" for path in ("/a/", "/c/", "/console"))
        sitemap = f"Sitemap: {self._public_url}/sitemap.xml\n"
        return PlainTextResponse(f"User-agent: *\n{closed}Allow: /\n\n{sitemap}")

    def embedded(self, post: Post, max_width: int | None, max_height: int | None) -> Response:
        """What another site's page may show of a post: oEmbed 1.0, a link with its map.

        The map is as large as these many pixels allow, and left out where they allow none.
        """
        said: dict[str, object] = {
            "version": "1.0",
            "type": "link",
            "title": headline(post),
            "author_name": self._organisation,
            "author_url": f"{self._public_url}/",
            "provider_name": self._organisation,
            "provider_url": f"{self._public_url}/",
            "cache_age": 300,
        }
        for width in _WIDTHS if post.has_picture else ():
            height = picture.height_of(width)
            if width <= (max_width or width) and height <= (max_height or height):
                address = f"{post.url}/{picture_name(width)}"
                said |= {"thumbnail_url": address}
                said |= {"thumbnail_width": width, "thumbnail_height": height}
                break
        return JSONResponse(said)

    def post_id(self, url: str) -> int | None:
        """Which post of this page an address leads to, whatever networks have added to it; or None."""
        try:
            asked, own = urlsplit(url), urlsplit(self._public_url)
        except ValueError:
            return None
        here = (asked.scheme, asked.netloc.lower()) == (own.scheme, own.netloc.lower())
        number = asked.path.removeprefix("/post/").removesuffix("/")
        plain = number.isascii() and number.isdigit() and len(number) < 20
        return int(number) if here and asked.path.startswith("/post/") and plain else None

    def _public(
        self,
        posts: Sequence[Post],
        language: str,
        card: Post | None,
        pictured: int | None,
        **values: object,
    ) -> HTMLResponse:
        text = self._render(
            "public.html",
            say=self._languages[language],
            posts=posts,
            card=card,
            pictured=pictured,
            asked=self._own_words.said(language),
            **({"older": None, "links": None} | values),
        )
        return HTMLResponse(text, headers={"Vary": "Accept-Language"})

    def _feed(
        self, template: str, media_type: str, posts: Sequence[Post], language: str, changed: str
    ) -> Response:
        say = self._languages[language]
        text = self._render(template, say=say, posts=posts, changed=changed)
        return Response(text, media_type=media_type, headers={"Vary": "Accept-Language"})

    def _render(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(
            static=self._static,
            headline=headline,
            full_size=(picture.WIDTH, picture.HEIGHT),
            sizes=[(picture_name(width), width) for width in sorted(_WIDTHS)],
            rfc822=lambda at: formatdate(at, usegmt=True),
            clock=_clock,
            languages=self._languages,
            **values,
        )


def headline(post: Post, longest: int = 110) -> str:
    """How a post begins, a correction first, in at most about so many characters.

    Cut between words; what was isolated as a name ends with it.
    """
    said = " ".join(f"{post.correction or ''} {post.text}".split())
    if len(said) <= longest:
        return said
    cut = said[: longest - 1].rsplit(" ", 1)[0].rstrip(" .,;:،؛")
    return cut + "\u2069" * (cut.count("\u2068") - cut.count("\u2069")) + "…"


def picture_name(width: int) -> str:
    """What the picture of this width is called, below its post's address."""
    return "picture.png" if width == picture.WIDTH else f"picture-{width}.png"


def _clock(at: float) -> str:
    """14:03 UTC, 2026-11-22: the same for readers of every language."""
    return f"{formatting.clock_time(at)}, {formatting.iso_date(at)}"


def _changed(posts: Sequence[Post]) -> float:
    return max((post.changed_at for post in posts), default=0.0)
