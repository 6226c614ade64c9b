"""Random lives: whatever happens in whatever order, an open alarm goes on, and nobody is flooded.

Messages, failures, kills, power cuts and steps of the wall clock come as Hypothesis likes; after
them the network is well again, and then everybody must have heard.
"""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.alarm.model import State
from outcry.daemon.outbox.stored import TextOutcome
from outcry.daemon.touch.edges import Edge
from outcry.hw.gps import NoFix, NoFixReason
from outcry.hw.modem import (
    Condition,
    ModemState,
    ModemStatus,
    Outcome,
    SmsOutcome,
    SmsReceived,
    SmsReport,
)
from outcry.receipt import Status
from outcry.report import AlarmKind
from simulation.world import CONTACTS, World

pytestmark = pytest.mark.slow

MAYBE_LEFT_MOST = 2


def _id(ref):
    return int(ref.removeprefix("text-"))


class Life(World):
    """A world that remembers which texts may have left, over every restart."""

    def __init__(self, folder):
        self.may_have_left = Counter()
        self.to_be_told = {}  # by recipient and template: the newest real report
        self.unanswered_text = None
        self.cut_before_the_mark = 0
        super().__init__(folder, strap=True)

    def starts(self):
        super().starts()
        self.unanswered_text = None
        add = self.outbox.add_text

        def noted(counter, recipient, template, *args, **kwargs):
            text = add(counter, recipient, template, *args, **kwargs)
            if text is not None and self.outbox.alarm.kind is not AlarmKind.DRILL:
                self.to_be_told[recipient, template] = counter
            return text

        self.outbox.add_text = noted
        for text in self.outbox.texts.values():  # some are made at once after a restart
            if text.outcome is not TextOutcome.SUPERSEDED:
                key = text.recipient, text.template
                self.to_be_told[key] = max(text.counter, self.to_be_told.get(key, 0))

    def key(self, ref):
        text = self.outbox.texts[_id(ref)]
        return text.counter, text.recipient, text.template

    def leaves(self):
        if len(self.modem.texts) - 1 not in self.modem.left:
            self.may_have_left[self.key(self.modem.texts[-1][0])] += 1
        super().leaves()

    def network(self, outcome, code=None):
        waiting = self.waiting()
        if waiting is None:
            return
        had_left = len(self.modem.texts) - 1 in self.modem.left
        if outcome is Outcome.FAILED and had_left:
            self.may_have_left[self.key(waiting)] -= 1
        elif outcome is Outcome.UNKNOWN:
            self.may_have_left[self.key(waiting)] += not had_left
            self.unanswered_text = waiting
        super().network(outcome, code)

    def answers_late(self):
        """The modem's answer for a text that was given up comes after all."""
        ref, self.unanswered_text = self.unanswered_text, None
        if ref is not None and ref != self.waiting():
            self.happens(SmsOutcome(ref, Outcome.DONE, (1,), None, "late"))

    def network_says(self, delivered, which):
        """Of some text, also one of before a restart or never sent, that it arrived or did not."""
        known = sorted(self.outbox.texts)
        if known:
            self.happens(SmsReport(f"text-{known[which % len(known)]}", delivered))

    def waiting(self):
        """The text the modem has now."""
        under_way = self.sms.under_way
        return None if under_way is None else f"text-{under_way}"

    def is_registered(self, on):
        state = Condition.REGISTERED if on else Condition.SEARCHING
        self.registered = on
        self.modem.snapshot = ModemStatus(state=state)
        self.happens(ModemState(state, ""))

    def answers(self, status):
        if self.data.under_way is not None:
            self.hq_answers(status)

    def posts_fail(self):
        if self.data.under_way is not None:
            self.post_fails()

    def texts_receipt(self, status, which):
        sealed = [report.sealed for report in self.outbox.reports.values()]
        if sealed:
            self.hq_texts_a_receipt(status, sealed[which % len(sealed)])

    def is_refused(self):
        if self.data.under_way is not None and self.data.under_way.alarm:
            self.somebody_answers(500, b"")


