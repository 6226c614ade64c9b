"""What HQ can do: each call to the outside, whom or what it is for, and which try it is.

In the history and in the table of calls a target is a short text, such as ``contact:2:signal``;
:func:`target_of` reads it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from outcry.receipt import Status


class ActionKind(StrEnum):
    """What HQ can do."""

    TELL = "tell"  # a contact, by text
    NOTIFY = "notify"  # a contact or the duty officers, by Apprise
    REPLY = "reply"  # a text to a contact who has texted
    RECEIPT = "receipt"  # a text to the wearer's device
    PUBLISH = "publish"
    FOLLOW_UP = "follow up"
    CORRECT = "correct"
    TAKE_BACK = "take back"


TEXTS = (ActionKind.TELL, ActionKind.REPLY, ActionKind.RECEIPT)
PUBLICATIONS = (
    ActionKind.PUBLISH,
    ActionKind.FOLLOW_UP,
    ActionKind.CORRECT,
    ActionKind.TAKE_BACK,
)


class Topic(StrEnum):
    """What a duty officer is told of."""

    RAISED = "raised"
    UNANSWERED = "unanswered"
    DOUBTED = "doubted"
    WITHDRAWN = "withdrawn"
    UNREAD = "unread"
    WRONG_PIN = "wrong pin"
    UNPUBLISHED = "unpublished"
    NO_CONSENT = "no consent"
    SLIPPED = "slipped"
    CONTRADICTED = "contradicted"
    PASSED = "passed"  # somebody else has it now, or nobody
    UNATTENDED = "unattended"  # nobody has it, or who has it does nothing


@dataclass(frozen=True, slots=True)
class ToContact:
    """A contact, by their number in the list; ``channel`` is None for a text.

    ``episode``: 1 is the alarm's own; when another begins is said in ``case.py``.
    """

    contact: int
    channel: str | None = None
    episode: int = 1

    def __post_init__(self) -> None:
        _require_name(self.channel or "")

    @property
    def kind(self) -> ActionKind:
        return ActionKind.TELL if self.channel is None else ActionKind.NOTIFY

    def __str__(self) -> str:
        by_channel = f"contact:{self.contact}:{self.channel}"
        who = str(self.contact) if self.channel is None else by_channel
        return who + _of(self.episode)


@dataclass(frozen=True, slots=True)
class ToOfficers:
    """The duty officers, by one of their channels.

    ``number``: of an episode's messages on this topic, from 1.
    """

    kind: ClassVar[ActionKind] = ActionKind.NOTIFY
    channel: str
    topic: Topic
    episode: int = 1
    number: int = 1

    def __post_init__(self) -> None:
        _require_name(self.channel)

    def __str__(self) -> str:
        number = "" if self.number == 1 else f":{self.number}"
        return f"officer:{self.channel}:{self.topic}{number}{_of(self.episode)}"


class Says(StrEnum):
    """What a reply tells a contact about their text."""

    REAL = "real"  # what was saved: one of these four,
    SEEN = "seen"
    UNSURE = "unsure"
    FALSE = "false"
    UNCLEAR = "unclear"  # or unsure, since more stood there than a code and a digit
    USED = "used"  # why nothing was saved
    UNKNOWN = "unknown"
    WORDS = "words"
    OVER = "over"
    TOLD = "told"  # the same, and the duty officers are told that it is real


@dataclass(frozen=True, slots=True)
class Reply:
    """A contact who has texted; ``number`` counts the replies to them, from 1."""

    kind: ClassVar[ActionKind] = ActionKind.REPLY
    contact: int
    number: int
    says: Says

    def __str__(self) -> str:
        return f"{self.contact}:{self.number}:{self.says}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The wearer's device: of which message, saying what, and for which time, from 1."""

    kind: ClassVar[ActionKind] = ActionKind.RECEIPT
    message: int
    status: Status
    number: int = 1

    def __str__(self) -> str:
        return f"{self.message}:{self.status.value}:{self.number}"


