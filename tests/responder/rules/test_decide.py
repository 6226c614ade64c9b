"""The rules at HQ: what follows from a history, with a clock of the test's own."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from builders import (
    BEFORE,
    CONTACT_ANSWERS,
    DATA,
    FIRST,
    LINK,
    OFFICER_ACTS,
    SMS,
    WITHDRAWAL,
    again,
    ground,
    officer,
    report,
    says,
)
from lived import decided

from outcry.receipt import Status
from outcry.report import AlarmKind, MessageType
from outcry.responder.rules.calls import Action, ActionKind, Post, Receipt, ToContact
from outcry.responder.rules.decide import RETRY_AFTER_S, TRIES
from outcry.responder.rules.events import (
    CalledFalse,
    CallEnded,
    CallPlanned,
    Came,
    CameBy,
    ContactSaw,
    Event,
    Ground,
    Outcome,
    ReportArrived,
    Unsure,
)
from outcry.responder.rules.model import OWN_PAGE, Plan
from outcry.responder.rules.receipts import NEXT_RECEIPT_S

ACK = Status.ACKNOWLEDGED
PLAN = Plan(AlarmKind.PANIC, (1, 2, 3), quorum=2, can_text=True, wearer_number=True)
DRILL = Plan(AlarmKind.DRILL, (1, 2, 3), quorum=2, can_text=True, wearer_number=True)
MUTE = Plan(AlarmKind.PANIC, (1, 2, 3), quorum=2, can_text=False, wearer_number=True)


def arrived(message: int = 1, path: CameBy = DATA, type_: MessageType = FIRST) -> ReportArrived:
    return report(message, 0.0, type_, message, path)


def about(action: Action, outcome: Outcome | None, at: float = 0.0) -> Event:
    """A call is planned, or (``outcome``) ends."""
    return CallPlanned(at, action) if outcome is None else CallEnded(at, action, Came(outcome))


GROUND = ground()
TELL_1, TELL_2, TELL_3 = (Action(ToContact(n), 1) for n in (1, 2, 3))
PUBLISH = Action(Post(OWN_PAGE), 1)


def receipt(message: int, status: Status, number: int = 1) -> Action:
    return Action(Receipt(message, status, number), 1)


@pytest.mark.parametrize(
    ("history", "plan", "actions"),
    [
        ([], PLAN, ()),
        ([arrived()], PLAN, (TELL_1, TELL_2, TELL_3)),
        ([arrived()], DRILL, (TELL_1, TELL_2, TELL_3)),
        ([arrived()], MUTE, ()),
        ([arrived(path=SMS)], PLAN, (TELL_1, TELL_2, TELL_3, receipt(1, Status.STORED))),
        ([arrived(path=LINK)], PLAN, (TELL_1, TELL_2, TELL_3, receipt(1, Status.STORED))),
        ([arrived(path=SMS)], MUTE, ()),
        ([arrived(), GROUND], PLAN, (TELL_1, TELL_2, TELL_3, PUBLISH)),
        ([arrived(), GROUND], MUTE, (PUBLISH,)),
    ],
)
def test_what_arrived_decides_what_is_done(history, plan, actions):
    assert decided(history, plan, 0.0).actions == actions


def told(history: list[Event]) -> list[Event]:
    """The same, with every contact told already."""
    done = [
        entry
        for action in (TELL_1, TELL_2, TELL_3)
        for entry in (about(action, None), about(action, Outcome.DONE))
    ]
    return [*history, *done]


@pytest.mark.parametrize(
    ("history", "receipts"),
    [
        # over data the receipt went with the answer
        ([arrived(1), says(1, ContactSaw)], ()),
        # by SMS: stored, then that a person has it
        (
            [arrived(1, SMS), says(1, ContactSaw)],
            (receipt(1, Status.STORED), receipt(1, Status.ACKNOWLEDGED)),
        ),
        # the device was last heard over data: the next answer there says it
        ([arrived(1, SMS), arrived(2), says(1)], (receipt(1, Status.STORED),)),
        # came over data first, a contact's link later: only the link is answered by SMS
        ([arrived(1), again(1, LINK)], (receipt(1, Status.STORED),)),
        # asked again by SMS before it was answered: one answer
        ([arrived(1, SMS), again(1, SMS)], (receipt(1, Status.STORED),)),
        # came by SMS, then a contact's link: it is answered already
        ([arrived(1, SMS), again(1, LINK)], (receipt(1, Status.STORED),)),
        # a report that arrives when a person has it already hears so at once
        (
            [arrived(1), says(1), arrived(2, SMS)],
            (receipt(2, Status.ACKNOWLEDGED),),
        ),
        # a receipt of what is older than the last hold, or of a withdrawal, is not felt
        (
            [arrived(2, LINK), arrived(1, LINK), says(1, ContactSaw)],
            (receipt(2, Status.STORED), receipt(1, Status.STORED), receipt(2, ACK)),
        ),
        (
            [arrived(1), arrived(2, SMS, type_=WITHDRAWAL), says(1, ContactSaw)],
            (receipt(2, Status.STORED), receipt(1, ACK)),
        ),
        # a person had it when the device was heard over data: it felt so
        ([arrived(1), says(1), arrived(2), again(1, LINK)], (receipt(1, ACK),)),
    ],
)
def test_the_wearer_is_answered_the_way_they_were_heard(history, receipts):
    assert decided(told(history), PLAN, 0.0).actions == receipts


def left(action: Action, at: float = 0.0) -> list[Event]:
    return [about(action, None, at), about(action, Outcome.DONE, at)]


@pytest.mark.parametrize("status", Status)
def test_asked_again_by_sms_after_an_answer_it_is_answered_again(status):
    person = [says(1)] if status is ACK else []
    first = told([*person, arrived(1, SMS), *left(receipt(1, status))])
    asked = [*first, again(1, SMS)]
    assert decided(asked, PLAN, 1.0).actions == (receipt(1, status, 2),)
    asked += [*left(receipt(1, status, 2)), again(1, SMS)]
    assert decided(asked, PLAN, 1.0).actions == (receipt(1, status, 3),)


@pytest.mark.parametrize("path", [DATA, SMS, LINK])
def test_without_a_number_or_a_modem_nothing_is_owed(path):
    history = told([arrived(1, path), says(1, ContactSaw)])
    unknown = replace(PLAN, wearer_number=False)
    for plan in (unknown, MUTE):
        assert decided(history, plan, 1e9).actions == ()


def test_the_next_receipt_over_data_is_waited_for_then_sms_says_it():
    history = told([arrived(1), says(1, ContactSaw)])
    decision = decided(history, PLAN, 2.0)
    assert decision.actions == ()
    assert decision.look_again_at == 1.0 + NEXT_RECEIPT_S
    assert decided(history, PLAN, 1.0 + NEXT_RECEIPT_S).actions == (receipt(1, ACK),)
    assert decided([*history, arrived(2)], PLAN, 1e9).actions == ()


def test_a_second_person_changes_nothing_for_the_wearer():
    first = told([arrived(1), says(1, ContactSaw)])
    both = [
        *first,
        *left(receipt(1, ACK), 100.0),
        about(receipt(1, ACK), Outcome.DELIVERED, 110.0),
        says(2),
    ]
    assert decided(both, PLAN, 1e9).actions == ()


def test_every_answer_of_a_person_is_an_acknowledgement():
    for answer in (*CONTACT_ANSWERS, *OFFICER_ACTS):
        said = says(1, answer) if answer in CONTACT_ANSWERS else officer(answer)
        before = BEFORE.get(answer, [])
        history = told([arrived(1, SMS), *before, said])
        assert receipt(1, Status.ACKNOWLEDGED) in decided(history, PLAN, 0.0).actions


@pytest.mark.parametrize(
    ("confirming", "ground"),
    [([], None), ([1], None), ([1, 1, 1], None), ([1, 2], Ground.QUORUM), ([3, 1], Ground.QUORUM)],
)
def test_the_quorum_counts_people_not_presses(confirming, ground):
    history = [arrived(), *map(says, confirming)]
    assert decided(history, PLAN, 0.0).ground is ground


@pytest.mark.parametrize("answer", [ContactSaw, Unsure, CalledFalse])
def test_only_a_confirmation_counts_to_the_quorum(answer):
    history = [arrived(), says(1), says(2, answer), says(3, answer)]
    assert decided(history, PLAN, 0.0).ground is None


@pytest.mark.parametrize("answer", [Unsure, CalledFalse])
def test_doubt_stops_nothing(answer):
    history = [arrived(), says(1), says(3, answer), says(1, answer), says(2)]
    assert decided(history, PLAN, 0.0).ground is Ground.QUORUM


def test_a_withdrawal_stops_nothing():
    history = [arrived(), report(2, 0.5, WITHDRAWAL), says(1), says(2)]
    assert decided(history, PLAN, 0.0).ground is Ground.QUORUM


def test_a_ground_that_was_recorded_by_mistake_publishes_no_drill():
    assert PUBLISH not in decided([arrived(), says(1), says(2), GROUND], DRILL, 0.0).actions


def test_no_history_whatever_gives_a_drill_a_ground():
    steps = [arrived(), says(1), says(2), says(3), says(1, ContactSaw)]
    for order in itertools.permutations(steps):
        decision = decided(order, DRILL, 0.0)
        assert decision.ground is None
        assert PUBLISH not in decision.actions


def test_publication_waits_for_its_ground_to_be_recorded():
    history = [arrived(), says(1), says(2)]
    assert PUBLISH not in decided(history, PLAN, 0.0).actions
    assert PUBLISH in decided([*history, GROUND], PLAN, 0.0).actions
    assert decided([*history, GROUND], PLAN, 0.0).ground is None


@pytest.mark.parametrize("what", [None, Outcome.DONE, Outcome.DELIVERED])
def test_what_is_under_way_or_done_is_not_done_again(what):
    history = [arrived(), about(TELL_1, None), about(TELL_1, what)]
    decision = decided(history, PLAN, 1e9)
    assert [str(action.target) for action in decision.actions] == ["2", "3"]
    assert decision.look_again_at is None


@pytest.mark.parametrize("failure", [Outcome.FAILED, Outcome.UNDELIVERED])
def test_a_failed_text_is_tried_again_after_growing_waits(failure):
    plan = Plan(AlarmKind.PANIC, (1,), 2, can_text=True, wearer_number=False)
    history, now, waits = [arrived()], 0.0, []
    while decided(history, plan, now).actions:
        (action,) = decided(history, plan, now).actions
        history += [about(action, None, now), about(action, failure, now)]
        again_at = decided(history, plan, now).look_again_at
        if again_at is None:
            break
        assert decided(history, plan, again_at - 0.001).actions == ()
        waits.append(again_at - now)
        now = again_at
    assert tuple(waits[:6]) == (*RETRY_AFTER_S, RETRY_AFTER_S[-1])
    assert len(waits) == TRIES - 1
    assert 20 * 3600 < now < 30 * 3600


@pytest.mark.parametrize(("wants", "waits"), [(None, 5), (2, 5), (40, 40), (86_400, 86_400)])
def test_a_network_is_left_alone_for_as_long_as_it_wants(wants, waits):
    post = Action(Post(OWN_PAGE), 1)
    refused = CallEnded(10.0, post, Came(Outcome.FAILED, "too many requests", wait_s=wants))
    plan = replace(PLAN, contacts=(), quorum=1, can_text=False)
    history = [arrived(), ground(0.0), about(post, None), refused]
    assert decided(history, plan, 10.0 + waits - 0.001).actions == ()
    assert decided(history, plan, 10.0).look_again_at == 10.0 + waits
    assert decided(history, plan, 10.0 + waits).actions == (Action(Post(OWN_PAGE), 2),)


def test_a_text_whose_outcome_was_lost_is_sent_once_more_and_no_more():
    history = [arrived(), about(TELL_1, None), about(TELL_1, Outcome.UNKNOWN)]
    once_more = decided(history, PLAN, 0.0).actions[0]
    assert once_more == Action(ToContact(1), 2)
    history += [about(once_more, None), about(once_more, Outcome.UNKNOWN)]
    assert [str(action.target) for action in decided(history, PLAN, 1e9).actions] == ["2", "3"]


def test_a_late_answer_to_an_unknown_settles_it():
    history = [
        arrived(),
        *(about(TELL_1, w) for w in (None, Outcome.UNKNOWN, Outcome.DONE)),
    ]
    assert [str(action.target) for action in decided(history, PLAN, 1e9).actions] == ["2", "3"]


def test_a_post_whose_outcome_was_lost_is_looked_up_as_often_as_it_takes():
    history, now = told([arrived(), GROUND]), 0.0
    for _ in range(5):
        (action,) = decided(history, PLAN, now).actions
        assert action.kind is ActionKind.PUBLISH
        history += [about(action, None, now), about(action, Outcome.UNKNOWN, now)]
        now = decided(history, PLAN, now).look_again_at
    assert now is not None


def test_one_contact_failing_holds_nobody_else():
    history = [arrived(), about(TELL_1, None), about(TELL_1, Outcome.FAILED)]
    decision = decided(history, PLAN, 0.0)
    assert [str(action.target) for action in decision.actions] == ["2", "3"]
    assert decision.look_again_at == RETRY_AFTER_S[0]