SECONDS = st.sampled_from([0.0, 0.02, 0.3, 1.0, 7.0, 21.0, 61.0, 700.0, 4000.0])
STEPS = st.one_of(
    st.tuples(st.just("passes"), SECONDS),
    st.tuples(st.just("holds"), st.sampled_from([0.3, 1.49, 1.6, 3.0])),
    st.tuples(st.just("edge"), st.booleans(), st.sampled_from([0.0, 0.01, 0.2])),
    st.tuples(st.just("data"), st.booleans()),
    st.tuples(st.just("registered"), st.booleans()),
    st.tuples(st.just("fix"), st.floats(-90, 90), st.sampled_from([None, 3.0, 80.0])),
    st.tuples(st.just("no fix"), st.sampled_from(list(NoFixReason))),
    st.tuples(st.just("answers"), st.sampled_from(list(Status))),
    st.tuples(st.just("fails")),
    st.tuples(st.just("refused")),
    st.tuples(st.just("network"), st.sampled_from(list(Outcome))),
    st.tuples(st.just("late answer")),
    st.tuples(st.just("phone"), st.booleans(), st.integers(0, 99)),
    st.tuples(st.just("receipt by sms"), st.sampled_from(list(Status)), st.integers(0, 9)),
    st.tuples(st.just("strange sms"), st.text(max_size=40)),
    st.tuples(st.just("taps"), st.sampled_from([(2, 4, 1), (5, 5)])),
    st.tuples(st.just("drill")),
    st.tuples(st.just("strap"), st.booleans()),
    st.tuples(st.just("kill")),
    st.tuples(st.just("power cut")),
    st.tuples(st.just("wall"), st.sampled_from([0.0, 60.0, 1.9e9, 4e9, 5e9, 9e9])),
)


def does(life, step):
    match step:
        case ("passes", seconds):
            life.passes(seconds)
        case ("holds", seconds):
            life.holds(seconds)
        case ("edge", closed, late):
            life.happens(Edge(closed, life.now - late))
        case ("data", up):
            life.data_goes(up)
        case ("registered", on):
            life.is_registered(on)
        case ("fix", latitude, accuracy):
            life.sees(latitude, 45.0, accuracy)
        case ("no fix", reason):
            life.happens(NoFix(reason))
        case ("answers", status):
            life.answers(status)
        case ("fails",):
            life.posts_fail()
        case ("refused",):
            life.is_refused()
        case ("network", outcome):
            life.network(outcome)
        case ("late answer",):
            life.answers_late()
        case ("phone", delivered, which):
            life.network_says(delivered, which)
        case ("receipt by sms", status, which):
            life.texts_receipt(status, which)
        case ("strange sms", text):
            life.happens(SmsReceived("+447700900666", text))
        case ("taps", code):
            life.taps(*code)
        case ("drill",):
            life.asks("drill")
        case ("strap", True):
            life.fastens()
        case ("strap", False):
            life.is_torn()
        case ("kill",):
            life.starts()
        case ("power cut",):
            life.power_cut()
        case ("wall", wall):
            life.wall = wall


def is_sound(life):
    assert life.faults == []
    assert life.loop.next_due() > life.now, "the loop would run hot"
    if life.loop.alarm.state is not State.IDLE:
        assert life.loop.alarm.next_due() is not None
    most = MAYBE_LEFT_MOST + life.cut_before_the_mark
    assert all(count <= most for count in life.may_have_left.values())
    for text in life.outbox.texts.values():
        key = text.counter, text.recipient, text.template
        left = life.may_have_left[key] - life.cut_before_the_mark
        assert text.sends <= MAYBE_LEFT_MOST
        assert left <= text.sends or not text.needs_words, "it counts before it can leave"


