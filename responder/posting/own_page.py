"""The responder's own public page: posts in its own database, read as pages and as a feed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, or_, select, update

from outcry.responder import store
from outcry.responder.posting.publisher import Posted, PublishingFailed
from outcry.responder.store import Store

_SHOWN = 50  # a page that still opens on a slow phone


@dataclass(frozen=True)
class Post:
    """A post as readers see it; times are Unix seconds."""

    id: int
    url: str
    text: str
    correction: str | None
    published_at: float
    changed_at: float
    answers: int | None


class OwnPage:
    """The embedded publisher; what is committed is public."""

    def __init__(self, database: Store, public_url: str, clock: Callable[[], float]) -> None:
        self._store = database
        self._public_url = public_url
        self._clock = clock

    def check(self) -> None:
        """Whether the database answers."""
        with self._store.read() as connection:
            connection.execute(select(store.post.c.id).limit(1))

    def find(self, key: str) -> Posted | None:
        """The post made under this key."""
        with self._store.read() as connection:
            id_ = connection.scalar(select(store.post.c.id).where(store.post.c.key == key))
        return None if id_ is None else self._posted(id_)

    def post(self, key: str, text: str) -> Posted:
        """Publish."""
        return self.find(key) or self._add(key, text, None)

    def reply(self, key: str, to: str, text: str) -> Posted:
        """Publish an answer to another post of this page."""
        return self.find(key) or self._add(key, text, self._existing(to))

    def correct(self, id_: str, text: str) -> None:
        """Show this correction above the post's own words."""
        existing = self._existing(id_)
        with self._store.write() as connection:
            connection.execute(
                update(store.post)
                .where(store.post.c.id == existing)
                .values(correction=text, changed_at=self._clock())
            )

    def delete(self, id_: str) -> None:
        """Take a post and the answers to it back."""
        with self._store.write() as connection:
            for column in (store.post.c.answers, store.post.c.id):
                connection.execute(delete(store.post).where(column == int(id_)))

    def newest(self) -> list[Post]:
        """What the page and the feed show, newest first."""
        with self._store.read() as connection:
            rows = connection.execute(
                select(store.post).order_by(store.post.c.id.desc()).limit(_SHOWN)
            ).all()
        return [self._shown(row) for row in rows]

    def thread(self, id_: int) -> list[Post]:
        """A post and the answers to it, oldest first; empty if there is none."""
        with self._store.read() as connection:
            rows = connection.execute(
                select(store.post)
                .where(or_(store.post.c.id == id_, store.post.c.answers == id_))
                .order_by(store.post.c.id)
            ).all()
        return [self._shown(row) for row in rows]

    def _add(self, key: str, text: str, answers: int | None) -> Posted:
        now = self._clock()
        with self._store.write() as connection:
            made = connection.execute(
                insert(store.post).values(
                    key=key, text=text, published_at=now, changed_at=now, answers=answers
                )
            ).inserted_primary_key
        assert made is not None
        return self._posted(int(made[0]))

    def _existing(self, id_: str) -> int:
        with self._store.read() as connection:
            found = connection.scalar(select(store.post.c.id).where(store.post.c.id == int(id_)))
        if found is None:
            raise PublishingFailed(f"there is no post {id_} on this page")
        return int(found)

    def _url(self, id_: int) -> str:
        return f"{self._public_url}/post/{id_}"

    def _posted(self, id_: int) -> Posted:
        return Posted(str(id_), self._url(id_))

    def _shown(self, row: Row[tuple[object, ...]]) -> Post:
        return Post(
            row.id,
            self._url(row.id),
            row.text,
            row.correction,
            row.published_at,
            row.changed_at,
            row.answers,
        )
