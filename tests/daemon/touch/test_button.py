"""What a hand says with one button, proven on its edges."""

import itertools
import os
import re
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outcry.daemon.alarm.model import CodeTapped
from outcry.daemon.settings import SCHEMA
from outcry.daemon.touch import button as gestures
from outcry.daemon.touch.button import Button, Press, Times
from outcry.daemon.touch.edges import Edge
from outcry.daemon.touch.inputs import Senses
from outcry.report import NO_FLAGS, Flag
from simulation.hands import heard, some_hand, taps_code

TIMES = Times()
FULL = os.environ.get("OUTCRY_CAMPAIGNS") == "full"
HANDS, CODES = (10_000, 4000) if FULL else (1000, 200)  # `make bench` has all 10,000, always
CODE_END_S = TIMES.code_end_s
NAMES = ("tap", "pause", "hold", "code_end", "stuck")


def edges_of(*durations, start=1.0):
    """Edges of a contact that is closed for the first of these seconds, open for the next, ..."""
    times = itertools.accumulate((start, *durations))
    return [(index % 2 == 0, at) for index, at in enumerate(times)]


def told(edges, times=TIMES, after=5.0, busy=None):
    return [gesture for gesture, _ in heard(edges, edges[-1][1] + after, times, busy)]


def codes(gestures):
    return [gesture.groups for gesture in gestures if isinstance(gesture, CodeTapped)]


def taps(*groups, tap=0.2, gap=0.3, pause=1.5):
    """The durations of a code tapped like a machine, ending closed."""
    durations = []
    for count in groups:
        if durations:
            durations.append(pause)
        durations += [tap, *[gap, tap] * (count - 1)]
    return durations


# Holding


def test_a_hold_is_told_before_it_is_let_go_and_once():
    assert heard([(True, 1.0)], 30.0, TIMES) == [(Press.HELD, 2.5)]


def test_a_hold_of_another_length_is_a_setting():
    assert heard([(True, 1.0)], 30.0, Times(hold_s=3.0)) == [(Press.HELD, 4.0)]


def test_taps_before_it_neither_delay_nor_prevent_a_hold():
    edges = edges_of(*taps(2, 3), 0.3, 1.6)
    down = edges[-2][1]
    assert heard(edges, 30.0, TIMES) == [(Press.HELD, pytest.approx(down + 1.5))]


def test_a_hold_in_the_middle_of_a_code_drops_the_code():
    assert told(edges_of(*taps(2, 3), 0.3, 1.6)) == [Press.HELD]


def test_a_code_right_after_a_hold_counts_from_its_first_tap():
    assert told(edges_of(2.0, 0.4, *taps(2, 3)))[0] == Press.HELD
    assert codes(told(edges_of(2.0, 0.4, *taps(2, 3)))) == [(2, 3)]


# Taps


def test_two_groups_of_taps_are_a_code_told_after_a_long_pause():
    edges = edges_of(*taps(2, 3))
    [(gesture, at)] = heard(edges, 30.0, TIMES)
    assert gesture.groups == (2, 3)
    assert at == pytest.approx(edges[-1][1] + CODE_END_S)


def test_one_group_is_no_code_because_things_bump_against_a_button():
    assert told(edges_of(*taps(9))) == []


@pytest.mark.parametrize("longest", [0.05, 0.6])
def test_a_tap_lasts_from_50_to_600_ms(longest):
    assert codes(told(edges_of(*taps(1, 2, tap=longest)))) == [(1, 2)]


@pytest.mark.parametrize("missed", [0.601, 1.0, 1.499])
def test_a_press_between_a_tap_and_a_hold_spoils_the_code_and_means_nothing(missed):
    assert told(edges_of(*taps(2), 1.5, missed, 1.5, *taps(3, 1))) == []


def test_after_a_long_pause_a_spoilt_code_is_forgotten():
    assert codes(told(edges_of(1.0, CODE_END_S, *taps(2, 2)))) == [(2, 2)]


