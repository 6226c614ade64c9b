"""The words the rules are written in: what HQ can do, what was agreed, what ought to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from outcry.report import AlarmKind
from outcry.responder.rules.calls import ActionKind, Topic

OWN_PAGE = "own page"
_ROUND = "#"  # before the number of a later round, in a target: "1#2"


class Disclosure(StrEnum):
    """What the public may learn about the position."""

    NOTHING = "nothing"
    TOWN = "town"  # the nearest one
    COORDINATES = "coordinates"


@dataclass(frozen=True)
class Plan:
    """What was agreed beforehand for this wearer, and what HQ has at hand.

    ``contacts`` are numbers in the list, told in this order: the ``first`` so many at once (0:
    everybody), then one more after each ``next_after_s`` without an answer, everybody after
    ``all_after_s``. ``texted``: who of them gets a text (None: all), ``channels``: what else each
    is told by. ``can_text``: HQ has a modem; ``wearer_number``: the wearer's device can be sent a
    receipt. ``officers``: the duty officers' channels. ``officer_counts``: one contact and the
    duty officer are a quorum too. ``consent_s``: the wearer's own consent to be made public when
    nobody has answered for so long (None: not given). ``quiet_s``: how long a silence lasts
    before contacts are told of it (None: never).
    """

    kind: AlarmKind
    contacts: tuple[int, ...]
    quorum: int
    can_text: bool
    wearer_number: bool
    first: int = 0
    next_after_s: float = 60.0
    all_after_s: float = 150.0
    texted: frozenset[int] | None = None
    channels: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    officers: tuple[str, ...] = ()
    officer_counts: bool = True
    consent_s: float | None = None
    networks: tuple[str, ...] = (OWN_PAGE,)
    discloses: Disclosure = Disclosure.TOWN
    quiet_s: float | None = None


@dataclass(frozen=True)
class Want:
    """Something that ought to be done once, and not before a time (Unix seconds)."""

    kind: ActionKind
    target: str
    not_before: float = 0.0


@dataclass(frozen=True)
class Addressee:
    """Who a TELL or a NOTIFY goes to, by what, and in which round.

    Of ``contact`` (number in the list) and ``topic`` (of a duty officer) one is None; ``channel``
    is None for a text. Round 1 is the alarm's own, another begins when its wearer holds the
    button again after it was closed.
    """

    contact: int | None
    channel: str | None
    topic: Topic | None = None
    round: int = 1

    @property
    def kind(self) -> ActionKind:
        """By text, or by Apprise."""
        return ActionKind.TELL if self.channel is None else ActionKind.NOTIFY

    @property
    def target(self) -> str:
        """As it stands in the history; :func:`addressee` reads it back."""
        if self.topic is not None:
            who = f"officer:{self.channel}:{self.topic}"
        elif self.channel is not None:
            who = f"contact:{self.contact}:{self.channel}"
        else:
            who = str(self.contact)
        return who if self.round == 1 else f"{who}{_ROUND}{self.round}"


def addressee(target: str) -> Addressee:
    """Who a TELL's or a NOTIFY's target names."""
    who, _, round_ = target.partition(_ROUND)
    number = int(round_ or 1)
    match who.split(":"):
        case ["officer", channel, topic]:
            return Addressee(None, channel, Topic(topic), number)
        case ["contact", contact, channel]:
            return Addressee(int(contact), channel, None, number)
        case _:
            return Addressee(int(who), None, None, number)


def follow_up_target(network: str, message: int) -> str:
    """The target of a follow-up: where, and the report it tells of."""
    return f"{network}:{message}"


def correction_target(network: str, n: int) -> str:
    """The target of a correction: where, and the how-manieth of the alarm, from 1."""
    return f"{network}:{n}"


def network_and_number(target: str) -> tuple[str, int]:
    """What :func:`follow_up_target` and :func:`correction_target` have joined."""
    network, _, number = target.rpartition(":")
    return network, int(number)
