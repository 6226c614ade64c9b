"""What is known of devices that are due: enough to judge whether they are silent.

A damaged row excuses no silence: it counts as if nothing had been said in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select

from outcry.report import AlarmKind, Report, ReportInvalid, decode
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Event
from outcry.responder.storage import alarms, event_log, store

DAY_S = 86_400.0


@dataclass
class Known:
    """Of one device. ``silences``: how many began in the last day; ``histories``: those of real
    alarms of which something was heard in the last day."""

    said: list[tuple[int, bytes]] = field(default_factory=list, repr=False)
    silences: int = 0
    histories: list[tuple[Event, ...]] = field(default_factory=list, repr=False)

    def last_word(self) -> Report | None:
        """The newest thing the device said of itself; None if that cannot be read."""
        try:
            return decode(max(self.said)[1])
        except ReportInvalid:
            return None

    def in_alarm(self) -> bool:
        """Whether people are busy with an alarm that is not over."""
        return any(not Case.of(history).now.over for history in self.histories)


def known(connection: Connection, devices: Sequence[int], now: float) -> dict[int, Known]:
    """What is known of these devices, by device; ``now`` in Unix seconds."""
    found = {device: Known() for device in devices}
    if not devices:
        return found
    for table in (store.heartbeat, store.message):
        for device, counter, report in connection.execute(_newest(table, devices)):
            found[device].said.append((counter, report))
    alarm = store.alarm.c
    silence = (alarm.kind == int(AlarmKind.SILENCE)) & (alarm.arrived_at > now - DAY_S)
    real = alarm.kind.in_((int(AlarmKind.PANIC), int(AlarmKind.STRAP)))
    lately: ColumnElement[bool] = silence | (real & (alarms.last_heard > now - DAY_S))
    of_these = select(alarm.id, alarm.device, alarm.kind).where(alarm.device.in_(devices), lately)
    for id_, device, kind in connection.execute(of_these).all():
        if kind == int(AlarmKind.SILENCE):
            found[device].silences += 1
        elif history := _history(connection, id_):
            found[device].histories.append(history)
    return found


def _newest(table: Table, devices: Sequence[int]) -> Select[Any]:
    """Of each device the row with the highest counter."""
    row, same = table.c, table.alias().c
    highest = select(func.max(same.counter)).where(same.device == row.device).scalar_subquery()
    newest = select(row.device, row.counter, row.report)
    return newest.where(row.device.in_(devices), row.counter == highest)


def _history(connection: Connection, alarm: int) -> tuple[Event, ...]:
    try:
        return event_log.load(connection, alarm)
    except (KeyError, TypeError, ValueError):  # a damaged row
        return ()
