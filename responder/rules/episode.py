"""An episode of an alarm: what happened between its beginning and its end, and what people said.

Only people at HQ end one: a duty officer closes the alarm, or corrects it as false or over. The
device never learns of it. A wearer who holds the button afterwards says "still in danger" in the
same alarm: that begins a new episode, however late it comes and whatever overtook it, unless newer
reports were here when the last one was ended. So does a duty officer who opens it again, or says
"publish" after a correction; whoever else says that it is real changes nothing, and the duty
officers are told. In it everybody is told again, it is published for itself, and what people decided
about the one before no longer counts, except a veto.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from outcry.responder.rules import events
from outcry.responder.rules.calls import Topic


@dataclass(frozen=True, slots=True)
class Posted:
    """A post that is out; so many reports of the alarm had arrived by then."""

    at: float
    url: str | None
    id: str | None
    reports: int


@dataclass(slots=True)
class Episode:
    """What has happened between its beginning and its end.

    ``number`` from 1; ``over``: it was closed, or its silence has ended. Times are Unix seconds, each
    of the first such thing: ``began_at``; ``danger_at``, a fresh report of danger; ``hurried_at``,
    somebody is sure that it is real; ``held_at``, somebody has it in hand; ``ended_at``. ``opened_by``: the report
    it is about; ``again``: that says that the button was held again. ``ground`` is the one that
    stands, ``last_ground`` the last there was. ``corrections``: by their number in the alarm.
    ``posts``: by network. ``holder``: the duty officer who has it; ``passes``: each time that somebody
    had it, and had it no more. ``attended``: how often anybody did what keeps the others from being
    told again, ``attended_at``: when last. ``ticked``: what is done of the checklist; ``rings``: the
    calls that officers have made to contacts.
    """

    number: int = 1
    over: bool = False
    began_at: float | None = None
    opened_by: events.ReportArrived | None = None
    again: bool = False
    danger_at: float | None = None
    hurried_at: float | None = None
    held_at: float | None = None
    ended_at: float | None = None
    answers: list[events.ContactAnswer] = field(default_factory=list)
    acts: list[events.OfficerAct] = field(default_factory=list)
    topics: dict[Topic, float] = field(default_factory=dict)
    wrong_pins: int = 0
    verdicts: dict[int, events.Verdict] = field(default_factory=dict)
    ground: events.GroundFound | None = None
    last_ground: events.GroundFound | None = None
    corrections: dict[int, events.Corrected] = field(default_factory=dict)
    posts: dict[str, Posted] = field(default_factory=dict)
    in_vain: Counter[str] = field(default_factory=Counter)
    holder: str | None = None
    passes: list[events.OfficerAct] = field(default_factory=list)
    attended: int = 0
    attended_at: float | None = None
    ticked: dict[str, events.Ticked] = field(default_factory=dict)
    rings: list[events.Rang] = field(default_factory=list)

    @property
    def is_corrected(self) -> bool:
        """Whether a duty officer has said that it is not true, or not true any more."""
        return any(correction.forbids for correction in self.corrections.values())

    @property
    def is_open(self) -> bool:
        """Whether nobody has ended it."""
        return not (self.over or self.is_corrected)

    @property
    def is_answered(self) -> bool:
        """Whether a person has it."""
        return bool(self.answers or self.acts)

    @property
    def is_believed(self) -> bool:
        """Whether anybody has said that it is real, or may have been made to withdraw it.

        A veto says so too: what nobody believes needs none.
        """
        believes = (events.Approved, events.OfficerConfirmed, events.Vetoed)
        return bool(self.votes) or self.has(*believes) or self.withdrawal is events.Verdict.DURESS

    @property
    def is_decided(self) -> bool:
        """Whether a duty officer says that it is not to be published, or not true."""
        vetoes = [act for act in self.acts if isinstance(act, events.Vetoed | events.VetoLifted)]
        vetoed = any(isinstance(act, events.Vetoed) for act in vetoes[-1:])
        return vetoed or self.has(events.Corrected)

    @property
    def withdrawal(self) -> events.Verdict | None:
        """What its withdrawals come to, the worst of them; None without any."""
        return max(self.verdicts.values(), key=list(events.Verdict).index, default=None)

    @property
    def address(self) -> str | None:
        """Where its first post can be read."""
        return next((post.url for post in self.posts.values() if post.url), None)

    @property
    def votes(self) -> int:
        """Confirmations, of different contacts: all that came by SMS together are at most one."""
        said = [answer for answer in self.answers if isinstance(answer, events.Confirmed)]
        on_page = {answer.contact for answer in said if answer.by is events.AnsweredBy.PAGE}
        return len(on_page) + any(answer.contact not in on_page for answer in said)

    @property
    def seen_by(self) -> frozenset[int]:
        """The contacts who have answered anything."""
        return frozenset(answer.contact for answer in self.answers)

    @property
    def doubted_by(self) -> frozenset[int]:
        """The contacts who cannot tell, or believe that it is false."""
        doubts = (events.Unsure, events.CalledFalse)
        return frozenset(each.contact for each in self.answers if isinstance(each, doubts))

    @property
    def given_back_by(self) -> str | None:
        """Who had it last, if nobody has it since."""
        return self.passes[-1].officer if self.passes and self.holder is None else None

    def has(self, *acts: type[events.OfficerAct]) -> bool:
        return any(isinstance(act, acts) for act in self.acts)
