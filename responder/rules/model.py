"""What was agreed beforehand, as the rules are given it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from outcry.report import AlarmKind

OWN_PAGE = "own page"
NETWORKS = (OWN_PAGE, "mastodon", "bluesky", "x", "facebook")
BROADCAST = "apprise-"  # and a name: any other place that Apprise can reach
NEVER_PUBLIC = (AlarmKind.DRILL, AlarmKind.SILENCE)


class Disclosure(StrEnum):
    """What the public may learn about the position."""

    NOTHING = "nothing"
    TOWN = "town"  # the nearest one
    COORDINATES = "coordinates"


class Later(StrEnum):
    """What has become of the wearer since: how their later alarms stand, of which one is enough."""

    NONE = "none, or nobody believed it, or each was said to be false or over"
    OPEN = "one is open, or was public or believed, and stands"
    PUBLIC = "one may be made public"


@dataclass(frozen=True)
class Plan:
    """What was agreed beforehand for this wearer, what HQ has at hand, and what came later.

    ``contacts`` are numbers in the list, told in this order: the ``first`` so many at once (0:
    everybody), then one more after each ``next_after_s`` without an answer, everybody after
    ``all_after_s``. ``texted``: who of them gets a text (None: all), ``channels``: what else each
    is told by. ``can_text``: HQ has a modem; ``wearer_number``: the wearer's device can be sent a
    receipt. ``officers``: the duty officers' channels. ``officer_counts``: one contact and the
    duty officer are a quorum too. ``consent_s``: the wearer's own consent to be made public when
    nobody has answered for so long (None: not given). ``embargo_s``: nothing is published for so long
    after its ground, unless a duty officer publishes it. ``quiet_s``: how long a silence lasts
    before contacts are told of it (None: never). ``idle_s``: how long an open alarm is left alone
    before the duty officers are told again (None: for ever). ``later``: asked of alarms that were
    corrected.
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
    embargo_s: float = 0.0
    networks: tuple[str, ...] = (OWN_PAGE,)
    discloses: Disclosure = Disclosure.TOWN
    quiet_s: float | None = None
    idle_s: float | None = 900.0
    later: Later = Later.NONE
