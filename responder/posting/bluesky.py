"""Bluesky, and any other server of its protocol: by atproto.

A post's address is chosen here, from its key: writing it twice leaves one
post, and looking for it needs no search.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from outcry.responder.callers import gate
from outcry.responder.findings import Finding
from outcry.responder.formatting import rfc3339
from outcry.responder.posting.calling import END_NOT_KNOWN, TIMEOUT_S, Calls, back_to, status_of
from outcry.responder.posting.publisher import (
    Draft,
    Limits,
    OutcomeUnknown,
    Posted,
    PublishingFailed,
    Unit,
)

T = TypeVar("T")
_POSTS = "app.bsky.feed.post"
_SORTED_32 = "234567abcdefghijklmnopqrstuvwxyz"
_REMEDY = "make a new app password in Settings, Privacy and security"
_ABSENT = re.compile(r"not.?found|not locate|no such|not exist|missing", re.IGNORECASE)
_LISTED = 100  # the most that a server lists at once
_SHAPE = (1200, 675)  # of our pictures; spares readers' screens a leap


class Bluesky:
    """One account, by an app password."""

    name = "bluesky"
    limits = Limits(length=300, unit=Unit.GRAPHEMES, alt_length=2000)

    def __init__(
        self, server: str, handle: str, app_password: str, timeout_s: float = TIMEOUT_S
    ) -> None:
        """``server``: the account's own, ``https://bsky.social`` for most."""
        self._server = server.rstrip("/")
        self._handle = handle
        self._password = app_password
        self._timeout_s = timeout_s
        self.limit_s = 4 * timeout_s  # login, picture, the post answered, the post
        self.call = Calls(self.name, _REMEDY)
        self._lock = threading.Lock()
        self.session: tuple[Any, str] | None = None  # the library's client, and whose account

    def check(self) -> Sequence[Finding]:
        def look() -> str:
            self._new_session()
            return f"bluesky: can post as @{self._handle}; {END_NOT_KNOWN}"

        return self.call.check(look, f"check whether {self._server} can be reached")

    def find(self, key: str, draft: Draft) -> Posted | None:

        def look(client: Any, did: str) -> Posted | None:
            rkey = record_key(key, draft.made_at)
            return None if _record(client, did, rkey) is None else _posted(did, rkey)

        return self.call(lambda: self._signed_in(look))

    def post(self, key: str, draft: Draft) -> Posted:
        """Write it; again, nothing changes."""
        return self.call(lambda: self._signed_in(lambda c, did: self._put(c, did, key, draft)))

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self.call(lambda: self._signed_in(lambda c, did: self._put(c, did, key, draft, to)))

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Answer it: Bluesky has no editing, and who has seen the post is to see this too."""
        return self.reply(key, to, draft)

    def delete(self, to: Posted) -> None:
        self.call(lambda: self._signed_in(lambda client, _: client.delete_post(to.id)))

    def _signed_in(self, work: Callable[[Any, str], T]) -> T:
        """Work with a session; one that has expired meanwhile is renewed, once."""
        with self._lock:
            session = self.session or self._new_session()
            try:
                return work(*session)
            except Exception as error:
                if not _is_session_over(error):
                    raise
                return work(*self._new_session())

    def _new_session(self) -> tuple[Any, str]:
        from atproto import Client, Request

        gate.guard_httpcore()
        self.session = None
        client = Client(base_url=f"{self._server}/xrpc", request=Request(timeout=self._timeout_s))
        client.login(self._handle, self._password, fetch_bsky_profile=False)
        found = client.com.atproto.server.get_session()
        self.session = client, str(found.did)
        return self.session

    def _put(
        self, client: Any, did: str, key: str, draft: Draft, to: Posted | None = None
    ) -> Posted:
        from atproto import models
        from atproto_client.utils.facet_detection import detect_facets

        rkey = record_key(key, draft.made_at)
        record = models.AppBskyFeedPost.Record(
            text=draft.text,
            created_at=rfc3339(int(draft.made_at)),
            langs=[draft.language],
            facets=detect_facets(draft.text) or None,
            reply=None if to is None else _reply_to(client, did, to),
        )

        def say(embed: Any) -> Posted:
            record.embed = embed
            where = {"repo": did, "collection": _POSTS, "rkey": rkey}
            put = models.ComAtprotoRepoPutRecord.Data(**where, record=record)
            made, posted = client.com.atproto.repo.put_record(put), _posted(did, rkey)
            if made.uri != posted.id:
                raise OutcomeUnknown("bluesky: its answer names another post")
            return posted

        return self.call.with_or_without(
            draft.text, self._picture(client, draft), say, lambda: None
        )

    def _picture(self, client: Any, draft: Draft) -> Any:
        if draft.picture is None:
            return None
        from atproto import models

        try:
            blob = client.upload_blob(draft.picture).blob
        except Exception as error:
            if _is_session_over(error):
                raise
            return None
        width, height = _SHAPE
        shape = models.AppBskyEmbedDefs.AspectRatio(width=width, height=height)
        image = models.AppBskyEmbedImages.Image(alt=draft.alt, image=blob, aspect_ratio=shape)
        return models.AppBskyEmbedImages.Main(images=[image])


def _is_session_over(error: Exception) -> bool:
    """The server's own words for it come with a 400; 403: it may be another account's."""
    said = str(error)
    return status_of(error) in (401, 403) or "ExpiredToken" in said or "InvalidToken" in said


def record_key(key: str, made_at: float) -> str:
    """The address of a post: a TID (atproto.com/specs/tid), 13 letters of its time and its key.

    Two keys of the same second differ in the microseconds and the ten bits of the clock's own id.
    """
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    micros = int(made_at) * 1_000_000 + digest % 1_000_000
    number = micros << 10 | (digest >> 32) % 1024
    letters = (_SORTED_32[number >> 5 * n & 31] for n in reversed(range(13)))
    return "".join(letters)


def _record(client: Any, did: str, rkey: str) -> Any:
    """The record; None: there is none. Where a server's words do not say so, its list does."""
    from atproto import models

    where = models.ComAtprotoRepoGetRecord.Params(repo=did, collection=_POSTS, rkey=rkey)
    try:
        return client.com.atproto.repo.get_record(where)
    except Exception as error:
        status = status_of(error)
        if status in (404, 410) or (status == 400 and _ABSENT.search(str(error))):
            return None
        if status != 400 or _is_session_over(error):
            raise
    listed = back_to(_pages(client, did), lambda one: _rkey(one.uri) >= rkey)
    return next((one for one in listed if _rkey(one.uri) == rkey), None)


def _pages(client: Any, did: str) -> Iterator[Sequence[Any]]:
    """The account's posts, newest first, which is by their keys."""
    from atproto import models

    asked = models.ComAtprotoRepoListRecords.Params(repo=did, collection=_POSTS, limit=_LISTED)
    while True:
        listed = client.com.atproto.repo.list_records(asked)
        yield listed.records
        if not listed.cursor:
            return
        asked.cursor = listed.cursor


def _rkey(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


def _reply_to(client: Any, did: str, to: Posted) -> Any:
    from atproto import models

    found = _record(client, did, _rkey(to.id))
    if found is None:
        raise PublishingFailed("bluesky: the post to reply to is not there")
    strong = models.ComAtprotoRepoStrongRef.Main(uri=found.uri, cid=found.cid)
    begun = getattr(found.value, "reply", None)
    root = begun.root if begun is not None else strong
    return models.AppBskyFeedPost.ReplyRef(root=root, parent=strong)


def _posted(did: str, rkey: str) -> Posted:
    return Posted(f"at://{did}/{_POSTS}/{rkey}", f"https://bsky.app/profile/{did}/post/{rkey}")
