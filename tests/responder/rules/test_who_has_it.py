"""One duty officer has an alarm; the others are told when it passes on, or is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import STILL, corrected, officer, report, says
from lived import PLAN, Life

from outcry.report import AlarmKind
from outcry.responder.rules.calls import ActionKind, ToOfficers, Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import is_allowed
from outcry.responder.rules.events import (
    Acknowledged,
    Closed,
    ContactSaw,
    Event,
    GivenBack,
    Ground,
    GroundFound,
    HandedOver,
    Noted,
    OfficerConfirmed,
    Outcome,
    Rang,
    Reopened,
    Said,
    StillOnIt,
    TakenOver,
    Ticked,
    Unticked,
    Vetoed,
    WentSilent,
)
from outcry.responder.rules.notification import DECIDE_WITHIN_S, REMINDERS

DESK = replace(PLAN, officers=("desk",))
IDLE_S = DESK.idle_s
NIGHT = Acknowledged(10.0, "night")


def lived(*events: Event, plan=DESK, until: float = 0.0, comes=lambda _: Outcome.DONE) -> Life:
    """An alarm is raised at 0, and this happens."""
    life = Life(plan, comes)
    for event in (report(), *events):
        life.until(event.at)
        life.happens(event)
    life.until(until)
    return life


def told(life: Life, *topics: Topic) -> list[tuple[Topic, int, float]]:
    """What the officers were told of these, and when."""
    ended = life.calls(Outcome.DONE, ActionKind.NOTIFY)
    return [
        (e.action.target.topic, e.action.target.number, e.at)
        for e in ended
        if isinstance(e.action.target, ToOfficers) and e.action.target.topic in topics
    ]


def reminded_at(life: Life) -> list[float]:
    return [at for _, _, at in told(life, Topic.UNATTENDED)]


@pytest.mark.parametrize(
    ("said", "holder"),
    [
        ([], None),
        ([NIGHT], "night"),
        ([officer(Vetoed)], "night"),
        ([officer(Vetoed), Acknowledged(2.0, "day")], "day"),
        ([NIGHT, OfficerConfirmed(11.0, "day")], "night"),
        ([NIGHT, TakenOver(11.0, "day", "night")], "day"),
        ([NIGHT, TakenOver(11.0, "day", "dusk")], "night"),
        ([NIGHT, HandedOver(11.0, "night", "day")], "day"),
        ([NIGHT, HandedOver(11.0, "day", "dusk")], "night"),
        ([NIGHT, GivenBack(11.0, "night")], None),
        ([NIGHT, GivenBack(11.0, "day")], "night"),
        ([NIGHT, GivenBack(11.0, "night"), Acknowledged(12.0, "day")], "day"),
        ([Noted(11.0, "night", "I know her brother")], None),
        ([NIGHT, officer(Closed, 11.0), GivenBack(12.0, "night")], "night"),
        ([NIGHT, officer(Closed, 11.0), Reopened(12.0, "day")], "day"),
        ([NIGHT, officer(Closed, 11.0), report(2, 12.0, STILL)], None),
    ],
)
def test_one_officer_has_it(said, holder):
    assert Case.of([report(), *said]).now.holder == holder


def test_what_makes_no_sense_passes_nothing_on():
    nonsense = [GivenBack(11.0, "day"), HandedOver(11.0, "day", "dusk"), TakenOver(11.0, "a", "b")]
    assert Case.of([report(), NIGHT, *nonsense]).now.passes == []


def test_who_gave_it_back_is_known_until_somebody_has_it_again():
    said = [report(), NIGHT, GivenBack(11.0, "night")]
    assert Case.of(said).now.given_back_by == "night"
    assert Case.of([*said, Acknowledged(12.0, "day")]).now.given_back_by is None


@pytest.mark.parametrize("kind", [AlarmKind.PANIC, AlarmKind.DRILL])
def test_all_officers_are_told_each_time_it_passes_on(kind):
    life = lived(
        NIGHT,
        TakenOver(20.0, "day", "night"),
        HandedOver(30.0, "day", "night"),
        GivenBack(40.0, "night"),
        plan=replace(DESK, kind=kind),
        until=50.0,
    )
    passed = Topic.PASSED
    assert told(life, passed) == [(passed, 1, 20.0), (passed, 2, 30.0), (passed, 3, 40.0)]


def test_who_has_a_silence_is_told_too_and_nobody_is_reminded_of_it():
    silence = replace(DESK, kind=AlarmKind.SILENCE, quiet_s=None)
    life = Life(silence)
    life.happens(WentSilent(0.0, -1500.0), Acknowledged(0.0, "night"))
    life.happens(HandedOver(0.0, "night", "day"))
    life.until(86_400.0)
    assert told(life, *Topic) == [(Topic.RAISED, 1, 0.0), (Topic.PASSED, 1, 0.0)]


def test_that_it_passed_on_is_not_told_once_it_has_passed_on_further():
    life = lived(NIGHT, HandedOver(20.0, "night", "day"), comes=lambda _: None)
    to_day = ToOfficers("desk", Topic.PASSED, 1, 1)
    assert is_allowed(to_day, life.case, DESK)
    life.happens(GivenBack(21.0, "day"))
    assert not is_allowed(to_day, life.case, DESK)
    assert is_allowed(ToOfficers("desk", Topic.PASSED, 1, 2), life.case, DESK)


STAIRS = replace(DESK, contacts=(1, 2, 3), first=1)


def contacts_told(life: Life) -> dict[str, float]:
    return {str(e.action.target): e.at for e in life.calls(Outcome.DONE, ActionKind.TELL)}


def test_while_an_officer_has_it_contacts_wait_and_once_given_back_they_do_not():
    held = lived(NIGHT, plan=STAIRS, until=3600.0)
    assert contacts_told(held)["2"] == 10.0 + DECIDE_WITHIN_S
    back = lived(NIGHT, GivenBack(100.0, "night"), plan=STAIRS, until=3600.0)
    assert contacts_told(back) == {"1": 0.0, "2": 100.0, "3": 120.0}


def test_given_back_a_contact_who_has_seen_it_has_it_in_hand_still():
    seen = says(1, ContactSaw, at=20.0)
    back = lived(NIGHT, seen, GivenBack(100.0, "night"), plan=STAIRS, until=3600.0)
    assert contacts_told(back)["2"] == 20.0 + DECIDE_WITHIN_S


def test_given_back_after_a_veto_nobody_else_is_troubled_with_it():
    back = lived(NIGHT, officer(Vetoed, 20.0), GivenBack(100.0, "night"), plan=STAIRS, until=3600.0)
    assert contacts_told(back) == {"1": 0.0}


def spans(start: float) -> list[float]:
    return [start + n * IDLE_S for n in range(1, REMINDERS + 1)]


def test_of_an_alarm_that_nobody_ever_took_it_was_told_that_nobody_has_answered():
    life = lived(until=86_400.0)
    assert reminded_at(life) == []
    assert [topic for topic, *_ in told(life, *Topic)] == [Topic.RAISED, Topic.UNANSWERED]


def test_given_back_and_taken_by_nobody_it_is_told_of_again_each_span():
    life = lived(NIGHT, GivenBack(100.0, "night"), until=86_400.0)
    assert reminded_at(life) == spans(100.0)


def test_who_has_it_and_does_nothing_is_told_of_each_span():
    assert reminded_at(lived(NIGHT, until=86_400.0)) == spans(10.0)


@pytest.mark.parametrize(
    "does",
    [
        Acknowledged(700.0, "night"),
        Noted(700.0, "night", "nobody answers at her home"),
        StillOnIt(700.0, "night"),
        Ticked(700.0, "night", "Call the lawyer"),
        Rang(700.0, "night", 2, Said.NO_ANSWER),
        OfficerConfirmed(700.0, "night"),
        HandedOver(700.0, "night", "day"),
        TakenOver(700.0, "day", "night"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_whatever_who_has_it_does_begins_the_span_again(does):
    assert reminded_at(lived(NIGHT, does, until=86_400.0)) == spans(700.0)


@pytest.mark.parametrize(
    "does", [Noted(700.0, "day", "?"), OfficerConfirmed(700.0, "day"), says(1, ContactSaw, 700.0)]
)
def test_what_others_do_leaves_who_has_it_to_do_nothing(does):
    assert reminded_at(lived(NIGHT, does, until=86_400.0)) == spans(10.0)


def test_after_something_was_done_it_is_told_of_from_the_start():
    late = Noted(5000.0, "night", "at the police station")
    life = lived(NIGHT, late, until=86_400.0)
    assert reminded_at(life) == [*spans(10.0), *spans(5000.0)]
    numbers = [number for _, number, _ in told(life, Topic.UNATTENDED)]
    assert len(set(numbers)) == len(numbers)


def test_a_new_episode_is_told_of_from_the_start():
    again = report(2, 6000.0, STILL), Acknowledged(6010.0, "day")
    life = lived(NIGHT, officer(Closed, 5000.0), *again, until=86_400.0)
    assert reminded_at(life) == [*spans(10.0), *spans(6010.0)]


@pytest.mark.parametrize("end", [officer(Closed, 600.0), corrected(at=600.0)])
def test_what_was_ended_is_left_alone(end):
    assert reminded_at(lived(NIGHT, end, until=86_400.0)) == []


def test_a_drill_is_left_alone():
    drill = replace(DESK, kind=AlarmKind.DRILL)
    assert reminded_at(lived(NIGHT, plan=drill, until=86_400.0)) == []


def test_the_plan_says_after_how_long_or_never():
    assert reminded_at(lived(NIGHT, plan=replace(DESK, idle_s=None), until=86_400.0)) == []
    assert reminded_at(lived(NIGHT, plan=replace(DESK, idle_s=60.0), until=90.0)) == [70.0]


def test_an_hq_that_was_down_for_hours_tells_it_once_and_goes_on_from_there():
    life = lived(NIGHT)
    life.now = 20_000.0
    life.works()
    assert reminded_at(life) == [20_000.0]
    life.until(86_400.0)
    assert reminded_at(life) == [20_000.0 + n * IDLE_S for n in range(REMINDERS)]


def test_a_shorter_span_in_the_plan_does_not_tell_it_several_times_at_once():
    life = lived(NIGHT, until=800.0)
    life.plan = replace(DESK, idle_s=60.0)
    life.works()
    assert reminded_at(life) == [800.0]


def test_a_reminder_that_is_no_longer_true_does_not_leave():
    life = lived(
        NIGHT, until=1000.0, comes=lambda a: None if "unattended" in a.key else Outcome.DONE
    )
    (reminder,) = [t for t in life.case.calls if getattr(t, "topic", None) is Topic.UNATTENDED]
    assert is_allowed(reminder, life.case, DESK)
    life.happens(Noted(1001.0, "night", "she is on the phone"))
    assert not is_allowed(reminder, life.case, DESK)


def ticked(*events: Event) -> dict[str, str]:
    """Who has ticked what."""
    return {item: e.officer for item, e in Case.of([report(), *events]).now.ticked.items()}


def test_the_first_tick_stands_until_it_is_taken_back():
    lawyer = Ticked(1.0, "night", "Call the lawyer")
    again = Ticked(2.0, "day", "Call the lawyer")
    back = Unticked(3.0, "day", "Call the lawyer")
    assert ticked(lawyer, again) == {"Call the lawyer": "night"}
    assert ticked(lawyer, back) == ticked(back) == {}
    assert ticked(lawyer, back, replace(again, at=4.0)) == {"Call the lawyer": "day"}


def test_in_a_new_episode_nothing_is_ticked_and_nobody_was_rung():
    work = Ticked(1.0, "night", "Call the lawyer"), Rang(1.0, "night", 1, Said.REACHED)
    case = Case.of([report(), *work, officer(Closed, 2.0), report(2, 3.0, STILL)])
    assert (case.now.ticked, case.now.rings) == ({}, [])


@pytest.mark.parametrize("said", Said)
def test_what_a_contact_says_on_the_telephone_is_no_answer_of_theirs(said):
    rung = [Rang(float(n), "night", n, said) for n in (1, 2, 3)]
    life = lived(*rung, plan=replace(DESK, consent_s=600.0), until=1000.0)
    assert life.case.now.votes == 0
    assert not life.case.now.doubted_by
    assert life.case.now.ground == GroundFound(600.0, Ground.CONSENT)


def test_nobody_is_rung_who_is_in_no_list():
    assert Case.of([report(), Rang(1.0, "night", 4, Said.REACHED)], {1, 2, 3}).now.rings == []
