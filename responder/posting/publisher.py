"""What every place of publication must be able to do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from outcry.responder.findings import Finding


class PublishingFailed(Exception):
    """Nothing was published; the message says why and holds no secret. Try again later."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s  # how much later at least, as the network says


class PublishingRefused(PublishingFailed):
    """The network will not have it until a person mends something; the message says what."""


class NothingLeft(PublishingFailed):
    """Nothing was even sent that could have published it: no answer to that can have been a lie."""


class Withheld(PublishingFailed):
    """Nothing was published: in the last moment HQ itself said no, since people have decided so."""


class OutcomeUnknown(Exception):
    """Nobody knows whether it was published; the message holds no secret. Look before a retry."""


@dataclass(frozen=True)
class Draft:
    """What is to be said, the same at every try: it is stored before the first one.

    ``made_at`` is Unix seconds; ``language`` a BCP 47 tag; ``picture`` a PNG described by ``alt``.
    """

    text: str
    language: str
    made_at: float
    picture: bytes | None = None
    alt: str = ""


@dataclass(frozen=True)
class Posted:
    """A post that is out: its id in its own network, and the address people can open.

    ``text`` and ``pictured``: as it left now; None: not known, such as of one that was found.
    """

    id: str
    url: str
    text: str | None = field(default=None, compare=False)
    pictured: bool | None = field(default=None, compare=False)


class Unit(Enum):
    """What a network counts when it limits a text."""

    GRAPHEMES = "graphemes"
    CHARACTERS = "characters"
    WEIGHTED = "weighted"  # X: outside Latin and a few other ranges, each counts for two


@dataclass(frozen=True)
class Limits:
    """What a network can carry: ``length`` of the text in ``unit``, of an alt text in characters.

    ``link``: whether an address may stand in the text; ``picture``: whether a picture goes along.
    ``threads``: whether who reads an answer sees the post it answers, and so its correction.
    """

    length: int
    unit: Unit = Unit.CHARACTERS
    link: bool = True
    picture: bool = True
    alt_length: int = 1000
    threads: bool = True


class Publisher(Protocol):
    """One network. Raises :class:`PublishingFailed` only when certainly nothing happened;
    any other exception means the outcome is unknown: ``find`` before the next try.

    ``limit_s`` (at most 60) is how long a call may last: then it is ended, see ``isolated.py``.
    """

    @property
    def name(self) -> str:
        """As plans and histories call it, such as ``own page``."""

    @property
    def limit_s(self) -> float:
        """The longest any call lasts, in seconds."""

    @property
    def limits(self) -> Limits:
        """What its texts must keep to."""

    def check(self) -> Sequence[Finding]:
        """Whether a post could be made now, without making one. Never raises."""

    def find(self, key: str, draft: Draft) -> Posted | None:
        """What was posted under this key, if anything: asked after an unknown outcome."""

    def post(self, key: str, draft: Draft) -> Posted:
        """Post; the same key and draft again give the same post where the network can do that."""

    def reply(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Add to the post ``to``."""

    def correct(self, key: str, to: Posted, draft: Draft) -> Posted:
        """Put a correction where readers of the post ``to`` see it."""

    def delete(self, to: Posted) -> None:
        """Take the post back; one that is gone already is fine."""
