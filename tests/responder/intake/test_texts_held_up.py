"""A text that the network held up answers what was open when it was sent, and nothing after it."""

from __future__ import annotations

import os

import pytest
from builders import BEN, officer
from cheap_hashes import PIN_COST

from outcry.report import MessageType
from outcry.responder.enrolment.answer_cards import print_codes
from outcry.responder.rules.events import Closed, Confirmed, Unclear
from outcry.responder.storage import event_log


@pytest.fixture
def codes(world):
    with world.hq.store.write() as connection:
        return print_codes(connection, world.device.enrolment.device, os.urandom, 1, PIN_COST)[1]


def closes(world, alarm=1):
    with world.hq.store.write() as connection:
        event_log.happened(connection, alarm, officer(Closed, world.clock.now))


@pytest.mark.parametrize("again", [True, False], ids=["another episode", "another alarm"])
@pytest.mark.parametrize(
    ("sent_after_s", "what"),
    [
        (300, Unclear),  # to the first one, and held up
        (599, Unclear),
        (700, Confirmed),  # nothing was open then: some centre's clock is wrong
        (-3600, Confirmed),
        (1150, Confirmed),  # clocks differ a little
        (1300, Confirmed),
        (9999, Confirmed),
        (None, Confirmed),
    ],
)
def test_a_text_that_was_held_up_confirms_nothing_that_came_after_it(
    world, codes, again, sent_after_s, what
):
    world.hq.takes(world.device.message())
    began = world.clock.now
    world.clock.passes(600)
    closes(world)
    world.clock.passes(600)
    type_ = MessageType.STILL_IN_DANGER if again else MessageType.FIRST
    alarm = {"alarm": 77, "sequence": 1} if again else {"alarm": 78}
    world.hq.takes(world.device.message(type_, **alarm))
    world.clock.passes(100)
    sent_at = None if sent_after_s is None else began + sent_after_s
    world.hq.texts.take(BEN, f"{codes[0]} 1", True, sent_at)
    assert world.hq.history(1 if again else 2)[-1] is what
