"""Who is told when, by what, and when somebody has it in hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from builders import (
    CONTACT_ANSWERS,
    POSITION,
    STILL,
    corrected,
    officer,
    report,
    says,
    withdrawn,
)
from lived import PLAN, Life, decided, wanted

from outcry.report import AlarmKind
from outcry.responder.rules.calls import ActionKind, ToOfficers, Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    Acknowledged,
    AnswerDropped,
    AnsweredBy,
    CalledFalse,
    CallEnded,
    CallPlanned,
    Came,
    Closed,
    ContactSaw,
    Dropped,
    Event,
    HeardAgain,
    Mark,
    Outcome,
    Reason,
    Unsure,
    Verdict,
    Vetoed,
    VetoLifted,
    WentSilent,
    WrongPinTried,
)
from outcry.responder.rules.notification import DECIDE_WITHIN_S, UNANSWERED_S

STAIRS = replace(PLAN, contacts=(3, 1, 2, 4, 5), first=1)


def told_at(plan, *events: Event, until: float = 3600.0) -> dict[str, float]:
    """When each contact's text left."""
    life = Life(plan)
    life.happens(*(event for event in events if event.at <= 0))
    for event in events:
        if event.at > 0:
            life.until(event.at)
            life.happens(event)
    life.until(until)
    return {str(e.action.target): e.at for e in life.calls(Outcome.DONE, ActionKind.TELL)}


def test_everybody_at_once_is_the_plan_until_another_is_written():
    assert told_at(PLAN, report()) == {"1": 0.0, "2": 0.0, "3": 0.0}


def test_without_an_answer_the_next_is_told_after_60_s_and_all_after_150_s():
    assert told_at(STAIRS, report()) == {"3": 0, "1": 60, "2": 120, "4": 150, "5": 150}


def test_two_may_begin_together():
    assert told_at(replace(STAIRS, first=2), report())["1"] == 0.0


def test_who_has_seen_it_has_five_minutes_to_decide_then_all_are_told():
    told = told_at(STAIRS, report(), says(3, ContactSaw, at=70.0))
    assert (told["3"], told["1"]) == (0.0, 60.0)
    assert {told["2"], told["4"], told["5"]} == {70.0 + DECIDE_WITHIN_S}


def test_a_duty_officer_who_has_it_holds_the_others_too():
    told = told_at(STAIRS, report(), officer(Acknowledged, 5.0))
    assert told["1"] == 5.0 + DECIDE_WITHIN_S


@pytest.mark.parametrize("answer", [Unsure, CalledFalse])
def test_a_doubt_holds_nobody_up(answer):
    assert told_at(STAIRS, report(), says(3, answer, at=10.0))["1"] == 60.0


def test_a_confirmation_tells_everybody_now_for_a_quorum_needs_them():
    told = told_at(STAIRS, report(), says(3, at=10.0))
    assert {at for contact, at in told.items() if contact != "3"} == {10.0}


def test_held_again_everybody_is_told_now():
    again = report(2, at=20.0, type_=STILL)
    assert set(told_at(STAIRS, report(), again).values()) == {0.0, 20.0}


@pytest.mark.parametrize("what", [Vetoed, Closed])
def test_what_a_duty_officer_has_decided_nobody_else_is_troubled_with(what):
    told = told_at(STAIRS, report(), officer(what, 10.0))
    assert told == {"3": 0.0}


def test_when_a_veto_is_lifted_the_others_are_told_after_all():
    told = told_at(STAIRS, report(), officer(Vetoed, 10.0), officer(VetoLifted, 20.0))
    assert told["1"] == 10.0 + DECIDE_WITHIN_S


def test_a_drill_climbs_the_same_stairs():
    drill = replace(STAIRS, kind=AlarmKind.DRILL)
    assert told_at(drill, report()) == told_at(STAIRS, report())


def test_each_contact_is_told_by_all_they_asked_for():
    plan = replace(PLAN, channels={2: ("signal", "mail")}, texted=frozenset({1, 2}))
    plan = replace(plan, contacts=(1, 2))
    assert wanted([report()], plan) == [
        "tell 1",
        "notify contact:2:signal",
        "notify contact:2:mail",
        "tell 2",
    ]


def test_who_wants_no_texts_gets_one_when_nothing_else_has_reached_them():
    plan = replace(PLAN, contacts=(2,), texted=frozenset(), channels={2: ("signal", "mail")})
    life = Life(plan, lambda action: Outcome.FAILED if action.kind == "notify" else Outcome.DONE)
    life.happens(report())
    assert life.done("tell") == ["2"]


def test_who_wants_no_texts_gets_none_while_something_reaches_them():
    plan = replace(PLAN, contacts=(2,), texted=frozenset(), channels={2: ("signal", "mail")})
    life = Life(plan, lambda a: Outcome.UNKNOWN if a.target.channel == "mail" else Outcome.DONE)
    life.happens(report())
    life.until(86400.0)
    assert life.done("tell") == []