def test_a_contact_that_bounces_is_one_tap():
    bouncing = [0.002, 0.003, 0.001, 0.004, 0.2, 0.004, 0.003, 0.002, 0.001]
    edges = edges_of(*bouncing, 0.3, *bouncing, 1.5, *bouncing)
    assert codes(told(edges)) == [(2, 1)]


def test_bounces_alone_are_no_taps_and_part_no_groups():
    noisy = [0.2, 0.1, 0.02, 0.18, 0.2, 0.7, 0.049, 0.7, 0.2]
    assert codes(told(edges_of(*noisy))) == [(2, 1)]


def test_the_pause_between_two_groups_is_longer_than_between_two_taps():
    assert codes(told(edges_of(0.1, 0.7, 0.1, 0.71, 0.1))) == [(2, 1)]


def test_a_pause_as_long_as_the_end_of_a_code_begins_another():
    assert codes(told(edges_of(*taps(1, 2), 3.0, *taps(3, 4)))) == [(1, 2), (3, 4)]
    assert codes(told(edges_of(*taps(1, 2), 2.99, *taps(3, 4)))) == [(1, 2, 3, 4)]


def test_a_press_that_may_still_join_holds_the_end_of_a_code_open():
    """Down when the long pause is over: a tap, then, and this code's."""
    assert codes(told(edges_of(*taps(2, 2), 2.9, 0.4))) == [(2, 2, 1)]


def test_the_longest_code_is_told_whole():
    assert codes(told(edges_of(*taps(*[14] * 8)))) == [(14,) * 8]


def test_more_taps_than_a_report_carries_are_told_as_too_many():
    assert codes(told(edges_of(*taps(40, 2)))) == [(15, 2)]


def test_more_groups_than_a_report_carries_never_look_like_a_shorter_code():
    assert codes(told(edges_of(*taps(*range(1, 10))))) == [(1, 2, 3, 4, 5, 6, 7, 15)]
    assert codes(told(edges_of(*taps(*[1] * 30)))) == [(1, 1, 1, 1, 1, 1, 1, 15)]


def test_what_was_tapped_is_not_shown_in_any_text():
    edges = edges_of(*taps(7, 7))
    button = Button()
    for edge in edges:
        button, _ = gestures.edge(button, *edge, TIMES)
    [tapped] = told(edges)
    assert "7" not in repr(button.code)
    assert "7" not in repr(tapped)


# A button that is stuck


def test_a_button_down_for_a_minute_is_told_as_stuck_once_and_raises_once():
    assert heard([(True, 1.0)], 4000.0, TIMES) == [(Press.HELD, 2.5), (Press.STUCK, 61.0)]


def test_a_stuck_button_is_told_as_free_once_it_has_stayed_open():
    freed = edges_of(61.0)[-1][1] + gestures.FREED_AFTER_S
    assert heard(edges_of(61.0), 100.0, TIMES)[-1] == (Press.FREED, freed)


def test_a_short_that_flickers_is_stuck_once():
    assert told(edges_of(*[70.0, 0.04] * 5, 1.0)) == [Press.HELD, Press.STUCK, Press.FREED]
    flickering = told(edges_of(*[70.0, 0.9] * 5, 1.0))
    assert [each for each in flickering if each != Press.HELD] == [Press.STUCK, Press.FREED]


def test_a_hand_that_lets_go_of_a_stuck_button_and_holds_again_is_heard():
    assert told(edges_of(70.0, 0.3, 2.0)).count(Press.HELD) == 2


def test_a_button_stuck_from_the_start_still_raises():
    """Held at boot counts, and nobody can tell a short from a hand."""
    button, made = gestures.edge(Button(), True, 3.0, TIMES)
    button, made = gestures.look(button, 4.5, TIMES)
    assert made == (Press.HELD,)


# Edges as the world tells them


