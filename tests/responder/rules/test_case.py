"""A case: read once, and unmoved by anything that cannot have happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders import (
    CONTACT_ANSWERS,
    LINK,
    POSITION,
    SMS,
    STILL,
    again,
    called,
    corrected,
    ended,
    ground,
    officer,
    planned,
    report,
    says,
    withdrawn,
)
from lived import PLAN, Life

from outcry.receipt import Status
from outcry.report import AlarmKind
from outcry.responder.rules.calls import (
    TEXTS,
    Correction,
    FollowUp,
    Post,
    Receipt,
    Reply,
    Says,
    TakeBack,
    ToContact,
    ToOfficers,
    Topic,
)
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import decide, is_allowed
from outcry.responder.rules.events import (
    AnsweredBy,
    Approved,
    CallEnded,
    CallPlanned,
    Closed,
    Confirmed,
    Corrected,
    Event,
    Ground,
    GroundFound,
    HeardAgain,
    Outcome,
    Reason,
    Reopened,
    ReportArrived,
    Unsure,
    Verdict,
    Vetoed,
    VetoLifted,
    WentSilent,
    WithdrawalJudged,
    WrongPinTried,
)

KNOWN = frozenset({1, 2, 3})
FULL = replace(PLAN, officers=("desk",), consent_s=600.0, channels={1: ("signal",)}, quiet_s=900.0)
PLANS = [FULL, *(replace(FULL, kind=kind) for kind in (AlarmKind.DRILL, AlarmKind.SILENCE))]
MOMENTS = (0.0, 10.0, 300.0, 700.0, 1e5)


class Counted(list[Event]):
    """A history that knows how often it was gone through, and refuses every other way of reading."""

    read = 0

    def __iter__(self) -> Iterator[Event]:
        for event in super().__iter__():
            self.read += 1
            yield event

    def __getitem__(self, _: object) -> Event:
        raise AssertionError("a history is read from its beginning to its end")


def lived() -> list[Event]:
    """An alarm with everything in it."""
    life = Life(FULL, lambda action: _CAME.get(str(action.target), Outcome.DONE))
    life.happens(report(1, path=SMS))
    life.happens(again(1, LINK), WrongPinTried(0.0, 2), says(1, Unsure), says(3))
    life.until(60.0)
    life.happens(*withdrawn(Verdict.SAFE, 60.0, 2), says(1, at=60.0))
    life.until(400.0)
    life.happens(report(3, 400.0, STILL), report(4, 400.0, POSITION, path=SMS))
    life.happens(officer(Vetoed, 401.0), officer(VetoLifted, 402.0))
    life.happens(corrected(Reason.RELEASED, 403.0), officer(Closed, 404.0))
    life.happens(report(5, 500.0, STILL), officer(Approved, 501.0))
    life.until(4000.0)
    return life.history


_CAME = {"1": Outcome.FAILED, "mastodon": Outcome.UNKNOWN, "contact:1:signal": Outcome.UNKNOWN}


def test_one_decision_reads_the_history_once():
    history = Counted(lived())
    assert len(history) > 50
    case = Case.of(history)
    for plan in PLANS:
        decide(case, plan, 5000.0)
        is_allowed(Post("own page"), case, plan)
    assert history.read == len(history)


def test_with_known_contacts_the_case_is_the_same():
    assert replace(Case.of(lived(), KNOWN), contacts=None) == Case.of(lived())


# What cannot happen


OUTCOMES = {outcome: outcome in (Outcome.DELIVERED, Outcome.UNDELIVERED) for outcome in Outcome}
STRANGERS = (
    ToContact(2, None, 7),
    ToContact(2, "pigeon"),
    ToOfficers("pigeon", Topic.RAISED),
    Receipt(1, Status.ACKNOWLEDGED, 7),
    Reply(2, 1, Says.REAL),
    Post("elsewhere"),
    FollowUp("own page", 77),
    Correction("own page", 7),
    TakeBack("own page", 7),
)
SETTLED = {
    Outcome.UNKNOWN: {Outcome.UNKNOWN, Outcome.DROPPED},
    Outcome.DONE: {Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN, Outcome.DROPPED},
    Outcome.DELIVERED: set(Outcome),
    Outcome.UNDELIVERED: set(Outcome) - {Outcome.DELIVERED},
    Outcome.FAILED: set(Outcome),
    Outcome.DROPPED: set(Outcome),
}
"""What a call that came to this can never come to after it: an account of the test's own."""