def test_closed_and_held_again_everybody_is_told_again():
    life = Life(PLAN)
    life.happens(report())
    life.happens(officer(Closed))
    life.happens(report(2, type_=POSITION))
    assert life.done("tell") == ["1", "2", "3"]
    life.happens(report(3, type_=STILL))
    assert life.done("tell") == ["1", "2", "3", "1#2", "2#2", "3#2"]


def test_what_was_held_before_the_newest_report_at_the_closing_opens_nothing():
    life = Life(PLAN)
    life.happens(report(), report(2, type_=POSITION, sequence=5))
    life.happens(officer(Closed))
    life.happens(report(3, type_=STILL, marks=(Mark.OUT_OF_ORDER,)))
    assert life.done("tell") == ["1", "2", "3"]


def test_a_new_hold_whose_time_is_not_known_is_told_as_one_of_now():
    life = Life(PLAN)
    life.happens(report())
    life.happens(officer(Closed))
    life.happens(report(3, type_=STILL, marks=(Mark.CLOCK_UNSET, Mark.TIME_UNKNOWN)))
    assert life.done("tell") == ["1", "2", "3", "1#2", "2#2", "3#2"]


OFFICERS = replace(PLAN, officers=("desk", "phone"), contacts=())


def topics(life: Life) -> list[Topic]:
    told = [event.action.target for event in life.calls(Outcome.DONE, ActionKind.NOTIFY)]
    return [
        target.topic
        for target in told
        if isinstance(target, ToOfficers) and target.channel == "phone"
    ]


OLD = (Mark.LATE, Mark.OUT_OF_ORDER, Mark.COUNTER_USED, Mark.TIME_UNKNOWN)


@pytest.mark.parametrize("mark", OLD)
def test_the_officer_hears_at_once_that_consent_does_not_count(mark):
    life = Life(replace(OFFICERS, consent_s=600.0))
    life.happens(report(marks=(mark,)))
    assert topics(life) == [Topic.RAISED, Topic.NO_CONSENT]


@pytest.mark.parametrize("given", [600.0, None])
@pytest.mark.parametrize("marks", [(), (Mark.CLOCK_UNSET,), (Mark.CLOCK_AHEAD,)])
def test_nobody_is_told_so_where_consent_counts_or_was_never_given(marks, given):
    life = Life(replace(OFFICERS, consent_s=given))
    life.happens(report(marks=marks))
    assert topics(life) == [Topic.RAISED]


def test_without_consent_an_old_report_is_no_news():
    life = Life(OFFICERS)
    life.happens(report(marks=(Mark.LATE,)))
    assert topics(life) == [Topic.RAISED]


def test_of_a_drill_nobody_hears_of_consent():
    life = Life(replace(OFFICERS, consent_s=600.0, kind=AlarmKind.DRILL))
    life.happens(report(marks=(Mark.LATE,)))
    assert topics(life) == [Topic.RAISED]


def test_every_officer_channel_hears_of_an_alarm_at_once():
    life = Life(OFFICERS)
    life.happens(report())
    assert life.done("notify") == ["officer:desk:raised", "officer:phone:raised"]


def test_the_duty_officer_hears_each_thing_once():
    life = Life(OFFICERS)
    life.happens(report(), says(1, CalledFalse), says(2, Unsure), says(2, CalledFalse))
    wrong = WrongPinTried(1.0, 1)
    judged = withdrawn(Verdict.DURESS, 1.0, 2), withdrawn(Verdict.DURESS, 1.0, 3)
    life.happens(wrong, wrong, *judged[0], wrong, *judged[1])
    life.until(86400.0)
    assert topics(life) == [Topic.RAISED, Topic.DOUBTED, Topic.WRONG_PIN, Topic.WITHDRAWN]


def test_an_alarm_nobody_answers_is_told_of_once_more():
    life = Life(OFFICERS)
    life.happens(report())
    life.until(UNANSWERED_S - 1)
    assert topics(life) == [Topic.RAISED]
    life.until(86400.0)
    assert topics(life) == [Topic.RAISED, Topic.UNANSWERED]


@pytest.mark.parametrize("answer", CONTACT_ANSWERS)
def test_an_answered_alarm_is_not_told_of_again(answer):
    life = Life(OFFICERS)
    life.happens(report(), says(1, answer))
    life.until(86400.0)
    assert Topic.UNANSWERED not in topics(life)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
def test_a_network_that_keeps_failing_or_keeps_silent_is_told_of_once(outcome):
    life = Life(OFFICERS, lambda a: outcome if str(a.target) == "mastodon" else Outcome.DONE)
    life.happens(report(), says(1), says(2))
    life.until(86400.0)
    assert topics(life).count(Topic.UNPUBLISHED) == 1


