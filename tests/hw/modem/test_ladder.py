"""The recovery ladder itself: its tables, and that each rung keeps to its bound."""

import ast
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.hw.modem.connection import Connection
from outcry.hw.modem.errors import ModemSilent
from outcry.hw.modem.events import Outcome, PostAnswered, PostFailed, SmsOutcome
from outcry.hw.modem.jobs import JobQueue, TextJob
from outcry.hw.modem.ladder import (
    LADDER,
    PULLED_AGAIN_S,
    REFUSALS,
    RUNGS,
    SHUT_FOR_TEXT_EVERY_S,
    TEXT_DUE_S,
    Failure,
    Rung,
    Situation,
    Step,
    next_rung,
)
from outcry.hw.modem.link import ANSWER_S, Link
from outcry.hw.modem.recovery import Recovery
from outcry.hw.modem.settings import ModemSettings

MODEM = Path(__file__).parents[3] / "hw" / "modem"
STRENGTH = {rung: strength for strength, rung in enumerate(Rung)}
RESTARTS = (Rung.COMMAND, Rung.WIRE)
CARRIES_TEXTS = (Failure.NO_DATA, Failure.TEXTS_REFUSED)  # in all others no text can leave
LONG_S = 3600.0

instants = st.floats(0, 1e6)
perhaps = st.booleans()
situations = st.builds(
    Situation,
    failure=st.sampled_from(Failure),
    since=instants,
    times=st.integers(0, 100),
    climbed_at=st.integers(0, 100),
    has_wire=perhaps,
    text_waits=perhaps,
    text_next=perhaps,
    text_on_its_way=perhaps,
    text_tried_at=instants | st.just(-math.inf),
    post_waits_for_new=perhaps,
    connected=perhaps,
    shut_for_text_at=instants | st.just(-math.inf),
    pulled_at=instants | st.just(-math.inf),
    restarted_at=instants | st.just(-math.inf),
    alarm_since=instants | st.none(),
    registered=perhaps,
    refusals=st.integers(0, 5),
    taken=st.sampled_from(Rung),
    taken_at=instants | st.just(-math.inf),
)


ROWS = [row for rows in LADDER.values() for row in rows]


def failed(failure: Failure, **known: Any) -> Situation:
    return Situation(failure, 1000.0, **known)


def test_rungs_are_listed_from_the_weakest_to_the_strongest() -> None:
    assert list(RUNGS) == list(Rung)
    strengths = [STRENGTH[rung] for rung in (Rung.CALL, Rung.SHUT, Rung.ATTACH, *RESTARTS)]
    assert strengths == sorted(strengths)


@pytest.mark.parametrize("failure", Failure)
def test_a_failures_rungs_get_stronger_row_by_row(failure: Failure) -> None:
    strengths = [STRENGTH[row.rung] for row in LADDER[failure]]
    assert strengths == sorted(strengths)


@pytest.mark.parametrize("failure", Failure)
def test_each_failure_has_an_answer_that_asks_for_nothing(failure: Failure) -> None:
    assert LADDER[failure][0].only_if == ()


def test_every_rung_has_a_bound() -> None:
    for rung, means in RUNGS.items():
        assert math.isfinite(means.bound_s)
        assert (means.bound_s > 0) is (rung is not Rung.NOTHING)
        assert means.patience_s is None or means.patience_s < means.limit_s


def test_a_rung_that_can_hold_the_line_for_long_is_borne_for_a_while_only() -> None:
    for rung, means in RUNGS.items():
        if means.bound_s > 10:
            assert means.patience_s is not None, rung


def test_every_rung_has_a_way_out() -> None:
    """What follows is weaker, so it ends; a restarted modem is called, and not for ever."""
    for rung, means in RUNGS.items():
        for other in (means.then, means.or_else):
            assert other is None or STRENGTH[other] < STRENGTH[rung]
        if rung in RESTARTS:
            assert means.then is Rung.CALL
    for row in ROWS:
        called = row.rung is Rung.CALL or RUNGS[row.rung].then is Rung.CALL
        assert (row.calls > 0) is called


def test_pauses_are_bounded_grow_and_are_shorter_in_need() -> None:
    for row in ROWS:
        for pauses_s in row.pauses:
            assert list(pauses_s) == sorted(pauses_s)
            assert 0 <= pauses_s[-1] <= 60
        calm_s, in_need_s = row.pauses
        in_need = itertools.chain(in_need_s, itertools.repeat(in_need_s[-1]))
        assert all(need <= calm for calm, need in zip(calm_s, in_need, strict=False))