def nonsense(history: list[Event], at: float) -> Iterator[Event]:
    """What makes no sense after this history, in words of the test's own."""
    yield from unheard_of(history, at)
    yield from (what(at, 9, by) for what in CONTACT_ANSWERS for by in AnsweredBy)
    yield from undecided(history, at)
    yield from uncalled(history, at)


def unheard_of(history: list[Event], at: float) -> Iterator[Event]:
    """Of messages: once more the first time, again for the first time, judged out of turn."""
    reports = {e.message: e for e in history if isinstance(e, ReportArrived)}
    judged = {e.message for e in history if isinstance(e, WithdrawalJudged)}
    for message, arrived in reports.items():
        yield report(message, at, STILL, sequence=999)
        if message in judged or not arrived.is_withdrawal:
            yield WithdrawalJudged(at, message, Verdict.DURESS)
    yield again(99, SMS, at)
    yield WithdrawalJudged(at, 99, Verdict.DURESS)


def undecided(history: list[Event], at: float) -> Iterator[Event]:
    """Of decisions: taken back without having been made, made of what is over."""
    vetoed = corrected_ = grounded = over = silent = begun = False
    highest = -1
    for event in history:
        match event:
            case Vetoed():
                vetoed, grounded = True, False
            case VetoLifted():
                vetoed = False
            case Approved():
                vetoed = corrected_ = False
            case Corrected() if event.reason is not Reason.OTHER:
                corrected_, grounded = True, False
            case GroundFound():
                grounded = True
            case Reopened():
                over = corrected_ = False
            case WentSilent():
                silent = True
            case Closed() | HeardAgain():
                over, grounded = True, False
            case ReportArrived():
                begun = True
                if (over or corrected_) and event.type is STILL and event.sequence > highest:
                    over = corrected_ = False
                highest = max(highest, event.sequence)
    if not vetoed:
        yield officer(VetoLifted, at)
    if not (over or corrected_):
        yield officer(Reopened, at)
    if over:
        yield officer(Closed, at)
    if over or not silent:
        yield HeardAgain(at)
    if silent:
        yield WentSilent(at, at)
    if over or vetoed or corrected_ or grounded or not begun:
        yield from (ground(at, why) for why in Ground)


def uncalled(history: list[Event], at: float) -> Iterator[Event]:
    """Of calls: planned twice, ended without a plan, or once more after their end."""
    calls: dict[object, Outcome | None] = {}
    for event in history:
        if isinstance(event, CallPlanned):
            calls[event.action] = None
        elif isinstance(event, CallEnded):
            calls[event.action] = event.outcome
    for action, outcome in calls.items():
        yield planned(action.target, at, action.attempt)
        for later in SETTLED.get(outcome, ()):
            if action.target.kind in TEXTS or not OUTCOMES[later]:
                yield ended(action.target, later, at, action.attempt)
    for target in STRANGERS:
        for outcome, only_texts in OUTCOMES.items():
            if target.kind in TEXTS or not only_texts:
                yield ended(target, outcome, at)


