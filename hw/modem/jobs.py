"""The owner's queue: what other threads ask for, in order, and since when it is urgent."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outcry.hw.modem.pdu import Part


@dataclass
class TextJob:
    """A text to send, part by part. ``references`` are the TP-MR of the parts that have left.
    None is one that the modem did not tell.

    ``begun``: its words are being sent and stay as they are. ``given``: the PDU of the next part
    has been written, so it may have left.
    """

    ref: str
    number: str = field(repr=False)
    text: str = field(repr=False)
    begun: bool = False
    given: bool = False
    attempts: int = 0
    parts: "list[Part]" = field(default_factory=list, repr=False)
    references: list[int | None] = field(default_factory=list)


@dataclass
class PostJob:
    ref: str
    body: bytes = field(repr=False)


class JobQueue:
    """Thread-safe. A text stays at the head until its outcome is known, so nothing loses it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._texts: deque[TextJob] = deque()
        self._posts: deque[PostJob] = deque()
        self._cancelled: set[str] = set()
        self.text_since: float | None = None  # since when there has been a text without a pause
        self.urgent_since: float | None = None  # since when an alarm is open, on the owner's clock
        self.stopping = False

    def add_text(self, job: TextJob) -> None:
        with self._lock:
            self._texts.append(job)
            if self.text_since is None:
                self.text_since = self._clock()

    def head_text(self) -> TextJob | None:
        """The text whose turn it is; it stays in the queue."""
        with self._lock:
            return self._texts[0] if self._texts else None

    def begin_text(self, job: TextJob) -> bool:
        """From now on its words stay; False if it has been taken back."""
        with self._lock:
            job.begun = job in self._texts
            return job.begun

    def amend_text(self, ref: str, text: str | None) -> bool:
        """Give a waiting text these words, or take it back; False if it is not waiting."""
        with self._lock:
            waiting = [job for job in self._texts if job.ref == ref and not job.begun]
            for job in waiting:
                job.text = job.text if text is None else text
            if waiting and text is None:
                self.drop_texts(ref)
            return bool(waiting)

    def drop_text(self, job: TextJob) -> None:
        """The outcome of ``job`` is known."""
        self._keep_texts(lambda other: other is not job)

    def drop_texts(self, ref: str) -> None:
        """A text under ``ref`` has left after all: it need not be sent again."""
        self._keep_texts(lambda other: other.ref != ref)

    def _keep_texts(self, keep: Callable[[TextJob], bool]) -> None:
        with self._lock:
            self._texts = deque(job for job in self._texts if keep(job))
            if not self._texts:
                self.text_since = None

    def add_post(self, job: PostJob) -> None:
        with self._lock:
            self._posts.append(job)

    def take_post(self) -> PostJob | None:
        """The next post; it leaves the queue."""
        with self._lock:
            return self._posts.popleft() if self._posts else None

    def cancel_post(self, ref: str) -> None:
        """Forget a waiting post; ``take_cancelled`` tells about one already taken."""
        with self._lock:
            waiting = len(self._posts)
            self._posts = deque(job for job in self._posts if job.ref != ref)
            if len(self._posts) == waiting:
                self._cancelled.add(ref)

    def take_cancelled(self) -> set[str]:
        """The refs cancelled since the last call that were not waiting any more."""
        with self._lock:
            cancelled, self._cancelled = self._cancelled, set()
            return cancelled

    def set_urgent(self, on: bool) -> None:
        with self._lock:
            if not on:
                self.urgent_since = None
            elif self.urgent_since is None:
                self.urgent_since = self._clock()

    @property
    def texts_waiting(self) -> int:
        return len(self._texts)

    @property
    def posts_waiting(self) -> int:
        return len(self._posts)

    def needed_since(self, began: float) -> float | None:
        """Since when a command begun at ``began`` has held up a text or an alarm; None: it does not.

        An alarm that was open before it is no reason to break it off; a text is.
        """
        with self._lock:
            urgent = self.urgent_since
            since_began = urgent if urgent is not None and urgent > began else None
            return min((t for t in (self.text_since, since_began) if t is not None), default=None)

    @property
    def in_need(self) -> bool:
        """Whether an alarm is open or a text waits."""
        return self.urgent_since is not None or bool(self._texts)
