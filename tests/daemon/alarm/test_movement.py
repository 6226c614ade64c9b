"""Moving or still, from fixes and their accuracy."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcry.daemon.alarm.movement import Movement, distance_m, see

HERE = (43.3178, 45.6949)
METRE = 1 / 111_195  # of latitude, in degrees


def walked(steps, movement=None):
    """Each step: metres to the north, accuracy, time."""
    movement = movement or Movement()
    for north_m, accuracy_m, at in steps:
        movement = see(movement, HERE[0] + north_m * METRE, HERE[1], accuracy_m, at)
    return movement


def test_one_fix_says_nothing():
    assert walked([(0, 5, 0)]).moving is None


def test_a_walk_is_noticed_within_a_minute():
    steps = [(1.4 * second, 5.0, float(second)) for second in range(61)]
    assert walked(steps).moving is True


def test_a_receiver_on_a_table_does_not_walk():
    random = Random(4)
    steps = [(random.gauss(0, 8), 12.0, float(second)) for second in range(3600)]
    assert walked(steps).moving is False


def test_a_poor_fix_far_away_is_no_journey():
    still = walked([(0, 5, 0), (0, 5, 400)])
    assert walked([(900, 500.0, 410)], still).moving is False
    assert walked([(60, 60.0, 410)], still).moving is False
    assert walked([(90, 5.0, 410)], still).moving is True


def test_after_a_journey_standing_for_five_minutes_is_rest():
    steps = [(0, 5, 0), (200, 5, 60), *[(200, 5, 60.0 + second) for second in range(301)]]
    assert walked(steps[:-1]).moving is True
    assert walked(steps).moving is False


def test_the_far_side_of_the_date_line_is_near():
    movement = see(Movement(), 0.0, 179.9999, 5.0, 0.0)
    assert see(movement, 0.0, -179.9999, 5.0, 10.0).moving is None
    assert distance_m(0.0, 179.9999, 0.0, -179.9999) == pytest.approx(22.2, abs=0.5)


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(numbers, numbers, st.none() | numbers, numbers), max_size=20))
def test_no_fix_at_all_breaks_it(fixes):
    movement = Movement()
    for fix in fixes:
        movement = see(movement, *fix)
    assert movement.moving in (None, True, False)
    assert movement.latitude is None or math.isfinite(movement.latitude)


def test_where_it_was_does_not_show():
    assert "43" not in repr(walked([(0, 5, 0)]))
