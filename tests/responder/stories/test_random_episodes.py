"""Whatever happens in whatever order: nobody reads "safe" or "false" of an open, confirmed episode.

An alarm's life is drawn: presses, answers, decisions, and calls that are queued, under way, lost or
refused while the next thing happens. HQ's rules live through it. Networks that edit and one that only
answers keep what readers would see, in the words HQ posts; contact's and officer's pages are drawn.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from builders import POSITION, STILL, WITHDRAWAL, officer, report, says
from hypothesis import given, settings
from hypothesis import strategies as st
from lived import PLAN
from readers import Wall

from outcry.report import AlarmKind, NoFixReason, NoPosition
from outcry.responder import sentences
from outcry.responder.console.accounts import Session
from outcry.responder.console.desk import Standing, View, possible
from outcry.responder.console.pages import ConsolePages
from outcry.responder.console.watching.device_health import Health
from outcry.responder.contacts import desk
from outcry.responder.contacts.pages import Pages
from outcry.responder.contacts.public_pages import PublicPages
from outcry.responder.posting import own_page, wording
from outcry.responder.posting.publisher import Limits
from outcry.responder.posting.wording import PostFacts
from outcry.responder.rules.calls import Action, Correction, FollowUp, Post, TakeBack
from outcry.responder.rules.case import Case
from outcry.responder.rules.decide import decide, is_allowed, may_begin
from outcry.responder.rules.events import (
    Acknowledged,
    Approved,
    CalledFalse,
    CallEnded,
    CallPlanned,
    Came,
    Closed,
    Confirmed,
    Corrected,
    Event,
    GivenBack,
    GroundFound,
    HandedOver,
    Noted,
    OfficerConfirmed,
    Outcome,
    Rang,
    Reason,
    Reopened,
    Said,
    TakenOver,
    Ticked,
    Unsure,
    Unticked,
    Verdict,
    Vetoed,
    VetoLifted,
    WithdrawalJudged,
)
from outcry.responder.web.assets import Assets
from outcry.responder.web.own_words import OwnWords
from stage import reports as made
from stage.reports import NOON

pytestmark = pytest.mark.slow

FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
HISTORIES = 100_000 if FULL else 150
LIMITS = Limits(500)
ENDED = re.compile(r"\bsafe\b|\bfalse\b|\bis free\b|alarm of [^.]* is over", re.IGNORECASE)
PLANS = [
    replace(PLAN, networks=("own page", "x"), officers=("desk",)),
    replace(PLAN, kind=AlarmKind.STRAP, networks=("own page", "mastodon", "x"), consent_s=600.0),
]

people = st.builds(
    says, st.integers(1, 3), st.sampled_from([Confirmed, Confirmed, CalledFalse, Unsure])
)
officers = st.one_of(
    st.builds(
        officer,
        st.sampled_from([Approved, Vetoed, VetoLifted, Reopened, Acknowledged, OfficerConfirmed]),
    ),
    st.just(officer(Closed)),
    st.sampled_from(
        [
            Acknowledged(0.0, "day"),
            TakenOver(0.0, "day", "night"),
            HandedOver(0.0, "night", "day"),
            GivenBack(0.0, "night"),
            GivenBack(0.0, "day"),
            Noted(0.0, "night", "her brother has seen her"),
            Rang(0.0, "night", 1, Said.NOT_REAL, "it is a false alarm"),
            Ticked(0.0, "night", "is she safe?"),
            Unticked(0.0, "day", "is she safe?"),
        ]
    ),
    st.builds(Corrected, st.just(0.0), st.just("night"), st.sampled_from(Reason)),
)
pressed = st.sampled_from(["press", "press", "press", "position", "withdraw"])
judged = st.builds(
    WithdrawalJudged,
    st.just(0.0),
    st.integers(2, 9),
    st.sampled_from([Verdict.SAFE, Verdict.DURESS]),
)
CAME = [Outcome.DONE, Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN]
calls = st.tuples(
    st.sampled_from(["begins", "begins", "ends"]), st.sampled_from(CAME), st.booleans()
)
LOST = [("begins", Outcome.UNKNOWN, True), ("ends", Outcome.DONE, True)] * 3
public_then_over = st.sampled_from(
    [
        [says(1), says(2), "all", Corrected(0.0, "night", Reason.FALSE_ALARM)],
        [says(1), says(2), "all", Corrected(0.0, "night", Reason.RELEASED), officer(Closed)],
        [officer(Approved), "all", officer(Closed)],
        [officer(Approved), "all", Corrected(0.0, "night", Reason.FALSE_ALARM), *LOST, "press"],
        [],
    ]
)
steps = st.lists(
    st.one_of(pressed, pressed, people, people, officers, judged, calls, calls, st.just("all")),
    max_size=16,
)


class Hq:
    """The rules, their queue and their calls: of each network one at a time, others meanwhile.

    Where several processes share a database, calls of one network cross each other, too: each has
    its effect when it ends, the last one first as it happens.
    """

    def __init__(self, plan, processes=1):
        self.plan = plan
        self.processes = processes
        self.now = NOON
        self.history: list[Event] = []
        self.case = Case()
        self.queue: list[Action] = []
        self.flying: list[tuple[Action, Outcome, bool]] = []
        self.walls = {name: Wall(edits=name != "x") for name in plan.networks}
        self.messages = 0

    def takes(self, event):
        self.history.append(event)
        self.case.take(event)

    def happens(self, event):
        self.now += 1.0
        if isinstance(event, str):
            self.messages += 1
            kinds = {"press": STILL, "position": POSITION, "withdraw": WITHDRAWAL}
            event = report(self.messages + 1, 0.0, kinds[event])
        self.takes(replace(event, at=self.now))
        self.works()

    def works(self):
        for _ in range(50):
            decision = decide(self.case, self.plan, self.now)
            if decision.ground is not None:
                self.takes(GroundFound(self.now, decision.ground))
            elif not decision.actions:
                return
            for action in decision.actions:
                self.takes(CallPlanned(self.now, action))
                self.queue.append(action)
        raise AssertionError("HQ never comes to rest")

    def begins(self, outcome, said):
        """The first call that no lane holds up; it has its effect now, of which HQ hears later."""
        busy = {getattr(action.target, "network", None) for action, *_ in self.flying} - {None}
        busy = busy if self.processes == 1 else set()
        free = [a for a in self.queue if getattr(a.target, "network", "") not in busy]
        if not free:
            return
        action = free[0]
        self.queue.remove(action)
        case, target = self.case, action.target
        if not may_begin(target, case, self.plan):
            self.ended(action, Outcome.DROPPED)
            return
        if not is_allowed(target, case, self.plan):
            self.ended(action, self.found(target))
            return
        if isinstance(target, Correction):
            _, episode = case.corrections[target.number - 1]
            assert not case.now.is_open or episode == case.now.number
            assert not any(was_real(each) for each in case.episodes[episode:])
        has_effect = outcome is Outcome.DONE or (outcome is Outcome.UNKNOWN and said)
        if self.processes == 1:
            self.shows(action, has_effect)
        self.flying.append((action, outcome, has_effect))

    def found(self, target):
        """What comes of a call that may say nothing more, and looks whether it has been said."""
        if target in self.walls[target.network].posts:
            return Outcome.DONE
        return Outcome.UNKNOWN if self.case.is_in_doubt(target) else Outcome.DROPPED

    def shows(self, action, has_effect):
        network = getattr(action.target, "network", None)
        if network and has_effect:
            case = self.case
            self.walls[network].takes(action.target, case, words(action.target, case))

    def ends(self, first=True):
        if self.flying:
            action, outcome, has_effect = self.flying.pop(0 if first else -1)
            if self.processes > 1:
                self.shows(action, has_effect)
            self.ended(action, outcome)

    def ended(self, action, outcome):
        self.now += 0.1
        self.takes(CallEnded(self.now, action, Came(outcome)))
        self.works()

    def all(self, outcome=Outcome.DONE):
        while self.queue or self.flying:
            self.begins(outcome, said=True)
            self.ends()

    def rests(self):
        """Networks are back: whatever waits to be tried again is done."""
        self.all()
        while (at := decide(self.case, self.plan, self.now).look_again_at) is not None:
            if at > self.now + 86400.0 or self.now > NOON + 20 * 86400.0:
                return
            self.now = max(self.now + 0.001, at)
            self.works()
            self.all()


def was_real(episode):
    """Whether somebody said so, and nobody since that it is false or over."""
    said = any(isinstance(each, Confirmed) for each in episode.answers)
    officers = any(isinstance(each, Approved | OfficerConfirmed | Vetoed) for each in episode.acts)
    corrected = any(each.reason is not Reason.OTHER for each in episode.corrections.values())
    return (said or officers) and not corrected


def words(target, case):
    """The words that HQ would post, of facts that do not matter here."""
    facts = PostFacts("Ana", "Example Org", NOON, NOON)
    match target:
        case Post():
            episode = case.episodes[target.episode - 1]
            reopened = episode.number > 1 and not episode.again
            facts = replace(facts, again=episode.again, reopened=reopened)
            return wording.post_draft(facts, LIMITS, "en").text
        case Correction():
            correction, _ = case.corrections[target.number - 1]
            facts = replace(facts, reason=correction.reason)
            return wording.correction_draft(facts, LIMITS, "en").text
        case TakeBack():
            return wording.take_back_draft(facts, LIMITS, "en").text
        case FollowUp():
            return wording.follow_up_draft(facts, LIMITS, "en").text


ASSETS = Assets()
PAGES = Pages("Example Org", "https://help.example.org", lambda: NOON)
PUBLIC = PublicPages(PAGES.environment, PAGES.languages, ASSETS.addresses, OwnWords(None))
CONSOLE = ConsolePages(PAGES.environment, lambda: NOON, ASSETS.addresses)
BEN = SimpleNamespace(name="Ben", language="en", number_in_list=1)
FIRST = made.report(place=NoPosition(NoFixReason.NO_SATELLITES), sent_at=NOON)


def contact_sees(hq):
    case = hq.case
    shown = desk.Shown(1, "Ana", FIRST, NOON, 1, "en")
    seen = desk.standing(case, hq.plan, BEN, "", NOON, (), hq.now)
    page = bytes(PAGES.standing(shown, "/c/x", seen).body).decode()
    doubts = PAGES.languages["en"]("doubted", n=seen.doubts)
    own_answers = re.compile(r"<p>Your answers: .*</p>")
    return own_answers.sub("", page.split("<h2>Earlier alarms</h2>")[0].replace(doubts, ""))


def officer_sees(hq):
    """What stands of the alarm on its page; not the history, nor what can be done about it."""
    case = hq.case
    standing = Standing(1, "Ana", hq.plan.kind, NOON, NOON, hq.plan.quorum, case)
    health = Health("Ana", "00000001", NOON, None, None, None, None, False)
    lines = tuple(sentences.timeline(hq.history, {}))
    view = View(standing, None, health, (), (), lines, len(hq.history), possible(standing), None)
    page = bytes(CONSOLE.view(Session("olga", "x"), view).body).decode()
    facts = re.search(r'<ul class="facts">(.*?)</ul>', page, re.DOTALL)[1]
    withdrawal = case.now.withdrawal
    said = "" if withdrawal is None else sentences.sentence(sentences.withdrawal(withdrawal))
    return facts.replace(said, "")


def public_sees(hq):
    posts = [
        own_page.Post(
            n, f"https://help.example.org/post/{n}", "", said, NOON, NOON, None, "en", False, ""
        )
        for n, said in enumerate(hq.walls["own page"].last_words())
    ]
    shown = PUBLIC.page(posts, "en"), PUBLIC.atom(posts, "en"), PUBLIC.rss(posts, "en")
    return "".join(bytes(each.body).decode() for each in shown)


def is_open_and_confirmed(case):
    return case.now.is_open and case.now.ground is not None


@settings(max_examples=HISTORIES)
@given(st.sampled_from(PLANS), st.sampled_from([1, 2]), public_then_over, steps)
def test_nobody_reads_safe_or_false_of_an_episode_that_is_open_and_confirmed(
    plan, processes, begins, then
):
    hq = Hq(plan, processes)
    hq.happens(report(1))
    for step in [*begins, *then]:
        match step:
            case "all":
                hq.all()
            case ("begins", outcome, said):
                hq.begins(outcome, said)
            case ("ends", _, first):
                hq.ends(first or hq.processes == 1)
            case _:
                hq.happens(step)
        if is_open_and_confirmed(hq.case):
            for page in (contact_sees(hq), officer_sees(hq)):
                assert not ENDED.search(page), page
            assert "corrected" not in contact_sees(hq)
    hq.rests()
    case = hq.case
    if is_open_and_confirmed(case) and not case.vetoed:
        for network, wall in hq.walls.items():
            assert not any(ENDED.search(words) for words in wall.last_words()), network
            if case.now.last_ground == case.now.ground and case.withdrawal is None:
                assert Post(network, case.now.number) in wall.posts
        assert not ENDED.search(public_sees(hq))


def public_then_false(processes=1, came=Outcome.DONE):
    hq = Hq(PLANS[0], processes)
    for event in (report(1), says(1), says(2)):
        hq.happens(event)
    hq.all()
    hq.happens(Corrected(0.0, "night", Reason.FALSE_ALARM))
    hq.all(came)
    return hq


def test_a_correction_that_is_still_under_way_elsewhere_is_taken_back_after_it():
    """The call that began first, in another process, has its effect last."""
    hq = public_then_false(2, Outcome.UNKNOWN)
    hq.now += 10.0
    hq.works()
    while hq.queue:
        hq.begins(Outcome.DONE, True)
    assert [str(action.target) for action, *_ in hq.flying] == ["own page:1", "x:1"]
    for event in ("press", says(1), says(2)):
        hq.happens(event)
    while hq.queue:
        hq.begins(Outcome.DONE, True)
        hq.ends(first=False)
    hq.rests()
    assert is_open_and_confirmed(hq.case)
    assert not ENDED.search(public_sees(hq))


def test_the_account_would_see_it():
    """The same alarm without its take-backs: readers of each network see "is safe"."""
    hq = public_then_false()
    hq.happens("press")
    assert ENDED.search(public_sees(hq))
    for event in (says(1), says(2)):
        hq.happens(event)
    hq.queue = [action for action in hq.queue if not isinstance(action.target, TakeBack)]
    while hq.queue or hq.flying:
        hq.begins(Outcome.DONE, True)
        hq.ends()
        hq.queue = [action for action in hq.queue if not isinstance(action.target, TakeBack)]
    assert is_open_and_confirmed(hq.case)
    assert ENDED.search(public_sees(hq))
