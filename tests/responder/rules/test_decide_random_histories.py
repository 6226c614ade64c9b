"""Whatever happens, in whatever order and however often: each confirmed alarm acts once.

An alarm's life is drawn: reports over every path, late, out of order and again; people who
confirm, doubt, veto, close and correct; calls that fail, are lost or come to nothing; time. HQ's
rules live through it, and an account kept beside them, in words of its own, judges the history.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pytest
from builders import OFFICER_ACTS, again, officer, report, says
from hypothesis import given, settings
from hypothesis import strategies as st
from lived import PLAN, Life

from outcry.report import AlarmKind, MessageType
from outcry.responder.rules.calls import ActionKind, ToOfficers, Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    Acknowledged,
    AnsweredBy,
    Approved,
    CalledFalse,
    CallEnded,
    CallPlanned,
    CameBy,
    Closed,
    Confirmed,
    ContactSaw,
    Corrected,
    Event,
    GivenBack,
    Ground,
    GroundFound,
    HandedOver,
    HeardAgain,
    Mark,
    Noted,
    OfficerAct,
    OfficerConfirmed,
    OfficerWork,
    Outcome,
    Rang,
    Reason,
    Reopened,
    ReportArrived,
    Said,
    TakenOver,
    Unsure,
    Verdict,
    Vetoed,
    VetoLifted,
    WentSilent,
    WithdrawalJudged,
    WrongPinTried,
)
from outcry.responder.rules.model import Plan
from outcry.responder.rules.notification import REMINDERS

FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
HISTORIES = 100_000 if FULL else 400
PUBLIC = (ActionKind.PUBLISH, ActionKind.FOLLOW_UP)
MARKS = ((), (), (), (Mark.LATE,), (Mark.OUT_OF_ORDER,), (Mark.COUNTER_USED, Mark.LATE))

PASSES = [
    Acknowledged(0.0, "day"),
    TakenOver(0.0, "day", "night"),
    HandedOver(0.0, "day", "night"),
    GivenBack(0.0, "day"),
    Noted(0.0, "night", "I call her brother"),
    Rang(0.0, "day", 1, Said.REAL),
    Rang(0.0, "night", 2, Said.NOT_REAL),
]
kinds = st.sampled_from([AlarmKind.PANIC, AlarmKind.STRAP, AlarmKind.DRILL, AlarmKind.SILENCE])
plans = st.builds(
    replace,
    st.just(PLAN),
    kind=kinds,
    quorum=st.integers(1, 3),
    first=st.integers(0, 2),
    can_text=st.booleans(),
    officers=st.sampled_from([(), ("desk",)]),
    channels=st.sampled_from([{}, {1: ("signal",), 3: ("mail", "ntfy")}]),
    texted=st.sampled_from([None, frozenset({2, 3})]),
    officer_counts=st.booleans(),
    consent_s=st.sampled_from([None, 600.0]),
    embargo_s=st.sampled_from([0.0, 0.0, 300.0]),
)
reports = st.builds(
    report,
    st.integers(1, 9),
    type_=st.sampled_from(sorted(set(MessageType) - {MessageType.HEARTBEAT})),
    path=st.sampled_from(CameBy),
    marks=st.sampled_from(MARKS),
)
repeats = st.builds(again, st.integers(1, 9), st.sampled_from(CameBy))
judgements = st.builds(
    WithdrawalJudged,
    st.just(0.0),
    st.integers(1, 9),
    st.sampled_from([Verdict.SAFE, Verdict.OLD, Verdict.DURESS]),
)
people = st.builds(
    says,
    st.integers(1, 3),
    st.sampled_from([Confirmed, Confirmed, ContactSaw, Unsure, CalledFalse]),
    by=st.sampled_from([AnsweredBy.PAGE, AnsweredBy.PAGE, AnsweredBy.SMS]),
)
officers = st.one_of(
    st.builds(officer, st.sampled_from(OFFICER_ACTS)),
    st.sampled_from(PASSES),
    st.builds(Corrected, st.just(0.0), st.just("night"), st.sampled_from(Reason)),
)
others = st.sampled_from([WentSilent(0.0, 0.0), HeardAgain(0.0), WrongPinTried(0.0, 2)])
steps = st.tuples(
    st.sampled_from([0.0, 1.0, 45.0, 200.0, 700.0, 4000.0]),
    st.one_of(reports, reports, people, people, repeats, officers, judgements, others),
)
outcomes = st.lists(
    st.sampled_from(
        [Outcome.DONE, Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN, Outcome.DROPPED],
    ),
    max_size=8,
)


def lived(plan: Plan, happens: list[tuple[float, Event]], came: list[Outcome]) -> Life:
    """An alarm in which calls come to what was drawn, and in the end all succeed."""
    left = iter(came)
    life = Life(plan, lambda _: next(left, Outcome.DONE))
    for wait, event in happens:
        life.until(life.now + wait)
        life.happens(replace(event, at=life.now))
    life.until(life.now + 3 * 86400.0)
    return life


@pytest.mark.slow
@settings(max_examples=HISTORIES)
@given(plans, st.lists(steps, max_size=12), outcomes)
def test_each_confirmed_alarm_acts_once_and_nothing_is_public_without_a_ground(plan, happens, came):
    life = lived(plan, happens, came)
    nothing_is_done_twice(life)
    nothing_is_public_that_may_not_be(life)
    what_was_confirmed_is_public(life)
    officers_are_reminded_of_what_is_left_alone_and_of_nothing_else(life)


def of(kind: type[Event], history: list[Event]) -> list[Event]:
    return [event for event in history if isinstance(event, kind)]


def nothing_is_done_twice(life: Life) -> None:
    keys = Counter(event.action.key for event in of(CallPlanned, life.history))
    assert not keys or max(keys.values()) == 1
    calls = of(CallEnded, life.history)
    done = Counter(call.action.target for call in calls if call.outcome is Outcome.DONE)
    assert not done or max(done.values()) == 1
    lost = Counter(
        call.action.target
        for call in calls
        if call.outcome is Outcome.UNKNOWN
        and call.action.kind in (ActionKind.TELL, ActionKind.NOTIFY)
    )
    assert not lost or max(lost.values()) <= 2


def nothing_is_public_that_may_not_be(life: Life) -> None:
    """An account of one's own: what has a ground, and what takes it away."""
    ground = None
    held_until = 0.0
    vetoed = corrected = over = silent = real = approved = False
    highest = at_end = -1
    here = set()
    for n, event in enumerate(life.history):
        if isinstance(event, Closed | Corrected | HeardAgain) and not (over or corrected):
            at_end = highest  # what was here already says nothing against it
        match event:
            case GroundFound():
                assert not any((vetoed, corrected, over))
                the_ground_is_true(event, life, n)
                ground = event.ground
                held_until = 0.0 if approved else event.at + life.plan.embargo_s
            case Vetoed():
                vetoed, ground = True, None
            case VetoLifted():
                vetoed = False
            case Approved():
                vetoed = corrected = False
                approved, held_until = True, 0.0
            case Reopened() if over or corrected:
                over = corrected = approved = False
            case Confirmed() if over or corrected:
                real = True
            case Corrected() if event.reason is not Reason.OTHER:
                corrected, ground = True, None
            case WentSilent():
                silent = True
            case Closed():
                over, ground = True, None
            case HeardAgain() if silent:
                over, ground = True, None
            case ReportArrived() if event.message not in here:
                here.add(event.message)
                held = event.type is MessageType.STILL_IN_DANGER
                real |= held
                if (over or corrected) and held and event.sequence > at_end:
                    over = corrected = approved = False
                highest = max(highest, event.sequence)
            case CallPlanned() if event.action.kind in PUBLIC:
                assert life.plan.kind not in (AlarmKind.DRILL, AlarmKind.SILENCE)
                assert ground is not None
                assert event.at >= held_until
                assert not any((vetoed, corrected, over))
            case CallPlanned() if event.action.kind not in (ActionKind.RECEIPT, ActionKind.REPLY):
                contradicts = real and "contradicted" in str(event.action.target)
                assert not over or contradicts or event.action.kind is ActionKind.CORRECT


