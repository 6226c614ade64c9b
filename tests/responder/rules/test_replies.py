"""A contact's text is answered by one text; nobody can make HQ send many."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from builders import CONTACT_ANSWERS, report, says
from hypothesis import given
from hypothesis import strategies as st

from outcry.report import AlarmKind
from outcry.responder.rules.calls import Reply, Says
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import decide
from outcry.responder.rules.events import (
    AnswerDropped,
    AnsweredBy,
    CallEnded,
    CallPlanned,
    Came,
    Confirmed,
    Dropped,
    Event,
    Outcome,
    Unclear,
    Unsure,
    WrongPinTried,
)
from outcry.responder.rules.model import Plan
from outcry.responder.rules.replies import HOUR_S, REPLIES, REPLIES_AN_HOUR, answer_texts

PLAN = Plan(AlarmKind.PANIC, (1, 2, 3), quorum=2, can_text=True, wearer_number=False)
SMS = AnsweredBy.SMS
DAY_S = 24 * HOUR_S


def replies(history: Iterable[Event], plan: Plan = PLAN) -> list[tuple[int, Says]]:
    wants = [*answer_texts(Case.of([report(), *history]), plan)]
    targets = [want.target for want in wants]
    assert len({*targets}) == len(targets)
    assert all(isinstance(target, Reply) for target in targets)
    return [(target.contact, target.says) for target in targets if isinstance(target, Reply)]


def dropped(why: Dropped, at: float = 1.0, contact: int | None = 1) -> AnswerDropped:
    return AnswerDropped(at, contact, why)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (says(1, Confirmed, by=SMS), Says.REAL),
        (says(1, Unsure, by=SMS), Says.UNSURE),
        (says(1, Unclear, by=SMS), Says.UNCLEAR),
        (WrongPinTried(1.0, 1, SMS), Says.UNKNOWN),
        (dropped(Dropped.USED), Says.USED),
        (dropped(Dropped.OVER), Says.OVER),
        (dropped(Dropped.WORDS), Says.WORDS),
    ],
)
def test_every_text_is_answered_by_what_became_of_it(event, told):
    assert replies([event]) == [(1, told)]


def test_each_answer_has_a_reply_of_its_own():
    history = [says(1, what, by=SMS) for what in (*CONTACT_ANSWERS, Unclear)]
    assert len({*replies(history)}) == len(history)


@pytest.mark.parametrize(
    "event",
    [
        says(1, Confirmed),
        WrongPinTried(1.0, 1),
        dropped(Dropped.STRANGER, contact=None),
        dropped(Dropped.FLOOD),
        WrongPinTried(1.0, None, SMS),
        WrongPinTried(1.0, 9, SMS),
        dropped(Dropped.WORDS, contact=9),
    ],
)
def test_a_page_a_stranger_a_flood_and_whoever_is_no_contact_any_more_get_no_text(event):
    assert replies([event]) == []


def test_without_a_modem_nobody_is_answered():
    plan = Plan(AlarmKind.PANIC, (1, 2), quorum=2, can_text=False, wearer_number=False)
    assert replies([says(1, Confirmed, by=SMS)], plan) == []


def test_a_machine_that_answers_texts_gets_one_reply():
    history = [dropped(Dropped.WORDS, 10.0 * n) for n in range(100)]
    assert replies(history) == [(1, Says.WORDS)]
    assert replies([*history, dropped(Dropped.WORDS, 2 * DAY_S)]) == [(1, Says.WORDS)]


def test_somebody_who_writes_in_a_contacts_name_draws_few_texts():
    history = [WrongPinTried(60.0 * n, 1, SMS) for n in range(60)]
    assert len(replies(history)) == REPLIES_AN_HOUR
    history = [WrongPinTried(60.0 * n, 1, SMS) for n in range(7 * 24 * 60)]
    assert len(replies(history)) == REPLIES


def test_what_others_draw_takes_no_answer_its_reply():
    history = [WrongPinTried(60.0 * n, 1, SMS) for n in range(1000)]
    history += [says(1, Confirmed, at=DAY_S, by=SMS), says(2, Unclear, at=DAY_S, by=SMS)]
    history.append(dropped(Dropped.WORDS, DAY_S, contact=2))
    assert replies(history)[-3:] == [(1, Says.REAL), (2, Says.UNCLEAR), (2, Says.WORDS)]


texts = st.one_of(
    st.builds(
        AnswerDropped, st.just(0.0), st.sampled_from([1, 2]), st.sampled_from(Dropped)
    ).filter(lambda event: event.why is not Dropped.STRANGER),
    st.builds(WrongPinTried, st.just(0.0), st.sampled_from([1, 2]), st.just(SMS)),
    st.sampled_from([says(1, Confirmed, 0.0, SMS), says(2, Unclear, 0.0, SMS)]),
)


@given(st.lists(st.tuples(texts, st.floats(0, HOUR_S)), max_size=30), st.data())
def test_what_comes_later_changes_no_reply_that_was_owed(drawn, data):
    """So a crash neither loses one nor sends it twice: it is the same call at every look."""
    at, history = 0.0, []
    for event, wait in drawn:
        at += wait
        history.append(type(event)(at, *list(vars(event).values())[1:]))
    early = history[: data.draw(st.integers(0, len(history)))]
    first, all_ = ([*answer_texts(Case.of([report(), *each]), PLAN)] for each in (early, history))
    assert all_[: len(first)] == first


def test_a_reply_goes_once_and_a_lost_one_once_more():
    history: list[Event] = [report(), says(1, Confirmed, by=SMS)]
    plan = Plan(AlarmKind.DRILL, (1,), 1, can_text=True, wearer_number=False, texted=frozenset())
    left = 0
    for _ in range(9):
        for action in decide(Case.of(history), plan, 10.0).actions:
            if isinstance(action.target, Reply):
                left += 1
                history += [
                    CallPlanned(10.0, action),
                    CallEnded(10.0, action, Came(Outcome.UNKNOWN)),
                ]
    assert left == 2
