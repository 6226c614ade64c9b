"""What the wearer feels can be told apart by counting alone."""

from itertools import combinations

from outcry.daemon.alarm.model import Pulse
from outcry.daemon.touch.haptics import FEW, PATTERNS, TRIAL


def test_every_pulse_has_a_pattern():
    assert PATTERNS.keys() == set(Pulse)


def test_no_two_patterns_have_the_same_count_but_the_first_and_the_endless_one():
    alike = [
        {one, other}
        for one, other in combinations(Pulse, 2)
        if PATTERNS[one].pulses == PATTERNS[other].pulses
    ]
    assert alike == [{Pulse.RAISED, Pulse.UNREACHED}]
    assert PATTERNS[Pulse.UNREACHED].on_s >= 4 * PATTERNS[Pulse.RAISED].on_s


def test_only_raised_cuts_in():
    assert [pulse for pulse, pattern in PATTERNS.items() if pattern.at_once] == [Pulse.RAISED]


def test_with_few_the_wearer_still_feels_that_it_was_raised_and_that_a_person_knows():
    assert {Pulse.RAISED, Pulse.ACKNOWLEDGED} == FEW
    assert PATTERNS[Pulse.RAISED].pulses != PATTERNS[Pulse.ACKNOWLEDGED].pulses


def test_a_maintainers_trial_is_like_none_of_them():
    assert TRIAL not in PATTERNS.values()
