"""The inbox: sealed bytes become a stored report, and only then a receipt.

- A validly sealed alarm is taken whatever its counter or clock say; what is
  odd about it becomes a mark for people to see.
- An exact repeat gets its receipt again and acts on nothing.
- A heartbeat must be newer than everything heard from its device: a replayed
  one proves nothing and is refused.
- A withdrawal is taken like any report, for it tells of an alarm. Its code is
  put by for ``judging.py``; one that is not newer than everything heard before
  is marked as such and can never be found safe.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from outcry.envelope import (
    KEY_BYTES,
    SEALED_BYTES,
    EnvelopeRefused,
    Header,
    open_sealed,
    read_header,
    to_text,
)
from outcry.receipt import Status, make
from outcry.report import Flag, MessageType, Report, ReportInvalid, decode, encode
from outcry.responder import alarms, codes, history, store
from outcry.responder.calls import set_due
from outcry.responder.history import Entry, What
from outcry.responder.store import Store

log = logging.getLogger("outcry.responder.inbox")

LATE_S = 3600  # older on arrival: told to people, and later no ground for publishing unasked
INVITATION_BYTES = 12  # 96 bits: a contact's short link cannot be guessed
_NOBODY = bytes(
    KEY_BYTES
)  # opened with when the device is unknown, so that both refusals cost alike
# The same message may be repeated for ever; past these it is no longer written down.
_REPEATS_KEPT = {"sms": 3, "data": 1, "link": 1}


class CameBy(StrEnum):
    """Which way a sealed message reached HQ."""

    DATA = "data"
    SMS = "sms"
    LINK = "link"


class Refused(Exception):
    """No report was taken; the message is safe to answer and to log."""


class Unreadable(Refused):
    """Not a sealed report of an enrolled device: which of the two is nobody's business."""

    def __init__(self) -> None:
        super().__init__("this is not a sealed report that can be opened here")


class Outdated(Refused):
    """A heartbeat that is not newer than what was heard before."""

    def __init__(self) -> None:
        super().__init__("this is older than what was heard from this device before")


@dataclass(frozen=True)
class Taken:
    """A report that is on disk, and its receipt. ``alarm`` is None for a heartbeat.

    And for a repeat of what was deleted for good since: it tells nobody anything.
    """

    receipt: bytes
    report: Report
    alarm: int | None
    repeat: bool


