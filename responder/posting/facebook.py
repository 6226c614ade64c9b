"""A Facebook Page: by python-facebook-api. Pages only; profiles and groups have no API."""

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from outcry.responder.findings import Finding
from outcry.responder.posting import publisher
from outcry.responder.posting.calling import (
    END_NOT_KNOWN,
    LOOK_BACK_S,
    TIMEOUT_S,
    Calls,
    back_to,
    posted_as,
    said_the_same,
)

SERVER = "https://graph.facebook.com/"
VERSION = "v26.0"
_LOOKED_AT = 100  # the most the API gives at once
_PAGES = 5  # it shows some 600 posts of a year: docs/graph-api/reference/page/feed, "Limitations"
_WHERE = ("after", "until", "__paging_token")  # how the address of a next page says where it begins
_REMEDY = (
    "make a new Page token; a token ends when the password changes or the role on the Page is lost"
)
_TOKEN = frozenset({10, 102, 190, *range(200, 300)})  # Graph API: token and permission errors
_BUSY = frozenset({4, 17, 32, 341, 368, 613, 80001})  # its rate limits, some of a Page's own
_GONE = frozenset({100, 803})  # no such object, or not for us
_NOBODY_KNOWS = frozenset({1, 2, 506})  # faults of its own; the same words are there


