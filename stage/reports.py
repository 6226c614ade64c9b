"""Reports as a device makes them; what does not matter to a measurement or a test is filled in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from outcry.enrolment import Enrolment
from outcry.envelope import Header, seal
from outcry.report import (
    TOKEN_BYTES,
    AlarmKind,
    MessageType,
    NoPosition,
    Position,
    Report,
    encode,
)

NOON = 1_795_348_800  # 22 November 2026, 12:00 UTC
HERE = Position(52.52, 13.405, 12, 5)


def report(
    type_: MessageType = MessageType.FIRST,
    *,
    kind: AlarmKind = AlarmKind.PANIC,
    alarm: int = 77,
    sequence: int = 0,
    sent_at: int = NOON,
    place: Position | NoPosition = HERE,
    token: bytes = bytes(TOKEN_BYTES),
    **more: Any,
) -> Report:
    """A report; a heartbeat is of no alarm."""
    if type_ is MessageType.HEARTBEAT:
        kind, alarm = AlarmKind.NONE, 0
    return Report(type_, kind, alarm, sequence, sent_at, place, token, **more)


def sealed(
    made: Report,
    enrolment: Enrolment,
    counter: int,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """What the device of this enrolment sends."""
    header = Header(enrolment.device, counter)
    return seal(encode(made), header, enrolment.hq.public_key, enrolment.psk, random)
