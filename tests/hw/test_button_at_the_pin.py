"""The button: presses, bounces and taps at its pin, and what the wearer is taken to say.

The same sentences hold on the bench with real parts: see tests/support/pin_benches.py.
"""

import gpiozero
import pytest
from pin_benches import BUTTON

from outcry.hw.switch import Button

# By anybody's thumb


def test_at_rest_the_pull_up_holds_the_pin_at_3_3_volts_and_nothing_is_said(thumb):
    thumb.rest(5.0)
    assert thumb.volts() > 2.0
    assert thumb.said == []


def test_a_button_held_for_two_seconds_is_a_hold(thumb):
    thumb.press(2.0)
    assert thumb.said == ["held"]


def test_a_hold_is_heard_before_the_button_is_let_go(relay):
    relay.bench.ground(relay.pin)
    relay.rest(1.6)
    assert relay.volts() < 0.8
    assert relay.said == ["held"]


def test_a_button_held_for_one_second_is_nothing(thumb):
    thumb.press(1.0)
    assert thumb.said == []


def test_two_taps_and_three_taps_are_a_code(thumb):
    thumb.tap(2, 3)
    assert thumb.said == ["tapped 2 3"]


def test_a_hold_while_tapping_is_a_hold(thumb):
    thumb.press(0.1)
    thumb.press(2.0)
    thumb.rest(4.0)
    assert thumb.said == ["held"]


# To the millisecond


@pytest.mark.parametrize(("seconds", "said"), [(1.45, []), (1.55, ["held"])])
def test_the_threshold_is_at_one_and_a_half_seconds(relay, seconds, said):
    relay.press(seconds)
    assert relay.said == said


@pytest.mark.parametrize("ms", [1, 5, 20, 40])
def test_a_contact_that_bounces_says_nothing(relay, ms):
    relay.bounce(times=60, ms=ms)
    relay.rest(4.0)
    assert relay.said == []


def test_bounces_at_both_ends_of_a_press_change_nothing(relay):
    relay.bounce(times=5, ms=3)
    relay.press(1.55)
    relay.bounce(times=5, ms=3)
    relay.rest(4.0)
    assert relay.said == ["held"]


@pytest.mark.parametrize(("slip_ms", "said"), [(5, ["held"]), (40, ["held"]), (70, [])])
def test_a_struggling_hand_may_slip_for_up_to_50_ms(relay, slip_ms, said):
    relay.struggle(2.0, slips=4, slip_ms=slip_ms)
    assert relay.said == said


def test_a_bouncing_tap_is_one_tap(relay):
    for taps in (2, 1):
        for _ in range(taps):
            relay.bounce(times=3, ms=2)
            relay.closes(0.1)
            relay.bounce(times=3, ms=2)
            relay.rest(0.25)
        relay.rest(1.0)
    relay.rest(4.0)
    assert relay.said == ["tapped 2 1"]


def test_a_button_down_at_power_on_is_held(bench, request):
    bench.ground(BUTTON)
    relay = request.getfixturevalue("relay")
    relay.rest(1.6)
    assert relay.said == ["held"]


# What only a mock can do