class Facebook:
    """One Page. Facebook has no idempotency: after an unknown outcome the Page's feed is read."""

    name = "facebook"
    limits = publisher.Limits(length=2000, alt_length=1000, threads=False)

    def __init__(
        self,
        page: str,
        token: str,
        app_secret: str,
        server: str = SERVER,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """``page``: the Page's id; ``app_secret`` proves that the token was not stolen."""
        self._page = page
        self._token = token
        self._app_secret = app_secret
        self._server = server.rstrip("/") + "/"
        self._timeout_s = timeout_s
        self.limit_s = 3 * timeout_s  # the post with its picture, without it, and a little
        self.call = Calls(self.name, _REMEDY)

    def check(self) -> Sequence[Finding]:
        def look() -> str:
            me = _tried(lambda: self._api().get_object("me", fields="id,name"))
            if str(me.get("id")) != self._page:
                raise publisher.PublishingRefused("facebook: the token belongs to another Page")
            return "facebook: can post as the Page"

        (found,) = self.call.check(look, "check whether this machine can reach Facebook")
        if not found.ok:
            return [found]
        ends = self._ends()
        if not ends:
            told = END_NOT_KNOWN if ends is None else "its token has no end date"
            return [replace(found, what=f"{found.what}; {told}")]
        return [replace(found, remedy=_REMEDY, expires_at=ends)]

    def _ends(self) -> float | None:
        """When the token, or what it may read, ends (Unix seconds); 0: never; None: not known.

        https://developers.facebook.com/docs/graph-api/reference/debug_token: 0 means never.
        """
        api = self._api()
        asked = {"input_token": self._token}
        try:  # not by its own debug_token, which sends no proof of the app's secret
            said = self.call(lambda: _tried(lambda: api.get_object("debug_token", **asked)))
            data = said["data"]
            ends = float(data["expires_at"]), float(data.get("data_access_expires_at") or 0)
            return min(filter(None, ends), default=0.0)
        except (
            publisher.PublishingFailed,
            publisher.OutcomeUnknown,
            KeyError,
            TypeError,
            ValueError,
        ):
            return None

    def find(self, key: str, draft: publisher.Draft) -> publisher.Posted | None:
        return self.call(lambda: self._find(draft))

    def post(self, key: str, draft: publisher.Draft) -> publisher.Posted:
        """Post it; without its picture, if that is not taken."""
        return self.call(lambda: self._send(draft, draft.text))

    def reply(self, key: str, to: publisher.Posted, draft: publisher.Draft) -> publisher.Posted:
        """A post of its own that links to the first: comments are seen by few."""
        return self.call(lambda: self._send(draft, f"{draft.text}\n\n{to.url}"))

    def correct(self, key: str, to: publisher.Posted, draft: publisher.Draft) -> publisher.Posted:
        """Edit the post: it says the correction now."""
        data = {"message": draft.text}
        done = self.call(lambda: _tried(lambda: self._api().post_object(to.id, data=data)))
        if not done.get("success"):
            raise publisher.OutcomeUnknown("facebook: does not say that it was edited")
        return replace(to, text=draft.text)

    def delete(self, to: publisher.Posted) -> None:
        with suppress(_NoSuchObject):
            self.call(lambda: _tried(lambda: self._api().delete_object(to.id)))

    def _api(self) -> Any:
        from pyfacebook import GraphAPI

        api = GraphAPI(
            access_token=self._token,
            app_secret=self._app_secret,
            version=VERSION,
            base_url=self._server,
            timeout=self._timeout_s,
            sleep_on_rate_limit=False,
        )
        api.session.hooks["response"].append(self.call.end_at_trouble)
        return api

    def _find(self, draft: publisher.Draft) -> publisher.Posted | None:
        since = draft.made_at - LOOK_BACK_S
        for post in back_to(self._pages(since), lambda one: _made_at(one) > since, _PAGES):
            if said_the_same(post.get("message", ""), draft.text):
                return _posted(post["id"])
        return None

    def _pages(self, since: float) -> Iterator[Sequence[Any]]:
        """The Page's own posts. Not its feed, in which visitors could bury ours or write the same.

        https://developers.facebook.com/docs/graph-api/results: the last page names no next one.
        """
        api = self._api()
        wanted = {"fields": "id,message,created_time", "limit": _LOOKED_AT, "since": int(since)}
        own = partial(api.get_connection, self._page, "published_posts", **wanted)
        page = _tried(own)
        while True:
            yield page["data"]
            following = page.get("paging", {}).get("next")
            if not following:
                return
            more = parse_qsl(urlsplit(following).query)
            page = _tried(partial(own, **{name: said for name, said in more if name in _WHERE}))

    def _send(self, draft: publisher.Draft, text: str) -> publisher.Posted:
        api = self._api()
        if draft.picture is not None:
            data = {"message": text, "alt_text_custom": draft.alt}
            files = {"source": ("map.png", io.BytesIO(draft.picture), "image/png")}
            with suppress(_NotTaken, _NoSuchObject):  # the words are what counts
                made = _tried(lambda: api.post_object(self._page, "photos", data=data, files=files))
                posted = _posted(made.get("post_id") or made["id"])
                return replace(posted, text=text, pictured=True)
            if (found := self._find(draft)) is not None:
                return found
        made = _tried(lambda: api.post_object(self._page, "feed", data={"message": text}))
        return replace(_posted(made["id"]), text=text, pictured=False)


class _NoSuchObject(publisher.PublishingRefused):
    """What is asked for is not there."""


class _NotTaken(publisher.PublishingRefused):
    """The token is good, what was sent is not."""


def _tried(work: Any) -> Any:
    """Make a call; Facebook's own errors have a code, and words that may hold a token."""
    from pyfacebook import FacebookError

    try:
        return work()
    except FacebookError as error:
        code = int(getattr(error, "code", 0))
    if code in _TOKEN:
        raise publisher.PublishingRefused(f"facebook refuses access (code {code}); {_REMEDY}")
    if code in _BUSY:
        raise publisher.PublishingFailed(f"facebook says: too many requests (code {code})")
    if code in _NOBODY_KNOWS:
        raise publisher.OutcomeUnknown(f"facebook: it may be there (code {code})")
    if code in _GONE:
        raise _NoSuchObject(f"facebook: no such post or Page (code {code})")
    raise _NotTaken(f"facebook does not accept this (code {code})")


def _made_at(post: Any) -> float:
    return datetime.strptime(post["created_time"], "%Y-%m-%dT%H:%M:%S%z").timestamp()


def _posted(id_: Any) -> publisher.Posted:
    return posted_as(id_, f"https://www.facebook.com/{id_}")