def the_ground_is_true(found: GroundFound, life: Life, n: int) -> None:
    before = life.history[:n]
    assert life.plan.kind not in (AlarmKind.DRILL, AlarmKind.SILENCE)
    assert of(ReportArrived, before)
    if found.ground is Ground.DUTY_OFFICER:
        assert of(Approved, before)
    elif found.ground is Ground.QUORUM:
        people = {event.contact for event in of(Confirmed, before)}
        assert len(people) >= life.plan.quorum or (people and of(OfficerConfirmed, before))
    else:
        assert life.plan.consent_s is not None
        assert not of(Vetoed, before)
        assert not withdrawn_otherwise_than_safely(before)
        reports = [event for event in of(ReportArrived, before) if not event.marks]
        fresh = [event.at for event in reports if event.type is not MessageType.WITHDRAWAL]
        assert fresh
        assert found.at >= min(fresh) + life.plan.consent_s


def withdrawn_otherwise_than_safely(before: list[Event]) -> bool:
    """A withdrawal waits to be judged, or its code was another than the agreed one."""
    kinds: dict[int, MessageType] = {}
    said: dict[int, Verdict] = {}
    for event in before:
        if isinstance(event, ReportArrived) and event.message not in kinds:
            kinds[event.message] = event.type
            if event.type is MessageType.WITHDRAWAL:
                said[event.message] = Verdict.WAITING
        elif isinstance(event, WithdrawalJudged) and said.get(event.message) is Verdict.WAITING:
            said[event.message] = event.verdict
    return any(verdict is not Verdict.SAFE for verdict in said.values())


