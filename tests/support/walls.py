"""Networks in memory, and how their readers know that something is said to be over."""

from __future__ import annotations

import re
from typing import Any

from outcry.responder.posting.publisher import Draft, Limits, Posted, PublishingFailed

ENDED = re.compile(r"\bsafe\b|\bfalse alarm\b|\bis over\b|\bis free\b", re.IGNORECASE)


class Wall:
    """A network in memory that edits, or only answers; ``troubles`` come in their order."""

    limit_s = 1.0
    limits = Limits(500)

    def __init__(self, name: str, edits: bool) -> None:
        self.name = name
        self.edits = edits
        self.posts: dict[str, list[str]] = {}
        self.made: dict[str, str] = {}
        self.before = lambda what: None

    def check(self):
        return []

    def find(self, key: str, draft: Draft) -> Posted | None:
        id_ = self.made.get(key)
        return None if id_ is None else Posted(id_, f"https://{self.name}.example/{id_}")

    def post(self, key: str, draft: Draft) -> Posted:
        self.before("post")
        return self._add(key, f"p{len(self.posts) + 1}", draft)

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        self.before("reply")
        return self._add(key, to.id, draft)

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        self.before("correct")
        if self.edits:
            self.posts[to.id][0] = draft.text
            return to
        return self._add(key, to.id, draft)

    def _add(self, key: str, thread: str, draft: Draft) -> Posted:
        self.posts.setdefault(thread, []).append(draft.text)
        self.made[key] = thread
        return Posted(thread, f"https://{self.name}.example/{thread}")

    def last_words(self) -> list[str]:
        """What readers of each post learn last; of one that can be edited, what it says."""
        return [words[0] if self.edits else words[-1] for words in self.posts.values()]


def put_up(world: Any) -> dict[str, Wall]:
    """HQ posts to these beside its own page."""
    walls = {"mastodon": Wall("mastodon", edits=True), "x": Wall("x", edits=False)}
    own_page = world.hq.own_page
    world.hq.restarts(publishers=lambda *_: {"own page": own_page, **walls})
    return walls


def down(_what: str) -> None:
    raise PublishingFailed("it is down")
