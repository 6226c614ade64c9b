"""Silence: a device that is no longer heard raises an alarm of its own, at HQ.

A silence is no alarm of its wearer's: it is never published, the duty officer
hears of it first, and being heard ends it. For a device that comes and goes HQ
waits longer each time, so that nobody is told of it again and again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select
from sqlalchemy.exc import IntegrityError

from outcry.report import AlarmKind, Report, decode
from outcry.responder import formatting, journal
from outcry.responder.plans import document
from outcry.responder.rules.events import HeardAgain, WentSilent
from outcry.responder.rules.silence import INTERVALS_VANISHED, VANISHED, Judgement, Watched, judge
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.silence")

DAY_S = 86_400.0
_SILENCE = int(AlarmKind.SILENCE)


@dataclass(eq=False)
class Watch:
    """Looks at every device; any number of processes may do so side by side.

    ``clock`` gives Unix seconds; ``on_alarm`` is called after something new is on disk.
    """

    store: Store
    clock: Callable[[], float]
    on_alarm: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._since = self.clock()

    def look(self) -> None:
        """Raise the silences that begin, end those that are over."""
        now = self.clock()
        with self.store.read() as connection:
            devices = connection.execute(_WATCHED).all()
            judged = [(device, self._judged(connection, device, now)) for device in devices]
        for device, judgement in judged:
            if judgement is Judgement.NOTHING:
                continue
            try:
                with self.store.write() as connection:
                    if judgement is Judgement.RAISE:
                        _raise(connection, device, now)
                    else:
                        _end(connection, device, now)
            except IntegrityError:
                continue  # so was another process, at the same moment
            self.on_alarm()

    def _judged(self, connection: Connection, device: Row[Any], now: float) -> Judgement:
        interval_s = _interval_s(device.terms)
        if interval_s is None:
            return Judgement.NOTHING
        soonest = INTERVALS_VANISHED * interval_s
        if now - device.heard_at <= soonest and device.raised is None:
            return Judgement.NOTHING
        return judge(_watched(connection, device, interval_s, self._since, now), now)


_alarm, _wearer, _beat = store.alarm.c, store.wearer.c, store.heartbeat.c
_raised = select(_alarm.device, func.max(_alarm.id).label("raised")).where(_alarm.kind == _SILENCE)
_silences = _raised.group_by(_alarm.device).subquery()
_heartbeat = _beat.report, _beat.received_at.label("beat_at")
_WATCHED: Select[Any] = (
    select(_wearer.device, _wearer.heard_at, *_heartbeat, store.plan.c.terms, _silences.c.raised)
    .join_from(store.wearer, store.heartbeat)
    .outerjoin(store.plan, store.plan.c.device == _wearer.device)
    .outerjoin(_silences, _silences.c.device == _wearer.device)
    .where(_wearer.heard_at.is_not(None))
)
"""The devices that have sent a heartbeat once. ``raised``: a device's newest silence, if any."""


def _interval_s(written: str | None) -> float | None:
    """As the plan says; None: this device is not watched."""
    default = document.KEYS["silence"]
    try:
        silence = {} if written is None else json.loads(written)["silence"]
        watch = bool(silence.get("watch", default["watch"].default))
        minutes = float(silence.get("heartbeat_minutes", default["heartbeat_minutes"].default))
    except (ValueError, KeyError, TypeError, AttributeError):  # a damaged plan: as without one
        watch, minutes = True, float(default["heartbeat_minutes"].default)
    return 60.0 * minutes if watch else None


def _watched(
    connection: Connection, device: Row[Any], interval_s: float, since: float, now: float
) -> Watched:
    raised_at = None
    if device.raised is not None and not event_log.has(connection, device.raised, HeardAgain):
        raised_at = connection.scalar(select(_alarm.arrived_at).filter_by(id=device.raised))
    silences = select(func.count()).where(*_silences_of(device), _alarm.arrived_at > now - DAY_S)
    return Watched(
        heard_at=device.heard_at,
        interval_s=interval_s,
        since=since,
        vanished=bool(_last_word(connection, device).flags & VANISHED),
        raised_at=raised_at,
        lately=connection.scalar(silences) or 0,
        in_alarm=_in_alarm(connection, device.device, now),
    )


def _silences_of(device: Row[Any]) -> tuple[ColumnElement[bool], ...]:
    return _alarm.device == device.device, _alarm.kind == _SILENCE


def _last_word(connection: Connection, device: Row[Any]) -> Report:
    """The newest thing the device said of itself: a heartbeat, or a report of an alarm."""
    table = store.message
    later = connection.scalar(
        select(table.c.report)
        .where(table.c.device == device.device, table.c.received_at > device.beat_at)
        .order_by(table.c.received_at.desc())
        .limit(1)
    )
    return decode(device.report if later is None else later)


def _in_alarm(connection: Connection, device: int, now: float) -> bool:
    """Whether a real alarm of this wearer was heard of in the last day, and nobody closed it."""
    real = _alarm.kind.in_((int(AlarmKind.PANIC), int(AlarmKind.STRAP)))
    lately = select(_alarm.id).where(_alarm.device == device, real, alarms.last_heard > now - DAY_S)
    return any(_goes_on(connection, alarm) for alarm in connection.scalars(lately).all())


def _goes_on(connection: Connection, alarm: int) -> bool:
    """Whether people are busy with it. One that cannot be read excuses no silence, and stops no
    watch over the others.
    """
    try:
        return not event_log.case_of(connection, alarm).now.over
    except (KeyError, TypeError, ValueError):  # a damaged row
        return False


def _raise(connection: Connection, device: Row[Any], now: float) -> None:
    newest = select(func.max(_alarm.id), func.max(_alarm.device_alarm))
    id_, number = connection.execute(newest.where(*_silences_of(device))).one()
    if id_ != device.raised:
        return  # another process was quicker
    alarm = alarms.new(connection, device.device, (number or 0) + 1, _SILENCE, now)
    last = _last_word(connection, device)
    marks, vanished = tuple(formatting.marks(last)), bool(last.flags & VANISHED)
    event_log.happened(connection, alarm, WentSilent(now, device.heard_at, marks, vanished))
    log.tell(journal.Entry.SILENT, alarm=alarm, device=device.device)


def _end(connection: Connection, device: Row[Any], now: float) -> None:
    if not event_log.has(connection, device.raised, HeardAgain):
        event_log.happened(connection, device.raised, HeardAgain(now))
        log.tell(journal.Entry.HEARD_AGAIN, alarm=device.raised, device=device.device)
