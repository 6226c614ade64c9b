"""HQ alone can tell a device that has lost its counter where to go on."""

import pytest

from outcry.envelope import Header, read_header
from outcry.hw.modem import PostAnswered
from outcry.receipt import OUTDATED, Status, make
from simulation.world import ENROLMENT

HEARD = Header(ENROLMENT.device, 5_000_000)


def beat(world):
    """The heartbeat that is out, and its token."""
    world.asks("heartbeat")
    ref, sealed = world.modem.posts[-1]
    return ref, sealed, world.open(sealed).token


def counter(world):
    return world.outbox.next_counter


def test_hqs_word_is_believed_and_kept(world):
    ref, _, token = beat(world)
    world.happens(PostAnswered(ref, 409, make(token, OUTDATED, HEARD)))
    assert world.asks("status")["heartbeat"]["trouble"] == "HTTP 409"
    assert counter(world) > HEARD.counter
    world.starts()
    assert counter(world) > HEARD.counter
    _, sealed, _ = beat(world)
    assert read_header(sealed).counter > HEARD.counter


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (409, lambda token: b""),
        (409, lambda token: b"this heartbeat is older than what was heard from this device before"),
        (409, lambda token: make(bytes(16), OUTDATED, HEARD)),
        (409, lambda token: make(token, Status.STORED, HEARD)),
        (409, lambda token: make(token, OUTDATED, HEARD)[:-1] + b"x"),
        (409, lambda token: HEARD.pack() + bytes([OUTDATED]) + bytes(16)),
        (200, lambda token: make(token, OUTDATED, HEARD)),
    ],
    ids=["empty", "words", "another token", "a receipt", "changed", "no MAC", "not refused"],
)
def test_nobody_elses_word_moves_the_counter(world, status, refusal):
    ref, _, token = beat(world)
    before = counter(world)
    world.happens(PostAnswered(ref, status, refusal(token)))
    assert counter(world) == before


def test_the_refusal_of_another_heartbeat_moves_nothing(world):
    _, _, token = beat(world)
    ref, _, _ = beat(world)
    before = counter(world)
    world.happens(PostAnswered(ref, 409, make(token, OUTDATED, HEARD)))
    assert counter(world) == before


def test_a_heartbeat_that_somebody_sent_ahead_costs_no_numbers(world):
    """HQ has heard this very one, from a stranger who copied it."""
    ref, sealed, token = beat(world)
    before = counter(world)
    for _ in range(3):
        world.happens(PostAnswered(ref, 409, make(token, OUTDATED, read_header(sealed))))
        ref, sealed, token = beat(world)
    assert counter(world) == before + 3


def test_no_report_of_an_alarm_moves_the_counter(world):
    world.data_goes(up=True)
    world.holds()
    ref, sealed = world.modem.posts[-1]
    before = counter(world)
    world.happens(PostAnswered(ref, 409, make(world.open(sealed).token, OUTDATED, HEARD)))
    assert counter(world) < before + 10
