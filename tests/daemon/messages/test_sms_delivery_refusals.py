"""What the network refuses: tried again in turn, and at once when anything has changed."""

import pytest

from outcry.hw.modem import Condition, ModemState, Outcome

pytestmark = pytest.mark.slow

PROBE_S = 15.0
ROUND = 7  # three alerts, HQ's sealed report, three links


def refuses(world, times):
    """So many tries, each refused at once."""
    for _ in range(times):
        while world.sms.under_way is None:
            world.passes(0.5)
        world.network(Outcome.FAILED, 38)


@pytest.fixture
def world(world):
    """Nothing has left for minutes: each text was refused a few times."""
    world.sees()
    world.holds()
    refuses(world, 5 * ROUND)
    world.modem.texts.clear()
    world.modem.left.clear()
    return world


def test_one_text_in_turn_is_tried_each_quarter_of_a_minute(world):
    began = world.now
    refuses(world, 2 * ROUND)
    assert world.now - began <= 2 * ROUND * (PROBE_S + 1)
    refs = [ref for ref, _, _ in world.modem.texts]
    assert sorted(refs[:ROUND]) == sorted(set(refs)), "nobody twice before everybody once"


def test_when_one_leaves_the_others_follow_at_once(world):
    while world.sms.under_way is None:
        world.passes(0.5)
    began = world.now
    world.takes_all_texts()
    assert world.now == began
    assert len(world.modem.texts) == ROUND


@pytest.mark.parametrize("state", [Condition.REGISTERED, Condition.ROAMING])
def test_with_a_network_again_all_are_due(world, state):
    began = world.now
    assert world.sms.under_way is None
    world.happens(ModemState(state, ""))
    for _ in range(ROUND):
        world.network(Outcome.FAILED, 38)
    assert world.now == began
    assert len({ref for ref, _, _ in world.modem.texts}) == ROUND


def test_without_one_none_is(world):
    world.happens(ModemState(Condition.SEARCHING, ""))
    assert world.modem.texts == []


def test_once_another_text_has_left_a_refused_one_waits_as_long_as_ever(world):
    """It may be its number."""
    while world.sms.under_way is None:
        world.passes(0.5)
    refused = world.modem.texts[-1][0]
    while world.sms.under_way is not None:
        world.network(Outcome.DONE if world.modem.texts[-1][0] != refused else Outcome.FAILED, 28)
    tries = [ref for ref, _, _ in world.modem.texts].count(refused)
    world.passes(250)
    assert [ref for ref, _, _ in world.modem.texts].count(refused) <= tries + 1
