"""Data's turn between two texts: how long it is, what ends it, and when the next is longer."""

import pytest

from outcry.hw.modem.data_turn import ANSWERS_S, BEGINS_S, CONNECTS_S, LONGEST, DataTurn

EVER = float("-inf")


class Turn:
    """One on a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.alarm_since = 0.0
        self.turn = DataTurn(lambda: self.now)

    def lasts(self, occupied: bool = False, attempted: bool = True) -> float:
        """How long one lasts that nothing comes of, from its attempt on."""
        self.now += 100.0
        self.turn.begin(self.alarm_since, occupied)
        if attempted:
            self.turn.attempted()
        began, self.now = self.now, self.turn.until - 0.001
        assert self.turn.goes_on(EVER)
        self.now += 0.001
        assert not self.turn.goes_on(EVER)
        return round(self.now - began, 6)


def test_each_is_longer_than_the_last_that_was_too_short_up_to_a_longest():
    w = Turn()
    lengths = [w.lasts() for _ in range(4)]
    assert lengths == pytest.approx([CONNECTS_S * times for times in (1, 3, LONGEST, LONGEST)])


def test_what_has_left_makes_the_next_a_short_one():
    w = Turn()
    w.lasts(), w.lasts()
    w.turn.was_of_use()
    assert w.lasts() == CONNECTS_S


def test_so_does_another_alarm():
    w = Turn()
    w.lasts(), w.lasts()
    w.alarm_since = 900.0
    assert w.lasts() == CONNECTS_S


def test_one_in_which_nothing_was_tried_was_not_too_short():
    w = Turn()
    w.lasts(attempted=False)
    assert not w.turn.was_too_short
    assert w.lasts() == CONNECTS_S
    assert w.turn.was_too_short
    assert w.lasts(attempted=False) == BEGINS_S + CONNECTS_S


def test_one_on_a_connection_that_there_is_waits_for_the_next_post_as_well():
    assert Turn().lasts(occupied=True) == BEGINS_S + CONNECTS_S


def test_one_whose_connection_is_never_begun_ends_all_the_same():
    assert Turn().lasts(attempted=False) == BEGINS_S + CONNECTS_S


def test_a_connection_that_comes_up_at_last_has_time_for_an_answer():
    w = Turn()
    w.turn.begin(0.0, occupied=False)
    w.turn.attempted()
    w.now += CONNECTS_S - 0.1
    w.turn.connected(w.now)
    w.now += ANSWERS_S - 0.1
    assert w.turn.goes_on(EVER)
    w.now += 0.2
    assert not w.turn.goes_on(EVER)


def test_one_that_came_up_before_or_after_is_not_waited_for():
    w = Turn()
    w.turn.begin(0.0, occupied=True)
    until = w.turn.until
    w.turn.connected(w.now - 1)
    w.turn.connected(until + 1)
    assert w.turn.until == until


def test_an_attempt_that_ends_by_itself_ends_the_turn_and_the_next_is_no_longer():
    w = Turn()
    w.turn.begin(0.0, occupied=True)
    w.now += 1.0
    assert not w.turn.goes_on(ended_at=w.now)
    assert w.lasts() == CONNECTS_S


def test_what_failed_before_the_attempt_is_no_end():
    w = Turn()
    w.turn.begin(0.0, occupied=False)
    assert w.turn.goes_on(ended_at=w.now + 0.5)


def test_there_is_one_between_two_texts():
    w = Turn()
    assert w.turn.is_due(w.now - 1)
    w.turn.begin(0.0, occupied=True)
    assert not w.turn.is_due(w.now - 1)
    assert w.turn.is_due(w.now + 1)


def test_one_that_a_restart_breaks_off_is_over():
    w = Turn()
    w.turn.begin(0.0, occupied=True)
    w.turn.break_off()
    assert not w.turn.goes_on(EVER)
    assert w.lasts() == CONNECTS_S