def what_was_confirmed_is_public(life: Life) -> None:
    """Two contacts on the page, and no officer who minds: every network has its one post."""
    if life.plan.kind in (AlarmKind.DRILL, AlarmKind.SILENCE):
        return
    ends = any(of(kind, life.history) for kind in (Vetoed, Corrected, Closed, HeardAgain))
    if not ends and of(ReportArrived, life.history):
        page = [event for event in of(Confirmed, life.history) if event.by is AnsweredBy.PAGE]
        if len({event.contact for event in page}) >= life.plan.quorum:
            assert sorted(life.done("publish")) == sorted(life.plan.networks)


def officers_are_reminded_of_what_is_left_alone_and_of_nothing_else(life: Life) -> None:
    """Not while who has it does something, not twice within the span, and not for ever."""
    told_at: list[float] = []
    told: set[ToOfficers] = set()
    for n, event in enumerate(life.history):
        target = event.action.target if isinstance(event, CallPlanned) else None
        if not isinstance(target, ToOfficers) or target.topic is not Topic.UNATTENDED:
            continue
        case, told = Case.of(life.history[:n]), told | {target}
        assert case.now.is_open
        assert life.plan.kind not in (AlarmKind.DRILL, AlarmKind.SILENCE)
        holder = case.now.holder
        work = [each.at for each in of(OfficerWork, life.history[:n]) if each.officer == holder]
        acts = [each.at for each in case.now.acts if holder in (None, each.officer)]
        if event.action.attempt == 1:
            assert max([*work, *acts, *told_at], default=-900.0) <= event.at - 900.0
            told_at.append(event.at)
    now = life.case.now
    is_real = life.plan.kind not in (AlarmKind.DRILL, AlarmKind.SILENCE)
    if is_real and life.plan.officers and now.is_open and now.attended and now.began_at is not None:
        assert len([one for one in told if one.episode == now.number]) >= REMINDERS
    stirred = of(OfficerAct, life.history) + of(OfficerWork, life.history)
    assert len(told) <= REMINDERS * len(stirred)
