"""What every place of publication must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class PublishingFailed(Exception):
    """Nothing was published; the message says why and holds no secret. Try again later."""


@dataclass(frozen=True)
class Posted:
    """A post that is out: its id in its own network, and the address people can open."""

    id: str
    url: str


class Publisher(Protocol):
    """One network. Raises :class:`PublishingFailed` only when certainly nothing happened;
    any other exception means the outcome is unknown.
    """

    def check(self) -> None:
        """Whether a post could be made now, without making one."""

    def find(self, key: str) -> Posted | None:
        """What was posted under this key, if anything: asked after an unknown outcome."""

    def post(self, key: str, text: str) -> Posted:
        """Post; the same key again gives the same post, never a second one."""

    def reply(self, key: str, to: str, text: str) -> Posted:
        """Add to the post with id ``to``."""

    def correct(self, id_: str, text: str) -> None:
        """Put a correction where readers of the post see it first."""

    def delete(self, id_: str) -> None:
        """Take the post back; one that is gone already is fine."""
