"""The strap's loop of wire at its pin: cut, torn, loose, and what the wearer's people are told.

The same sentences hold on the bench with real parts: see tests/support/pin_benches.py.
"""

import pytest
from pin_benches import BUTTON, STRAP

from outcry.hw.pin_library import PinUnusable
from outcry.hw.switch import Strap

# By anybody's hands


def test_a_fastened_strap_pulls_its_pin_to_ground_and_is_armed(buckle):
    buckle.fasten()
    assert buckle.volts() < 0.8
    assert buckle.said == ["strapclosed"]


def test_a_strap_that_is_opened_raises_once(buckle):
    buckle.fasten()
    buckle.cut()
    buckle.rest(5.0)
    assert buckle.said == ["strapclosed", "strapopened"]


def test_a_strap_fastened_again_is_armed_again(buckle):
    for _ in range(2):
        buckle.fasten()
        buckle.cut()
    assert buckle.said == ["strapclosed", "strapopened"] * 2


def test_a_strap_that_nobody_fastened_is_silent(loop):
    loop.rest(10.0)
    assert loop.volts() > 2.0
    assert loop.said == []


# To the millisecond


@pytest.mark.parametrize(("open_ms", "said"), [(950, []), (1050, ["strapopened"])])
def test_the_threshold_is_at_one_second(loop, open_ms, said):
    loop.fasten()
    loop.flicker(times=1, open_ms=open_ms, closed_ms=1500)
    assert loop.said == ["strapclosed", *said]


@pytest.mark.parametrize(("open_ms", "closed_ms"), [(5, 5), (300, 100), (900, 100)])
def test_a_loose_contact_is_reported_and_never_raises(loop, open_ms, closed_ms):
    loop.fasten()
    loop.flicker(times=5000 // (open_ms + closed_ms) + 10, open_ms=open_ms, closed_ms=closed_ms)
    assert loop.said == ["strapclosed", "straploose"]


def test_a_jolt_is_no_loose_contact(loop):
    loop.fasten()
    loop.flicker(times=20, open_ms=3, closed_ms=3)
    loop.rest(5.0)
    assert loop.said == ["strapclosed"]


def test_torn_ends_that_brush_each_other_are_torn(loop):
    loop.fasten()
    loop.flicker(times=4, open_ms=250, closed_ms=30)
    loop.cut()
    assert loop.said == ["strapclosed", "strapopened"]


def test_a_strap_closed_at_power_on_is_armed(bench, request):
    bench.ground(STRAP)
    loop = request.getfixturevalue("loop")
    loop.rest(3.0)
    loop.cut()
    assert loop.said == ["strapclosed", "strapopened"]


def test_a_button_held_down_masks_no_strap_and_a_strap_no_button(relay, loop):
    """Each has its wire, its edges and its judge."""
    loop.fasten()
    relay.bench.ground(relay.pin)
    loop.rest(70.0 if hasattr(relay.bench, "pins") else 3.0)
    loop.cut()
    relay.rest(0.1)
    assert loop.said == ["strapclosed", "strapopened"]
    assert relay.said[0] == "held"


def test_a_pin_in_use_is_refused_by_its_number(relay):
    with pytest.raises(PinUnusable, match=rf"strap on GPIO {BUTTON}\b"):
        Strap(relay.pin, lambda closed, at: None)