@pytest.mark.parametrize("bench", ["mock"], indirect=True)
class TestWhatOnlyAMockPinCanDo:
    def test_a_shorted_button_is_told_as_stuck_and_as_free_again(self, relay):
        relay.press(70.0)
        relay.rest(2.0)
        assert relay.said == ["held", "stuck", "freed"]

    def test_gpiozeros_own_debounce_lets_every_bounce_through_so_ours_must_not(self, relay):
        pressed = []
        theirs = gpiozero.Button(5, bounce_time=0.1)
        theirs.when_pressed = lambda: pressed.append(True)
        for _ in range(5):
            relay.bench.factory.pin(5).drive_low()
            relay.bench.factory.pin(5).drive_high()
        theirs.close()
        relay.bounce(times=5, ms=1)
        assert len(pressed) == 5
        assert relay.said == []

    def test_an_edge_told_late_counts_from_when_it_happened(self, relay):
        """The kernel stamps it; a busy Zero runs our callback a moment later."""
        happened = relay.bench.clock()
        relay.bench.factory.stamp = lambda: happened
        relay.rest(0.4)
        relay.bench.ground(relay.pin)
        relay.rest(1.2)
        assert relay.said == ["held"]

    @pytest.mark.parametrize("late_s", [5.0, 12.0, 29.0])
    def test_a_whole_hold_in_a_process_that_stood_still_is_a_hold(self, relay, late_s):
        """A card that hangs stops everything; the kernel keeps both edges, with their times."""
        down, up = relay.bench.clock(), relay.bench.clock() + 1.6
        relay.bench.factory.now += late_s
        relay.bench.factory.stamp = lambda: down
        relay.bench.ground(relay.pin)
        relay.bench.factory.stamp = lambda: up
        relay.bench.let_go(relay.pin)
        relay.rest(0.5)
        assert relay.said == ["held"]

    @pytest.mark.parametrize("stamp", [1.79e9, -5.0, 0.0], ids=["1970", "negative", "ago"])
    def test_an_edge_stamped_by_another_clock_counts_from_when_it_is_told(self, relay, stamp):
        relay.bench.factory.stamp = lambda: stamp
        relay.press(1.45)
        relay.press(1.55)
        assert relay.said == ["held"]

    def test_a_press_whose_edge_was_lost_still_raises(self, relay):
        """A contact makes dozens of edges, the kernel keeps sixteen."""
        pin = relay.bench.pins[relay.pin]
        relay.bounce(times=3, ms=1)
        pin.deaf = True
        relay.bench.ground(relay.pin)
        relay.rest(1.56)
        assert relay.said == ["held"]

    def test_a_release_whose_edge_was_lost_does_not_raise(self, relay):
        pin = relay.bench.pins[relay.pin]
        relay.bench.ground(relay.pin)
        relay.rest(0.02)
        pin.deaf = True
        relay.bench.let_go(relay.pin)
        relay.rest(4.0)
        pin.deaf = False
        relay.press(1.0)
        assert relay.said == []

    def test_a_release_under_way_is_waited_for(self, relay):
        """The loop wakes before gpiozero's thread does: down by the edges, open at the pin."""
        pin = relay.bench.pins[relay.pin]
        relay.bench.ground(relay.pin)
        relay.rest(1.49)
        pin.deaf = True
        relay.bench.let_go(relay.pin)
        released = relay.bench.clock()
        relay.rest(0.03)
        assert relay.said == []
        relay.bench.factory.stamp = lambda: released
        pin.deaf = False
        pin._call_when_changed()
        relay.rest(4.0)
        assert relay.said == []

    def test_an_edge_that_comes_after_all_is_told_once(self, bench):
        edges, pin = [], bench.pins[BUTTON]
        button = Button(BUTTON, lambda *edge: edges.append(edge), bench.clock)
        pin.deaf = True
        bench.ground(BUTTON)
        assert not button.is_told()
        bench.factory.now += 0.05
        assert not button.is_told()
        pin.deaf = False
        pin._call_when_changed()
        assert edges == [(True, 100.0)]
        button.close()

    def test_waiting_for_one_edge_is_no_reason_to_wait_less_for_the_next(self, bench):
        edges, pin = [], bench.pins[BUTTON]
        button = Button(BUTTON, lambda *edge: edges.append(edge), bench.clock)
        pin.deaf = True
        bench.ground(BUTTON)
        assert not button.is_told()
        pin.deaf = False
        pin._call_when_changed()
        pin.deaf = True
        bench.factory.now += 1.0
        bench.let_go(BUTTON)
        assert not button.is_told()
        assert len(edges) == 1
        button.close()

    def test_nothing_wakes_the_loop_for_a_button_at_rest(self, relay):
        relay.press(0.3)
        relay.rest(5.0)
        assert relay.device.due(None) is None

    def test_after_closing_nothing_is_told(self, bench):
        edges = []
        Button(5, lambda *edge: edges.append(edge)).close()
        bench.factory.pin(5).drive_low()
        assert edges == []
