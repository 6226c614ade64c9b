"""How events are written: as every release has written them, for the audit chain hashes the rows."""

from __future__ import annotations

import json
import math

import pytest
from builders import CONTACT_ANSWERS, OFFICER_ACTS
from hypothesis import example, given
from hypothesis import strategies as st
from written import HISTORIES, LINES

from outcry.receipt import Status
from outcry.report import MessageType
from outcry.responder.archive import proof
from outcry.responder.rules import events
from outcry.responder.rules.calls import (
    Action,
    ActionKind,
    Correction,
    FollowUp,
    Post,
    Receipt,
    Reply,
    Says,
    ToContact,
    ToOfficers,
    Topic,
    target_of,
)
from outcry.responder.rules.events import (
    AnsweredBy,
    CallEnded,
    Came,
    CameBy,
    Confirmed,
    Corrected,
    Event,
    EventInvalid,
    Ground,
    GroundFound,
    Mark,
    Outcome,
    Reason,
    ReportArrived,
    Verdict,
    WithdrawalJudged,
)
from outcry.responder.storage.event_log import from_row, to_row
from outcry.responder.storage.links import link

at = st.floats(0, 1e10)
numbers = st.integers(0, 2**31)
words = st.text(max_size=12)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_ ", min_size=1, max_size=12)
posts = st.one_of(
    st.builds(Post, names),
    st.builds(FollowUp, names, numbers),
    st.builds(Correction, names, numbers),
)
texts = st.one_of(
    st.builds(ToContact, numbers, st.none(), st.integers(1, 9)),
    st.builds(Reply, numbers, numbers, st.sampled_from(Says)),
    st.builds(Receipt, numbers, st.sampled_from(Status), numbers),
)
messages = st.one_of(
    st.builds(ToContact, numbers, names, st.integers(1, 9)),
    st.builds(ToOfficers, names, st.sampled_from(Topic), st.integers(1, 9), st.integers(1, 99)),
)
targets = st.one_of(posts, texts, messages)
actions = st.builds(Action, targets, st.integers(1, 100))


WITH_MORE = (Corrected, events.TakenOver, events.HandedOver)


def came(outcomes, *more):
    return st.tuples(st.sampled_from(outcomes), *more).map(lambda said: Came(*said))


arrived = st.builds(
    ReportArrived,
    at,
    numbers,
    st.sampled_from([type_ for type_ in MessageType if type_ is not MessageType.HEARTBEAT]),
    numbers,
    st.sampled_from(CameBy),
    st.lists(st.sampled_from(Mark)).map(tuple),
)
histories = st.one_of(
    arrived,
    st.builds(events.ReportRepeated, at, numbers, st.sampled_from(CameBy)),
    st.builds(
        WithdrawalJudged, at, numbers, st.sampled_from(["safe", "old", "duress"]).map(Verdict)
    ),
    *(st.builds(kind, at, numbers, st.sampled_from(AnsweredBy)) for kind in CONTACT_ANSWERS),
    st.builds(events.Unclear, at, numbers, st.sampled_from(AnsweredBy)),
    st.builds(events.AnswerDropped, at, st.none() | numbers, st.sampled_from(events.Dropped)),
    st.builds(events.WrongPinTried, at, st.none() | numbers, st.sampled_from(AnsweredBy)),
    *(st.builds(kind, at, words) for kind in OFFICER_ACTS if kind not in WITH_MORE),
    st.builds(events.TakenOver, at, words, words),
    st.tuples(words, words)
    .filter(lambda two: two[0] != two[1])
    .flatmap(lambda two: st.builds(events.HandedOver, at, st.just(two[0]), st.just(two[1]))),
    st.builds(events.StillOnIt, at, words),
    st.builds(events.Ticked, at, words, words),
    st.builds(events.Unticked, at, words, words),
    st.builds(events.Rang, at, words, numbers, st.sampled_from(events.Said), words),
    st.builds(events.Noted, at, words, st.text(min_size=1, max_size=events.NOTE_LENGTH)),
    st.builds(Corrected, at, words, st.sampled_from(Reason)),
    st.builds(events.Closed, at, words, words),
    st.builds(events.WentSilent, at, at, st.lists(words).map(tuple), st.booleans()),
    st.builds(events.HeardAgain, at),
    st.builds(GroundFound, at, st.sampled_from(Ground)),
    st.builds(events.CallPlanned, at, actions),
    st.builds(
        CallEnded,
        at,
        actions,
        came(list(Outcome)[:4], st.none() | words, st.none(), st.none(), st.none() | at),
    ),
    st.builds(
        CallEnded,
        at,
        st.builds(Action, texts, numbers),
        came(Outcome, words),
    ),
    st.builds(
        CallEnded,
        at,
        st.builds(Action, posts, numbers),
        came([Outcome.DONE], st.none(), words, words),
    ),
)


