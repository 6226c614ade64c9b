"""The responder's own public page: posts in its own database, read as pages and as a feed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Select, delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from outcry.responder.findings import Finding
from outcry.responder.posting import last_look
from outcry.responder.posting.publisher import Draft, Limits, Posted, PublishingFailed
from outcry.responder.storage import store, versions
from outcry.responder.storage.store import Store
from outcry.responder.storage.versions import POST

_CORRECTED = re.compile(r"post\.(correction|changed_at)")
_FEED = 50  # posts; who follows a feed asks often enough
_FOUND = 5000  # addresses for search engines; each is some 100 bytes
_posts = select(
    *(column for column in store.post.c if column.name not in ("key", "picture")),
    store.post.c.picture.is_not(None).label("has_picture"),
)


@dataclass(frozen=True)
class Post:
    """A post as readers see it; times are Unix seconds. Its picture is fetched by itself."""

    id: int
    url: str
    text: str
    correction: str | None
    published_at: float
    changed_at: float
    answers: int | None
    language: str
    has_picture: bool
    alt: str


class OwnPage:
    """The embedded publisher; what is committed is public."""

    name = "own page"
    limit_s = 15.0  # a database that is busy is waited for, see store.py
    limits = Limits(length=5000)

    def __init__(self, database: Store, public_url: str, clock: Callable[[], float]) -> None:
        self._store = database
        self._public_url = public_url
        self._clock = clock

    def check(self) -> Sequence[Finding]:
        try:
            with self._store.read() as connection:
                connection.execute(select(store.post.c.id).limit(1))
        except SQLAlchemyError as error:
            why = f"own page: the database does not answer ({type(error).__name__})"
            return [Finding(False, why, "see journalctl -u outcry-responder")]
        return [Finding(True, f"own page: posts appear at {self._public_url}/")]

    def find(self, key: str, draft: Draft) -> Posted | None:
        with self._store.read() as connection:
            id_ = connection.scalar(select(store.post.c.id).filter_by(key=key))
        return None if id_ is None else self._posted(id_)

    def post(self, key: str, draft: Draft) -> Posted:
        return self.find(key, draft) or self._add(key, draft, None)

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Publish an answer to another post of this page."""
        return self.find(key, draft) or self._add(key, draft, self._existing(to))

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Show this correction above the post's own words; the same one again changes nothing."""
        existing = self._existing(to)
        another = store.post.c.correction.is_distinct_from(draft.text)
        post = update(store.post).filter_by(id=existing).where(another)
        now = self._clock()
        with self._store.write() as connection:
            last_look.require(connection)
            if connection.execute(post.values(correction=draft.text, changed_at=now)).rowcount:
                versions.note(connection, POST, existing, now, touched=_CORRECTED)
        return replace(self._posted(existing), text=draft.text)

    def picture(self, id_: int) -> bytes | None:
        with self._store.read() as connection:
            found: bytes | None = connection.scalar(select(store.post.c.picture).filter_by(id=id_))
        return found

    def delete(self, to: Posted) -> None:
        """Take a post and the answers to it back."""
        answers, id_, now = store.post.c.answers, store.post.c.id, self._clock()
        with self._store.write() as connection:
            for column in (answers, id_):
                gone = delete(store.post).where(column == int(to.id)).returning(id_)
                for each in connection.scalars(gone).all():
                    versions.note(connection, POST, each, now)

    def newest(self, count: int = _FEED, before: int | None = None) -> list[Post]:
        """At most ``count`` posts, newest first; ``before``: only those with smaller ids."""
        older = _posts if before is None else _posts.where(store.post.c.id < before)
        return self._shown(older.order_by(store.post.c.id.desc()).limit(count))

    def addresses(self) -> list[tuple[str, float]]:
        """Where the newest posts that answer no other are, and when each changed, Unix seconds."""
        id_, changed = store.post.c.id, store.post.c.changed_at
        new = select(id_, changed).where(store.post.c.answers.is_(None)).order_by(id_.desc())
        with self._store.read() as connection:
            rows = connection.execute(new.limit(_FOUND)).all()
        return [(self._url(row.id), row.changed_at) for row in rows]

    def thread(self, id_: int) -> list[Post]:
        """A post and the answers to it, oldest first; empty if there is none."""
        thread = or_(store.post.c.id == id_, store.post.c.answers == id_)
        return self._shown(_posts.where(thread).order_by(store.post.c.id))

    def next_url(self) -> str:
        """Where the next post will be, if no other comes first; empty if nobody outside can open it."""
        with self._store.read() as connection:
            last = connection.scalar(
                select(store.post.c.id).order_by(store.post.c.id.desc()).limit(1)
            )
        return self._url((last or 0) + 1) if self._public_url.startswith("https://") else ""

    def _add(self, key: str, draft: Draft, answers: int | None) -> Posted:
        now = self._clock()
        row = asdict(draft) | {"key": key, "answers": answers}
        row |= {"published_at": now, "changed_at": now}
        del row["made_at"]  # when it was decided: here counts when it was read first
        with self._store.write() as connection:
            last_look.require(connection)
            made = connection.scalars(insert(store.post).values(row).returning(store.post.c.id))
            id_ = made.one()
            versions.note(connection, POST, id_, now)
        pictured = draft.picture is not None
        return replace(self._posted(id_), text=draft.text, pictured=pictured)

    def _existing(self, to: Posted) -> int:
        with self._store.read() as connection:
            found = connection.scalar(select(store.post.c.id).filter_by(id=int(to.id)))
        if found is None:
            raise PublishingFailed(f"there is no post {to.id} on this page")
        return int(found)

    def _url(self, id_: int) -> str:
        return f"{self._public_url}/post/{id_}"

    def _posted(self, id_: int) -> Posted:
        return Posted(str(id_), self._url(id_))

    def _shown(self, posts: Select[Any]) -> list[Post]:
        with self._store.read() as connection:
            rows = connection.execute(posts).all()
        return [Post(url=self._url(row.id), **row._mapping) for row in rows]
