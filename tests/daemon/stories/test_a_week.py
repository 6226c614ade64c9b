"""A week of a wearer's life on a moved clock, and whether its observer would see what goes wrong.

The week is drawn in simulation/plan.py: dead batteries, kills, clock steps by years, three days
without a network, a receiver, modem or HQ that come and go, alarms, drills, codes and straps.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from outcry.daemon.alarm.model import Vibrate
from outcry.daemon.outbox import card
from outcry.daemon.outbox.card import Card
from outcry.daemon.outbox.outbox import Outbox
from outcry.daemon.outbox.stored import StoredText
from outcry.daemon.service.executor import Executor
from outcry.daemon.service.supervision import Supervision
from simulation.fault_matrix.cells import MEMORY
from simulation.plan import plan
from simulation.week import DAY_S, WEEK_S, Week

FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
SHORT_S = (1.5 if FULL else 0.5) * DAY_S  # as much happens in it as in a week
MUTANTS_SEED, MUTANTS_S = 5, 0.5 * DAY_S
# In CI a short life in which every kind of thing happens stands for the weeks, and the one that the
# mutants live, unbroken, for the short lives.
WEEKS = [(seed, WEEK_S) for seed in range(2, 12)] if FULL else [(107, SHORT_S)]
SHORT_LIVES = range(100, 160) if FULL else (MUTANTS_SEED,)

pytestmark = pytest.mark.slow


@pytest.fixture
def folder():
    """A card in memory: a week writes some ten thousand times."""
    with TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def lived(folder, seed, length_s, kind=Week, coarse=True):
    week = kind(folder, seed, length_s, coarse=coarse)
    plan(week)
    books = week.live()
    return books, books.duplicates(), books.complaints(week.now)


@pytest.mark.parametrize(("seed", "length_s"), WEEKS)
def test_no_alarm_is_lost_nothing_is_twice_and_the_schedule_is_kept(folder, seed, length_s):
    books, duplicates, complaints = lived(folder, seed, length_s, coarse=not FULL)
    assert books.lost() == 0
    assert duplicates == []
    assert complaints == []
    pulses = {pulse for _, _, pulse in books.felt}
    assert {"raised", "HQ has it", "a drill has begun", "the code is on its way"} <= pulses
    assert {"PANIC", "STRAP", "DRILL"} <= {a.report.kind.name for a in books.arrivals}
    assert len(books.lives) > 10, "batteries died, and the daemon was killed"
    assert len({arrival.report.alarm_id for arrival in books.arrivals}) > 6


@pytest.mark.parametrize("seed", SHORT_LIVES)
def test_nor_when_as_much_happens_in_a_day_or_so(folder, seed):
    books, duplicates, complaints = lived(folder, seed, SHORT_S)
    assert (books.lost(), duplicates, complaints) == (0, [], [])


# Whether the observer can fail: a promise is broken by hand, and the books must show it.


def broken(folder, kind=Week):
    books, duplicates, complaints = lived(folder, MUTANTS_SEED, MUTANTS_S, kind)
    return books.lost(), " / ".join(duplicates), " / ".join(complaints)


def test_counters_that_begin_anew_are_seen(folder, monkeypatch):
    writes = Card.write

    def reserves_in_memory_alone(card, changes):
        return writes(card, [change for change in changes if "INTO counter" not in change[0]])

    monkeypatch.setattr(Card, "write", reserves_in_memory_alone)
    _, duplicates, _ = broken(folder)
    assert "had two messages" in duplicates


def test_a_card_that_is_not_synced_at_each_commit_is_seen(folder, monkeypatch):
    monkeypatch.setattr(card, "SYNCHRONOUS", "NORMAL")
    lost, duplicates, _ = broken(folder)
    assert lost or duplicates


def test_a_pulse_before_the_report_is_on_the_card_is_seen(folder, monkeypatch):
    def buzzes_first(executor, effect, alarm, now):
        if isinstance(effect, Vibrate):
            executor.carry_out(effect, alarm, now)
        else:
            writes(executor, effect, alarm, now)

    writes = Executor.write_down
    monkeypatch.setattr(Executor, "write_down", buzzes_first)
    lost, _, _ = broken(folder)
    assert lost > 0


class GoesByTheDate(Week):
    """All its waiting is done by the date."""

    @property
    def booted_at(self):
        return -self.wall_ahead_s

    @booted_at.setter
    def booted_at(self, at):
        pass


def test_a_schedule_by_the_date_is_seen(folder):
    _, _, complaints = broken(folder, GoesByTheDate)
    assert "no position" in complaints
    assert "silent" in complaints


def test_a_track_that_comes_oldest_first_is_seen(folder, monkeypatch):
    newest_first = Outbox.newest_unanswered
    monkeypatch.setattr(
        Outbox, "newest_unanswered", lambda outbox: reversed(list(newest_first(outbox)))
    )
    _, _, complaints = broken(folder)
    assert "newest first" in complaints


def test_a_text_sent_again_although_it_arrived_is_seen(folder, monkeypatch):
    monkeypatch.setattr(StoredText, "reached", lambda text: text)
    _, duplicates, _ = broken(folder)
    assert "left again after it had arrived" in duplicates


def test_heartbeats_that_stop_are_seen(folder, monkeypatch):
    sends = Supervision.sent

    def stops(supervision, flags, now):
        sends(supervision, flags, now)
        supervision.due = float("inf")

    monkeypatch.setattr(Supervision, "sent", stops)
    _, _, complaints = broken(folder)
    assert "silent" in complaints


def test_a_report_taken_for_answered_when_it_is_not_is_seen(folder, monkeypatch):
    answers = Outbox.answer_report

    def answers_all(outbox, report):
        for each in list(outbox.reports.values()):
            answers(outbox, each)

    monkeypatch.setattr(Outbox, "answer_report", answers_all)
    lost, _, complaints = broken(folder)
    assert lost > 0 or "never came" in complaints
