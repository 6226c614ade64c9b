"""How each wearer's device is, as of the last message HQ has from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from outcry.report import Report, decode
from outcry.responder.storage import roll, store

SILENT_AFTER_S = 25 * 60.0  # two and a half heartbeat intervals at the default setting
_TOGETHER = 500


@dataclass(frozen=True)
class Health:
    """A wearer's device; times are Unix seconds. ``report``: the newest that is no withdrawal."""

    name: str
    device: str
    heard_at: float | None
    beat_at: float | None
    report: Report | None
    drill_at: float | None
    drill_hours: int | None
    silent: bool


def how_they_are(connection: Connection, devices: Sequence[int], now: float) -> list[Health]:
    """The health of these devices, in their order; ``now`` in Unix seconds. It asks for them alone."""
    return [
        each
        for first in range(0, len(devices), _TOGETHER)
        for each in _of(connection, devices[first : first + _TOGETHER], now)
    ]


def _of(connection: Connection, devices: Sequence[int], now: float) -> Iterator[Health]:
    wearer, beat, message = store.wearer.c, store.heartbeat.c, store.message.c
    rows = connection.execute(select(store.wearer).where(wearer.device.in_(devices)))
    wearers = {row.device: row for row in rows}
    rows = connection.execute(select(store.heartbeat).where(beat.device.in_(devices)))
    beats = {row.device: row for row in rows}
    since = func.coalesce(beat.counter, -1)
    newer = exists().where(message.device == wearer.device, message.counter > since)
    said_more = select(wearer.device).outerjoin_from(store.wearer, store.heartbeat)
    went_on = set(connection.scalars(said_more.where(wearer.device.in_(devices), newer)))
    for device in devices:
        last = beats.get(device)
        report = None if last is None else decode(last.report)
        if device in went_on:
            report = roll.newest(connection, device, last)
        yield _health(wearers[device], last, report, now)


def _health(wearer: Row[Any], beat: Row[Any] | None, report: Report | None, now: float) -> Health:
    return Health(
        wearer.name,
        f"{wearer.device:08x}",
        wearer.heard_at,
        beat.received_at if beat else None,
        report,
        wearer.drilled_at,
        decode(beat.report).drill_hours if beat else None,
        wearer.heard_at is not None and now - wearer.heard_at > SILENT_AFTER_S,
    )