def test_nothing_asks_for_a_look_while_a_button_rests():
    assert gestures.due(Button(), TIMES) is None
    button = Button()
    for edge in edges_of(2.0):
        button, _ = gestures.edge(button, *edge, TIMES)
    while (due := gestures.due(button, TIMES)) is not None:
        button, _ = gestures.look(button, due, TIMES)
    assert button.code.groups == ()


def test_edges_told_twice_or_at_one_instant_change_nothing():
    edges = edges_of(*taps(2, 1), 4.0, 0.5, 0.05, 0.5, 0.049, 0.6)
    doubled = [edge for edge in edges for _ in range(3)]
    instants = [each for closed, at in edges for each in ((closed, at), (not closed, at))]
    instants = [
        each
        for edge, again in zip(instants[::2], instants[1::2], strict=True)
        for each in (edge, again, edge)
    ]
    assert told(doubled) == told(edges)
    assert told(instants) == told(edges)


@given(st.lists(st.tuples(st.booleans(), st.floats(-100, 100)), max_size=60))
@example([(True, 0.0), (False, 60.0), (False, 61.0), (True, 0.0), (False, 0.0)])
def test_edges_in_any_order_are_taken_as_if_in_the_order_told(edges):
    button, plain, level, latest = Button(), Button(), False, 0.0
    for closed, at in edges:
        button, made = gestures.edge(button, closed, at, TIMES)
        if closed != level:
            level, latest = closed, max(latest, at)
        plain, made_plain = gestures.edge(plain, closed, max(latest, at), TIMES)
        assert (button, made) == (plain, made_plain)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tap_s": 1.5},
        {"tap_s": 0.05},
        {"hold_s": 0.6},
        {"stuck_s": 1.5},
        {"pause_s": 3.0},
        {"pause_s": 0.0},
    ],
)
def test_times_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ValueError, match="must be shorter"):
        Times(**wrong)


def test_every_combination_of_settings_is_a_sound_set_of_times():
    keys = [SCHEMA["button"][f"{name}_seconds"] for name in NAMES]
    for values in itertools.product(*[(key.low, key.high) for key in keys]):
        Times(**{f"{name}_s": value for name, value in zip(NAMES, values, strict=True)})


def test_times_and_settings_agree_on_what_is_usual():
    usual = {f"{name}_s": SCHEMA["button"][f"{name}_seconds"].default for name in NAMES}
    assert Times() == Times(**usual)


# Against an oracle of another kind: a strip of paper, a letter a millisecond, read by patterns


def paper(pairs):
    return "".join("C" * closed + "." * opened for closed, opened in pairs)


def edges_on(strip):
    level, edges = ".", []
    for ms, letter in enumerate(strip):
        if letter != level:
            level = letter
            edges.append((letter == "C", ms / 1000))
    return edges


def read(strip):
    """What the strip says: holds and codes in order; a press is a letter, a pause a blank."""
    words, end = "", None
    for press in re.finditer(r"C{50,}(?:\.{1,50}C+)*", strip):
        if end is not None:
            pause = press.start() - end
            words += "|" if pause >= 3000 else "" if pause <= 700 else " "
        length, end = len(press.group()), press.end()
        words += "t" if length <= 600 else "h" if length >= 1500 else "x"
    said = []
    for sentence in words.split("|"):
        *_, code = sentence.split("h")
        said += ["held"] * sentence.count("h")
        groups = [len(group) for group in code.split()]
        if len(groups) > 8:
            groups = [*groups[:7], 15]
        if len(groups) >= 2 and "x" not in code:
            said.append(tuple(min(count, 15) for count in groups))
    return said


CLOSED = st.one_of(
    st.integers(1, 60),
    st.integers(50, 600),
    st.sampled_from([49, 50, 600, 601, 1440, 1499, 1500]),
    st.integers(600, 2000),
)
OPENED = st.one_of(
    st.integers(1, 60),
    st.integers(51, 700),
    st.sampled_from([50, 51, 700, 701, 2999, 3000]),
    st.integers(700, 4000),
)


