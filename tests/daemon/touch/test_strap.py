"""What counts as taking the strap off, proven on the edges of its loop."""

import itertools
import re
from math import inf
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outcry.daemon.touch import strap
from outcry.daemon.touch.strap import FIRM_AFTER_S, Strap, StrapEvent

OPEN_S = 1.0


def edges_of(*durations, start=1.0):
    """Edges of a loop that is closed for the first of these seconds, open for the next, ..."""
    times = itertools.accumulate((start, *durations))
    return [(index % 2 == 0, at) for index, at in enumerate(times)]


def happens(edges, until, begun=None, busy=None, open_s=OPEN_S):
    """What the loop is told, and when: edges as they come, looks as asked for."""
    state, told, now = begun or Strap(), [], 0.0
    waiting = list(reversed(edges))
    while now < until or waiting:
        due = strap.due(state, open_s)
        wakes = [waiting[-1][1] if waiting else until, inf if due is None else due]
        now = max(now, min(wakes))
        if busy is not None and busy.random() < 0.2:
            now += busy.uniform(0, 3)
        while waiting and waiting[-1][1] <= now:
            state, events = strap.edge(state, *waiting.pop(), open_s)
            told += [(event, now) for event in events]
        state, events = strap.look(state, now, open_s)
        told += [(event, now) for event in events]
        due = strap.due(state, open_s)
        assert due is None or due > now, "the loop would run hot"
    return told


def told(edges, until=None, begun=None):
    until = edges[-1][1] + 5 if until is None else until
    return [event for event, _ in happens(edges, until, begun)]


WORN = (StrapEvent.CLOSED, 3.0)  # fastened at 1 s, believed at 3 s


# Removal


def test_a_strap_cut_is_told_a_second_after_it_opened_and_once():
    assert happens(edges_of(60.0), 1000.0) == [WORN, (StrapEvent.OPENED, 62.0)]


def test_how_long_it_must_stay_open_is_a_setting():
    assert happens(edges_of(60.0), 1000.0, open_s=0.3)[-1] == (StrapEvent.OPENED, 61.3)


def test_torn_wires_that_touch_again_for_moments_are_torn():
    assert told(edges_of(60.0, 0.3, 0.05, 0.3, 0.01, 0.4))[:2] == [
        StrapEvent.CLOSED,
        StrapEvent.OPENED,
    ]


def test_fastened_again_and_cut_again_is_told_again():
    edges = edges_of(60.0, 5.0, 60.0)
    assert told(edges) == [
        StrapEvent.CLOSED,
        StrapEvent.OPENED,
        StrapEvent.CLOSED,
        StrapEvent.OPENED,
    ]


def test_opened_again_before_it_was_fastened_for_two_seconds_is_the_same_removal():
    assert told(edges_of(60.0, 5.0, 1.9)) == [StrapEvent.CLOSED, StrapEvent.OPENED]


def test_a_removal_nobody_looked_at_is_told_with_the_next_edge():
    state = strap.begin(closed=True, worn=True, at=0.0)
    state, _ = strap.edge(state, False, 5.0, OPEN_S)
    _, events = strap.edge(state, True, 6.0, OPEN_S)
    assert StrapEvent.OPENED in events


# What is no removal


@pytest.mark.parametrize("for_s", [0.001, 0.05, 0.5, 0.999])
def test_an_interruption_shorter_than_that_is_none(for_s):
    assert told(edges_of(60.0, for_s, 60.0), until=120) == [StrapEvent.CLOSED]


def test_a_loose_contact_is_told_as_loose_and_never_raises():
    flickering = [0.06, 0.9] * 200
    assert told([*edges_of(60.0, *flickering[1:], 0.06)[:-1]], until=200) == [
        StrapEvent.CLOSED,
        StrapEvent.LOOSE,
    ]


def test_a_strap_in_a_drawer_is_silent():
    assert happens([], 1000.0) == []
    assert happens([], 1000.0, begun=strap.begin(closed=False, worn=False, at=0.5)) == []


def test_trying_the_buckle_on_is_no_removal():
    assert told(edges_of(1.9, 3.0, 1.0)) == []


# Starting while it is worn


def test_a_strap_closed_at_start_is_armed_two_seconds_later():
    begun = strap.begin(closed=True, worn=False, at=0.0)
    assert happens([(False, 10.0)], 20.0, begun) == [
        (StrapEvent.CLOSED, 2.0),
        (StrapEvent.OPENED, 11.0),
    ]


