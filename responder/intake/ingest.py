"""Messages that were opened enter the database: many in one transaction, as if one by one.

What is already known of them is asked once for all, and what they change is
written once for all. That is what makes two thousand receipts a second possible,
each behind its commit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, text, update

from outcry.envelope import Header
from outcry.receipt import Status
from outcry.report import AlarmKind, MessageType, Report, encode
from outcry.responder.enrolment import safe_code
from outcry.responder.intake import dating
from outcry.responder.rules.events import CameBy, Event, Mark, ReportArrived, ReportRepeated
from outcry.responder.storage import alarms, event_log, evidence, overdue, roll, store
from outcry.responder.web.link_tokens import link_token

INVITATION_CHARS = 16  # 95 bits: a contact's short link cannot be guessed
# The same message may come again without end; beyond these counts that is not written down.
_REPEATS_KEPT = {CameBy.SMS: 3, CameBy.DATA: 1, CameBy.LINK: 1}


class Arrived(NamedTuple):
    """A message that was opened. ``digest``: SHA-256 of its sealed bytes."""

    header: Header
    report: Report
    digest: bytes
    path: CameBy


class Kept(NamedTuple):
    """What became of a message. ``alarm`` is None for a heartbeat, and if it was deleted."""

    alarm: int | None
    status: Status
    repeat: bool


class _Known(NamedTuple):
    """A message that has been here before."""

    id: int
    alarm: int
    path: CameBy


def keep(
    connection: Connection, arrived: Sequence[Arrived], now: float, random: Callable[[int], bytes]
) -> list[Kept | int]:
    """Take all messages in, in order, in this transaction; what became of each. Of a heartbeat no
    newer than what was heard before, that is the highest counter of its device."""
    batch = _Batch(connection, arrived, now, random)
    done = [batch.take(one) for one in arrived]
    batch.write()
    return done


@dataclass(eq=False)
class _Batch:
    """What is known about the messages of a batch, kept up to date while each is taken."""

    connection: Connection
    arrived: Sequence[Arrived]
    now: float
    random: Callable[[int], bytes]

    def __post_init__(self) -> None:
        connection, arrived = self.connection, self.arrived
        known = _wearers(connection, {one.header.device for one in arrived})
        self._highest: dict[int, int | None] = {row.device: row.highest_counter for row in known}
        self._conditions = {
            row.device: {name: row._mapping[name] for name in roll.CONDITION} for row in known
        }
        self._said_of_itself: dict[int, Report] = {}
        self._drilled: set[int] = set()
        of_alarms = [one for one in arrived if one.report.type is not MessageType.HEARTBEAT]
        digests = [one.digest for one in of_alarms]
        self._known = _known(connection, digests)
        self._forgotten = _forgotten(connection, digests)
        self._alarms = _alarms(connection, of_alarms)
        there = {*self._alarms.values(), *(known.alarm for known in self._known.values())}
        self._acknowledged = event_log.acknowledged(connection, there)
        self._ids = _ids(connection, len(of_alarms))
        self._heard: dict[int, bool] = {}  # whether by a heartbeat
        self._messages: list[dict[str, Any]] = []
        self._taps: list[dict[str, Any]] = []
        self._said: list[tuple[int, Event, Mapping[str, object]]] = []

    def take(self, one: Arrived) -> Kept | int:
        if one.report.type is MessageType.HEARTBEAT:
            return self._heartbeat(one)
        known = self._known.get(one.digest)
        if known is not None:
            self._note_repeat(one, known)
            return Kept(known.alarm, self._status(known.alarm), repeat=True)
        if one.digest in self._forgotten:
            return Kept(None, Status.STORED, repeat=True)
        one, marks = self._dated(one)
        alarm = self._alarms.get(_which(one)) or self._raise(one)
        message, proof = self._keep(one, alarm)
        report = one.report
        arrived = ReportArrived(self.now, message, report.type, report.sequence, one.path, marks)
        self._said.append((alarm, arrived, proof))
        self._hear(one)
        return Kept(alarm, self._status(alarm), repeat=False)

    def write(self) -> None:
        connection = self.connection
        if self._messages:
            store.write_rows(connection, _MESSAGES, self._messages)
        if self._taps:
            connection.execute(insert(store.unjudged), self._taps)
        if self._said:
            event_log.append_all(connection, self._said)
            touched = {alarm for alarm, *_ in self._said}
            connection.execute(_DUE, {"touched": list(touched), "now": self.now})
        if self._heard:
            heard = [
                {
                    "which": device,
                    "highest": self._highest[device],
                    "now": self.now,
                    "beats": beats,
                }
                for device, beats in self._heard.items()
            ]
            store.write_rows(connection, overdue.heard, heard)
        self._write_roll()

    def _write_roll(self) -> None:
        """How the devices are now, those that are another way than before."""
        now = {
            device: roll.later(report, self._conditions.get(device))
            for device, report in self._said_of_itself.items()
        }
        rows = [
            {"which": device, **condition}
            for device, condition in now.items()
            if condition != self._conditions.get(device)
        ]
        if rows:
            store.write_rows(self.connection, roll.said, rows)
        if self._drilled:
            roll.drilled(self.connection, list(self._drilled), self.now)

    def _heartbeat(self, one: Arrived) -> Kept | int:
        if not self._is_newer(one):
            return self._highest[one.header.device] or 0
        self._hear(one)
        device, counter = one.header.device, one.header.counter
        kept = {"counter": counter, "received_at": self.now, "report": encode(one.report)}
        self.connection.execute(delete(store.heartbeat).filter_by(device=device))
        self.connection.execute(insert(store.heartbeat).values(device=device, **kept))
        return Kept(None, Status.STORED, repeat=False)

    def _is_newer(self, one: Arrived) -> bool:
        highest = self._highest.get(one.header.device)
        return highest is None or one.header.counter > highest

    def _hear(self, one: Arrived) -> None:
        device = one.header.device
        if self._is_newer(one) and one.report.type is not MessageType.WITHDRAWAL:
            self._said_of_itself[device] = one.report
        self._highest[device] = max(one.header.counter, self._highest.get(device) or 0)
        beats = one.report.type is MessageType.HEARTBEAT
        self._heard[device] = beats or self._heard.get(device, False)

    def _note_repeat(self, one: Arrived, known: _Known) -> None:
        """Write a repeat down if it tells something new: another path, or a receipt is wanted."""
        if known.path == one.path and one.path is not CameBy.SMS:
            return
        history = [
            *event_log.load(self.connection, known.alarm),
            *(event for alarm, event, _ in self._said if alarm == known.alarm),
        ]
        repeats = [event for event in history if isinstance(event, ReportRepeated)]
        kept = sum((each.message, each.path) == (known.id, one.path) for each in repeats)
        if kept < _REPEATS_KEPT[one.path]:
            self._said.append((known.alarm, ReportRepeated(self.now, known.id, one.path), {}))

    def _dated(self, one: Arrived) -> tuple[Arrived, tuple[Mark, ...]]:
        """Dated by HQ where its device's clock is not believed, with what is odd about it."""
        newest = self._is_newer(one)
        beat_at = None if dating.agrees(one.report, self.now) else self._beat_before(one.header)
        over_data = one.path is CameBy.DATA
        report, marks = dating.dated(one.report, self.now, beat_at, newest, over_data)
        if not newest:
            used = self._is_used(one.header)
            marks = (Mark.COUNTER_USED if used else Mark.OUT_OF_ORDER, *marks)
        return one._replace(report=report), marks

    def _beat_before(self, header: Header) -> float | None:
        """When the last heartbeat came, if this was made after it."""
        beat = store.heartbeat.c
        before = select(beat.received_at).where(
            beat.device == header.device, beat.counter < header.counter
        )
        return self.connection.scalar(before)

    def _is_used(self, header: Header) -> bool:
        """Whether another message had this counter; none that is kept has one above the highest."""
        device, counter = header.device, header.counter
        if (device, counter) in ((row["device"], row["counter"]) for row in self._messages):
            return True
        used = select(store.message.c.id).filter_by(device=device, counter=counter)
        return self.connection.scalar(used.limit(1)) is not None

    def _raise(self, one: Arrived) -> int:
        """A new alarm, and each contact's own link to it."""
        if one.report.kind is AlarmKind.DRILL:
            self._drilled.add(one.header.device)
        connection = self.connection
        device, device_alarm, kind = _which(one)
        alarm = alarms.new(connection, device, device_alarm, kind, self.now)
        self._alarms[device, device_alarm, kind] = alarm
        contacts = select(store.contact.c.id).filter_by(device=device)
        invitations = [
            {"token": link_token(INVITATION_CHARS, self.random), "alarm": alarm, "contact": contact}
            for contact in connection.scalars(contacts)
        ]
        if invitations:
            connection.execute(insert(store.invitation), invitations)
        return alarm

    def _keep(self, one: Arrived, alarm: int) -> tuple[int, Mapping[str, object]]:
        """The number of the message, and the proof of what it was."""
        withdrawal = one.report.type is MessageType.WITHDRAWAL
        message = next(self._ids)
        device, counter = one.header.device, one.header.counter
        report = encode(replace(one.report, taps=()) if withdrawal else one.report)
        self._messages.append(
            {
                "id": message,
                "device": device,
                "counter": counter,
                "digest": one.digest,
                "alarm": alarm,
                "path": one.path.value,
                "received_at": self.now,
                "stale": withdrawal and not self._is_newer(one),
                "report": report,
            }
        )
        self._known[one.digest] = _Known(message, alarm, one.path)
        if withdrawal:
            self._taps.append({"message": message, "taps": safe_code.written(one.report.taps)})
        return message, evidence.of_message(device, counter, one.digest, report)

    def _status(self, alarm: int) -> Status:
        return Status.ACKNOWLEDGED if alarm in self._acknowledged else Status.STORED


