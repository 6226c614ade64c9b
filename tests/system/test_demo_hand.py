"""The hand on the demo's motor: it reads what the wearable plays, on a busy machine too."""

import itertools

import pytest

from demo.motor import patterns
from outcry.daemon.alarm.model import Pulse
from outcry.daemon.touch.haptics import PATTERNS
from outcry.hw.vibration import BETWEEN_S

LATE_S = 0.14  # by which a thread on a busy machine wakes up too late
WORDS = {
    Pulse.RAISED: "raised",
    Pulse.STORED: "HQ has it",
    Pulse.ACKNOWLEDGED: "a person has it",
}


def played(*pulses, late):
    """The edges of these patterns, one after another; ``late(n)``: by how much the nth change is."""
    at, edges, count = 10.0, [], itertools.count()
    for pulse in pulses:
        pattern = PATTERNS[pulse]
        for _ in range(pattern.pulses):
            for level, lasts_s in ((True, pattern.on_s), (False, pattern.off_s)):
                edges.append((at + late(next(count)), level))
                at += lasts_s
        at += BETWEEN_S
    return edges


@pytest.mark.parametrize("late", [0, 1, 2], ids=["in time", "odd edges late", "even edges late"])
def test_every_pattern_of_an_alarm_is_read_as_what_it_says(late):
    edges = played(*WORDS, late=lambda n: LATE_S if late and n % 2 == late - 1 else 0.0)
    assert [meaning for _, meaning in patterns(edges)] == list(WORDS.values())


def test_a_pattern_that_is_still_played_is_not_taken_for_a_shorter_one():
    whole = played(Pulse.ACKNOWLEDGED, late=lambda _: 0.0)
    for so_far in range(len(whole)):
        assert "HQ has it" not in [meaning for _, meaning in patterns(whole[:so_far])]
