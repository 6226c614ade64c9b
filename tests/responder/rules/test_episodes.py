"""An episode is published for itself, and takes back what the last one said that is no longer so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import (
    POSITION,
    STILL,
    WITHDRAWAL,
    called,
    corrected,
    ended,
    ground,
    officer,
    planned,
    report,
    says,
)
from lived import PLAN, Life, wanted

from outcry.report import AlarmKind
from outcry.responder.rules.calls import Correction, FollowUp, Post, TakeBack, ToContact
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import is_allowed
from outcry.responder.rules.events import (
    Acknowledged,
    Approved,
    CallPlanned,
    Closed,
    Event,
    GroundFound,
    Mark,
    OfficerConfirmed,
    Outcome,
    Reason,
    Reopened,
    Verdict,
    Vetoed,
    WithdrawalJudged,
)

ONE = replace(PLAN, networks=("mastodon",))
QUORUM = (says(1), says(2))
CLOSED = officer(Closed, 6.0)
HELD = report(4, 60.0, STILL)
AGAIN = (says(1, at=70.0), says(2, at=71.0))
PUBLIC = [report(), *QUORUM, ground(), *called(Post("mastodon"))]


def over(reason: Reason = Reason.FALSE_ALARM) -> list[Event]:
    return [corrected(reason, 5.0), CLOSED]


def ends(target, outcome: Outcome) -> list[Event]:
    return called(target, outcome, 5.0)


def public_once(*then: Event, plan=PLAN, comes=lambda _: Outcome.DONE) -> Life:
    """An alarm that was published, and what happened after that."""
    life = Life(plan, comes)
    life.happens(report(), *QUORUM)
    for event in then:
        life.until(event.at)
        life.happens(event)
    return life


def said_in_order(life: Life) -> list[str]:
    kinds = ("publish", "follow up", "correct", "take back")
    calls = [event.action for event in life.history if isinstance(event, CallPlanned)]
    return [f"{call.kind} {call.target}" for call in calls if call.kind in kinds]


BEGINNINGS = {
    "closed, and held again": [*over(), HELD, *AGAIN],
    "corrected, not closed, and held again": [corrected(at=5.0), HELD, *AGAIN],
    "corrected, and an officer says publish": [corrected(at=5.0), officer(Approved, 60.0)],
    "closed, and opened again": [*over(), officer(Reopened, 60.0), *AGAIN],
    "corrected, and opened again": [corrected(at=5.0), officer(Reopened, 60.0), *AGAIN],
}


@pytest.mark.parametrize("then", BEGINNINGS.values(), ids=BEGINNINGS)
def test_a_new_episode_is_posted_for_itself_and_takes_back_that_it_was_false(then):
    assert said_in_order(public_once(*then)) == [
        "publish own page",
        "publish mastodon",
        "correct mastodon:1",
        "correct own page:1",
        "publish own page#2",
        "publish mastodon#2",
        "take back mastodon:1",
        "take back own page:1",
    ]


def test_nothing_is_taken_back_before_the_new_episode_may_be_public():
    life = public_once(*over(), HELD, says(1, at=70.0))
    assert life.done("take back") == []
    life.happens(officer(Vetoed, 71.0), says(2, at=72.0))
    assert life.done("take back") == []


def test_what_people_said_of_the_last_episode_makes_this_one_public_in_no_way():
    assert public_once(*over(), HELD).done("publish") == ["own page", "mastodon"]


def test_only_the_button_begins_an_episode_and_no_report_older_than_what_was_known_at_the_end():
    for other in (report(4, 60.0, POSITION), report(4, 60.0, STILL, sequence=0)):
        assert public_once(*over(), other).case.now.number == 1


@pytest.mark.parametrize("mark", [Mark.LATE, Mark.OUT_OF_ORDER, Mark.COUNTER_USED])
@pytest.mark.parametrize("first", [[], [report(9, 50.0, POSITION, sequence=9)]])
def test_a_hold_that_nobody_knew_at_the_end_begins_an_episode_however_it_comes(first, mark):
    """A device sends its newest report first: after an hour without data the hold comes last."""
    held = report(4, 60.0, STILL, marks=(mark,))
    life = public_once(*over(), *first, held, *AGAIN)
    assert life.case.now.number == 2
    assert life.done("publish") == ["own page", "mastodon", "own page#2", "mastodon#2"]
    early = [report(9, 1.0, POSITION, sequence=9), *over(), held]
    assert public_once(*early).case.now.number == 1, "what was known at the end was newer"


def test_no_hold_of_long_ago_starts_the_wearers_consent():
    plan = replace(PLAN, consent_s=600.0)
    for mark in (Mark.LATE, Mark.OUT_OF_ORDER, Mark.COUNTER_USED, Mark.TIME_UNKNOWN):
        life = public_once(*over(), report(4, 60.0, STILL, marks=(mark,)), plan=plan)
        life.until(5000.0)
        assert life.case.now.number == 2
        assert life.done("publish") == ["own page", "mastodon"]


@pytest.mark.parametrize("reason", [Reason.FALSE_ALARM, Reason.RELEASED])
def test_held_again_without_a_correction_there_is_nothing_to_take_back(reason):
    life = public_once(CLOSED, HELD, *AGAIN)
    assert life.done("publish") == ["own page", "mastodon", "own page#2", "mastodon#2"]
    assert life.done("take back") == []


def test_that_something_has_changed_ends_no_episode_and_is_not_taken_back():
    life = public_once(corrected(Reason.OTHER, 5.0), HELD, *AGAIN)
    assert life.case.now.number == 1
    assert life.done("follow up") == ["own page:4", "mastodon:4"]
    closed = public_once(corrected(Reason.OTHER, 5.0), CLOSED, HELD, *AGAIN)
    assert closed.done("take back") == []


def test_what_follows_is_told_under_the_post_of_its_own_episode():
    life = public_once(*over(), HELD, *AGAIN, report(5, 90.0, STILL))
    assert life.done("follow up") == ["own page:5", "mastodon:5"]
    assert life.case.post("mastodon") == Post("mastodon", 2)


def test_a_correction_goes_to_the_newest_post_and_that_she_is_free_to_every_post():
    again = [*over(), HELD, *AGAIN]
    false = public_once(*again, corrected(Reason.FALSE_ALARM, 80.0), plan=ONE)
    assert false.done("correct") == ["mastodon:1", "mastodon:2#2"]
    free = public_once(*again, corrected(Reason.RELEASED, 80.0), plan=ONE)
    assert free.done("correct") == ["mastodon:1", "mastodon:2", "mastodon:2#2"]
    free.happens(officer(Approved, 90.0))
    assert free.done("take back") == ["mastodon:1", "mastodon:2", "mastodon:2#2"]


def test_an_episode_that_was_never_public_is_corrected_where_the_last_one_stands():
    life = public_once(CLOSED, HELD, corrected(Reason.RELEASED, 80.0), plan=ONE)
    assert life.done("correct") == ["mastodon:1"]


REAL = {
    "a contact confirms": [says(1, at=70.0)],
    "an officer confirms": [officer(OfficerConfirmed, 70.0)],
    "an officer forbids": [officer(Vetoed, 70.0)],
    "it was withdrawn with another code": [
        report(5, 70.0, WITHDRAWAL),
        WithdrawalJudged(71.0, 5, Verdict.DURESS),
    ],
}


@pytest.mark.parametrize("reason", [Reason.FALSE_ALARM, Reason.RELEASED])
@pytest.mark.parametrize("real", REAL.values(), ids=REAL)
def test_that_she_is_free_is_not_said_after_an_episode_that_was_closed_and_not_corrected(
    real, reason
):
    """The network was down meanwhile: "arrested; the lawyer has it" is no "is free"."""
    down = [*PUBLIC, corrected(reason, 5.0), *ends(Correction("mastodon", 1), Outcome.FAILED)]
    closed = [*down, HELD, *real, officer(Closed, 80.0)]
    assert wanted(closed, ONE, 86_400.0) == []
    again = [*closed, corrected(reason, 90.0)]
    assert "correct mastodon:2" in wanted(again, ONE, 86_400.0)


def test_after_an_episode_that_nobody_believed_it_is():
    down = [*PUBLIC, corrected(at=5.0), *ends(Correction("mastodon", 1), Outcome.FAILED)]
    assert "correct mastodon:1" in wanted([*down, HELD, officer(Closed, 80.0)], ONE, 86_400.0)


# What is queued, being tried or unknown while a new episode begins


@pytest.mark.parametrize("tried", [[], ends(Correction("mastodon", 1), Outcome.FAILED)])
def test_a_correction_that_has_not_left_is_not_said_of_somebody_in_danger(tried):
    history = [*PUBLIC, corrected(at=5.0), *tried, CLOSED]
    assert "correct mastodon:1" in wanted(history, ONE, 600.0)
    for then in ([HELD], [HELD, *AGAIN], [HELD, *AGAIN, ground(72.0)]):
        assert "correct mastodon:1" not in wanted([*history, *then], ONE, 600.0)
        assert not is_allowed(Correction("mastodon", 1), Case.of([*history, *then]), ONE)


def test_it_is_said_after_all_if_the_new_episode_comes_to_nothing():
    history = [*PUBLIC, *over(), HELD]
    assert "correct mastodon:1" in wanted([*history, officer(Closed, 80.0)], ONE)


def test_it_is_not_said_after_a_new_episode_was_public_unless_that_is_over_too():
    public = [*PUBLIC, *over(), HELD, *AGAIN, ground(72.0), *called(Post("mastodon", 2))]
    closed = [*public, officer(Closed, 80.0)]
    assert not [want for want in wanted(closed, ONE) if want.startswith("correct")]
    free = [*public, corrected(Reason.RELEASED, 80.0)]
    assert [want for want in wanted(free, ONE) if want.startswith("correct")] == [
        "correct mastodon:2",
        "correct mastodon:2#2",
    ]


@pytest.mark.parametrize(
    ("outcome", "taken_back"),
    [
        (Outcome.DONE, True),
        (Outcome.UNKNOWN, True),
        (Outcome.FAILED, False),
        (Outcome.DROPPED, False),
    ],
)
def test_what_may_have_been_said_is_taken_back_once_that_is_known(outcome, taken_back):
    under_way = [*PUBLIC, corrected(at=5.0), planned(Correction("mastodon", 1), 5.0), CLOSED]
    confirmed = [*under_way, HELD, *AGAIN, ground(72.0)]
    assert "take back mastodon:1" not in wanted(confirmed, ONE)
    came = ended(Correction("mastodon", 1), outcome, 73.0)
    assert ("take back mastodon:1" in wanted([*confirmed, came], ONE)) is taken_back
    assert "correct mastodon:1" not in wanted([*confirmed, came], ONE, 600.0)


def test_a_correction_of_now_waits_for_what_is_just_being_said_on_its_post():
    again = [*PUBLIC, *over(), *ends(Correction("mastodon", 1), Outcome.DONE), HELD, *AGAIN]
    public = [*again, ground(72.0), planned(TakeBack("mastodon", 1), 73.0)]
    ended_too = [*public, corrected(Reason.RELEASED, 74.0)]
    assert "correct mastodon:2" not in wanted(ended_too, ONE)
    came = ended(TakeBack("mastodon", 1), Outcome.DONE, 75.0)
    assert "correct mastodon:2" in wanted([*ended_too, came], ONE)


@pytest.mark.parametrize("target", [Post("mastodon"), FollowUp("mastodon", 2)])
def test_what_was_queued_of_the_last_episode_is_not_begun_in_this_one(target):
    before = [*PUBLIC[:4], *called(Post("mastodon")), report(2, 3.0, STILL)]
    assert is_allowed(target, Case.of(before), ONE)
    after = [*before, CLOSED, HELD, *AGAIN, ground(72.0)]
    assert not is_allowed(target, Case.of(after), ONE)
    assert is_allowed(Post("mastodon", 2), Case.of(after), ONE)


def test_what_is_to_be_taken_back_is_asked_again_too():
    again = [*PUBLIC, *over(), *ends(Correction("mastodon", 1), Outcome.DONE), HELD, *AGAIN]
    public = Case.of([*again, ground(72.0)])
    assert is_allowed(TakeBack("mastodon", 1), public, ONE)
    for act in (officer(Vetoed, 73.0), corrected(at=73.0), officer(Closed, 73.0)):
        assert not is_allowed(TakeBack("mastodon", 1), Case.of([*again, ground(72.0), act]), ONE)


def test_a_correction_that_failed_is_not_said_after_a_later_one():
    tried = ends(Correction("mastodon", 1), Outcome.FAILED)
    later = [*PUBLIC, corrected(at=5.0), *tried, corrected(Reason.OTHER, 6.0)]
    assert [want for want in wanted(later, ONE, 600.0) if want.startswith("correct")] == [
        "correct mastodon:2"
    ]


# People, and what older releases wrote


def test_everybody_is_told_again_also_after_a_correction_alone():
    life = public_once(corrected(at=5.0), HELD)
    assert life.done("tell")[-3:] == ["1#2", "2#2", "3#2"]
    assert is_allowed(ToContact(1, None, 2), life.case, PLAN)


def test_an_officers_word_opens_no_episode_of_what_is_closed_and_another_act_none_at_all():
    closed = Case.of([*PUBLIC, *over(), officer(Approved, 9.0)])
    taken = Case.of([*PUBLIC, corrected(at=5.0), officer(Acknowledged, 9.0)])
    assert closed.now.number == taken.now.number == 1


def test_a_post_that_an_older_release_made_is_of_the_episode_it_was_made_in():
    """It wrote no episode, and made one post of the whole alarm."""
    history = [report(), CLOSED, HELD, *AGAIN, ground(72.0)]
    first = [*history, *called(Post("mastodon"), at=73.0)]
    assert not [want for want in wanted(first, ONE, 600.0) if want.startswith("publish")]
    assert Case.of(first).now.posts.keys() == {"mastodon"}
    tried = [*history, *called(Post("mastodon"), Outcome.UNKNOWN, 73.0)]
    assert "publish mastodon" in wanted(tried, ONE, 600.0)
    free = [*first, corrected(Reason.RELEASED, 80.0)]
    assert "correct mastodon:1" in wanted(free, ONE)


def test_an_alarm_that_an_older_release_left_said_to_be_false_is_healed():
    left = [*PUBLIC, *over(), *ends(Correction("mastodon", 1), Outcome.DONE), HELD, *AGAIN]
    bare_reply = [ground(72.0), *called(FollowUp("mastodon", 4), at=73.0)]
    wants = wanted([*left, *bare_reply], ONE)
    assert wants[-2:] == ["publish mastodon#2", "take back mastodon:1"]


def test_a_drill_takes_nothing_back():
    drill = replace(ONE, kind=AlarmKind.DRILL)
    life = Life(drill)
    life.happens(report(), *QUORUM, corrected(at=5.0), HELD, *AGAIN, officer(Approved, 80.0))
    assert said_in_order(life) == []
    assert not [event for event in life.history if isinstance(event, GroundFound)]


def test_an_alarm_that_was_closed_by_mistake_goes_on_when_it_is_opened_again():
    life = Life(PLAN)
    life.happens(report(), says(1), CLOSED, says(2, at=7.0), officer(Reopened, 8.0))
    life.until(86_400.0)
    case = Case.of(life.history)
    assert (case.now.number, case.now.is_open, case.now.votes) == (2, True, 0)
    assert {f"{n}#2" for n in PLAN.contacts} <= {*life.done("tell")}, "everybody is told again"
    assert GroundFound not in [type(event) for event in life.history], "nor counts what was said"
    life.happens(says(1, at=life.now), says(2, at=life.now))
    assert GroundFound in [type(event) for event in life.history]


@pytest.mark.parametrize("before", [[], [corrected(Reason.OTHER, 5.0)], [HELD]])
def test_what_is_open_cannot_be_opened_again(before):
    case = Case.of([report(), *before])
    assert not case.makes_sense(officer(Reopened, 70.0))


def test_consent_publishes_nothing_that_an_officer_has_opened_again():
    life = Life(replace(PLAN, consent_s=600.0))
    life.happens(report(), officer(Closed, 1.0), officer(Reopened, 2.0))
    life.until(86_400.0)
    assert "publish" not in [
        str(event.action.kind) for event in life.history if isinstance(event, CallPlanned)
    ]
