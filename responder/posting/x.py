"""X: by its official library, xdk. Each post is paid for, one with a link thirteen times over."""

import base64
import html
from collections.abc import Sequence
from typing import Any

from outcry.responder.findings import Finding
from outcry.responder.formatting import rfc3339
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
from outcry.responder.posting.graphemes import without_addresses
from outcry.responder.posting.publisher import Draft, Limits, OutcomeUnknown, Posted, Unit

SERVER = "https://api.x.com"
_LOOKED_AT = 100  # the most X gives at once; each post that is read is paid for, by whatever pages
_REMEDY = "check in X's developer console: the keys, the permission to write, the balance"


class X:
    """One account. X has no idempotency, but refuses the same words twice: then they are there."""

    name = "x"

    def __init__(
        self,
        api_key: str,
        api_secret: str,
        access_token: str,
        access_token_secret: str,
        link: bool = False,
        server: str = SERVER,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """The keys are OAuth 1.0a's; ``link``: whether an address may stand in a post, at its price."""
        self._keys = api_key, api_secret, "", access_token, access_token_secret
        self._server = server
        self._timeout_s = timeout_s
        self.limits = Limits(length=280, unit=Unit.WEIGHTED, link=link, alt_length=1000)
        self.limit_s = 4 * timeout_s  # picture, its description, the post, and a look
        self.call = Calls(self.name, _REMEDY)

    def check(self) -> Sequence[Finding]:
        """Whether the keys open the account. Its balance cannot be asked for."""

        def look() -> str:
            name = getattr(self._client().users.get_me().data, "username", "?")
            balance = "check the prepaid balance by hand"
            return f"x: can post as @{name}; {balance}; {END_NOT_KNOWN}"

        return self.call.check(look, "check whether this machine can reach X")

    def find(self, key: str, draft: Draft) -> Posted | None:
        return self.call(lambda: self._find(self._client(), draft))

    def post(self, key: str, draft: Draft) -> Posted:
        """Post it; without its picture, if that is not taken."""
        return self.call(lambda: self._send(draft, {}))

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        return self.call(lambda: self._send(draft, {"reply": {"in_reply_to_tweet_id": to.id}}))

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Answer it: editing is for few accounts and half an hour."""
        return self.find(key, draft) or self.reply(key, to, draft)

    def delete(self, to: Posted) -> None:
        self.call.delete(lambda: self._client().posts.delete(to.id))

    def _client(self) -> Any:
        from requests.adapters import HTTPAdapter
        from xdk import Client
        from xdk.oauth1_auth import OAuth1

        timeout_s = self._timeout_s

        class Limited(HTTPAdapter):
            """The library sets no time limit of its own."""

            def send(self, request: Any, **more: Any) -> Any:  # type: ignore[override]
                return super().send(request, **{**more, "timeout": timeout_s})

        client = Client(base_url=self._server, auth=OAuth1(*self._keys))
        for scheme in ("https://", "http://"):
            client.session.mount(scheme, Limited())
        return client

    def _find(self, client: Any, draft: Draft) -> Posted | None:
        me = client.users.get_me().data.id
        since = rfc3339(draft.made_at - LOOK_BACK_S)
        pages = client.users.get_posts(me, max_results=_LOOKED_AT, start_time=since)
        for post in back_to((page.data or [] for page in pages), lambda _: True):
            said = post if isinstance(post, dict) else post.model_dump()
            text = html.unescape(str(said["text"]))  # X escapes &, < and >, and shortens addresses
            if said_the_same(without_addresses(text), without_addresses(draft.text)):
                return _posted(said["id"])
        return None

    def _send(self, draft: Draft, more: dict[str, Any]) -> Posted:
        client = self._client()

        def say(picture: str | None) -> Posted:
            media = {} if picture is None else {"media": {"media_ids": [picture]}}
            body = {"text": draft.text, **more, **media}
            return _posted(client.posts.create(body=body).data.id)

        try:
            return self.call.with_or_without(
                draft.text, self._picture(client, draft), say, lambda: self._find(client, draft)
            )
        except Exception as error:
            if status_of(error) != 403 or "duplicate" not in _words(error):
                raise
        found = self._find(client, draft)
        if found is None:
            why = "x: says that these words are already posted, but does not show them"
            raise OutcomeUnknown(why)
        return found

    def _picture(self, client: Any, draft: Draft) -> str | None:
        if draft.picture is None:
            return None
        try:
            media = base64.b64encode(draft.picture).decode("ascii")
            sent = client.media.upload(body={"media": media, "media_category": "tweet_image"})
            id_ = str(sent.data.id)
            alt = {"alt_text": {"text": draft.alt}}
            client.media.create_metadata(body={"id": id_, "metadata": alt})
        except Exception as error:
            if status_of(error) == 401:
                raise
            return None
        return id_


def _words(error: Exception) -> str:
    """What X says with a refusal, small letters."""
    return str(getattr(getattr(error, "response", None), "text", "")).lower()


def _posted(id_: Any) -> Posted:
    return posted_as(id_, f"https://x.com/i/status/{id_}")
