"""An alarm's case: its history read once, into facts that rules and people can ask for.

Only a duty officer closes an alarm. The device never learns of it, so a wearer who holds the button
afterwards says "still in danger" in the same alarm: that opens a new episode, in which everybody is
told again and what people decided about the one before no longer counts, except a veto.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from outcry.receipt import Status
from outcry.responder.rules import events
from outcry.responder.rules.calls import Action, Post, Receipt, Target, ToContact, Topic
from outcry.responder.rules.episode import Episode, Posted
from outcry.responder.rules.events import Event, Outcome

GIVING_TROUBLE = 3  # so many tries in vain: a network is down, or its credential is bad

_SENT = (Outcome.DELIVERED, Outcome.UNDELIVERED)
_SETTLES: Mapping[Outcome | None, Collection[Outcome]] = {
    None: tuple(Outcome),
    Outcome.UNKNOWN: (Outcome.DONE, Outcome.FAILED, *_SENT),
    Outcome.DONE: _SENT,
    Outcome.UNDELIVERED: (Outcome.DELIVERED,),
}
"""What a call that has come to this, or to nothing yet, can still come to."""

_TOPICS: Mapping[type[Event], Topic] = {
    events.CalledFalse: Topic.DOUBTED,
    events.Unsure: Topic.DOUBTED,
    events.WithdrawalJudged: Topic.WITHDRAWN,
    events.WrongPinTried: Topic.WRONG_PIN,
}
_HURRIES = (events.Confirmed, events.Approved, events.OfficerConfirmed)
"""Somebody is sure that it is real: it is time for everybody."""
_HOLDS = (events.ContactSaw, events.OfficerAct)
"""Somebody has it in hand. A doubt stops nothing, and a confirmation hurries."""


Tries = dict[Action, events.CallPlanned | events.CallEnded]
"""The tries at a call, oldest first, each with what was heard of it last."""


def can_become(outcome: Outcome | None, later: Outcome) -> bool:
    """Whether a call of which this was heard last (None: nothing) can come to something later."""
    return later in _SETTLES.get(outcome, ())


@dataclass(slots=True)
class Case:
    """All that the rules and the pages know of an alarm; made by :meth:`of`, then only read.

    ``now`` is the episode that is being lived, everything else is of the whole alarm. ``contacts``:
    the numbers there are in the wearer's list (None: any). ``reports``: by message, in the order of
    their arrival. ``vetoed``: nobody has taken it back. ``posts``: by network; ``networks``: those
    that have the post, or may have it. ``answered_at``: when a person first had it; ``heard_since``:
    the wearer was heard over data after that, and so knows it; ``felt``: the newest report whose
    receipt says something to them. ``receipts``: how many texts each receipt is owed, and
    ``receipts_sent``: the number of the last one.
    """

    contacts: Collection[int] | None = None
    now: Episode = field(default_factory=Episode)
    last_at: float = float("-inf")
    reports: dict[int, events.ReportArrived] = field(default_factory=dict)
    highest: int = -1
    silence: events.WentSilent | None = None
    verdicts: dict[int, events.Verdict] = field(default_factory=dict)
    vetoed: bool = False
    was_vetoed: bool = False
    corrections: list[events.Corrected] = field(default_factory=list)
    last_ground: events.GroundFound | None = None
    calls: dict[Target, Tries] = field(default_factory=dict)
    posts: dict[str, Posted] = field(default_factory=dict)
    networks: set[str] = field(default_factory=set)
    answered_at: float | None = None
    heard_since: bool = False
    last_path: events.CameBy | None = None
    felt: events.ReportArrived | None = None
    receipts: dict[tuple[int, Status], int] = field(default_factory=dict)
    receipts_sent: dict[tuple[int, Status], int] = field(default_factory=dict)
    receipts_planned_at: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, history: Iterable[Event], contacts: Collection[int] | None = None) -> Case:
        """The case of this history, which is read once, oldest event first."""
        case = cls(contacts)
        for event in history:
            if case.makes_sense(event):
                case._take(event)
        return case

    def makes_sense(self, event: Event) -> bool:
        """Whether this can happen to the alarm as it stands; what cannot changes nothing."""
        match event:
            case events.ReportArrived():
                return event.message not in self.reports
            case events.ReportRepeated():
                return event.message in self.reports
            case events.WithdrawalJudged():
                return self.verdicts.get(event.message) is events.Verdict.WAITING
            case events.ContactAnswer():
                return self.contacts is None or event.contact in self.contacts
            case events.VetoLifted():
                return self.vetoed
            case events.Closed():
                return not self.now.over
            case events.WentSilent():
                return self.silence is None
            case events.HeardAgain():
                return self.silence is not None and not self.now.over
            case events.GroundFound():
                begun = self.now.opened_by is not None and not self.now.over
                return begun and self.now.ground is None and not self.is_forbidden
            case events.CallPlanned():
                return event.action not in self.tries(event.action.target)
            case events.CallEnded():
                last = self.tries(event.action.target).get(event.action)
                return last is not None and can_become(last.outcome, event.outcome)
            case _:
                return True

    @property
    def withdrawal(self) -> events.Verdict | None:
        """What the alarm's withdrawals come to; None without any.

        The worst counts, and a later safe one takes nothing back: somebody who holds the device can
        try codes. Anything but safe forbids publishing on the wearer's own consent.
        """
        return max(self.verdicts.values(), key=list(events.Verdict).index, default=None)

    @property
    def is_forbidden(self) -> bool:
        """Whether publishing is forbidden: by a veto, or by a correction of what was published.

        A duty officer who says "publish" afterwards ends either; a veto can also be taken back. A
        veto outlives its episode.
        """
        return self.vetoed or self.now.corrected

    @property
    def address(self) -> str | None:
        """Where the first post can be read."""
        return next((post.url for post in self.posts.values() if post.url), None)

    @property
    def told(self) -> frozenset[int]:
        """The contacts whom a text or message has left for in this episode, and not in vain."""
        came = (Outcome.DONE, Outcome.DELIVERED)
        return frozenset(
            target.contact
            for target, tries in self.calls.items()
            if isinstance(target, ToContact) and target.episode == self.now.number
            if any(each.outcome in came for each in tries.values())
        )

    def tries(self, target: Target) -> Tries:
        return self.calls.get(target, {})

    def _take(self, event: Event) -> None:
        self.last_at = max(self.last_at, event.at)
        if (topic := _TOPICS.get(type(event))) is not None:
            self.now.topics.setdefault(topic, event.at)
        match event:
            case events.ReportArrived():
                self._take_report(event)
            case events.ReportRepeated():
                self._hear(event.message, event.path)
            case events.WithdrawalJudged():
                self.verdicts[event.message] = event.verdict
            case events.Answer():
                self._take_answer(event)
            case events.WrongPinTried():
                self.now.wrong_pins += 1
            case events.WentSilent():
                self.silence = event
            case events.HeardAgain():
                self._end()
            case events.GroundFound():
                self.now.ground = self.last_ground = event
            case events.CallPlanned():
                self._take_plan(event)
            case events.CallEnded():
                self._take_outcome(event)

    def _take_report(self, report: events.ReportArrived) -> None:
        danger = report.is_of_now and not report.is_withdrawal
        newer = report.sequence > self.highest
        if self.now.over and newer and danger and report.is_still_in_danger:
            self.now = Episode(self.now.number + 1)
        now = self.now
        if now.opened_by is None:
            now.opened_by = report
        if danger and now.danger_at is None:
            now.danger_at = report.at
        if report.is_still_in_danger and now.hurried_at is None:
            now.hurried_at = report.at
        if report.is_withdrawal:
            self.verdicts[report.message] = events.Verdict.WAITING
        elif self.felt is None or report.sequence >= self.felt.sequence:
            self.felt = report
        self.reports[report.message] = report
        self.highest = max(self.highest, report.sequence)
        self._hear(report.message, report.path)

    def _hear(self, message: int, path: events.CameBy) -> None:
        """What came by SMS or a contact's link is owed a receipt by SMS."""
        acknowledged = self.answered_at is not None
        receipt = message, Status.ACKNOWLEDGED if acknowledged else Status.STORED
        if path is events.CameBy.SMS:  # the device asks: what was sent may be lost
            self.receipts[receipt] = self.receipts_sent.get(receipt, 0) + 1
        elif path is events.CameBy.LINK:  # a contact opened it, however often
            self.receipts.setdefault(receipt, 1)
        elif acknowledged:
            self.heard_since = True
        self.last_path = path

    def _take_answer(self, answer: events.Answer) -> None:
        now = self.now
        if self.answered_at is None:
            self.answered_at = answer.at
        if isinstance(answer, _HURRIES) and now.hurried_at is None:
            now.hurried_at = answer.at
        if isinstance(answer, _HOLDS) and now.held_at is None:
            now.held_at = answer.at
        match answer:
            case events.ContactAnswer():
                now.answers.append(answer)
            case events.OfficerAct():
                now.acts.append(answer)
                self._take_act(answer)

    def _take_act(self, act: events.OfficerAct) -> None:
        match act:
            case events.Vetoed():
                self.vetoed = self.was_vetoed = True
                self.now.ground = None
            case events.VetoLifted():
                self.vetoed = False
            case events.Approved():
                self.vetoed = self.now.corrected = False
            case events.Corrected():
                self.corrections.append(act)
                if act.forbids:
                    self.now.corrected = True
                    self.now.ground = None
            case events.Closed():
                self._end()

    def _end(self) -> None:
        self.now.over = True
        self.now.ground = None

    def _take_plan(self, event: events.CallPlanned) -> None:
        target = event.action.target
        self.calls.setdefault(target, {})[event.action] = event
        if isinstance(target, Receipt):
            self.receipts_sent[target.message, target.status] = target.number
            self.receipts_planned_at.append(event.at)

    def _take_outcome(self, event: events.CallEnded) -> None:
        target = event.action.target
        self.calls[target][event.action] = event
        if not isinstance(target, Post):
            return
        network = target.network
        if event.outcome in (Outcome.DONE, Outcome.UNKNOWN):
            self.networks.add(network)
        if event.outcome is Outcome.DONE:
            posted = Posted(event.at, event.came.url, event.came.id, len(self.reports))
            self.posts.setdefault(network, posted)
        elif event.outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            self.now.in_vain[network] += 1
            if self.now.in_vain[network] == GIVING_TROUBLE:
                self.now.topics.setdefault(Topic.UNPUBLISHED, event.at)
