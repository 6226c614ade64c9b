"""Whose clock dates a report, and what depends on it."""

from __future__ import annotations

from itertools import product
from math import copysign

import pytest

from outcry.report import Flag, MessageType
from outcry.responder import formatting
from outcry.responder.intake.dating import LATE_S, WAITS_S, dated
from outcry.responder.intake.device_clocks import (
    AGREE_S,
    CHECK_EVERY_S,
    MOST,
    WRONG_S,
    DeviceClocks,
)
from outcry.responder.rules.events import Mark
from stage import reports
from stage.reports import NOON

UNSET, VOUCHED, SILENT = Flag.CLOCK_UNSET, Flag.CLOCK_VOUCHED, Flag(0)
HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
DIRECT = {"newest": True, "over_data": True}
LINKED = {"newest": True, "over_data": False}
BY_ARRIVAL = (Mark.CLOCK_UNSET,)
UNKNOWN = (Mark.CLOCK_UNSET, Mark.TIME_UNKNOWN)


def read(behind_s, flags, beat_s=None, *, newest=True, over_data=True):
    """When it was made, as HQ tells it, in seconds before it came; and the marks."""
    made = reports.report(sent_at=NOON - behind_s, flags=flags)
    beat_at = None if beat_s is None else NOON - beat_s
    report, marks = dated(made, NOON, beat_at, newest, over_data)
    return NOON - formatting.raised_at(report, NOON), marks


@pytest.mark.parametrize(
    ("behind_s", "flags", "how", "age_s", "marks"),
    [
        # over data, the newest of all
        (5, SILENT, DIRECT, 5, ()),
        (YEAR, SILENT, DIRECT, 0, BY_ARRIVAL),  # a Pi that was in a drawer
        (YEAR, UNSET, DIRECT, 0, BY_ARRIVAL),
        (0, UNSET, DIRECT, 0, BY_ARRIVAL),
        (3 * HOUR, VOUCHED, DIRECT, 3 * HOUR, (Mark.LATE,)),  # it waited for a network
        (3 * HOUR, SILENT, DIRECT, 3 * HOUR, (Mark.LATE,)),
        (YEAR, VOUCHED, DIRECT, YEAR, (Mark.LATE,)),
        (-DAY, SILENT, DIRECT, 0, (Mark.CLOCK_AHEAD,)),
        (-DAY, VOUCHED, DIRECT, 0, (Mark.CLOCK_AHEAD,)),
        (-600, VOUCHED, DIRECT, 0, ()),  # never told as of a time to come
        # by a text or a contact's link, which may have carried it for days
        (5, SILENT, LINKED, 5, ()),
        (6 * HOUR, VOUCHED, LINKED, 6 * HOUR, (Mark.LATE,)),
        (YEAR, SILENT, LINKED, 0, UNKNOWN),
        (0, UNSET, LINKED, 0, UNKNOWN),
        (-DAY, VOUCHED, LINKED, 0, (Mark.CLOCK_AHEAD, Mark.TIME_UNKNOWN)),
        # over data, and something newer was there before it: a replay, or one that was overtaken
        (YEAR, SILENT, {"newest": False}, YEAR, (Mark.LATE,)),
        (5, UNSET, {"newest": False}, 0, UNKNOWN),
    ],
)  # fmt: skip
def test_a_clock_is_believed_where_it_agrees_or_something_vouched_for_it(
    behind_s, flags, how, age_s, marks
):
    assert read(behind_s, flags, **how) == (age_s, marks)


@pytest.mark.parametrize(("flags", "how"), [*product([UNSET, VOUCHED, SILENT], [DIRECT, LINKED])])
def test_what_was_made_after_a_heartbeat_of_the_last_hour_is_fresh_whatever_else(flags, how):
    assert read(YEAR, flags, beat_s=HOUR, **how) == (0, BY_ARRIVAL)


