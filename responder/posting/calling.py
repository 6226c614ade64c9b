"""Calls into networks' libraries: their errors said without secrets.

A library's error may carry a token in its text or its address. So none
leaves here: what is known of it becomes one of three errors of our own.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from outcry.responder.callers import retry_after
from outcry.responder.findings import Finding
from outcry.responder.posting.publisher import (
    NothingLeft,
    OutcomeUnknown,
    Posted,
    PublishingFailed,
    PublishingRefused,
)

T = TypeVar("T")
P = TypeVar("P")
TIMEOUT_S = 15.0  # how long a network may keep silent
END_NOT_KNOWN = "when its token ends cannot be known"
LOOK_BACK_S = 600.0  # a network's clock may be behind ours by this much
MOST_PAGES = 30
"""As far back as an account's posts are read: a tenth of the requests that Mastodon allows in five
minutes, and fewer posts than the 3,200 that X shows at most, after which an end proves nothing.
https://docs.joinmastodon.org/api/rate-limits/, https://docs.x.com/x-api/posts/timelines/introduction
"""

_AN_ID = re.compile("[!-~]{1,250}")
_NEVER_SENT = frozenset(
    {
        "ConnectError",
        "ConnectionRefusedError",
        "ConnectTimeout",
        "ConnectTimeoutError",
        "NameResolutionError",
        "NewConnectionError",
        "SSLCertVerificationError",
        "gaierror",
    }
)
"""What requests, urllib3, httpx and Python raise before a byte of a request has left."""


class Calls:
    """Makes the calls of one network."""

    def __init__(self, network: str, remedy: str) -> None:
        """``remedy``: what to do about a refused token."""
        self._network = network
        self._remedy = remedy

    def __call__(self, work: Callable[[], T]) -> T:
        """What ``work`` returns; every error becomes a failure, a refusal, or an unknown outcome."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - a library may raise anything
            judged = self._judged(error)
        raise judged

    def check(self, look: Callable[[], str], otherwise: str) -> list[Finding]:
        """What ``look`` has seen; ``otherwise``: what to do if the network cannot be reached."""
        try:
            return [Finding(True, self(look))]
        except PublishingRefused as refused:
            return [Finding(False, str(refused), self._remedy)]
        except (PublishingFailed, OutcomeUnknown) as error:
            return [Finding(False, str(error), otherwise)]

    def delete(self, work: Callable[[], object]) -> None:
        """Make a call that deletes what may be gone already."""

        def run() -> None:
            try:
                work()
            except Exception as error:
                if status_of(error) not in (404, 410):
                    raise

        self(run)

    @staticmethod
    def with_or_without(
        text: str,
        picture: P | None,
        say: Callable[[P | None], Posted],
        find: Callable[[], Posted | None],
    ) -> Posted:
        """Say it; where a network refuses it with the picture, say it again without.

        Unless it is there all the same: what stands before a network may have reworded its answer.
        """
        try:
            return replace(say(picture), text=text, pictured=picture is not None)
        except Exception as error:
            if picture is None or status_of(error) not in (400, 404, 413, 415, 422):
                raise
        return find() or replace(say(None), text=text, pictured=False)

    @staticmethod
    def end_at_trouble(response: Any, *_: object, **__: object) -> None:
        """A hook for sessions of requests, where a library keeps no status or no headers."""
        if response.status_code == 429 or response.status_code >= 500:
            response.raise_for_status()

    def _judged(self, error: Exception) -> Exception:
        if isinstance(error, PublishingFailed | OutcomeUnknown):
            return error
        if isinstance(error, ImportError):
            need = "install it with: pip install 'outcry[networks]'"
            return PublishingRefused(f"{self._network}: a library is not installed; {need}")
        kinds = [type(one).__name__ for one in _chain(error)]
        if not _NEVER_SENT.isdisjoint(kinds):
            return NothingLeft(f"{self._network} cannot be reached ({kinds[0]})")
        status = status_of(error)
        if status in (401, 403):
            return PublishingRefused(f"{self._network} refuses access ({status}); {self._remedy}")
        if status == 402:
            return PublishingRefused(f"{self._network} demands payment (402); buy credit there")
        if status == 429:
            why = f"{self._network} says: too many requests (429)"
            return PublishingFailed(why, _wanted_wait(error))
        if status is not None and 400 <= status < 500 and status != 408:
            return PublishingRefused(f"{self._network} does not accept this ({status})")
        return OutcomeUnknown(f"{self._network}: {kinds[0]}" + (f" {status}" if status else ""))


def status_of(error: BaseException) -> int | None:
    """The HTTP status in a library's error, or in what it was made of."""
    return next((status for one in _chain(error) if (status := _own_status(one))), None)


def _own_status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        return status
    if type(error).__module__.startswith("mastodon") and len(error.args) > 1:
        return error.args[1] if isinstance(error.args[1], int) else None
    return None


def _wanted_wait(error: BaseException) -> float | None:
    """For how many seconds its answer wants us to wait."""
    answers = (getattr(one, "response", None) for one in _chain(error))
    headers: Any = next((found for one in answers if (found := getattr(one, "headers", None))), {})
    return retry_after.wanted_s(headers, 429)


def posted_as(id_: object, url: object) -> Posted:
    """The post that a network says it has made. Raises :class:`OutcomeUnknown` if it names none."""
    if not isinstance(id_, int | str) or not id_ or not _AN_ID.fullmatch(str(id_)):
        raise OutcomeUnknown("its answer names no post")
    address = str(url)
    return Posted(str(id_), address if address.startswith(("http://", "https://")) else "")


def back_to(
    pages: Iterable[Sequence[T]], is_new: Callable[[T], bool], most: int = MOST_PAGES
) -> Iterator[T]:
    """What is new on these pages, newest first, up to one on which everything is old.

    Raises :class:`OutcomeUnknown` after ``most`` pages: what was not seen by then may be there.
    """
    for n, page in enumerate(pages, 1):
        new = [post for post in page if is_new(post)]
        yield from new
        if page and not new:
            return
        if n == most:
            raise OutcomeUnknown("too many posts since then to know whether this one is there")


def said_the_same(posted: str, text: str) -> bool:
    """Whether a post begins with these words, whatever a network made of spaces and signs."""
    wanted = _letters(text)
    return bool(wanted) and _letters(posted).startswith(wanted)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in plain if letter.isalnum())


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            reason = getattr(one, "reason", None)
            waiting += [one.__cause__, one.__context__, reason, *one.args]
