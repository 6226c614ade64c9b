"""Whatever happens, in whatever order and however often: each confirmed alarm acts once.

An alarm's life is drawn: reports over every path, late, out of order and again; people who
confirm, doubt, veto, close and correct; calls that fail, are lost or come to nothing; time. HQ's
rules live through it, and an account kept beside them, in words of its own, judges the history.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from lived import PLAN, Life, officer, report, says

from outcry.report import AlarmKind
from outcry.responder.rules.decide import ActionKind, Plan
from outcry.responder.rules.events import ANSWERS, Entry, What

FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
HISTORIES = 100_000 if FULL else 400
PUBLIC = (ActionKind.PUBLISH, ActionKind.FOLLOW_UP)
MARKS = ((), (), (), ("late",), ("out of order",), ("counter used before", "late"))

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
)
reports = st.builds(
    lambda n, type_, path, marks: report(n, type_=type_, path=path, marks=marks),
    st.integers(1, 9),
    st.sampled_from(["FIRST", "POSITION", "STILL_IN_DANGER", "WITHDRAWAL"]),
    st.sampled_from(["data", "sms", "link"]),
    st.sampled_from(MARKS),
)
repeats = st.builds(
    lambda n, path: Entry(0.0, What.REPEAT, {"message": n, "path": path}),
    st.integers(1, 9),
    st.sampled_from(["data", "sms", "link"]),
)
judgements = st.builds(
    lambda n, verdict: Entry(0.0, What.JUDGED, {"message": n, "verdict": verdict}),
    st.integers(1, 9),
    st.sampled_from(["safe", "old", "duress"]),
)
people = st.builds(
    says,
    st.integers(1, 3),
    st.sampled_from([What.CONFIRMED, What.CONFIRMED, What.SEEN, What.UNSURE, What.FALSE]),
    by=st.sampled_from(["page", "page", "sms"]),
)
officers = st.builds(
    lambda what, reason: officer(what, reason=reason),
    st.sampled_from([w for w in ANSWERS if w not in (What.SEEN, What.UNSURE, What.FALSE)][1:]),
    st.sampled_from(["false_alarm", "released", "other"]),
)
others = st.sampled_from(
    [
        Entry(0.0, What.SILENT, {"heard_at": 0.0, "marks": []}),
        Entry(0.0, What.HEARD, {"after_s": 9}),
        Entry(0.0, What.WRONG_PIN, {"link_of": 2}),
    ]
)
steps = st.tuples(
    st.sampled_from([0.0, 1.0, 45.0, 200.0, 700.0, 4000.0]),
    st.one_of(reports, reports, people, people, repeats, officers, judgements, others),
)
outcomes = st.lists(
    st.sampled_from([What.DONE, What.DONE, What.FAILED, What.UNKNOWN, What.DROPPED]), max_size=8
)


def lived(plan: Plan, happens: list[tuple[float, Entry]], came: list[What]) -> Life:
    """An alarm in which calls come to what was drawn, and in the end all succeed."""
    left = iter(came)
    life = Life(plan, lambda _: next(left, What.DONE))
    for wait, entry in happens:
        life.until(life.now + wait)
        life.happens(Entry(life.now, entry.what, entry.data))
    life.until(life.now + 3 * 86400.0)
    return life


@settings(max_examples=HISTORIES)
@given(plans, st.lists(steps, max_size=12), outcomes)
def test_each_confirmed_alarm_acts_once_and_nothing_is_public_without_a_ground(plan, happens, came):
    life = lived(plan, happens, came)
    nothing_is_done_twice(life)
    nothing_is_public_that_may_not_be(life)
    what_was_confirmed_is_public(life)


def nothing_is_done_twice(life: Life) -> None:
    keys = Counter(e.data["key"] for e in life.history if e.what is What.PLANNED)
    assert not keys or max(keys.values()) == 1
    done = Counter((e.data["kind"], e.data["target"]) for e in life.history if e.what is What.DONE)
    assert not done or max(done.values()) == 1
    lost = Counter(
        e.data["target"]
        for e in life.history
        if e.what is What.UNKNOWN and e.data["kind"] in (ActionKind.TELL, ActionKind.NOTIFY)
    )
    assert not lost or max(lost.values()) <= 2


def nothing_is_public_that_may_not_be(life: Life) -> None:
    """An account of one's own: what has a ground, and what takes it away."""
    ground = None
    vetoed = corrected = over = False
    highest = -1
    for n, entry in enumerate(life.history):
        match entry.what:
            case What.GROUND:
                assert not any((vetoed, corrected, over))
                the_ground_is_true(entry, life, n)
                ground = entry.data["ground"]
            case What.VETOED:
                vetoed, ground = True, None
            case What.VETO_LIFTED:
                vetoed = False
            case What.APPROVED:
                vetoed = corrected = False
            case What.CORRECTED if entry.data["reason"] != "other":
                corrected, ground = True, None
            case What.CLOSED | What.HEARD:
                over, ground = True, None
            case What.REPORT:
                held = entry.data["type"] == "STILL_IN_DANGER" and not entry.data["marks"]
                if over and held and entry.data["sequence"] > highest:
                    over = corrected = False
                highest = max(highest, entry.data["sequence"])
            case What.PLANNED if entry.data["kind"] in PUBLIC:
                assert life.plan.kind not in (AlarmKind.DRILL, AlarmKind.SILENCE)
                assert ground is not None
                assert not any((vetoed, corrected, over))
            case What.PLANNED if entry.data["kind"] != ActionKind.RECEIPT:
                assert not over or entry.data["kind"] == ActionKind.CORRECT


def the_ground_is_true(entry: Entry, life: Life, n: int) -> None:
    before = life.history[:n]
    assert life.plan.kind not in (AlarmKind.DRILL, AlarmKind.SILENCE)
    assert any(e.what is What.REPORT for e in before)
    whats = [e.what for e in before]
    if entry.data["ground"] == "duty officer":
        assert What.APPROVED in whats
    elif entry.data["ground"] == "quorum":
        people = {e.data["contact"] for e in before if e.what is What.CONFIRMED}
        assert len(people) >= life.plan.quorum or (people and What.OFFICER_CONFIRMED in whats)
    else:
        assert life.plan.consent_s is not None
        assert What.VETOED not in whats
        assert not any(e.what is What.JUDGED and e.data["verdict"] != "safe" for e in before)
        reports = [e for e in before if e.what is What.REPORT and not e.data["marks"]]
        fresh = [e.at for e in reports if e.data["type"] != "WITHDRAWAL"]
        assert fresh
        assert entry.at >= min(fresh) + life.plan.consent_s


def what_was_confirmed_is_public(life: Life) -> None:
    """Two contacts on the page, and no officer who minds: every network has its one post."""
    if life.plan.kind in (AlarmKind.DRILL, AlarmKind.SILENCE):
        return
    whats = {e.what for e in life.history}
    if not {What.VETOED, What.CORRECTED, What.CLOSED, What.HEARD} & whats and What.REPORT in whats:
        page = [e for e in life.history if e.what is What.CONFIRMED and e.data["by"] == "page"]
        if len({e.data["contact"] for e in page}) >= life.plan.quorum:
            assert sorted(life.done("publish")) == sorted(life.plan.networks)