STATES: dict[str, list[Event]] = {
    "nothing has happened": [],
    "raised": [report()],
    "raised late, by SMS": [report(path=SMS)],
    "told": [report(), *called(ToContact(1)), *called(ToContact(2), Outcome.UNKNOWN)],
    "a text is under way": [report(), planned(ToContact(1))],
    "a withdrawal waits": [report(), *withdrawn(Verdict.WAITING)],
    "withdrawn, safe": [report(), *withdrawn(Verdict.SAFE)],
    "withdrawn under duress": [report(), *withdrawn(Verdict.DURESS)],
    "confirmed by one": [report(), says(1)],
    "confirmed": [report(), says(1), says(2)],
    "may be public": [report(), says(1), says(2), ground()],
    "public": [report(), says(1), says(2), ground(), *called(Post("own page"))],
    "perhaps public": [report(), ground(), *called(Post("mastodon"), Outcome.UNKNOWN)],
    "vetoed": [report(), officer(Vetoed)],
    "a veto was lifted": [report(), officer(Vetoed), officer(VetoLifted)],
    "approved": [report(), officer(Approved), ground(why=Ground.DUTY_OFFICER)],
    "corrected": [report(), ground(), *called(Post("own page")), corrected()],
    "closed": [report(), officer(Closed)],
    "closed with a veto": [report(), officer(Vetoed), officer(Closed)],
    "opened again": [report(), officer(Closed), officer(Reopened, 5.0)],
    "pressed again": [report(), officer(Closed), report(2, 5.0, STILL)],
    "silent": [WentSilent(0.0, -1500.0)],
    "heard again": [WentSilent(0.0, -1500.0), HeardAgain(1.0)],
}


@pytest.mark.parametrize("history", STATES.values(), ids=STATES)
def test_an_event_that_makes_no_sense_changes_nothing(history):
    before = Case.of(history, KNOWN)
    events = list(nonsense(history, 20.0))
    assert len(events) > 40
    for event in events:
        after = Case.of([*history, event], KNOWN)
        assert after == before, event
        for plan in PLANS:
            for now in MOMENTS:
                assert decide(after, plan, now) == decide(before, plan, now), event


def test_nor_does_it_at_any_moment_of_a_whole_life():
    history = lived()
    kinds = set()
    for n in range(0, len(history), 3):
        before = Case.of(history[:n], KNOWN)
        for event in nonsense(history[:n], 1e4):
            kinds.add(type(event))
            assert not before.makes_sense(event), event
    assert {ReportArrived, GroundFound, Closed, CallPlanned, CallEnded, VetoLifted} <= kinds


@pytest.mark.parametrize(
    ("state", "event"),
    [
        ("raised", report(2, 20.0)),
        ("raised", again(1, SMS, 20.0)),
        ("a withdrawal waits", WithdrawalJudged(20.0, 9, Verdict.DURESS)),
        ("raised", Confirmed(20.0, 3)),
        ("vetoed", officer(VetoLifted, 20.0)),
        ("pressed again", officer(Closed, 20.0)),
        ("silent", HeardAgain(20.0)),
        ("nothing has happened", WentSilent(20.0, 0.0)),
        ("confirmed", ground(20.0)),
        ("raised", planned(ToContact(1), 20.0)),
        ("told", planned(ToContact(2), 20.0, 2)),
        ("told", ended(ToContact(2), Outcome.DONE, 20.0)),
        ("told", ended(ToContact(1), Outcome.UNDELIVERED, 20.0)),
    ],
)
def test_where_it_makes_sense_the_same_event_counts(state, event):
    before = Case.of(STATES[state], KNOWN)
    assert before.makes_sense(event)
    assert Case.of([*STATES[state], event], KNOWN) != before


# What a case says


def test_pressed_again_after_it_was_closed_an_alarm_starts_over_but_for_a_veto():
    said = [says(1), says(2, Unsure), WrongPinTried(1.0, 1), officer(Vetoed), officer(Closed)]
    case = Case.of([report(), *said, report(2, 5.0, STILL)])
    assert (case.now.number, case.now.over, case.now.opened_by.message) == (2, False, 2)
    assert (case.now.votes, case.now.doubted_by, case.now.wrong_pins) == (0, frozenset(), 0)
    assert (case.vetoed, case.now.holder) == (True, None)


def test_who_was_told_in_this_episode_counts_once_whatever_reached_them():
    reached = [
        *called(ToContact(1)),
        *called(ToContact(1, "signal")),
        *called(ToContact(2, "mail")),
    ]
    lost = called(ToContact(3), Outcome.FAILED)
    assert Case.of([report(), *reached, *lost]).told == {1, 2}
    late = ended(ToContact(1), Outcome.UNDELIVERED)
    assert Case.of([report(), *called(ToContact(1)), late]).told == frozenset()
    over = [officer(Closed), report(2, 5.0, STILL)]
    assert Case.of([report(), *reached, *over, *called(ToContact(3, None, 2))]).told == {3}