def _which(one: Arrived) -> tuple[int, int, int]:
    """The kind is part of what an alarm is: no report of a drill can be counted to a real one."""
    return one.header.device, one.report.alarm_id, int(one.report.kind)


_of = store.wearer.c
_HIGHEST = (  # on PostgreSQL other transactions on these devices wait
    select(_of.device, _of.highest_counter, *(_of[name] for name in roll.CONDITION))
    .where(_of.device.in_(store.each("devices")))
    .order_by(_of.device)
    .with_for_update(key_share=True)
)
_message = store.message.c
_MESSAGES, _LAST = insert(store.message), select(func.max(_message.id))
_KNOWN = select(_message.digest, _message.id, _message.alarm, _message.path).where(
    _message.digest.in_(store.each("digests"))
)
_FORGOTTEN = select(store.forgotten.c.digest).where(
    store.forgotten.c.digest.in_(store.each("digests"))
)
_alarm = store.alarm.c
_ALARMS = select(_alarm.device, _alarm.device_alarm, _alarm.kind, _alarm.id).where(
    _alarm.device.in_(store.each("devices")), _alarm.device_alarm.in_(store.each("alarm_ids"))
)
_DUE = (
    update(store.alarm)
    .where(_alarm.id.in_(store.each("touched")))
    .values(due_at=bindparam("now"), settled_at=None)
)