@pytest.mark.parametrize("has_wire", [True, False])
@pytest.mark.parametrize("failure", [Failure.SILENT, Failure.HELD_UP, Failure.NO_DATA])
def test_what_stays_broken_comes_to_the_strongest_restart_there_is(
    failure: Failure, has_wire: bool
) -> None:
    taken = {
        next_rung(failed(failure, times=times, has_wire=has_wire), LONG_S).rung
        for times in range(1, 25)
    }
    assert max(taken, key=STRENGTH.__getitem__) is (Rung.WIRE if has_wire else Rung.COMMAND)


@given(situations, instants)
def test_there_is_always_an_answer_and_it_is_due_within_a_minute(
    situation: Situation, now: float
) -> None:
    step = next_rung(situation, now)
    assert situation.since <= step.at <= situation.since + 60
    assert step.rung in {row.rung for row in LADDER[situation.failure]}
    if step.rung in RESTARTS:
        assert step.calls > 0


@given(situations, instants)
def test_a_text_on_its_way_forbids_all_but_calling(situation: Situation, now: float) -> None:
    step = next_rung(replace(situation, text_on_its_way=True), now)
    if situation.failure is Failure.TEXT_STUCK and step.rung is Rung.WIRE:
        assert situation.has_wire
        assert now >= situation.pulled_at + PULLED_AGAIN_S, "once; then a text has its minute"
    else:
        assert step.rung in (Rung.NOTHING, Rung.CALL)


@given(situations, instants)
def test_nothing_is_done_to_a_modem_that_could_carry_a_text_before_texts_had_their_try(
    situation: Situation, now: float
) -> None:
    rung = next_rung(situation, now).rung
    if situation.failure is Failure.TEXTS_REFUSED and rung is not Rung.NOTHING:
        assert situation.times >= REFUSALS
    if situation.failure not in (Failure.NO_DATA, Failure.NOTHING_LEAVES) or rung is Rung.NOTHING:
        return
    assert not situation.text_next
    alarm_since = situation.alarm_since
    if alarm_since is not None and not situation.post_waits_for_new:
        assert situation.text_tried_at >= alarm_since or now >= alarm_since + TEXT_DUE_S


@given(situations, instants)
def test_a_modem_that_could_carry_a_text_is_not_restarted_in_an_alarm_that_has_one(
    situation: Situation, now: float
) -> None:
    if situation.failure not in CARRIES_TEXTS or situation.alarm_since is None:
        return
    rung = next_rung(situation, now).rung
    if rung not in (Rung.NOTHING, Rung.SHUT):
        assert situation.failure is Failure.NO_DATA
        assert not situation.text_waits
        assert now >= situation.alarm_since + 120, "its texts have had their time"
        assert now >= situation.restarted_at + 600, "it does not keep a modem away from texts"


@given(situations, instants)
def test_no_wire_is_pulled_that_is_not_there(situation: Situation, now: float) -> None:
    if not situation.has_wire:
        assert next_rung(situation, now).rung is not Rung.WIRE


@given(situations, instants)
def test_an_alarm_never_makes_the_help_for_a_silent_modem_weaker_or_later(
    situation: Situation, now: float
) -> None:
    calm = replace(situation, failure=Failure.SILENT, text_waits=False, alarm_since=None)
    alarm = replace(calm, alarm_since=0.0)
    assert STRENGTH[next_rung(alarm, now).rung] >= STRENGTH[next_rung(calm, now).rung]
    assert next_rung(alarm, now).at <= next_rung(calm, now).at


def taken(has_wire: bool, in_need: bool) -> list[Rung]:
    """For the first eight silences in a row."""
    alarm_since = 0.0 if in_need else None
    return [
        next_rung(
            failed(Failure.SILENT, times=times, has_wire=has_wire, alarm_since=alarm_since), LONG_S
        ).rung
        for times in range(1, 9)
    ]


def test_a_silent_modem_is_restarted_by_command_at_each_fourth_silence() -> None:
    for in_need in (False, True):
        assert taken(False, in_need) == [Rung.CALL, Rung.CALL, Rung.CALL, Rung.COMMAND] * 2