@pytest.mark.parametrize(("wait_s", "told"), [(60.0, False), (61.0, True), (86_400.0, True)])
def test_a_network_that_wants_to_be_left_alone_for_long_is_told_of_at_once(wait_s, told):
    """Its next two tries in vain would be hours or days away."""
    life = Life(OFFICERS, lambda a: None if str(a.target) == "mastodon" else Outcome.DONE)
    life.happens(report(), says(1), says(2))
    planned = [event for event in life.history if isinstance(event, CallPlanned)]
    (action,) = (each.action for each in planned if str(each.action.target) == "mastodon")
    life.happens(CallEnded(0.0, action, Came(Outcome.FAILED, "429", wait_s=wait_s)))
    assert (Topic.UNPUBLISHED in topics(life)) is told


ENDINGS = {
    "closed": [officer(Closed, 5.0)],
    "corrected": [corrected(at=5.0)],
    "free, and closed": [corrected(Reason.RELEASED, 5.0), officer(Closed, 6.0)],
}
CONTRADICTIONS = {
    "confirmed": [says(2, at=50.0), says(3, at=60.0)],
    "confirmed by SMS": [says(2, by=AnsweredBy.SMS, at=50.0)],
    "confirmed with a code that is good later": [AnswerDropped(50.0, 1, Dropped.REAL)],
    "held before what was known at the end": [report(2, 50.0, STILL, sequence=0)],
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.parametrize("says_so", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_who_says_that_it_is_real_after_its_end_is_told_to_the_officers_once(end, says_so):
    life = Life(OFFICERS, lambda a: Outcome.FAILED if a.attempt < 3 else Outcome.DONE)
    life.happens(report(sequence=1))
    for event in (*end, *says_so):
        life.until(event.at)
        life.happens(event)
    told = Counter(life.done("notify"))
    life.until(86400.0)
    new = Counter(life.done("notify")) - told
    assert {each for each in new if "contradicted" in each} == {
        "officer:desk:contradicted",
        "officer:phone:contradicted",
    }
    assert Case.of(life.history).now.number == 1
    assert not any(each.startswith("contact") for each in new)


@pytest.mark.parametrize("answer", [ContactSaw, Unsure, CalledFalse])
def test_another_answer_contradicts_no_end(answer):
    life = Life(OFFICERS)
    life.happens(
        report(), officer(Closed, 0.0), says(1, answer), AnswerDropped(1.0, 1, Dropped.OVER)
    )
    life.until(86400.0)
    assert topics(life) == []


@pytest.mark.parametrize("kind", [AlarmKind.DRILL, AlarmKind.SILENCE])
def test_nobody_is_told_that_a_drill_or_a_silence_is_real(kind):
    life = Life(replace(OFFICERS, kind=kind))
    life.happens(report(), officer(Closed), says(1))
    life.until(86400.0)
    assert Topic.CONTRADICTED not in topics(life)


def test_who_ends_it_again_has_read_that_it_was_contradicted():
    told = [report(), corrected(at=5.0), says(1, at=6.0)]
    assert Topic.CONTRADICTED in Case.of(told).now.topics
    assert Topic.CONTRADICTED not in Case.of([*told, officer(Closed, 7.0)]).now.topics


def test_a_drill_is_told_of_and_no_more():
    life = Life(replace(OFFICERS, kind=AlarmKind.DRILL))
    life.happens(report(), says(1, CalledFalse), WrongPinTried(1.0, 1))
    life.until(86400.0)
    assert topics(life) == [Topic.RAISED]


SILENCE = replace(OFFICERS, kind=AlarmKind.SILENCE, contacts=(1, 2), quiet_s=3600.0)


def silent(at: float = 0.0) -> Event:
    return WentSilent(at, -1500.0)


def test_of_a_silence_the_duty_officer_hears_first_and_contacts_after_the_plans_time():
    life = Life(SILENCE)
    life.happens(silent())
    assert topics(life) == [Topic.RAISED]
    life.until(3599.0)
    assert life.done("tell") == []
    life.until(3600.0)
    assert life.done("tell") == ["1", "2"]
    life.until(7 * 86400.0)
    assert topics(life) == [Topic.RAISED]
    assert life.done("tell") == ["1", "2"]


def test_a_device_that_is_heard_again_ends_its_silence():
    life = Life(SILENCE)
    life.happens(silent())
    life.until(100.0)
    life.happens(HeardAgain(100.0))
    life.until(86400.0)
    assert life.done("tell") == []
    assert decided(life.history, SILENCE, 86400.0).look_again_at is None


def test_a_plan_may_spare_the_contacts_every_silence():
    life = Life(replace(SILENCE, quiet_s=None))
    life.happens(silent())
    life.until(7 * 86400.0)
    assert life.done("tell") == []


def test_a_silence_the_duty_officer_has_taken_goes_to_contacts_only_if_it_lasts():
    life = Life(SILENCE)
    life.happens(silent(), officer(Acknowledged, 3590.0))
    life.until(3600.0 + DECIDE_WITHIN_S - 20)
    assert life.done("tell") == []
    life.until(3600.0 + DECIDE_WITHIN_S)
    assert life.done("tell") == ["1", "2"]
