"""An alarm's case: its history read once, into facts that rules and people can ask for.

What an episode is, and when another one begins, is said in ``episode.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from outcry.receipt import Status
from outcry.responder.rules import events
from outcry.responder.rules.calls import (
    Action,
    Correction,
    Post,
    Receipt,
    TakeBack,
    Target,
    ToContact,
    Topic,
)
from outcry.responder.rules.episode import Episode, Posted
from outcry.responder.rules.events import Event, Outcome

GIVING_TROUBLE = 3  # so many tries in vain: a network is down, or its credential is bad
LONG_WAIT_S = 60.0  # a network that wants to be left alone for longer gives trouble at once

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
    events.Unclear: Topic.DOUBTED,
    events.AnswerDropped: Topic.UNREAD,
    events.WithdrawalJudged: Topic.WITHDRAWN,
    events.WrongPinTried: Topic.WRONG_PIN,
}
_HURRIES = (events.Confirmed, events.Approved, events.OfficerConfirmed)
"""Somebody is sure that it is real: it is time for everybody."""
_HOLDS = (events.ContactSaw, events.OfficerAct)
"""Somebody has it in hand. A doubt stops nothing, and a confirmation hurries."""
_SMS = events.AnsweredBy.SMS


Tries = dict[Action, events.CallPlanned | events.CallEnded]
"""The tries at a call, oldest first, each with what was heard of it last."""


def outcomes(tries: Tries) -> set[Outcome | None]:
    """What these tries came to; None: nothing yet."""
    return {each.outcome for each in tries.values()}


def can_become(outcome: Outcome | None, later: Outcome) -> bool:
    """Whether a call of which this was heard last (None: nothing) can come to something later."""
    return later in _SETTLES.get(outcome, ())


@dataclass(slots=True)
class Case:
    """All that the rules and the pages know of an alarm; made by :meth:`of`, then only read.

    ``contacts``: the numbers there are in the wearer's list (None: any). ``episodes``: at least one,
    the last is being lived; everything else is of the whole alarm. ``reports``: by message, in the
    order of their arrival; ``highest``: the number of the newest, and ``known_at_end`` of the newest
    known to whoever ended an episode last. ``vetoed``: nobody has taken it back. ``corrections``:
    with the number of the episode that each is of. ``begun``: the posts that were tried, and the
    episode that each is of; ``posts``: those that are out, or may be (None). ``answered_at``: when a
    person first had it;
    ``heard_since``: the wearer was heard over data after that, and so knows it; ``felt``: the newest
    report whose receipt says something to them. ``receipts``: how many texts each receipt is owed,
    and ``receipts_sent``: the number of the last one. ``texts``: what contacts have texted.
    """

    contacts: Collection[int] | None = None
    episodes: list[Episode] = field(default_factory=lambda: [Episode()])
    last_at: float = float("-inf")
    reports: dict[int, events.ReportArrived] = field(default_factory=dict)
    highest: int = -1
    known_at_end: int = -1
    silence: events.WentSilent | None = None
    vetoed: bool = False
    was_vetoed: bool = False
    corrections: list[tuple[events.Corrected, int]] = field(default_factory=list)
    calls: dict[Target, Tries] = field(default_factory=dict)
    begun: dict[Post, int] = field(default_factory=dict)
    posts: dict[Post, Posted | None] = field(default_factory=dict)
    answered_at: float | None = None
    heard_since: bool = False
    last_path: events.CameBy | None = None
    felt: events.ReportArrived | None = None
    receipts: dict[tuple[int, Status], int] = field(default_factory=dict)
    receipts_sent: dict[tuple[int, Status], int] = field(default_factory=dict)
    receipts_planned_at: list[float] = field(default_factory=list)
    texts: list[events.ContactAnswer | events.WrongPinTried | events.AnswerDropped] = field(
        default_factory=list
    )

    @classmethod
    def of(cls, history: Iterable[Event], contacts: Collection[int] | None = None) -> Case:
        """The case of this history, which is read once, oldest event first."""
        case = cls(contacts)
        for event in history:
            case.take(event)
        return case

    def take(self, event: Event) -> None:
        """Something more has happened; what makes no sense changes nothing."""
        if self.makes_sense(event):
            self._take(event)

    def makes_sense(self, event: Event) -> bool:
        """Whether this can happen to the alarm as it stands; what cannot changes nothing."""
        match event:
            case events.ReportArrived():
                return event.message not in self.reports
            case events.ReportRepeated():
                return event.message in self.reports
            case events.WithdrawalJudged():
                return self._verdict_on(event.message) is events.Verdict.WAITING
            case events.ContactAnswer():
                return self.contacts is None or event.contact in self.contacts
            case events.Ticked():
                return event.item not in self.now.ticked
            case events.Unticked():
                return event.item in self.now.ticked
            case events.AnswerDropped(contact=int(contact)) | events.Rang(contact=contact):
                return self.contacts is None or contact in self.contacts
            case events.HandedOver() | events.GivenBack():
                return not self.now.over and event.officer == self.now.holder
            case events.TakenOver():
                taken_from = event.holder == self.now.holder != event.officer
                return taken_from and not self.now.over
            case events.VetoLifted():
                return self.vetoed
            case events.Closed():
                return not self.now.over
            case events.Reopened():
                return not self.now.is_open
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
    def now(self) -> Episode:
        """The episode that is being lived."""
        return self.episodes[-1]

    @property
    def earlier(self) -> list[Episode]:
        """The episodes that are past, the first one first."""
        return self.episodes[:-1]

    @property
    def turns(self) -> int:
        """How often an episode has ended or another begun: what was thought before is old."""
        return 2 * len(self.earlier) + (self.now.ended_at is not None)

    @property
    def withdrawal(self) -> events.Verdict | None:
        """What the withdrawals of all episodes come to; None without any.

        The worst counts, and a later safe one takes nothing back: somebody who holds the device can
        try codes.
        """
        said = (verdict for episode in self.episodes for verdict in episode.verdicts.values())
        return max(said, key=list(events.Verdict).index, default=None)

    @property
    def is_forbidden(self) -> bool:
        """Whether publishing is forbidden: by a veto, or by a correction of what was published.

        A duty officer who says "publish" afterwards ends either; a veto can also be taken back. A
        veto outlives its episode.
        """
        return self.vetoed or self.now.is_corrected

    def post(self, network: str) -> Post:
        """Where the episode at hand is made public in this network.

        Older releases made one post of the whole alarm, in whichever episode it was.
        """
        of_now = (post for post, episode in self.begun.items() if episode == self.now.number)
        begun = next((post for post in of_now if post.network == network), None)
        return begun or Post(network, self.now.number)

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

    def episode_of(self, message: int) -> int:
        """The number of the episode in which this report arrived."""
        arrived_at = self.reports[message].at
        begun = [e.number for e in self.episodes if e.began_at and e.began_at <= arrived_at]
        return max(begun, default=1)

    def is_in_doubt(self, target: Target) -> bool:
        """Whether a try at this may have been done, and nobody knows."""
        came = outcomes(self.tries(target))
        return Outcome.UNKNOWN in came and Outcome.DONE not in came

    def may_be_out(self, target: Target) -> bool:
        """The same; or that it was refused is the last that was heard, and nobody has looked since.

        Somebody between us and a network may put a refusal in place of its answer.
        """
        heard = [came for each in self.tries(target).values() if (came := each.outcome)]
        return self.is_in_doubt(target) or heard[-1:] == [Outcome.FAILED]

    def _take(self, event: Event) -> None:
        self.last_at = max(self.last_at, event.at)
        if (topic := _TOPICS.get(type(event))) is not None:
            self.now.topics.setdefault(topic, event.at)
        match event:
            case events.ContactAnswer() | events.WrongPinTried() if event.by is _SMS:
                self.texts.append(event)
            case events.AnswerDropped(contact=int()):
                self.texts.append(event)
        match event:
            case events.ReportArrived():
                self._take_report(event)
            case events.ReportRepeated():
                self._hear(event.message, event.path)
            case events.WithdrawalJudged():
                self._of_message(event.message).verdicts[event.message] = event.verdict
            case events.Answer():
                self._take_answer(event)
            case events.OfficerWork():
                self._take_work(event)
            case events.WrongPinTried():
                self.now.wrong_pins += 1
            case events.WentSilent():
                self.silence = event
            case events.HeardAgain():
                self.now.over = True
                self._end(event.at)
            case events.GroundFound():
                self.now.ground = self.now.last_ground = event
            case events.CallPlanned():
                self._take_plan(event)
            case events.CallEnded():
                self._take_outcome(event)
        if self._contradicts(event):
            self.now.topics.setdefault(Topic.CONTRADICTED, event.at)

    def _contradicts(self, event: Event) -> bool:
        """Whether it says that an episode is real that was ended, and remains so."""
        match event:
            case events.ReportArrived():
                says_so = event.is_still_in_danger
            case events.AnswerDropped():
                says_so = event.why is events.Dropped.REAL
            case _:
                says_so = isinstance(event, events.Confirmed)
        return says_so and not self.now.is_open

    def _take_report(self, report: events.ReportArrived) -> None:
        is_news = report.sequence > self.known_at_end
        if not self.now.is_open and is_news and report.is_still_in_danger:
            self.episodes.append(Episode(self.now.number + 1, again=True))
        now = self.now
        if now.opened_by is None:
            now.opened_by, now.began_at = report, report.at
        if report.is_fresh and not report.is_withdrawal and now.danger_at is None:
            now.danger_at = report.at
        if report.is_still_in_danger and now.hurried_at is None:
            now.hurried_at = report.at
        if report.is_withdrawal:
            now.verdicts[report.message] = events.Verdict.WAITING
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
        approved = isinstance(answer, events.Approved) and self.now.is_corrected
        if (approved and not self.now.over) or isinstance(answer, events.Reopened):
            last = self.now
            self.episodes.append(Episode(last.number + 1, False, answer.at, last.opened_by))
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
                self._pass_on(answer)
                self._take_act(answer)

    def _take_work(self, work: events.OfficerWork) -> None:
        now = self.now
        if work.officer == now.holder:
            now.attended, now.attended_at = now.attended + 1, work.at
        match work:
            case events.Ticked():
                now.ticked[work.item] = work
            case events.Unticked():
                del now.ticked[work.item]
            case events.Rang():
                now.rings.append(work)

    def _pass_on(self, act: events.OfficerAct) -> None:
        """One officer has an alarm: who took it last, or decided something while nobody had it."""
        now, before = self.now, self.now.holder
        match act:
            case events.HandedOver():
                now.holder = act.to
            case events.GivenBack():
                now.holder = None
            case events.Acknowledged() | events.TakenOver():
                now.holder = act.officer
            case _ if before is None:
                now.holder = act.officer
        if isinstance(act, events.HandedOver | events.GivenBack | events.TakenOver):
            now.passes.append(act)
        if now.holder != before or act.officer == now.holder:
            now.attended, now.attended_at = now.attended + 1, act.at

    def _take_act(self, act: events.OfficerAct) -> None:
        match act:
            case events.GivenBack() if not self.now.is_decided:
                seen = (each.at for each in self.now.answers if isinstance(each, _HOLDS))
                self.now.held_at = next(seen, None)  # contacts wait for nobody
            case events.Vetoed():
                self.vetoed = self.was_vetoed = True
                self.now.ground = None
            case events.VetoLifted():
                self.vetoed = False
            case events.Approved():
                self.vetoed = False
            case events.Corrected():
                self.corrections.append((act, self.now.number))
                self.now.corrections[len(self.corrections)] = act
                if act.forbids:
                    self._end(act.at)
            case events.Closed():
                self.now.over = True
                self._end(act.at)

    def _end(self, at: float) -> None:
        self.now.ground = None
        self.now.topics.pop(Topic.CONTRADICTED, None)  # who ends it has read so
        if self.now.ended_at is None:
            self.now.ended_at = at
            self.known_at_end = self.highest

    def _take_plan(self, event: events.CallPlanned) -> None:
        target = event.action.target
        self.calls.setdefault(target, {})[event.action] = event
        if isinstance(target, Receipt):
            self.receipts_sent[target.message, target.status] = target.number
            self.receipts_planned_at.append(event.at)
        if isinstance(target, Post) and not (target in self.begun and self.may_be_out(target)):
            self.begun[target] = self.now.number

    def _take_outcome(self, event: events.CallEnded) -> None:
        target = event.action.target
        self.calls[target][event.action] = event
        if event.came.why == events.SLIPPED:
            self.now.topics.setdefault(Topic.SLIPPED, event.at)
        match target:
            case Post():
                self._take_post(target, event)
            case Correction() | TakeBack():
                self._count_in_vain(target.network, event)

    def _take_post(self, post: Post, event: events.CallEnded) -> None:
        if event.outcome is Outcome.DONE:
            posted = Posted(event.at, event.came.url, event.came.id, len(self.reports))
            self.posts[post] = posted
            self.episodes[self.begun[post] - 1].posts.setdefault(post.network, posted)
        elif event.outcome is Outcome.UNKNOWN:
            self.posts.setdefault(post, None)
        if self.now.ground is not None:  # else it was only looked for
            self._count_in_vain(post.network, event)

    def _count_in_vain(self, network: str, event: events.CallEnded) -> None:
        if event.outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            self.now.in_vain[network] += 1
            waits_long = (event.came.wait_s or 0.0) > LONG_WAIT_S
            if self.now.in_vain[network] >= GIVING_TROUBLE or waits_long:
                self.now.topics.setdefault(Topic.UNPUBLISHED, event.at)

    def _of_message(self, message: int) -> Episode:
        """The episode that this withdrawal is of."""
        return next((each for each in self.episodes if message in each.verdicts), self.now)

    def _verdict_on(self, message: int) -> events.Verdict | None:
        return self._of_message(message).verdicts.get(message)