def test_a_silent_modem_with_a_wire_is_restarted_at_each_second_and_in_need_at_each() -> None:
    assert taken(True, in_need=False) == [Rung.CALL, Rung.WIRE] * 4
    assert taken(True, in_need=True) == [Rung.WIRE] * 8


@pytest.mark.parametrize(
    ("has_wire", "in_need", "pauses_s"),
    [
        (False, False, [1, 2, 4, 8, 15, 30, 60, 60]),
        (True, False, [1, 2, 4, 8, 15, 30, 60, 60]),
        (False, True, [1, 2, 2, 2, 2, 2, 2, 2]),
        (True, True, [0, 2, 2, 2, 2, 2, 2, 2]),
    ],
)
def test_the_pauses_for_a_silent_modem(
    has_wire: bool, in_need: bool, pauses_s: list[float]
) -> None:
    steps = [
        next_rung(
            failed(Failure.SILENT, times=times, has_wire=has_wire, text_waits=in_need), LONG_S
        )
        for times in range(1, 9)
    ]
    assert [step.at - 1000.0 for step in steps] == pauses_s


def test_what_a_broken_connection_leads_to_while_all_is_calm() -> None:
    alone = [next_rung(failed(Failure.NO_DATA, times=times), LONG_S).rung for times in range(13)]
    assert alone[:12] == [Rung.SHUT] * 12, "joining GPRS leaves a press waiting for 75 s"
    assert alone[12] is Rung.COMMAND
    wired = [
        next_rung(failed(Failure.NO_DATA, times=times, has_wire=True), LONG_S).rung
        for times in range(13)
    ]
    assert wired[5] is wired[10] is Rung.ATTACH
    assert wired[12] is Rung.WIRE
    assert {rung for times, rung in enumerate(wired) if times not in (5, 10, 12)} == {Rung.SHUT}


@pytest.mark.parametrize(
    "known",
    [
        {"climbed_at": 12},
        {"alarm_since": LONG_S - 119, "text_tried_at": LONG_S},
        {"alarm_since": 900.0, "text_tried_at": 910.0, "text_waits": True},
        {"alarm_since": 900.0, "text_tried_at": 910.0, "restarted_at": LONG_S - 599},
    ],
)
@pytest.mark.parametrize("times", [5, 12])
def test_a_broken_connection_is_only_shut_otherwise(times: int, known: dict[str, Any]) -> None:
    assert next_rung(failed(Failure.NO_DATA, times=times, **known), LONG_S).rung is Rung.SHUT


def test_a_data_path_that_stays_dead_in_an_alarm_comes_to_a_restart() -> None:
    alarm = {"alarm_since": 900.0, "text_tried_at": 910.0}
    for has_wire, expected in ((False, Rung.COMMAND), (True, Rung.WIRE)):
        path = failed(Failure.NO_DATA, times=12, has_wire=has_wire, **alarm)
        assert next_rung(path, LONG_S).rung is expected
    attached = failed(Failure.NO_DATA, times=5, has_wire=True, **alarm)
    assert next_rung(attached, LONG_S).rung is Rung.ATTACH


def test_a_broken_connection_is_left_alone_until_the_alarms_text_was_tried() -> None:
    alarm = failed(Failure.NO_DATA, times=3, alarm_since=1000.0)
    assert next_rung(alarm, 1000.0 + TEXT_DUE_S - 0.1).rung is Rung.NOTHING
    assert next_rung(alarm, 1000.0 + TEXT_DUE_S).rung is Rung.SHUT
    assert next_rung(replace(alarm, text_tried_at=1001.0), 1002.0).rung is Rung.SHUT
    assert next_rung(replace(alarm, post_waits_for_new=True), 1002.0).rung is Rung.SHUT
    assert next_rung(replace(alarm, text_next=True), LONG_S).rung is Rung.NOTHING


def test_the_connection_is_shut_for_refused_texts_but_not_time_and_again() -> None:
    refused = failed(Failure.TEXTS_REFUSED, times=REFUSALS, connected=True)
    assert next_rung(refused, 1000.0).rung is Rung.SHUT
    assert next_rung(replace(refused, times=REFUSALS - 1), 1000.0).rung is Rung.NOTHING
    assert next_rung(replace(refused, connected=False), 1000.0).rung is Rung.NOTHING
    again = replace(refused, shut_for_text_at=1000.0)
    assert next_rung(again, 1000.0 + SHUT_FOR_TEXT_EVERY_S - 1).rung is Rung.NOTHING
    assert next_rung(again, 1000.0 + SHUT_FOR_TEXT_EVERY_S).rung is Rung.SHUT


