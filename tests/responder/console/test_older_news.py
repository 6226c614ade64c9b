"""A form that was made from older news says so before it acts."""

from __future__ import annotations

import re

import pytest
from console_hand import Hand, token_in

from outcry.report import MessageType
from outcry.responder.console.older_news import Act, OlderNews, require_seen
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import (
    Acknowledged,
    Approved,
    CalledFalse,
    Closed,
    Confirmed,
    ContactSaw,
    Corrected,
    GivenBack,
    HandedOver,
    Mark,
    Noted,
    OfficerConfirmed,
    Rang,
    Reason,
    Reopened,
    Said,
    TakenOver,
    Ticked,
    Unsure,
    Verdict,
    Vetoed,
    VetoLifted,
    WithdrawalJudged,
)

from builders import POSITION, STILL, officer, report, says  # isort: skip

DECISIONS = [officer(what) for what in (Approved, Vetoed, VetoLifted, Closed, Reopened)]
DECISIONS += [Corrected(1.0, "night", Reason.OTHER), WithdrawalJudged(1.0, 1, Verdict.DURESS)]
REAL = [says(1, Confirmed), officer(OfficerConfirmed)]
DOUBTS = [says(1, CalledFalse), says(1, Unsure)]
HELD = [report(5, 1.0, STILL), report(5, 1.0, STILL, marks=(Mark.LATE,))]
RANG_REAL = [Rang(1.0, "night", 1, Said.REAL)]
RANG_NOT_REAL = [Rang(1.0, "night", 1, Said.NOT_REAL)]
REAL += RANG_REAL
DOUBTS += RANG_NOT_REAL
NOTES = [Noted(1.0, "night", "she is home")]
PASSED = [
    Acknowledged(1.0, "night"),
    TakenOver(1.0, "night", "day"),
    HandedOver(1.0, "day", "night"),
]
OTHERS = [
    *(Rang(1.0, "night", 1, said) for said in (Said.REACHED, Said.NO_ANSWER, Said.OTHER)),
    Ticked(1.0, "night", "Call the lawyer"),
]
OTHERS += [GivenBack(1.0, "day"), says(1, ContactSaw), report(5, 1.0, POSITION)]
SPEAKS = {
    Act.ACKNOWLEDGE: [],
    Act.TAKE_OVER: PASSED,
    Act.HAND_OVER: [],
    Act.GIVE_BACK: [],
    Act.CONFIRM: [*DECISIONS, *DOUBTS],
    Act.PUBLISH: [*DECISIONS, *DOUBTS, *NOTES],
    Act.LIFT: [*DECISIONS, *DOUBTS],
    Act.VETO: [*DECISIONS, *REAL, *HELD],
    Act.CORRECT: [*DECISIONS, *REAL, *HELD, *NOTES],
    Act.CLOSE: [*DECISIONS, *REAL, *HELD, *NOTES],
    Act.REOPEN: DECISIONS,
}


def is_asked(act, events, seen=1):
    try:
        require_seen([report(), *events], seen, act)
    except OlderNews as older:
        return older.seen == len(events) + 1
    return False


@pytest.mark.parametrize("act", Act)
def test_what_speaks_of_an_act_is_said_before_it_and_nothing_else(act):
    for event in [*DECISIONS, *REAL, *DOUBTS, *HELD, *NOTES, *PASSED, *OTHERS]:
        assert is_asked(act, [event]) is (event in SPEAKS[act]), event
        assert not is_asked(act, [event], seen=2), "its page has shown it"


@pytest.fixture
def alarm(world):
    world.hq.takes(world.device.message())
    return 1


@pytest.fixture
def hands(people, world):
    """Two officers, each before the alarm's page in a browser of their own."""
    made = []
    for name in ("olga", "pavel"):
        hand = Hand(people, world.clock)
        hand.settle(f"/console/welcome/{world.hq.parts.officers.add(name)}")
        assert hand.login(name).status_code == 303
        made.append(hand)
    yield made
    for hand in made:
        hand.close()