def felt_is_true(life, before):
    """ "HQ has it" is felt only where a valid receipt came for what the last hold said."""
    for pulse in life.motor.pulses[before:]:
        if pulse in ("HQ has it", "a person has it"):
            alarm = life.loop.alarm
            mine = [r for r in life.outbox.reports.values() if r.alarm == alarm.id]
            assert any(r.answered and r.sequence >= alarm.to_be_answered for r in mine)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@given(st.lists(STEPS, max_size=40))
def test_no_life_ends_an_open_alarm_or_floods_anybody(steps):
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder))
        real = False
        for step in steps:
            alarm_before = life.loop.alarm
            before = len(life.motor.pulses) if step[0] not in ("kill", "power cut") else 0
            does(life, step)
            is_sound(life)
            felt_is_true(life, before)
            real = goes_on(life, before=alarm_before, real=real, step=step)
        all_is_well_again(life, real)
        nobody_was_left_out(life)


def goes_on(life, before, real, step):
    """A real alarm is followed by itself or by another real one; says whether one is open."""
    alarm = life.loop.alarm
    is_real = alarm.state is not State.IDLE and alarm.kind is not AlarmKind.DRILL
    assert is_real or not real, "an alarm never ends, and never becomes a drill"
    if real and alarm.id != before.id:
        assert before.withdrawn or alarm.kind is AlarmKind.STRAP, step
    return is_real


def all_is_well_again(life, is_open):
    life.happens(Edge(False, life.now))
    made = life.outbox.next_counter
    life.data_goes(up=True)
    life.is_registered(True)
    for _ in range(400):
        life.network(Outcome.DONE)
        life.answers(Status.STORED)
        if life.data.under_way is None and life.waiting() is None:
            life.passes(5)
        if not life.outbox.unanswered() and not life.outbox.open_texts():
            break
    is_sound(life)
    assert life.outbox.unanswered() == []
    assert life.outbox.open_texts() == []
    if is_open:
        life.passes(1300)
        assert life.outbox.next_counter > made, "and it goes on reporting"


def nobody_was_left_out(life):
    """Everybody who was to be told of a report has been texted; without delivery reports, twice."""
    for (recipient, template), counter in life.to_be_told.items():
        assert life.may_have_left[counter, recipient, template] >= 1, (recipient, template)
    for _ in range(60):
        life.passes(20)
        life.network(Outcome.DONE)
        is_sound(life)
    assert life.outbox.open_texts() == []


class Killed(BaseException):
    """The power goes, here."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(30))
def test_a_power_cut_at_any_write_loses_nothing_that_was_felt(tmp_path, nth, after):
    life = Life(tmp_path)
    life.is_registered(True)
    left = [nth]

    def cut(write):
        def dies():
            if life.outbox.durable:
                return
            left[0] -= 1
            if left[0] == -1 and not after:
                raise Killed
            write()
            if left[0] == -1:
                raise Killed

        return dies

    life.outbox.commit = cut(life.outbox.commit)
    pulses, alarm_id = life.motor.pulses, None
    try:
        life.data_goes(up=False)
        life.holds()
        alarm_id = life.loop.alarm.id
        for _ in range(10):
            life.network(Outcome.UNKNOWN)
            life.network(Outcome.DONE)
            life.posts_fail()
            life.passes(21)
        life.answers(Status.STORED)
        life.holds()
    except Killed:
        # The text is told to leave and marked as such a moment later; never the other way round,
        # for then a cut in between would take one away from a contact instead of adding one.
        life.cut_before_the_mark = 0 if after else 1
        life.outbox.card.database.close()
        life.power_cut()
        if "raised" in pulses:
            assert life.loop.alarm.state is not State.IDLE
            assert alarm_id in (None, life.loop.alarm.id)
            all_is_well_again(life, is_open=True)
            told = {
                recipient for _, recipient, template in life.may_have_left if template == "alert"
            }
            assert told == set(range(1, len(CONTACTS) + 1))
    else:
        assert left[0] >= 0