def test_a_clock_that_was_before_a_heartbeat_that_came_first_is_wrong_though_vouched_for():
    assert read(YEAR, VOUCHED, beat_s=5 * HOUR) == (0, BY_ARRIVAL)
    assert read(YEAR, VOUCHED, beat_s=5 * HOUR, over_data=False) == (0, UNKNOWN)
    assert read(3 * HOUR, VOUCHED, beat_s=5 * HOUR) == (3 * HOUR, (Mark.LATE,))


@pytest.mark.parametrize(
    ("behind_s", "marks"),
    [
        (LATE_S, ()),
        (LATE_S + 1, (Mark.LATE,)),
        (-LATE_S, ()),
        (-LATE_S - 1, (Mark.CLOCK_AHEAD,)),
        (WAITS_S, (Mark.LATE,)),
        (WAITS_S + 1, BY_ARRIVAL),
    ],
)
def test_the_edges(behind_s, marks):
    assert read(int(behind_s), SILENT)[1] == marks


class Clocks:
    def __init__(self):
        self.doubts = []
        self.now = float(NOON)
        self.clocks = DeviceClocks(self.doubts.append)

    def beats(self, device, ahead_s, flags=SILENT):
        """A heartbeat of a device by whose clock HQ's is so many seconds ahead."""
        self.now += CHECK_EVERY_S
        sent_at = int(self.now - ahead_s)
        beat = reports.report(MessageType.HEARTBEAT, sent_at=sent_at, flags=flags)
        self.clocks.hear(device, beat, self.now)


@pytest.fixture
def clocks():
    return Clocks()


@pytest.mark.parametrize("ahead_s", [WRONG_S + 1, -WRONG_S - 1, 3 * HOUR, -YEAR])
def test_where_most_devices_agree_against_hqs_clock_it_is_doubted(clocks, ahead_s):
    clocks.beats(1, ahead_s)
    assert clocks.doubts == []
    clocks.beats(2, ahead_s + copysign(AGREE_S / 2, ahead_s))
    assert len(clocks.doubts) == 1
    assert (clocks.doubts[0] > 0) == (ahead_s > 0)


def test_clocks_that_are_all_wrong_in_their_own_ways_say_nothing(clocks):
    for device, ahead_s in enumerate([YEAR, 3 * DAY, HOUR, 7 * HOUR, 40 * DAY]):
        clocks.beats(device, ahead_s)
    assert clocks.doubts == []


def test_one_wrong_clock_among_right_ones_says_nothing(clocks):
    for device, ahead_s in enumerate([2, -3, YEAR, 1]):
        clocks.beats(device, ahead_s, VOUCHED)
    clocks.beats(9, YEAR)
    assert clocks.doubts == []


@pytest.mark.parametrize(("flags", "doubts"), [(VOUCHED, 1), (SILENT, 0), (UNSET, 0)])
def test_a_device_alone_is_believed_if_something_vouched_for_its_time(clocks, flags, doubts):
    clocks.beats(1, HOUR, flags)
    assert len(clocks.doubts) == doubts


def test_clocks_that_are_not_set_have_no_say(clocks):
    for device in range(5):
        clocks.beats(device, HOUR, UNSET)
    assert clocks.doubts == []


def test_what_was_said_an_hour_ago_counts_no_more(clocks):
    clocks.beats(1, HOUR)
    clocks.now += 3601
    clocks.beats(2, HOUR)
    assert clocks.doubts == []


def test_a_million_devices_are_not_all_remembered(clocks):
    for device in range(3 * MOST):
        clocks.now += 0.001
        beat = reports.report(MessageType.HEARTBEAT, sent_at=int(clocks.now - DAY))
        clocks.clocks.hear(device, beat, clocks.now)
    assert clocks.doubts == []
    for device in range(2 * MOST):
        beat = reports.report(MessageType.HEARTBEAT, sent_at=int(clocks.now))
        clocks.clocks.hear(device, beat, clocks.now)
    clocks.beats(1, 0)
    assert clocks.doubts == []