@given(histories)
@example(events.Acknowledged(0.0, "page"))
@example(events.Closed(0.0, "page", "sms"))
def test_what_is_written_is_read_back(event):
    assert from_row(event.at, *to_row(event)) == event


@given(targets)
def test_a_target_is_read_back_from_its_text(target):
    assert target_of(target.kind, str(target)) == target


def test_every_row_that_was_written_is_read_and_would_be_written_the_same_today():
    for line in LINES:
        event = from_row(line["at_unix"], line["what"], line["data"])
        assert event.at == line["at_unix"]
        assert to_row(event) == (line["what"], line["data"])


def test_the_rows_are_of_every_kind_there_is():
    kinds = {type(from_row(0.0, line["what"], line["data"])) for line in LINES}
    bases = {Event, events.Answer, events.ContactAnswer, events.OfficerAct, events.OfficerWork}
    bases |= {events.Item}
    later = {events.Unclear, events.AnswerDropped, events.Reopened}
    later |= {events.TakenOver, events.HandedOver, events.GivenBack, events.Noted, events.StillOnIt}
    later |= {events.Ticked, events.Unticked, events.Rang}
    classes = {kind for kind in vars(events).values() if isinstance(kind, type)}
    assert kinds == {kind for kind in classes if issubclass(kind, Event)} - bases - later
    assert {outcome.name for outcome in Outcome} <= {line["what"] for line in LINES}


def test_a_case_file_of_before_verifies_and_so_would_one_written_from_its_events():
    for file in HISTORIES:
        proved = proof.check(json.dumps(file))
        assert (proved.entries, proved.history_alone) == (len(file["history"]), True)
        previous = None
        for line in file["history"]:
            event = from_row(line["at_unix"], line["what"], line["data"])
            entry = (file["alarm"], line["n"], event.at, *to_row(event))
            previous = link(previous, bytes.fromhex(line["salt"]), *entry)
            assert previous.hex() == line["link"]


@pytest.mark.parametrize(
    ("what", "data", "event"),
    [
        (
            "REPORT",
            {"message": 1, "type": "FIRST", "path": "data", "marks": []},
            ReportArrived(0.0, 1, MessageType.FIRST, 0, CameBy.DATA),
        ),
        ("CONFIRMED", {"contact": 2}, Confirmed(0.0, 2)),
        (
            "DONE",
            {"key": "publish own page 1", "kind": "publish", "target": "own page", "url": "u"},
            CallEnded(0.0, Action(Post("own page"), 1), Came(Outcome.DONE, url="u")),
        ),
    ],
)
def test_what_the_first_release_wrote_is_read_too(what, data, event):
    assert from_row(0.0, what, json.dumps(data)) == event


