"""The inbox: sealed bytes become a stored report, and only then a receipt.

- A validly sealed alarm is taken whatever its counter or clock say; what is
  odd about it becomes a mark for people to see.
- An exact repeat gets its receipt again and has no other effect.
- A heartbeat must be newer than everything heard from its device: a replayed
  one proves nothing and is refused.
- A withdrawal is taken like any report, for it tells of an alarm. Its code is
  kept for ``withdrawals.py``; one that is not newer than everything heard before
  is marked as such and can never be judged safe.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from outcry.envelope import KEY_BYTES, SEALED_BYTES, EnvelopeRefused, read_header
from outcry.receipt import OUTDATED, make
from outcry.report import MessageType, Report, ReportInvalid, decode
from outcry.responder import journal
from outcry.responder.intake import ingest
from outcry.responder.intake.ingest import Arrived, Kept
from outcry.responder.intake.opening import open_sealed
from outcry.responder.rules.events import CameBy
from outcry.responder.storage import store
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.inbox")

# Stands in for an unknown device's key, so that both refusals take the same time.
_NOBODY = bytes(KEY_BYTES)

_PSKS = select(store.wearer.c.device, store.wearer.c.psk).where(
    store.wearer.c.device.in_(store.each("devices"))
)


class Refused(Exception):
    """No report was taken."""


class Unreadable(Refused):
    """Not a sealed report of an enrolled device: it does not say which, so nobody can probe."""


class Outdated(Refused):
    """A heartbeat that is not newer than what was heard before; holds the answer to its device."""


@dataclass(frozen=True)
class Taken:
    """A report that is on disk, and its receipt. ``alarm`` is None for a heartbeat."""

    receipt: bytes
    report: Report
    alarm: int | None
    repeat: bool


@dataclass(eq=False)
class Inbox:
    """Takes sealed messages from every path; safe to call from any thread.

    ``clock`` gives Unix seconds; ``on_alarm`` is called after something new is on disk,
    ``on_beat`` after a heartbeat is, with its device and when (Unix seconds) it came.
    """

    store: Store
    keys: Sequence[bytes] = field(repr=False)
    clock: Callable[[], float]
    on_alarm: Callable[[], None] = lambda: None
    random: Callable[[int], bytes] = os.urandom
    on_beat: Callable[[int, Report, float], None] = lambda _device, _beat, _now: None

    def take(self, sealed: bytes, path: CameBy) -> Taken:
        """Open, store, commit, then make the receipt.

        Raises :class:`Unreadable` for anything that is not a sealed report,
        :class:`Outdated` for a heartbeat that proves nothing.
        """
        (taken,) = self.take_all([sealed], path)
        if isinstance(taken, Exception):
            raise taken
        return taken

    def take_all(self, sealed: Sequence[bytes], path: CameBy) -> list[Taken | Exception]:
        """Many at once, with one commit; in the place of each that was not taken, why.

        One that cannot be stored takes none of the others with it.
        """
        opened = self._open(sealed, path)
        arrived = [one for one in opened if one is not None]
        kept = iter(self._keep(arrived))
        taken = [Unreadable() if one is None else self._answer(one, next(kept)) for one in opened]
        if any(isinstance(one, Taken) and one.alarm is not None for one in taken):
            self.on_alarm()
        return taken

    def _keep(self, arrived: Sequence[Arrived]) -> list[Kept | Exception | int]:
        if not arrived:
            return []
        try:
            with self.store.write() as connection:
                return [*ingest.keep(connection, arrived, self.clock(), self.random)]
        except Exception as error:  # noqa: BLE001 - whatever it is, each gets its own
            if len(arrived) == 1:
                return [error]
            return [kept for one in arrived for kept in self._keep([one])]

    def _answer(self, one: Arrived, kept: Kept | Exception | int) -> Taken | Exception:
        if isinstance(kept, Exception):
            return kept
        if isinstance(kept, int):
            log.tell(journal.Entry.BEAT_REFUSED, path=one.path)
            latest = replace(one.header, counter=kept)
            return Outdated(make(one.report.token, OUTDATED, latest))
        if kept.alarm is not None:
            again = " again" if kept.repeat else ""
            log.tell(
                journal.Entry.REPORT,
                alarm=kept.alarm,
                report=one.report.type.name,
                path=one.path,
                again=again,
            )
        elif one.report.type is MessageType.HEARTBEAT:
            self.on_beat(one.header.device, one.report, self.clock())
        receipt = make(one.report.token, kept.status, one.header)
        return Taken(receipt, one.report, kept.alarm, kept.repeat)

    def _open(self, sealed: Sequence[bytes], path: CameBy) -> list[Arrived | None]:
        """Each message opened; None where that cannot be done."""
        headers = []
        for one in sealed:
            try:
                headers.append(read_header(one) if len(one) == SEALED_BYTES else None)
            except EnvelopeRefused:
                headers.append(None)
        devices = {header.device for header in headers if header is not None}
        psks = self._psks(devices) if devices else {}
        opened: list[Arrived | None] = []
        for one, header in zip(sealed, headers, strict=True):
            report = None if header is None else self._report(one, psks.get(header.device))
            if header is None or report is None:
                opened.append(None)
            else:
                digest = hashlib.sha256(one).digest()
                opened.append(Arrived(header, report, digest, path))
        return opened

    def _psks(self, devices: set[int]) -> Mapping[int, bytes]:
        with self.store.read() as connection:
            rows = connection.execute(_PSKS, {"devices": list(devices)})
            return {row.device: row.psk for row in rows}

    def _report(self, sealed: bytes, psk: bytes | None) -> Report | None:
        for key in self.keys:
            try:
                plain = open_sealed(sealed, key, _NOBODY if psk is None else psk)
                report = decode(plain)
            except (EnvelopeRefused, ReportInvalid):
                continue
            if psk is not None:
                return report
        return None
