"""What is written down of an alarm that was made public, and whether it still holds."""

from __future__ import annotations

from typing import Any

from outcry.responder.storage import verification


def publish(world: Any) -> None:
    """An alarm that two contacts have confirmed, and that stands on HQ's own page."""
    world.hq.takes(world.device.message())
    world.hq.works()
    for contact in (1, 2):
        world.answers(world.invitation(contact), world.pins[contact - 1], "confirm")
    world.hq.works()


def problems(world: Any) -> tuple[str, ...]:
    with world.hq.store.read() as connection:
        return verification.verify(connection).problems