def test_a_strap_known_to_be_worn_is_armed_from_the_start():
    begun = strap.begin(closed=True, worn=True, at=0.0)
    assert happens([(False, 0.5)], 20.0, begun) == [(StrapEvent.OPENED, 1.5)]


def test_a_strap_taken_off_while_the_daemon_was_not_there_is_told():
    begun = strap.begin(closed=False, worn=True, at=0.5)
    assert happens([], 20.0, begun) == [(StrapEvent.OPENED, 1.5)]


# A loose contact


def test_ten_interruptions_within_a_minute_are_a_loose_contact():
    few = [0.02, 5.0] * 9
    assert told(edges_of(60.0, *few)[:-1]) == [StrapEvent.CLOSED]
    assert told(edges_of(60.0, *few, 0.02, 5.0)[:-1]) == [StrapEvent.CLOSED, StrapEvent.LOOSE]


def test_an_interruption_now_and_then_is_none():
    assert told(edges_of(60.0, *[0.02, 8.0] * 50)[:-1]) == [StrapEvent.CLOSED]


def test_a_buckle_that_bounces_is_one_interruption():
    bounces = [0.002, 0.003] * 30
    assert told(edges_of(60.0, 0.5, *bounces, 60.0)[:-1]) == [StrapEvent.CLOSED]


def test_a_loose_contact_that_stays_closed_for_ten_minutes_is_firm_again():
    edges = edges_of(60.0, *[0.02, 1.0] * 30)
    closed_at = edges[-2][1]
    assert happens(edges[:-1], 2000.0)[-1] == (StrapEvent.FIRM, closed_at + FIRM_AFTER_S)


def test_a_loose_strap_that_lies_open_is_not_firm_for_that():
    edges = edges_of(60.0, *[0.02, 1.0] * 30, 5000.0)
    assert told(edges, until=edges[-1][1] + 500) == [
        StrapEvent.CLOSED,
        StrapEvent.LOOSE,
        StrapEvent.OPENED,
        StrapEvent.CLOSED,
    ]


def test_an_opening_told_again_and_again_is_one():
    again = [(False, 62.0 + second) for second in range(20)]
    assert told([*edges_of(60.0), *again]) == [StrapEvent.CLOSED, StrapEvent.OPENED]


def test_a_loose_strap_that_is_cut_raises():
    edges = edges_of(60.0, *[0.02, 1.0] * 30)
    assert told(edges, until=200)[-1] == StrapEvent.OPENED


# Against an oracle of another kind, see test_button.py

DURATIONS = st.one_of(
    st.integers(1, 60), st.integers(50, 1100), st.sampled_from([50, 51, 999, 1000, 1999, 2000])
)


def read(strip):
    """Removals: an opening of a second, touches up to 50 ms bridged, of a strap that was worn."""
    happened = []
    for letter, other, valid in ((".", "C", 1000), ("C", ".", 2000)):
        pattern = f"{re.escape(letter)}{{50,}}(?:{re.escape(other)}{{1,50}}{re.escape(letter)}+)*"
        for stretch in re.finditer(pattern, strip):
            if len(stretch.group()) >= valid:
                happened.append((stretch.start() + valid, letter))
    worn, removals = False, 0
    for _, letter in sorted(happened):
        removals += worn and letter == "."
        worn = letter == "C"
    return removals


@given(st.lists(st.tuples(DURATIONS, DURATIONS), min_size=1, max_size=30), st.integers(0, 2**32))
def test_any_edges_say_what_a_slow_reader_of_the_same_strip_says(pairs, seed):
    strip = "C" * 2500 + "".join("." * opened + "C" * closed for opened, closed in pairs)
    edges = [(True, 0.0)] + [
        (strip[ms] == "C", ms / 1000) for ms in range(1, len(strip)) if strip[ms] != strip[ms - 1]
    ]
    busy = Random(seed) if seed % 2 else None
    events = [event for event, _ in happens(edges, len(strip) / 1000, busy=busy)]
    assert events.count(StrapEvent.OPENED) == read(strip)


@given(st.lists(st.tuples(st.booleans(), st.floats(-100, 100)), max_size=60))
@example([(True, 0.0), (False, 60.0), (False, 61.0), (True, 0.0), (False, 0.0)])
def test_edges_in_any_order_are_taken_as_if_in_the_order_told(edges):
    state, plain, level, latest = Strap(), Strap(), False, 0.0
    for closed, at in edges:
        state, events = strap.edge(state, closed, at, OPEN_S)
        if closed != level:
            level, latest = closed, max(latest, at)
        plain, plain_events = strap.edge(plain, closed, max(latest, at), OPEN_S)
        assert (state, events) == (plain, plain_events)
