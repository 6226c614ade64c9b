"""What counts as a hold, proven on edges: a struggle does not cancel it, bounces never make it."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.touch import hold

HOLD_S = 1.5


def holds(edges: list[tuple[bool, float]], until: float, look_every_s: float = 0.01) -> list[float]:
    """When holds became valid, for edges told as they come and looks as due() asks."""
    button, told = hold.Hold(), []

    def looked(at: float) -> None:
        nonlocal button
        button, held = hold.look(button, at, HOLD_S)
        if held:
            told.append(at)

    for closed, at in [*edges, (None, until)]:
        while (due := hold.due(button, HOLD_S)) is not None and due < at:
            looked(due)
            if hold.due(button, HOLD_S) == due:
                break  # nothing more happens by time alone
        if closed is None:
            looked(at)
        else:
            button, held = hold.edge(button, closed, at, HOLD_S)
            if held:
                told.append(at)
            looked(at)
    return told


def edges_of(*durations: float) -> list[tuple[bool, float]]:
    """Edges of a contact that closes at 0 and then stays so, open, so, ... for these seconds."""
    times = itertools.accumulate((0.0, *durations))
    return [(index % 2 == 0, at) for index, at in enumerate(times)]


def test_a_hold_counts_before_it_is_let_go():
    assert holds([(True, 0.0)], until=10) == [HOLD_S]


def test_letting_go_a_moment_too_early_does_not_count():
    assert holds(edges_of(1.499), until=10) == []


def test_a_long_press_is_one_hold():
    assert len(holds(edges_of(60.0), until=100)) == 1


def test_a_struggling_hand_that_opens_for_50_ms_still_holds():
    assert len(holds(edges_of(0.5, 0.05, 0.5, 0.049, 0.6), until=10)) == 1


def test_an_opening_of_more_than_50_ms_begins_the_hold_anew():
    assert holds(edges_of(1.4, 0.06, 1.4), until=10) == []


def test_an_opening_across_the_deadline_counts_when_it_closes_again():
    assert holds([*edges_of(1.48, 0.04), (False, 1.9)], until=5) == [1.52]


def test_bounces_shorter_than_50_ms_never_begin_a_hold():
    chatter = [(index % 2 == 0, index * 0.04) for index in range(200)]
    assert holds(chatter, until=20) == []


def test_two_holds_are_two():
    assert len(holds(edges_of(2.0, 1.0, 2.0), until=10)) == 2


def test_letting_go_is_believed_even_when_it_is_told_late():
    """The loop was busy past the deadline; the edges' own times decide."""
    button, _ = hold.edge(hold.Hold(), True, 0.0, HOLD_S)
    button, held = hold.edge(button, False, 1.0, HOLD_S)
    assert not held
    _, held = hold.look(button, 9.0, HOLD_S)
    assert not held


def test_a_hold_nobody_looked_at_counts_when_the_release_is_told():
    button, _ = hold.edge(hold.Hold(), True, 0.0, HOLD_S)
    _, held = hold.edge(button, False, 1.6, HOLD_S)
    assert held


def test_an_opening_bridged_in_time_is_bridged_however_late_it_is_told():
    button, _ = hold.edge(hold.Hold(), True, 0.0, HOLD_S)
    button, _ = hold.edge(button, False, 1.0, HOLD_S)
    button, _ = hold.look(button, 1.2, HOLD_S)  # the next edge is under way, the clock is not
    button, _ = hold.edge(button, True, 1.04, HOLD_S)
    _, held = hold.look(button, 1.5, HOLD_S)
    assert held


def test_a_closure_under_50_ms_begins_nothing_even_with_more_behind_it():
    assert holds(edges_of(0.049, 0.01, 1.46), until=10) == []
    assert holds(edges_of(0.050, 0.01, 1.46), until=10) == [HOLD_S]


def test_edges_told_twice_change_nothing():
    edges = edges_of(0.5, 0.05, 0.5, 0.049, 0.6)
    assert holds([edge for edge in edges for _ in range(3)], until=10) == holds(edges, until=10)


def test_a_closure_told_again_later_does_not_begin_it_anew():
    assert holds([(True, 0.0), (True, 0.03), (True, 1.4)], until=10) == [HOLD_S]


def test_an_edge_told_out_of_order_does_not_turn_time_back():
    button, _ = hold.edge(hold.Hold(), True, 5.0, HOLD_S)
    button, _ = hold.look(button, 5.2, HOLD_S)
    button, _ = hold.edge(button, False, 4.9, HOLD_S)
    button, _ = hold.edge(button, True, 5.03, HOLD_S)  # an opening of 30 ms at most
    _, held = hold.look(button, 6.5, HOLD_S)
    assert held


def test_a_hold_is_told_once_however_often_it_is_looked_at():
    button, _ = hold.edge(hold.Hold(), True, 0.0, HOLD_S)
    told = [0] * 3
    for index in range(3):
        button, told[index] = hold.look(button, 1.5 + index, HOLD_S)
    assert told == [True, False, False]
    assert hold.due(button, HOLD_S) is None


def test_after_a_hold_a_short_opening_is_no_second_hold_and_a_long_one_may_be():
    assert len(holds(edges_of(1.6, 0.05, 3.0), until=10)) == 1
    assert len(holds(edges_of(1.6, 0.06, 3.0), until=10)) == 2


@given(st.lists(st.floats(0.001, 1.2), max_size=30), st.data())
def test_when_somebody_looks_makes_no_difference(durations, data):
    """Looks between the edges, and before an edge that is told late, change no answer."""
    button, plain = hold.Hold(), hold.Hold()
    told, told_plain = 0, 0
    for closed, at in edges_of(*durations):
        if not button.on:  # while it is closed only a look in time is a fair one
            button, held = hold.look(button, at + data.draw(st.floats(0, 5)), HOLD_S)
            told += held
        button, held = hold.edge(button, closed, at, HOLD_S)
        plain, held_plain = hold.edge(plain, closed, at, HOLD_S)
        told, told_plain = told + held, told_plain + held_plain
    assert (button, told) == (plain, told_plain)


@given(st.lists(st.floats(0.001, 1.2), max_size=30))
def test_no_taps_and_no_bounces_make_a_hold_unless_closed_time_adds_up(durations):
    """Below the threshold never: every closed stretch, openings up to 50 ms bridged, is shorter."""
    stretches, current = [], 0.0
    for index, duration in enumerate(durations):
        if index % 2 == 0 or duration <= hold.BRIDGED_S:
            current += duration
        else:
            stretches.append(current)
            current = 0.0
    stretches.append(current)
    edges = edges_of(*durations)
    if len(durations) % 2 == 0:
        edges = edges[:-1] or [(False, 0.0)]  # ends open
    told = holds(edges, until=100.0)
    if max(stretches) < HOLD_S - 1e-6:
        assert told == []


@given(
    st.lists(
        st.tuples(st.floats(0.06, 1.4), st.floats(0.001, 0.0499)), min_size=1, max_size=20
    ).filter(lambda pairs: sum(a + b for a, b in pairs) > HOLD_S + 0.1)
)
def test_every_struggle_that_closes_long_enough_is_one_hold(pairs):
    durations = [part for pair in pairs for part in pair] + [0.06]
    assert len(holds(edges_of(*durations), until=100.0)) == 1