NEVER = {
    "a verdict there is none of": ("JUDGED", {"message": 1, "verdict": "perhaps"}),
    "a verdict still to come": ("JUDGED", {"message": 1, "verdict": "waiting"}),
    "a path there is none of": ("REPEAT", {"message": 1, "path": "pigeon"}),
    "a mark there is none of": (
        "REPORT",
        {"message": 1, "type": "FIRST", "sequence": 0, "path": "data", "marks": ["odd"]},
    ),
    "a heartbeat": (
        "REPORT",
        {"message": 1, "type": "HEARTBEAT", "sequence": 0, "path": "data", "marks": []},
    ),
    "a contact that is no number": ("SEEN", {"contact": "1"}),
    "a reason there is none of": ("CORRECTED", {"officer": "o", "reason": "boredom"}),
    "a hand-over to oneself": ("HANDED_OVER", {"officer": "o", "to": "o"}),
    "a call of which nothing came that there is": (
        "RANG",
        {"officer": "o", "contact": 1, "said": "maybe", "note": ""},
    ),
    "a note without words": ("NOTED", {"officer": "o", "text": ""}),
    "a note that is too long": ("NOTED", {"officer": "o", "text": "x" * 1001}),
    "a ground there is none of": ("GROUND", {"ground": "rumour"}),
    "a kind of call there is none of": (
        "PLANNED",
        {"key": "shout 1 1", "kind": "shout", "target": "1"},
    ),
    "the key of another call": ("PLANNED", {"key": "tell 2 1", "kind": "tell", "target": "1"}),
    "a target of another kind": (
        "PLANNED",
        {"key": "tell contact:1:mail 1", "kind": "tell", "target": "contact:1:mail"},
    ),
    "a post that is delivered": (
        "DELIVERED",
        {"key": "publish x 1", "kind": "publish", "target": "x"},
    ),
    "an address of a post that failed": (
        "FAILED",
        {"key": "publish x 1", "kind": "publish", "target": "x", "url": "u"},
    ),
    "an address of a text": (
        "DONE",
        {"key": "tell 1 1", "kind": "tell", "target": "1", "url": "u"},
    ),
}


@pytest.mark.parametrize(("what", "data"), NEVER.values(), ids=NEVER)
def test_what_cannot_have_happened_is_no_event(what, data):
    with pytest.raises(ValueError, match=r"."):
        from_row(0.0, what, json.dumps(data))


@pytest.mark.parametrize("moment", [math.nan, math.inf, "noon", None])
def test_an_event_happens_at_some_time(moment):
    with pytest.raises(EventInvalid):
        Confirmed(moment, 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: WithdrawalJudged(0.0, 1, "safe"),
        lambda: GroundFound(0.0, "quorum"),
        lambda: ReportArrived(0.0, 1, 1, 0, CameBy.DATA),
        lambda: ReportArrived(0.0, -1, MessageType.FIRST, 0, CameBy.DATA),
        lambda: CallEnded(0.0, Action(Post("x"), 1), Came("done")),
        lambda: events.CallPlanned(0.0, "tell 1 1"),
    ],
)
def test_no_event_is_made_of_values_of_another_type(make):
    with pytest.raises(EventInvalid):
        make()


@pytest.mark.parametrize("name", ["a:b", "a#2"])
def test_a_channel_whose_name_could_not_be_read_back_is_refused(name):
    with pytest.raises(ValueError, match="neither"):
        ToContact(1, name)
    with pytest.raises(ValueError, match="neither"):
        ToOfficers(name, Topic.RAISED)


def test_texts_are_as_they_ever_were():
    assert str(ToContact(1)) == "1"
    assert str(ToContact(2, "signal", 2)) == "contact:2:signal#2"
    assert str(ToOfficers("desk", Topic.RAISED, 2)) == "officer:desk:raised#2"
    assert str(ToOfficers("desk", Topic.PASSED, 1, 3)) == "officer:desk:passed:3"
    assert Action(Receipt(17, Status.ACKNOWLEDGED, 2), 3).key == "receipt 17:2:2 3"
    assert target_of(ActionKind.FOLLOW_UP, "own page:9") == FollowUp("own page", 9)