class Inbox:
    """Takes sealed messages from every path; safe to call from any thread."""

    def __init__(
        self,
        database: Store,
        keys: Sequence[bytes],
        clock: Callable[[], float],
        on_alarm: Callable[[], None] = lambda: None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """``clock`` gives Unix seconds; ``on_alarm`` is called after something new is on disk."""
        self._store = database
        self._keys = keys
        self._clock = clock
        self._on_alarm = on_alarm
        self._random = random

    def take(self, sealed: bytes, path: CameBy) -> Taken:
        """Open, store, commit, then make the receipt.

        Raises :class:`Unreadable` for anything that is not a sealed report,
        :class:`Outdated` for a heartbeat that proves nothing.
        """
        header, report = self._open(sealed)
        digest = hashlib.sha256(sealed).digest()
        with self._store.write() as connection:
            arrival = _Arrival(connection, header, report, digest, path, self._clock())
            is_heartbeat = report.type is MessageType.HEARTBEAT
            result = arrival.heartbeat() if is_heartbeat else arrival.of_alarm(self._random)
        if result is None:
            log.info("a heartbeat over %s was refused: not newer than before", path)
            raise Outdated
        if result.alarm is not None:
            again = " again" if result.repeat else ""
            log.info("alarm %d: %s over %s%s", result.alarm, report.type.name, path, again)
            self._on_alarm()
        receipt = make(report.token, result.status, header)
        return Taken(receipt, report, result.alarm, result.repeat)

    def _open(self, sealed: bytes) -> tuple[Header, Report]:
        if len(sealed) != SEALED_BYTES:
            raise Unreadable
        try:
            header = read_header(sealed)
        except EnvelopeRefused:
            raise Unreadable from None
        with self._store.read() as connection:
            psk = connection.scalar(
                select(store.wearer.c.psk).where(store.wearer.c.device == header.device)
            )
        for key in self._keys:
            try:
                plain = open_sealed(sealed, key, _NOBODY if psk is None else psk)
                report = decode(plain)
            except (EnvelopeRefused, ReportInvalid):
                continue
            if psk is not None:
                return header, report
        raise Unreadable


class _Result(NamedTuple):
    """What became of a message. ``alarm`` is None for a heartbeat, and if it was deleted."""

    alarm: int | None
    status: Status
    repeat: bool


class _Known(NamedTuple):
    """A message that has been here before."""

    id: int
    alarm: int
    path: str


@dataclass(frozen=True)
class _Arrival:
    """One message inside its transaction."""

    connection: Connection
    header: Header
    report: Report
    digest: bytes
    path: CameBy
    now: float

    def heartbeat(self) -> _Result | None:
        """None: it is outdated."""
        if not self._newer():
            return None
        self._heard()
        self._keep_heartbeat()
        return _Result(None, Status.STORED, repeat=False)

    def of_alarm(self, random: Callable[[int], bytes]) -> _Result:
        known = self._known()
        if known is not None:
            self._note_repeat(known)
            return _Result(known.alarm, self._status(known.alarm), repeat=True)
        if self._is_forgotten():
            return _Result(None, Status.STORED, repeat=True)
        marks = self._marks()
        alarm = self._existing()
        if alarm is None:
            alarm = self._raise(random)
        entry = {
            "message": self._keep(alarm),
            "type": self.report.type.name,
            "sequence": self.report.sequence,
            "path": self.path.value,
            "marks": marks,
        }
        self._note(alarm, What.REPORT, entry)
        self._heard()
        return _Result(alarm, self._status(alarm), repeat=False)

    def _newer(self) -> bool:
        highest = self._highest()
        return highest is None or self.header.counter > highest

    def _highest(self) -> int | None:
        table = store.wearer
        return self.connection.scalar(
            select(table.c.highest_counter).where(table.c.device == self.header.device)
        )

    def _heard(self) -> None:
        table = store.wearer
        highest = max(self.header.counter, self._highest() or 0)
        self.connection.execute(
            update(table)
            .where(table.c.device == self.header.device)
            .values(highest_counter=highest, heard_at=self.now)
        )

    def _known(self) -> _Known | None:
        table = store.message
        row = self.connection.execute(
            select(table.c.id, table.c.alarm, table.c.path).where(table.c.digest == self.digest)
        ).first()
        return None if row is None else _Known._make(row)

    def _is_forgotten(self) -> bool:
        """Whether it was heard, and has been deleted since with its alarm."""
        table = store.forgotten
        digest = select(table.c.digest).where(table.c.digest == self.digest)
        return self.connection.scalar(digest) is not None

    def _note_repeat(self, known: _Known) -> None:
        """Write a repeat down while it tells something new: another path, or a wish for a receipt."""
        if known.path == self.path and self.path is not CameBy.SMS:
            return
        repeat = {"message": known.id, "path": self.path.value}
        entries = history.load(self.connection, known.alarm)
        kept = sum(entry.what is What.REPEAT and entry.data == repeat for entry in entries)
        if kept < _REPEATS_KEPT[self.path]:
            self._note(known.alarm, What.REPEAT, repeat)

    def _marks(self) -> list[str]:
        """What is odd about this report, in words for people."""
        marks = []
        table = store.message
        used = self.connection.scalar(
            select(table.c.id)
            .where(table.c.device == self.header.device, table.c.counter == self.header.counter)
            .limit(1)
        )
        if used is not None:
            marks.append("counter used before")
        elif not self._newer():
            marks.append("out of order")
        if Flag.CLOCK_UNSET in self.report.flags:
            marks.append("clock not set")
        elif self.now - self.report.sent_at > LATE_S:
            marks.append("late")
        elif self.report.sent_at - self.now > LATE_S:
            marks.append("clock ahead")
        return marks

    def _existing(self) -> int | None:
        """The alarm this report belongs to, if anything of it has arrived before."""
        table = store.alarm
        return self.connection.scalar(
            select(table.c.id).where(
                table.c.device == self.header.device,
                table.c.device_alarm == self.report.alarm_id,
                table.c.kind == int(self.report.kind),
            )
        )

    def _raise(self, random: Callable[[int], bytes]) -> int:
        """A new alarm, and each contact's own link to it."""
        kind = int(self.report.kind)
        device = self.header.device
        alarm = alarms.new(self.connection, device, self.report.alarm_id, kind, self.now)
        contacts = self.connection.scalars(
            select(store.contact.c.id).where(store.contact.c.device == self.header.device)
        ).all()
        for contact in contacts:
            token = to_text(random(INVITATION_BYTES))
            self.connection.execute(
                insert(store.invitation).values(token=token, alarm=alarm, contact=contact)
            )
        return alarm

    def _keep_heartbeat(self) -> None:
        table = store.heartbeat
        device = self.header.device
        self.connection.execute(delete(table).where(table.c.device == device))
        self.connection.execute(
            insert(table).values(
                device=device,
                counter=self.header.counter,
                received_at=self.now,
                report=encode(self.report),
            )
        )

    def _keep(self, alarm: int) -> int:
        withdrawal = self.report.type is MessageType.WITHDRAWAL
        made = self.connection.execute(
            insert(store.message).values(
                device=self.header.device,
                counter=self.header.counter,
                digest=self.digest,
                alarm=alarm,
                path=self.path.value,
                received_at=self.now,
                stale=withdrawal and not self._newer(),
                report=encode(replace(self.report, taps=())),
            )
        ).inserted_primary_key
        assert made is not None
        message = int(made[0])
        if withdrawal:
            taps = codes.written(self.report.taps)
            self.connection.execute(insert(store.unjudged).values(message=message, taps=taps))
        return message

    def _note(self, alarm: int, what: What, data: Mapping[str, object]) -> None:
        history.append(self.connection, alarm, Entry(self.now, what, data))
        set_due(self.connection, alarm, self.now)

    def _status(self, alarm: int) -> Status:
        person = history.is_acknowledged(self.connection, alarm)
        return Status.ACKNOWLEDGED if person else Status.STORED