@dataclass(frozen=True, slots=True)
class Post:
    """A network, where an episode of the alarm is made public."""

    kind: ClassVar[ActionKind] = ActionKind.PUBLISH
    network: str
    episode: int = 1

    def __str__(self) -> str:
        return self.network + _of(self.episode)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An answer to the post in a network that tells of a later report."""

    kind: ClassVar[ActionKind] = ActionKind.FOLLOW_UP
    network: str
    message: int

    def __str__(self) -> str:
        return f"{self.network}:{self.message}"


@dataclass(frozen=True, slots=True)
class Correction:
    """The post of an episode in a network, where this correction of the alarm's is to stand.

    ``number``: the alarm's corrections are counted from 1; ``episode``: whose post it is.
    """

    kind: ClassVar[ActionKind] = ActionKind.CORRECT
    network: str
    number: int
    episode: int = 1

    def __str__(self) -> str:
        return f"{self.network}:{self.number}{_of(self.episode)}"


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The same place, where readers learn that this correction no longer holds."""

    kind: ClassVar[ActionKind] = ActionKind.TAKE_BACK
    network: str
    number: int
    episode: int = 1

    @property
    def correction(self) -> Correction:
        return Correction(self.network, self.number, self.episode)

    def __str__(self) -> str:
        return str(self.correction)


Publication = Post | FollowUp | Correction | TakeBack
Target = ToContact | ToOfficers | Reply | Receipt | Publication


def target_of(kind: ActionKind, text: str) -> Target:
    """The target of a call of this kind. Raises :class:`ValueError` for any other text."""
    target = _target_of(kind, text)
    if target.kind is not kind or str(target) != text:
        raise ValueError(f"this is not a target of the kind {kind}")
    return target


def _target_of(kind: ActionKind, text: str) -> Target:
    match kind:
        case ActionKind.TELL | ActionKind.NOTIFY:
            who, episode = _episode(text)
            match who.split(":"):
                case ["officer", channel, topic]:
                    return ToOfficers(channel, Topic(topic), episode)
                case ["officer", channel, topic, number]:
                    return ToOfficers(channel, Topic(topic), episode, int(number))
                case ["contact", contact, channel]:
                    return ToContact(int(contact), channel, episode)
                case _:
                    return ToContact(int(who), None, episode)
        case ActionKind.REPLY:
            contact, number, says = text.split(":")
            return Reply(int(contact), int(number), Says(says))
        case ActionKind.RECEIPT:
            message, status, number = text.split(":")
            return Receipt(int(message), Status(int(status)), int(number))
        case ActionKind.PUBLISH:
            return Post(*_episode(text))
        case ActionKind.FOLLOW_UP:
            network, _, number = text.rpartition(":")
            return FollowUp(network, int(number))
        case ActionKind.CORRECT | ActionKind.TAKE_BACK:
            said, episode = _episode(text)
            network, _, number = said.rpartition(":")
            made = Correction if kind is ActionKind.CORRECT else TakeBack
            return made(network, int(number), episode)


def _episode(text: str) -> tuple[str, int]:
    """A target without its episode, and that; what older releases wrote is of the first."""
    said, _, number = text.partition("#")
    return said, int(number or 1)


def _of(episode: int) -> str:
    return "" if episode == 1 else f"#{episode}"


def _require_name(channel: str) -> None:
    if not {":", "#"}.isdisjoint(channel):
        raise ValueError("the name of a channel holds neither : nor #")


@dataclass(frozen=True, slots=True)
class Want:
    """Something that should be done once, and not before a time (Unix seconds)."""

    target: Target
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Action:
    """One try at a :class:`Want`, counted from 1."""

    target: Target
    attempt: int

    @property
    def kind(self) -> ActionKind:
        return self.target.kind

    @property
    def key(self) -> str:
        """Unique within its alarm."""
        return f"{self.kind} {self.target} {self.attempt}"

    @classmethod
    def of(cls, kind: str, target: str, key: str) -> Action:
        """As it stands in a row. Raises :class:`ValueError` if the three do not belong together."""
        action = cls(target_of(ActionKind(kind), target), int(key.rpartition(" ")[2]))
        if action.key != key:
            raise ValueError("this is not the key of such a call")
        return action