def climbed(has_wire: bool, registered: bool = True, minutes: int = 30) -> list[tuple[int, Rung]]:
    """Which rungs are taken when, from the press on, while each text is refused at once."""
    port, pulled = Deaf(noisy=False), []
    jobs = JobQueue(lambda: port.now)
    cycle = (lambda is_on: pulled.append(port.now)) if has_wire else None
    recovery = Recovery(jobs, lambda: port.now, cycle)
    link = Link(port, lambda: port.now, lambda: None, lambda: False, lambda began: None)
    jobs.set_urgent(True)
    taken = []
    for second in range(minutes * 60):
        port.now = float(second)
        recovery.text_tried()
        recovery.text_refused("+447700900101")
        recovery.came_of(SmsOutcome("t1", Outcome.FAILED, (), 314, "refused"))
        if (step := recovery.stalled(registered, not registered, text_next=True)) is not None:
            taken.append((second, step.rung))
            recovery.take(link, step)
    assert [at for at, rung in taken if rung is Rung.WIRE] == pulled
    return taken


def test_while_texts_are_refused_the_ladder_is_climbed_whatever_the_modem_says() -> None:
    assert climbed(has_wire=False) == [
        (30, Rung.TOGGLE),
        (45, Rung.COMMAND),
        (165, Rung.COMMAND),
        (345, Rung.COMMAND),
        (645, Rung.COMMAND),
        (1245, Rung.COMMAND),
    ]


def test_with_a_wire_that_is_pulled_first_and_then_in_turn_with_the_command() -> None:
    assert climbed(has_wire=True) == [
        (20, Rung.ATTACH),
        (30, Rung.TOGGLE),
        (45, Rung.WIRE),
        (165, Rung.COMMAND),
        (345, Rung.WIRE),
        (645, Rung.COMMAND),
        (1245, Rung.WIRE),
    ]


def test_a_search_for_a_network_is_not_broken_off_before_its_time() -> None:
    assert climbed(has_wire=False, registered=False, minutes=2) == [(70, Rung.COMMAND)]


@pytest.mark.parametrize(("found_s", "begins_again"), [(1, False), (590, False), (610, True)])
def test_a_network_that_stays_away_is_looked_for_with_a_modem_that_was_restarted(
    found_s: int, begins_again: bool
) -> None:
    """Where no alarm is open, rarely; from the bottom again once there was one for ten minutes."""
    now = [0.0]
    recovery = Recovery(JobQueue(lambda: now[0]), lambda: now[0])
    taken = []
    for second in range(4 * 3600):
        now[0] = float(second)
        lost = not 7200 <= second < 7200 + found_s
        step = recovery.stalled(registered=not lost, lost=lost, text_next=False)
        taken += [second] if step is not None and step.rung is Rung.COMMAND else []
    again = [300, 300 + 720, 300 + 720 + 1080, 300 + 720 + 1080 + 1800]
    lost_at = 7200 + found_s
    later = again if begins_again else [300, 300 + 3600]
    assert taken == [*again, *(lost_at + at for at in later)]


def test_a_sim_that_is_taken_for_packets_alone_is_not_lost() -> None:
    now = [0.0]
    recovery = Recovery(JobQueue(lambda: now[0]), lambda: now[0])
    for second in range(3600):
        now[0] = float(second)
        assert recovery.stalled(registered=False, lost=False, text_next=False) is None


@pytest.mark.parametrize("lost", [True, False])
def test_reports_that_wait_count_where_there_is_no_network_though_texts_have_left(
    lost: bool,
) -> None:
    """HQ's silence alone is no sign of a sick modem."""
    now = [100.0]
    jobs = JobQueue(lambda: now[0])
    recovery = Recovery(jobs, lambda: now[0])
    jobs.set_urgent(True)
    recovery.text_tried()
    recovery.came_of(SmsOutcome("t1", Outcome.DONE, (1,), None, "sent"))
    recovery.came_of(PostFailed("p1", "no answer"))
    now[0] = 200.0
    assert recovery.stalled(not lost, lost, text_next=False) is None
    now[0] = 269.0
    assert recovery.stalled(not lost, lost, text_next=False) is None
    now[0] = 270.0
    step = recovery.stalled(not lost, lost, text_next=False)
    assert (step is not None and step.rung is Rung.COMMAND) is lost


