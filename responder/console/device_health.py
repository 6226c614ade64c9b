"""How each wearer's device is, as of the last message HQ has from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select

from outcry.report import AlarmKind, MessageType, Report, decode
from outcry.responder.storage import store
from outcry.responder.storage.alarms import About

SILENT_AFTER_S = 25 * 60.0  # two and a half heartbeat intervals at the default setting


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


def how_they_are(
    connection: Connection, wearers: Sequence[Row[tuple[object, ...]] | About], now: float
) -> list[Health]:
    """The health of these rows of ``store.wearer``, in their order; ``now`` in Unix seconds."""
    beats = {row.device: row for row in connection.execute(select(store.heartbeat))}
    drills = _drills(connection)
    found = []
    for wearer in wearers:
        beat = beats.get(wearer.device)
        silent = wearer.heard_at is not None and now - wearer.heard_at > SILENT_AFTER_S
        found.append(
            Health(
                wearer.name,
                f"{wearer.device:08x}",
                wearer.heard_at,
                beat.received_at if beat else None,
                _newest(connection, wearer.device, beat),
                drills.get(wearer.device),
                decode(beat.report).drill_hours if beat else None,
                silent,
            )
        )
    return found


def _drills(connection: Connection) -> Mapping[int, float]:
    alarm = store.alarm.c
    drills = select(alarm.device, func.max(alarm.arrived_at).label("at"))
    drills = drills.where(alarm.kind == int(AlarmKind.DRILL))
    return {row.device: row.at for row in connection.execute(drills.group_by(alarm.device))}


def _newest(
    connection: Connection, device: int, beat: Row[tuple[object, ...]] | None
) -> Report | None:
    """What the device last said of itself; a withdrawal says less than any other report."""
    table = store.message
    later = select(table.c.counter, table.c.report).filter_by(device=device)
    if beat is not None:
        later = later.where(table.c.counter > beat.counter)
    for row in connection.execute(later.order_by(table.c.counter.desc())):
        report = decode(row.report)
        if report.type is not MessageType.WITHDRAWAL:
            return report
    return decode(beat.report) if beat is not None else None