def form_of(page):
    """The fields that a page's first form brings back by itself."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


@pytest.mark.slow
def test_publish_a_second_after_a_veto_asks_first_and_then_does_it(world, alarm, hands):
    olga, pavel = hands
    before = olga.get("/console/alarm/1").text
    assert pavel.act(1, "veto").status_code == 303
    world.clock.passes(1)
    shown = form_of(before)
    asked = olga.post("/console/alarm/1/publish", shown["token"], sure="yes", seen=shown["seen"])
    assert asked.status_code == 409
    assert "1 s ago: Duty officer pavel forbids publishing" in asked.text
    assert "Publish all the same" in asked.text
    assert world.hq.history()[-1] is Vetoed
    fields = form_of(asked.text)
    done = olga.post("/console/alarm/1/publish", fields.pop("token"), sure="yes", **fields)
    assert done.status_code == 303
    assert world.hq.history()[-1] is Approved


@pytest.mark.slow
@pytest.mark.parametrize("seen", [None, "", "x", "-1", "0", "1.5", "9" * 40])
def test_a_form_that_does_not_say_what_it_showed_showed_nothing(world, alarm, hands, seen):
    olga, pavel = hands
    assert pavel.act(1, "veto").status_code == 303
    token = token_in(olga.get("/console/alarm/1").text)
    more = {} if seen is None else {"seen": seen}
    asked = olga.post("/console/alarm/1/publish", token, sure="yes", **more)
    assert asked.status_code == 409
    assert world.hq.history()[-1] is Vetoed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("close", {"sure": "yes", "reason": "she is <home>"}),
        ("correct", {"sure": "yes", "reason": "released", "spoke": "Vera, by phone"}),
    ],
)
def test_pressed_again_a_second_before_it_is_closed_or_corrected(world, alarm, hands, act, fields):
    olga, pavel = hands
    assert pavel.act(1, "publish", sure="yes").status_code == 303
    world.hq.works()
    shown = form_of(olga.get("/console/alarm/1").text)
    world.hq.takes(world.device.message(MessageType.STILL_IN_DANGER, sequence=1))
    world.clock.passes(2)
    before = world.hq.history()
    asked = olga.post(f"/console/alarm/1/{act}", shown["token"], seen=shown["seen"], **fields)
    assert asked.status_code == 409
    assert "2 s ago: STILL IN DANGER: the alarm was pressed again" in asked.text
    assert world.hq.history() == before
    again = form_of(asked.text)
    assert ("she is &lt;home&gt;" in asked.text) is (act == "close")
    kept = fields | {"seen": again["seen"]}
    assert olga.post(f"/console/alarm/1/{act}", again["token"], **kept).status_code == 303
    assert world.hq.history()[-1] in (Closed, Corrected)


@pytest.mark.slow
def test_what_contradicts_nothing_is_done_at_once(world, alarm, hands):
    olga, pavel = hands
    world.hq.works()
    shown = form_of(olga.get("/console/alarm/1").text)
    world.answers(world.invitation(1), world.pins[0], "false")
    assert pavel.act(1, "work/note", note="her brother knows nothing").status_code == 303
    taken = olga.post("/console/alarm/1/acknowledge", shown["token"], seen=shown["seen"])
    assert taken.status_code == 303


@pytest.mark.slow
def test_of_two_who_take_it_at_once_the_second_is_told_and_takes_nothing_away(world, alarm, hands):
    olga, pavel = hands
    shown = form_of(olga.get("/console/alarm/1").text)
    assert pavel.act(1, "acknowledge").status_code == 303
    late = olga.post("/console/alarm/1/acknowledge", shown["token"], seen=shown["seen"])
    assert late.status_code == 409
    assert "Another officer may have been faster" in late.text
    assert Case.of(world.hq.entries()).now.holder == "pavel"


@pytest.mark.slow
def test_taken_over_from_somebody_else_than_the_page_said_asks_first(world, alarm, hands):
    olga, pavel = hands
    world.hq.parts.console.act(1, Act.ACKNOWLEDGE, "boris")
    page = olga.get("/console/alarm/1").text
    assert "Take it over from boris" in page
    assert pavel.act(1, "take-over").status_code == 303
    shown = form_of(page)
    asked = olga.post("/console/alarm/1/take-over", shown["token"], seen=shown["seen"])
    assert asked.status_code == 409
    assert "Duty officer pavel takes it over from boris" in asked.text
    assert Case.of(world.hq.entries()).now.holder == "pavel"
    fields = form_of(asked.text)
    done = olga.post("/console/alarm/1/take-over", fields.pop("token"), **fields)
    assert done.status_code == 303
    assert Case.of(world.hq.entries()).now.holder == "olga"