def test_a_text_that_has_left_ends_it_and_the_next_refusal_begins_at_the_bottom() -> None:
    now = [0.0]
    jobs = JobQueue(lambda: now[0])
    recovery = Recovery(jobs, lambda: now[0])
    jobs.set_urgent(True)

    def rung_at(seconds: float, outcome: Outcome) -> Rung | None:
        now[0] = seconds
        recovery.text_tried()
        if outcome is Outcome.FAILED:
            recovery.text_refused("+447700900101")
            recovery.text_refused("+447700900102")
        recovery.came_of(SmsOutcome("t1", outcome, (), None, "test"))
        step = recovery.stalled(registered=True, lost=False, text_next=False)
        return None if step is None else step.rung

    assert rung_at(0, Outcome.UNKNOWN) is None
    assert rung_at(50, Outcome.FAILED) is Rung.COMMAND
    assert rung_at(60, Outcome.DONE) is None
    assert rung_at(1000, Outcome.FAILED) is None
    assert rung_at(1029, Outcome.FAILED) is None
    assert rung_at(1030, Outcome.FAILED) is Rung.TOGGLE


def test_posts_that_fail_count_while_no_text_has_left_and_whoever_answers_them() -> None:
    now = [0.0]
    jobs = JobQueue(lambda: now[0])
    recovery = Recovery(jobs, lambda: now[0])
    jobs.set_urgent(True)
    recovery.came_of(PostFailed("p1", "no answer"))
    assert recovery.stalls
    recovery.came_of(PostAnswered("p1", 200, b""))
    assert not recovery.stalls, "nothing else is asked for"
    recovery.came_of(SmsOutcome("t1", Outcome.FAILED, (), 38, "refused"))
    recovery.came_of(PostAnswered("p1", 200, b""))
    assert recovery.stalls, "it may be a captive portal; HQ's receipt would end the need"
    recovery.came_of(SmsOutcome("t1", Outcome.DONE, (1,), None, "sent"))
    recovery.came_of(PostFailed("p1", "no answer"))
    assert not recovery.stalls, "the contacts know"


def test_one_number_that_is_refused_is_no_sign_of_a_sick_modem_once_a_text_has_left() -> None:
    now = [0.0]
    jobs = JobQueue(lambda: now[0])
    recovery = Recovery(jobs, lambda: now[0])
    jobs.set_urgent(True)

    def refused(number: str) -> bool:
        recovery.text_refused(number)
        recovery.came_of(SmsOutcome("t1", Outcome.FAILED, (), 28, "refused"))
        return recovery.stalls

    def left(number: str) -> bool:
        recovery.text_left(number)
        recovery.came_of(SmsOutcome("t1", Outcome.DONE, (1,), None, "sent"))
        return recovery.stalls

    assert refused("+447700900101"), "nothing has left yet"
    assert not left("+447700900102")
    assert not refused("+447700900101")
    assert refused("+447700900103"), "two"
    assert not left("+447700900102")
    assert refused("+447700900102"), "one that a text has reached before"


def test_without_an_alarm_only_new_refusals_count_and_only_where_no_data_goes() -> None:
    now = [0.0]
    recovery = Recovery(JobQueue(lambda: now[0]), lambda: now[0])
    for number in ("+447700900101", "+447700900102"):
        assert not recovery.stalls
        recovery.text_tried()
        recovery.text_refused(number)
        recovery.came_of(SmsOutcome("t1", Outcome.FAILED, (), 38, "refused"))
    now[0] = 45.0
    step = recovery.stalled(registered=True, lost=False, text_next=False)
    assert step is not None
    assert step.rung is Rung.COMMAND
    now[0] = 1000.0
    assert not recovery.stalls, "none was refused since"
    recovery.text_tried()
    assert recovery.stalls
    recovery.came_of(PostAnswered("p1", 200, b""))
    assert not recovery.stalls


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
@pytest.mark.parametrize("answered", [False, True])
def test_a_lone_number_counts_where_its_text_is_lost_or_data_has_no_answer_either(
    outcome: Outcome, answered: bool
) -> None:
    """HQ's, in an answered alarm. What is refused may be a wrong number, where data is well."""
    now = [10.0]
    recovery = Recovery(JobQueue(lambda: now[0]), lambda: now[0])
    recovery.came_of(PostAnswered("p1", 200, b"") if answered else PostFailed("p1", "no answer"))
    now[0] = 20.0
    recovery.text_tried()
    if outcome is Outcome.FAILED:
        recovery.text_refused("+447700900101")
    recovery.came_of(SmsOutcome("t1", outcome, (), None, "in vain"))
    now[0] = 65.0
    step = recovery.stalled(registered=True, lost=False, text_next=False)
    expected = None if answered and outcome is Outcome.FAILED else Rung.COMMAND
    assert (step.rung if step is not None else None) is expected


