"""Mastodon, and whatever speaks its client API: by Mastodon.py."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from outcry.responder.findings import Finding
from outcry.responder.posting.calling import (
    END_NOT_KNOWN,
    LOOK_BACK_S,
    TIMEOUT_S,
    Calls,
    back_to,
    posted_as,
    said_the_same,
    status_of,
)
from outcry.responder.posting.publisher import Draft, Limits, Posted

_UPLOADS = 2
_LOOKED_AT = 40  # the most the API gives at once
_REMEDY = "make a new access token in the account's settings, Development"


class Mastodon:
    """One account. The same key posts once within an hour, by the Idempotency-Key header;
    after an unknown outcome the account's own posts are read.
    """

    name = "mastodon"
    limits = Limits(length=500, alt_length=1500)

    def __init__(
        self, server: str, token: str, visibility: str = "public", timeout_s: float = TIMEOUT_S
    ) -> None:
        """``server``: such as ``https://mastodon.social``."""
        self._server = server.rstrip("/")
        self._token = token
        self._visibility = visibility
        self._timeout_s = timeout_s
        self.limit_s = 4 * timeout_s  # the picture twice, the post, and a little
        self.call = Calls(self.name, _REMEDY)

    def check(self) -> Sequence[Finding]:
        def look() -> str:
            name = self.api().account_verify_credentials().acct
            return f"mastodon: can post as @{name}; {END_NOT_KNOWN}"

        return self.call.check(look, f"check whether {self._server} can be reached")

    def find(self, key: str, draft: Draft) -> Posted | None:
        return self.call(lambda: self._find(self.api(), draft))

    def post(self, key: str, draft: Draft) -> Posted:
        """Post it; without its picture, if that is not taken."""
        return self.call(lambda: self._send(key, draft, None))

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self.call(lambda: self._send(key, draft, to.id))

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Edit the post: it says the correction now, and those who passed it on are told."""
        edited = self.call(lambda: _posted(self.api().status_update(to.id, draft.text)))
        return replace(edited, text=draft.text)

    def delete(self, to: Posted) -> None:
        self.call.delete(lambda: self.api().status_delete(to.id))

    def api(self) -> Any:
        """The library's own client for this account; its calls go through ``call``."""
        from mastodon import Mastodon as Api

        api = Api(
            access_token=self._token,
            api_base_url=self._server,
            request_timeout=self._timeout_s,
            ratelimit_method="throw",
            # Told, not asked: the library asks a server that refuses two thousand times over.
            mastodon_version="4.0.0",
            version_check_mode="created",
        )
        api.session.hooks["response"].append(self.call.end_at_trouble)
        return api

    def _find(self, api: Any, draft: Draft) -> Posted | None:
        me = api.account_verify_credentials()
        since = draft.made_at - LOOK_BACK_S
        for status in back_to(_pages(api, me.id), lambda one: one.created_at.timestamp() > since):
            if status.account.id == me.id and _is(status.content, draft.text):
                return _posted(status)
        return None

    def _send(self, key: str, draft: Draft, to: str | None) -> Posted:
        api = self.api()

        def say(media: list[Any] | None) -> Posted:
            status = api.status_post(
                draft.text,
                in_reply_to_id=to,
                media_ids=media,
                visibility=self._visibility,
                language=draft.language,
                idempotency_key=sha256(f"{key} {draft.made_at:.0f}".encode()).hexdigest(),
            )
            return _posted(status)

        return self.call.with_or_without(
            draft.text, self._picture(api, draft), say, lambda: self._find(api, draft)
        )

    def _picture(self, api: Any, draft: Draft) -> list[Any] | None:
        """An upload that is lost does no harm, so it is tried twice; the words are what counts."""
        for _ in range(_UPLOADS if draft.picture is not None else 0):
            try:
                picture = io.BytesIO(draft.picture or b"")
                return [api.media_post(picture, "image/png", draft.alt, file_name="map.png")]
            except Exception as error:
                if status_of(error) in (401, 403):
                    raise
                if status_of(error) == 429:  # pictures have a limit of their own there
                    break
        return None


def _pages(api: Any, me: Any) -> Iterator[Sequence[Any]]:
    """The account's posts, newest first, in pages.

    snac shows its newest 256 at once and nothing before them; in its home timeline they all are.
    """
    list_: Callable[..., Sequence[Any]] = partial(api.account_statuses, me)
    page = list_(limit=_LOOKED_AT)
    while page:
        yield page
        shown = {status.id for status in page}
        last = page[-1].id
        page = list_(limit=_LOOKED_AT, max_id=last)
        if any(status.id in shown for status in page):
            list_ = api.timeline_home
            page = list_(limit=_LOOKED_AT, max_id=last)


def _is(content: str, text: str) -> bool:
    """Whether a post's HTML was made of this text, by a server that may have read markup in it."""
    said = Markup(content).striptags()
    return said_the_same(said, text) or said_the_same(said, Markup(text).striptags())


def _posted(status: Any) -> Posted:
    return posted_as(status.id, status.url or status.uri)
