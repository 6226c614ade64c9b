"""How long ago anything was is never told as less than it is, nor what is left as more."""

from math import floor

import pytest

from outcry.report import Flag, MessageType, Position
from outcry.responder import formatting, translations
from outcry.responder.cli import status

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "ago", "left"),
    [
        (-5, "0 s", "0 s"),
        (0, "0 s", "0 s"),
        (0.2, "1 s", "0 s"),
        (89.2, "90 s", "89 s"),
        (90, "2 min", "1 min"),
        (120, "2 min", "2 min"),
        (120.1, "3 min", "2 min"),
        (89 * MINUTE + 29, "90 min", "89 min"),
        (90 * MINUTE, "2 h", "1 h"),
        (47 * HOUR + 1, "48 h", "47 h"),
        (48 * HOUR, "2 days", "2 days"),
        (2 * DAY + 1, "3 days", "2 days"),
    ],
)
def test_an_age_is_rounded_up_and_what_is_left_down(seconds, ago, left):
    assert (formatting.span(seconds), formatting.span(seconds, floor)) == (ago, left)


@pytest.mark.parametrize("language", translations.load())
def test_no_language_tells_a_smaller_age(language):
    say = translations.load()[language]
    assert say.span(89 * MINUTE + 29) == say("minutes", n=90)


def where(world):
    told = status.facts(world.hq.store, world.clock(), where=True)
    return status.screen(told).splitlines()[-1].strip()


def test_a_place_that_waited_on_the_way_is_as_old_as_it_is(world):
    """Made 40 minutes before there was a network again."""
    place = Position(52.52, 13.405, 12, 61)
    made = world.clock() - 40 * MINUTE
    world.hq.takes(world.device.message(place=place, sent_at=made))
    assert where(world).startswith("seen 42 min ago")


@pytest.mark.parametrize("type_", [MessageType.FIRST, MessageType.POSITION])
def test_of_a_report_without_a_time_it_is_said_that_the_place_may_be_older(world, type_):
    place = Position(52.52, 13.405, 12, 61)
    world.hq.takes(world.device.message(type_, place=place, flags=Flag.CLOCK_UNSET))
    assert where(world).startswith("seen at least 61 s ago")