def test_what_is_counted_is_what_the_ladder_is_asked_with() -> None:
    now = [5.0]
    jobs = JobQueue(lambda: now[0])
    recovery = Recovery(jobs, lambda: now[0], power_cycle=lambda is_on: None)
    for _ in range(3):
        recovery.met(Failure.SILENT)
    recovery.climbed(Failure.SILENT)
    recovery.met(Failure.SILENT)
    recovery.text_tried()
    job = TextJob("t1", "+447700900201", "help", given=True)
    jobs.add_text(job)
    jobs.set_urgent(True)
    now[0] = 9.0
    recovery.shut_for_text()
    assert recovery.situation(Failure.SILENT) == Situation(
        Failure.SILENT,
        9.0,
        times=4,
        climbed_at=3,
        has_wire=True,
        text_waits=True,
        text_on_its_way=True,
        text_tried_at=5.0,
        shut_for_text_at=9.0,
        alarm_since=5.0,
    )
    recovery.over(Failure.SILENT)
    silent = recovery.situation(Failure.SILENT, since=2.0)
    assert (silent.times, silent.climbed_at, silent.since) == (0, 0, 2.0)


class Deaf:
    """A port whose modem answers AT at most; ``noisy``: with line noise that never ends."""

    rate = 115200

    def __init__(self, noisy: bool) -> None:
        self.now = 0.0
        self.answers_at = True
        self._noisy = noisy
        self._said = b""

    def write(self, data: bytes) -> None:
        if data == b"AT\r" and self.answers_at:
            self._said = b"\r\nOK\r\n"

    def read(self, timeout_s: float) -> bytes:
        said, self._said = self._said, b""
        if not said:
            self.now += 0.05 if self._noisy else timeout_s
        return said or (b"\xff" if self._noisy else b"")

    def wake(self) -> None: ...

    def close(self) -> None: ...


def call(port: Deaf, link: Link) -> None:
    port.answers_at = False
    with pytest.raises(ModemSilent):
        link.attention(1)


def connection(port: Deaf) -> Connection:
    return Connection(ModemSettings(), lambda: port.now)


def take(port: Deaf, link: Link, rung: Rung) -> None:
    recovery = Recovery(JobQueue(lambda: port.now), lambda: port.now)
    recovery.take(link, Step(rung, port.now, calls=1))


HELD: dict[Rung, Callable[[Deaf, Link], None]] = {
    Rung.CALL: call,
    Rung.SHUT: lambda port, link: connection(port).shut(link),
    Rung.ATTACH: lambda port, link: connection(port).attach_again(link),
    Rung.TOGGLE: lambda port, link: take(port, link, Rung.TOGGLE),
    Rung.COMMAND: lambda port, link: take(port, link, Rung.COMMAND),
}


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("rung", HELD)
def test_a_rung_keeps_to_its_bound_with_a_modem_that_does_not_answer(
    rung: Rung, noisy: bool
) -> None:
    port = Deaf(noisy)
    link = Link(port, lambda: port.now, lambda: None, lambda: False, lambda began: None)
    link.attention(1)
    began = port.now
    HELD[rung](port, link)
    means = RUNGS[rung]
    calls_between = len(means.commands) - 1
    bound_s = means.bound_s + calls_between * RUNGS[Rung.CALL].bound_s
    more_s = len(means.commands) * (ANSWER_S + 0.2) if noisy else 0.0
    assert 1 < port.now - began <= bound_s + more_s


def test_what_restarts_the_modem_stands_in_the_ladder_alone() -> None:
    """Where the modem is restarted, and after which failure, is told by one file."""
    done = [command for means in RUNGS.values() for command in means.commands if command != "AT"]
    said: dict[str, set[str]] = {}
    for path in MODEM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in done:
                said.setdefault(node.value, set()).add(path.name)
    assert said == {command: {"ladder.py"} for command in done}