def _wearers(connection: Connection, devices: set[int]) -> list[Row[Any]]:
    """What is known of these devices: the highest counters heard, and how they are."""
    return list(connection.execute(_HIGHEST, {"devices": list(devices)}))


def _known(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, _Known]:
    rows = connection.execute(_KNOWN, {"digests": digests})
    return {digest: _Known(id_, alarm, CameBy(path)) for digest, id_, alarm, path in rows}


def _forgotten(connection: Connection, digests: Sequence[bytes]) -> set[bytes]:
    """Those that were heard, and have been deleted since with their alarms."""
    return set(connection.scalars(_FORGOTTEN, {"digests": digests}))


def _alarms(connection: Connection, arrived: Sequence[Arrived]) -> dict[tuple[int, int, int], int]:
    """The alarms these belong to, of which something has arrived before."""
    devices = {one.header.device for one in arrived}
    alarm_ids = {one.report.alarm_id for one in arrived}
    which = {"devices": list(devices), "alarm_ids": list(alarm_ids)}
    rows = connection.execute(_ALARMS, which)
    return {(device, number, kind): alarm for device, number, kind, alarm in rows}


def _ids(connection: Connection, number: int) -> Iterator[int]:
    if connection.dialect.name == "postgresql":
        many = text("SELECT nextval('message_id_seq') FROM generate_series(1, :number)")
        return iter(connection.scalars(many, {"number": number}).all())
    return count(1 + (connection.scalar(_LAST) or 0))
