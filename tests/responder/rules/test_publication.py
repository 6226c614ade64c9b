"""When an alarm may be made public, and when what is public is corrected."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from builders import (
    BEFORE,
    CONTACT_ANSWERS,
    OFFICER_ACTS,
    POSITION,
    STILL,
    corrected,
    ended,
    ground,
    officer,
    planned,
    report,
    says,
    withdrawn,
)
from lived import PLAN, Life, decided, wanted

from outcry.receipt import Status
from outcry.report import AlarmKind, MessageType
from outcry.responder.rules.calls import (
    Correction,
    FollowUp,
    Post,
    Receipt,
    Target,
    ToContact,
    ToOfficers,
    Topic,
)
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import is_allowed
from outcry.responder.rules.events import (
    Acknowledged,
    AnsweredBy,
    Approved,
    CallPlanned,
    Closed,
    ContactSaw,
    Event,
    Ground,
    GroundFound,
    Mark,
    OfficerConfirmed,
    Outcome,
    Reason,
    Reopened,
    Unsure,
    Verdict,
    Vetoed,
    VetoLifted,
)
from outcry.responder.rules.model import Disclosure, Later
from outcry.responder.rules.publication import (
    FOLLOW_UPS,
    MOVED_EVERY_S,
    PAGE_FIRST_S,
    STILL_EVERY_S,
    how_they_stand,
    is_due,
)

CONSENT = replace(PLAN, consent_s=600.0)
DRILL = replace(CONSENT, kind=AlarmKind.DRILL)
NETWORKS = ["own page", "mastodon"]
QUORUM = (says(1), says(2))


def grounded(history, plan=PLAN, now: float = 1e6) -> Ground | None:
    return decided(history, plan, now).ground


PAGE = Post("own page")


def allowed(target: Target, history: list[Event], plan=PLAN) -> bool:
    return is_allowed(target, Case.of(history), plan)


def votes(history: list[Event]) -> int:
    return Case.of(history).now.votes


@pytest.mark.parametrize("came", [*Outcome][:4], ids=str)
def test_the_own_page_comes_first_and_once_it_has_come_to_anything_the_others(came):
    """Their posts link to it."""
    first = [report(), *QUORUM, ground(at=2.0), planned(PAGE, 2.0)]
    assert not any("mastodon" in each for each in wanted(first, now=2.0 + PAGE_FIRST_S - 0.1))
    then = [*first, ended(PAGE, came, 2.1)]
    assert "publish mastodon" in wanted(then, now=2.1)
    stand = [how_they_stand([(Case.of(history), PLAN)]) for history in (first, then)]
    assert stand == [Later.OPEN, Later.PUBLIC], "what takes an earlier one back links to its post"


def test_no_alarm_waits_for_an_own_page_that_never_comes():
    first = [report(), *QUORUM, ground(at=2.0)]
    assert decided(first, PLAN, 2.0).look_again_at == 2.0 + PAGE_FIRST_S
    assert "publish mastodon" in wanted([*first, planned(PAGE, 2.0)], now=2.0 + PAGE_FIRST_S)
    late = [*first, planned(PAGE, 2.0), planned(Post("mastodon"), 2.0 + PAGE_FIRST_S)]
    assert how_they_stand([(Case.of(late), PLAN)]) is Later.PUBLIC
    alone = replace(PLAN, networks=("mastodon",))
    assert "publish mastodon" in wanted(first, alone, now=2.0)


HELD = replace(PLAN, embargo_s=600.0)


def test_nothing_is_published_before_the_plans_embargo_ends():
    history = [report(), *QUORUM, ground(at=2.0)]
    assert not published(history, HELD, 2.0)
    assert decided(history, HELD, 601.0).look_again_at == 602.0
    assert not published(history, HELD, 601.9)
    assert published(history, HELD, 602.0) == ["publish own page"]
    assert how_they_stand([(Case.of(history), HELD)]) is Later.OPEN
    out = [*history, planned(PAGE, 602.0), ended(PAGE, Outcome.DONE, 602.0)]
    assert "publish mastodon" in published(out, HELD, 602.0)
    assert how_they_stand([(Case.of(out), HELD)]) is Later.PUBLIC


def test_other_networks_are_held_where_the_plan_has_no_own_page():
    alone = replace(HELD, networks=("mastodon",))
    history = [report(), *QUORUM, ground(at=2.0)]
    assert not published(history, alone, 601.9)
    assert published(history, alone, 602.0) == ["publish mastodon"]
    assert how_they_stand([(Case.of(history), alone)]) is Later.OPEN
    out = [*history, planned(Post("mastodon"), 602.0)]
    assert how_they_stand([(Case.of(out), alone)]) is Later.PUBLIC


@pytest.mark.parametrize("when", ["before", "within"])
def test_a_duty_officer_who_publishes_does_not_wait_for_the_embargo(when):
    said = officer(Approved, at=100.0)
    history = [report(), *QUORUM, ground(at=2.0), said]
    if when == "before":
        history = [report(), said, ground(101.0, Ground.DUTY_OFFICER)]
    assert published(history, HELD, 101.0) == ["publish own page"]
    assert not any("mastodon" in each for each in published(history, HELD, 101.0))
    assert "publish mastodon" in published(history, HELD, 101.0 + PAGE_FIRST_S)


def test_a_veto_within_the_embargo_holds_after_it():
    history = [report(), *QUORUM, ground(at=2.0), officer(Vetoed, at=100.0)]
    assert not published(history, HELD, 1e6)
    lifted = [*history, officer(VetoLifted, at=700.0), ground(at=700.0)]
    assert not published(lifted, HELD, 1299.9), "the ground that stands is a new one"
    assert published(lifted, HELD, 1300.0)


def test_a_withdrawal_within_the_embargo_ends_what_rests_on_consent():
    plan = replace(HELD, consent_s=600.0)
    history = [report(), ground(600.0, Ground.CONSENT)]
    assert published(history, plan, 1200.0)
    assert not published([*history, *withdrawn(Verdict.SAFE, 700.0)], plan, 1200.0)


def test_nothing_is_taken_back_before_the_embargo_ends():
    post = Post("own page")
    first = [report(), *QUORUM, ground(at=2.0), planned(post, 2.0), ended(post, Outcome.DONE, 2.0)]
    said = [*first, corrected(Reason.RELEASED, at=10.0)]
    told = Correction("own page", 1)
    said += [planned(told, 10.0), ended(told, Outcome.DONE, 10.0)]
    again = [*said, officer(Reopened, at=20.0), says(1, at=20.0), says(2, at=20.0), ground(at=20.0)]
    assert "take back" in " ".join(wanted(again, PLAN, 30.0))
    assert "take back" not in " ".join(wanted(again, HELD, 619.9))
    assert "take back" in " ".join(wanted(again, HELD, 630.0))


@pytest.mark.parametrize(
    ("history", "at", "due"),
    [
        ([report(), *QUORUM], 2.0, False),
        ([report(), *QUORUM, ground(at=2.0)], 601.9, False),
        ([report(), *QUORUM, ground(at=2.0)], 602.0, True),
        ([report(), officer(Approved)], 2.0, True),
        ([report()], 1e6, False),
    ],
)
def test_a_contact_reads_that_it_is_being_published_when_it_is(history, at, due):
    assert is_due(Case.of(history), HELD, at) is due
    assert is_due(Case.of(history), PLAN, at) is (len(history) > 1)


def published(history, plan, now):
    return [each for each in wanted(history, plan, now) if each.startswith("publish")]


def test_a_duty_officer_alone_can_say_publish():
    assert grounded([report(), officer(Approved)]) is Ground.DUTY_OFFICER


def test_one_contact_and_the_duty_officer_are_a_quorum_where_the_plan_says_so():
    history = [report(), says(1), officer(OfficerConfirmed)]
    assert grounded(history) is Ground.QUORUM
    assert grounded(history, replace(PLAN, officer_counts=False)) is None


@pytest.mark.parametrize(
    "history",
    [
        [officer(OfficerConfirmed)],
        [officer(OfficerConfirmed), officer(OfficerConfirmed)],
        [officer(Acknowledged), says(1)],
        [officer(OfficerConfirmed), says(1, ContactSaw), says(2, Unsure)],
    ],
)
def test_an_officer_without_a_confirming_contact_is_no_quorum(history):
    assert grounded([report(), *history]) is None


def test_all_that_comes_by_sms_is_one_vote():
    by_sms = [says(n, by=AnsweredBy.SMS) for n in (1, 2, 3)]
    assert votes(by_sms) == 1
    assert grounded([report(), *by_sms]) is None
    assert grounded([report(), *by_sms, says(1)]) is Ground.QUORUM


def test_a_contact_is_one_vote_whichever_way_they_say_it():
    assert votes([says(1), says(1, by=AnsweredBy.SMS)]) == 1


def test_consent_publishes_when_nobody_has_answered_for_so_long():
    life = Life(CONSENT)
    life.happens(report(at=0.0))
    assert decided(life.history, CONSENT, 1.0).look_again_at == 600.0
    life.until(599.0)
    assert life.done("publish") == []
    life.until(600.0)
    assert life.done("publish") == NETWORKS
    assert life.history[-5] == GroundFound(600.0, Ground.CONSENT)


def test_without_consent_nobody_publishes_by_waiting():
    life = Life(PLAN)
    life.happens(report())
    life.until(7 * 86400.0)
    assert life.done("publish") == []


@pytest.mark.parametrize("answer", [*CONTACT_ANSWERS, *OFFICER_ACTS])
def test_whoever_answers_takes_the_decision_from_the_clock(answer):
    entry = says(1, answer, 300.0) if answer in CONTACT_ANSWERS else officer(answer, 300.0)
    before = BEFORE.get(answer, [])
    found = grounded([report(), *before, entry], CONSENT)
    assert found is (Ground.DUTY_OFFICER if answer is Approved else None)


@pytest.mark.parametrize("verdict", Verdict)
def test_whatever_code_is_tapped_takes_back_the_consent_that_nobody_has_used(verdict):
    """Whoever watches the wearer tap sees the same silence after each code."""
    assert grounded([report(), *withdrawn(verdict)], CONSENT) is None


def test_a_withdrawal_that_waits_to_be_judged_holds_consent_back():
    assert grounded([report(), withdrawn(Verdict.SAFE)[0]], CONSENT) is None


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [(Verdict.SAFE, Ground.CONSENT), (Verdict.DURESS, None), (Verdict.WAITING, None)],
)
def test_held_again_after_a_closing_consent_counts_anew_unless_it_was_duress(verdict, counts):
    over = [*withdrawn(verdict), officer(Closed, 3.0)]
    assert grounded([report(), *over, report(15, 10.0, STILL)], CONSENT) is counts


@pytest.mark.parametrize(
    "mark", [Mark.LATE, Mark.OUT_OF_ORDER, Mark.COUNTER_USED, Mark.TIME_UNKNOWN]
)
def test_consent_publishes_nothing_on_an_old_report(mark):
    old = report(marks=(mark,))
    assert grounded([old], CONSENT) is None
    fresh = report(2, at=5000.0, type_=POSITION)
    assert grounded([old, fresh], CONSENT, 5599.0) is None
    assert grounded([old, fresh], CONSENT, 5600.0) is Ground.CONSENT


def test_a_fresh_withdrawal_makes_no_old_alarm_new():
    assert grounded([report(marks=(Mark.LATE,)), *withdrawn(Verdict.SAFE)], CONSENT) is None


def test_after_a_veto_consent_never_publishes_not_even_when_it_is_taken_back():
    history = [report(), officer(Vetoed, 1.0), officer(VetoLifted, 2.0)]
    assert grounded(history, CONSENT) is None


@pytest.mark.parametrize("verdict", Verdict)
def test_a_code_after_consent_was_used_stops_the_networks_still_to_come(verdict):
    history = [report(), ground(1.0, Ground.CONSENT), *withdrawn(verdict)]
    assert not [w for w in wanted(history, CONSENT) if w.startswith("publish")]
    assert not allowed(PAGE, history, CONSENT)
    by_people = [report(), *QUORUM, ground(), *withdrawn(verdict)]
    assert allowed(PAGE, by_people, CONSENT)


@pytest.mark.parametrize("plan", [DRILL, replace(CONSENT, kind=AlarmKind.SILENCE)])
def test_nothing_whatever_publishes_a_drill_or_a_silence(plan):
    steps = [report(), *QUORUM, officer(Approved), officer(OfficerConfirmed), ground()]
    for order in itertools.permutations(steps, 5):
        assert grounded(order, plan) is None
        assert not {"publish own page", "correct own page:1"} & set(wanted(order, plan))
        for target in (PAGE, FollowUp("own page", 1)):
            assert not allowed(target, order, plan)


VETO, LIFT, APPROVE = (officer(w) for w in (Vetoed, VetoLifted, Approved))


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ((VETO,), None),
        ((VETO, *QUORUM), None),
        ((*QUORUM, VETO), None),
        ((APPROVE, VETO), None),
        ((VETO, LIFT, VETO), None),
        ((*QUORUM, VETO, LIFT), Ground.QUORUM),
        ((VETO, LIFT, *QUORUM), Ground.QUORUM),
        ((*QUORUM, VETO, APPROVE), Ground.DUTY_OFFICER),
        ((VETO, APPROVE), Ground.DUTY_OFFICER),
    ],
)
def test_a_veto_holds_until_it_is_lifted_or_an_officer_says_publish(said, allowed):
    assert grounded([report(), *said]) is allowed


def test_a_veto_stops_what_has_its_ground_but_is_not_out_yet():
    history = [report(), *QUORUM, ground(), VETO]
    assert not any(want.startswith("publish") for want in wanted(history))
    assert not allowed(PAGE, history)


def test_after_a_veto_is_lifted_the_ground_is_recorded_anew():
    life = Life(PLAN)
    life.happens(report(), *QUORUM, ground(), VETO, LIFT)
    assert sum(isinstance(e, GroundFound) for e in life.history) == 2
    assert life.done("publish") == NETWORKS


def test_a_veto_outlives_the_chapter_and_votes_do_not():
    closed = officer(Closed, 3.0)
    again = report(5, 10.0, STILL)
    assert grounded([report(), *QUORUM, closed, again]) is None
    assert grounded([report(), closed, again, *QUORUM]) is Ground.QUORUM
    assert grounded([report(), VETO, closed, again, *QUORUM]) is None


def test_a_veto_once_said_ends_consent_for_every_chapter():
    closed = officer(Closed, 3.0)
    again = report(5, 10.0, STILL)
    assert grounded([report(), closed, again], CONSENT) is Ground.CONSENT
    assert grounded([report(), VETO, LIFT, closed, again], CONSENT) is None


def test_what_was_corrected_and_closed_can_become_true_again():
    over = [corrected(Reason.RELEASED, 3.0), officer(Closed, 4.0)]
    again = report(5, 10.0, STILL)
    assert grounded([report(), *QUORUM, *over, again, *QUORUM]) is Ground.QUORUM


@pytest.mark.parametrize("target", [ToContact(1), ToOfficers("desk", Topic.RAISED)])
def test_what_was_planned_before_the_closing_is_not_begun_after_it(target):
    assert allowed(target, [report()])
    assert not allowed(target, [report(), officer(Closed)])
    assert not allowed(target, [report(), officer(Closed), report(5, 10.0, STILL)])
    assert allowed(Receipt(1, Status.STORED), [report(), officer(Closed)])


def test_closed_nothing_new_is_published_and_what_is_owed_goes():
    life = Life(PLAN)
    life.happens(report(), *QUORUM)
    life.happens(corrected(Reason.RELEASED, 5.0), officer(Closed, 6.0))
    life.happens(report(4, 7200.0, POSITION))
    assert life.done("correct") == ["mastodon:1", "own page:1"]
    assert life.done("follow up") == []
    assert grounded([report(), officer(Closed), *QUORUM]) is None


def test_a_correction_goes_wherever_there_is_a_post_or_may_be_one():
    came = {"own page": Outcome.DONE, "mastodon": Outcome.UNKNOWN, "x": Outcome.FAILED}
    plan = replace(PLAN, networks=tuple(came))
    life = Life(plan, lambda action: came.get(str(action.target), Outcome.DONE))
    life.happens(report(), *QUORUM)
    life.happens(corrected(at=5.0))
    assert life.done("correct") == ["mastodon:1", "own page:1"]


@pytest.mark.parametrize("reason", [Reason.FALSE_ALARM, Reason.RELEASED])
def test_what_was_corrected_is_published_nowhere_else_until_an_officer_says_so(reason):
    history = [report(), *QUORUM, ground(), corrected(reason, 5.0)]
    assert not any(want.startswith("publish") for want in wanted(history))
    assert grounded(history) is None
    assert grounded([*history, APPROVE]) is Ground.DUTY_OFFICER


def test_a_correction_of_something_else_leaves_the_alarm_as_it_is():
    history = [report(), *QUORUM, ground(), corrected(Reason.OTHER, 5.0)]
    assert "publish own page" in wanted(history)


def posted(*later: Event, plan=PLAN) -> list[str]:
    """The follow-ups on the own page, of an alarm that was published at once."""
    life = Life(plan)
    life.happens(report(), *QUORUM)
    for entry in later:
        life.until(entry.at)
        life.happens(entry)
    return [t for t in life.done("follow up") if t.startswith("own page")]


def test_held_again_is_told_to_the_readers_of_the_post():
    assert posted(report(4, 5.0, STILL)) == ["own page:4"]


def test_holding_again_and_again_is_told_once_in_ten_minutes():
    held = [report(n, 30.0 * n, STILL) for n in range(4, 40)]
    told = posted(*held)
    assert told[0] == "own page:4"
    assert len(told) == 1 + (30 * 39 - 120) // STILL_EVERY_S


def test_where_the_wearer_was_seen_is_told_hourly_and_not_for_ever():
    seen = [report(n, 600.0 * n, POSITION) for n in range(1, 120)]
    assert posted(*seen) == [f"own page:{6 * n}" for n in range(1, FOLLOW_UPS + 1)]
    assert MOVED_EVERY_S == 3600


def test_where_the_plan_hides_the_place_no_position_is_followed_up():
    seen = report(4, 7200.0, POSITION)
    assert posted(seen, plan=replace(PLAN, discloses=Disclosure.NOTHING)) == []


@pytest.mark.parametrize("type_", [MessageType.WITHDRAWAL, MessageType.FIRST])
def test_a_withdrawal_is_nobodys_business_but_hqs(type_):
    assert posted(report(4, 7200.0, type_)) == []


def test_an_old_report_is_no_news():
    assert posted(report(4, 7200.0, STILL, marks=(Mark.LATE,))) == []


def test_what_is_dropped_before_it_began_is_done_as_soon_as_it_may():
    life = Life(PLAN)
    life.happens(report(), *QUORUM)
    (page, _) = [
        event.action
        for event in life.history
        if isinstance(event, CallPlanned) and isinstance(event.action.target, Post)
    ]
    tried = [planned(page.target), ended(page.target, Outcome.DROPPED, 3.0)]
    dropped = [report(), *QUORUM, ground(), *tried]
    action = next(a for a in decided(dropped, PLAN, 3.0).actions if a.target == Post("own page"))
    assert (action.target, action.attempt) == (PAGE, 2)