@given(st.lists(st.tuples(CLOSED, OPENED), max_size=40), st.integers(0, 2**32))
def test_any_edges_say_what_a_slow_reader_of_the_same_strip_says(pairs, seed):
    strip = paper([*pairs, (0, 6000)])
    busy = Random(seed) if seed % 2 else None
    heard_at = heard(edges_on(strip), len(strip) / 1000, TIMES, busy)
    said = ["held" if g == Press.HELD else g.groups for g, _ in heard_at if g != Press.FREED]
    assert said == read(strip)


# Campaigns: hands that know by construction what they meant


@pytest.mark.parametrize("part", range(10))
def test_no_hand_below_the_threshold_raises_and_none_above_it_is_missed(part):
    for seed in range(part, HANDS, 10):
        hand = some_hand(Random(seed))
        busy = Random(seed) if seed % 3 == 0 else None
        said = told(hand.edges, busy=busy) if hand.edges else []
        assert said.count(Press.HELD) == hand.holds, seed


@pytest.mark.parametrize("hold_s", [1.0, 5.0])
def test_the_same_at_the_ends_of_the_setting(hold_s):
    for seed in range(200):
        hand = some_hand(Random(seed), hold_s)
        said = told(hand.edges, Times(hold_s=hold_s)) if hand.edges else []
        assert said.count(Press.HELD) == hand.holds, seed


@pytest.mark.parametrize("part", range(4))
def test_codes_come_out_as_they_were_tapped(part):
    for seed in range(part, CODES, 4):
        random = Random(seed)
        groups = tuple(random.randint(1, 9) for _ in range(random.randint(2, 8)))
        edges = taps_code(random, groups)
        assert told(edges, busy=random if seed % 2 else None) == [CodeTapped(groups)], seed


# Chattering


def sensed(edges, until):
    """What is told of a button with these edges, and its senses."""
    senses, told = Senses(TIMES), []
    for closed, at in edges:
        told += [(event, at) for event in senses.look(at) + senses.hear(Edge(closed, at))]
    told += [(event, until) for event in senses.look(until)]
    return dict(told), senses


@pytest.mark.parametrize(
    ("closed_s", "open_s"), [(0.1, 0.2), (0.01, 0.5), (0.02, 0.02), (0.7, 2.0)]
)
def test_a_button_that_chatters_for_long_is_told_and_a_hold_is_heard(closed_s, open_s):
    edges = edges_of(*[closed_s, open_s] * int(110 / (closed_s + open_s)), 1.6, start=10.0)
    told, senses = sensed(edges, edges[-1][1] + 590)
    assert told[Press.CHATTERS] == pytest.approx(101, abs=3), "once"
    assert Press.HELD in told
    assert Flag.BUTTON_FAULT in senses.marks
    senses.look(edges[-1][1] + 610)
    assert (senses.marks, senses.faults) == (NO_FLAGS, {})


def test_one_that_chatters_with_rests_between_is_told_once_until_it_is_calm_for_long():
    edges = edges_of(*[*[0.1, 2.5] * 38, 0.1, 4.0] * 12, start=10.0)
    told, senses = sensed(edges, edges[-1][1] + 590)
    assert told[Press.CHATTERS] == pytest.approx(102, abs=4), "once"
    assert Flag.BUTTON_FAULT in senses.marks


@pytest.mark.parametrize(
    "durations", [taps(*[9] * 8), [*taps(2, 3), 3.5] * 40, [1.7, 0.5] * 100, [300.0]]
)
def test_no_hand_is_taken_for_a_button_that_chatters(durations):
    edges = edges_of(*durations, start=10.0)
    told, senses = sensed(edges, edges[-1][1] + 5)
    assert (Press.CHATTERS in told, senses.marks) == (False, NO_FLAGS)
