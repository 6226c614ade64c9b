"""A network's side in its own process: makes the publisher there, and says what came in JSON."""

from collections.abc import Callable
from dataclasses import astuple
from functools import cache
from typing import Any

from outcry.responder.posting.publisher import (
    NothingLeft,
    OutcomeUnknown,
    Posted,
    Publisher,
    PublishingFailed,
    PublishingRefused,
)

Account = tuple[tuple[str, object], ...]


@cache
def _made(kind: Callable[..., Publisher], account: Account) -> Publisher:
    return kind(**dict(account))


def perform(
    kind: Callable[..., Publisher], account: Account, what: str, arguments: tuple[object, ...]
) -> tuple[Any, ...]:
    """Do one thing with this account: a word for what came of it, and what belongs to it."""
    try:
        came = getattr(_made(kind, account), what)(*arguments)
    except NothingLeft as error:
        return "nothing left", str(error)
    except PublishingRefused as error:
        return "refused", str(error), error.wait_s
    except PublishingFailed as error:
        return "failed", str(error), error.wait_s
    except OutcomeUnknown as error:
        return "unknown", str(error)
    if isinstance(came, Posted):
        return "posted", *astuple(came)
    if came is None:
        return ("nothing",)
    return "found", [astuple(finding) for finding in came]
