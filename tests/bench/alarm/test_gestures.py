"""The bench's count of false and missed alarms: it must be able to find some."""

from bench.alarm.gestures import holds
from outcry.daemon.touch.button import Times


def test_the_hands_include_many_that_hold_and_many_that_do_not():
    meant = [meant for _, meant in holds(200, Times())]
    assert meant.count(0) > 50
    assert sum(meant) > 150


def test_a_threshold_a_millisecond_off_is_found():
    assert all(heard == meant for heard, meant in holds(200, Times()))
    assert any(heard > meant for heard, meant in holds(200, Times(hold_s=1.499)))
    assert any(heard < meant for heard, meant in holds(200, Times(hold_s=1.501)))
