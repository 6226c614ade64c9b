"""Silence: a device that is no longer heard raises an alarm of its own, at HQ.

A silence is no alarm of its wearer's: it is never published, the duty officer
hears of it first, and being heard ends it. For a device that comes and goes HQ
waits longer each time, so that nobody is told of it again and again.

The database says who is due (``storage/overdue.py``). What is known of them is read, judged while no
transaction is open, and written of each only if nothing was heard of it meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from outcry.report import NO_FLAGS, AlarmKind
from outcry.responder import formatting, journal
from outcry.responder.notify.notices import Notice, Notices
from outcry.responder.rules.events import HeardAgain, WentSilent
from outcry.responder.rules.silence import INTERVALS_VANISHED, VANISHED, Watched, silent_at
from outcry.responder.service import quiet_devices
from outcry.responder.service.quiet_devices import Known
from outcry.responder.storage import alarms, event_log, overdue, store
from outcry.responder.storage.overdue import Listening, Overdue
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.silence")

AT_ONCE = 100  # devices of one look: the watchdog waits for its end
BUSY_S = 60.0  # people are at an alarm of this device: when to look again whether they still are
TROUBLE_S = 60.0  # a device that cannot be judged is tried again after this long
BLIND_AFTER_S = 60.0  # without a look that succeeds; then the duty officer is told
DEAF_TOLD_S = 300.0  # HQ did not listen for so long, in all: then the duty officer is told


_Told = tuple[bool, int, int]  # whether a silence begins or ends, its alarm, the device


class _Settled(NamedTuple):
    """What was found of a device: when it is due next, and what begins or ends."""

    one: Overdue
    due_at: float | None
    happens: WentSilent | HeardAgain | None = None


@dataclass(eq=False)
class Watch:
    """Looks for the devices that are due; any number of processes may do so side by side.

    ``clock`` gives Unix seconds; ``on_alarm`` is called after something new is on disk.
    """

    store: Store
    clock: Callable[[], float]
    notices: Notices
    on_alarm: Callable[[], None] = lambda: None
    _blind_since: float | None = field(default=None, init=False)
    _deaf_s: float = field(default=0.0, init=False)

    def look(self) -> bool:
        """Raise the silences that begin, end those that are over; True: there are more of them."""
        now = self.clock()
        try:
            more = self._look(now)
        except Exception:
            self._blind_since = min(now, now if self._blind_since is None else self._blind_since)
            if now - self._blind_since >= BLIND_AFTER_S:
                self.notices.tell(Notice.BLIND)
            raise
        if self._blind_since is not None and now - self._blind_since >= BLIND_AFTER_S:
            self.notices.tell(Notice.SEES)
        self._blind_since = None
        return more

    def _look(self, now: float) -> bool:
        with self.store.read() as connection:
            how = overdue.listening(connection, now)
            due = overdue.found(connection, how.listened, AT_ONCE)
            known = quiet_devices.known(connection, [one.device for one in due], now)
        settled = [self._settled(one, known[one.device], how) for one in sorted(due)]
        self._write(settled, how)
        self._tell_if_deaf(how.lost_s)
        return len(due) == AT_ONCE

    def _settled(self, one: Overdue, known: Known, how: Listening) -> _Settled:
        try:
            if one.silence is not None:
                return _ended(one, how)
            return _judged(one, known, how)
        except Exception as error:  # noqa: BLE001 - one device's trouble must not hide the others
            return self._troubled(one, how, error)

    def _troubled(self, one: Overdue, how: Listening, error: Exception) -> _Settled:
        log.tell(journal.Entry.CANNOT_JUDGE, device=one.device, error=journal.describe(error))
        self.notices.tell(Notice.UNJUDGED, f"{one.device:08x}")
        return _Settled(one, how.listened + TROUBLE_S)

    def _write(self, settled: Sequence[_Settled], how: Listening) -> None:
        """All with one commit; if that fails each by itself, so that one hides none of the others."""
        try:
            told = self._commit(settled, how)
        except Exception:  # whatever it is, each gets its own
            if not settled:
                raise
            told = self._commit([], how)  # raises if it is the database
            for each in settled:
                told += self._commit_alone(each, how)
        for begins, alarm, device in told:
            if begins:
                log.tell(journal.Entry.SILENT, alarm=alarm, device=device)
            else:
                log.tell(journal.Entry.HEARD_AGAIN, alarm=alarm, device=device)
        if told:
            self.on_alarm()

    def _commit_alone(self, each: _Settled, how: Listening) -> list[_Told]:
        try:
            return self._commit([each], how)
        except Exception as error:  # noqa: BLE001 - the others must not wait for this one
            return self._commit([self._troubled(each.one, how, error)], how)

    def _commit(self, settled: Sequence[_Settled], how: Listening) -> list[_Told]:
        with self.store.write() as connection:
            overdue.looked(connection, how)
            told = [_write(connection, each) for each in settled]
        return [each for each in told if each is not None]

    def _tell_if_deaf(self, lost_s: float) -> None:
        if lost_s:
            log.tell(journal.Entry.DEAF, seconds=round(lost_s))
        self._deaf_s += abs(lost_s)
        if self._deaf_s >= DEAF_TOLD_S:
            self._deaf_s = 0.0
            self.notices.tell(Notice.DEAF)


def _judged(one: Overdue, known: Known, how: Listening) -> _Settled:
    assert one.heartbeat_s is not None, "a device that nobody minds is never due"
    last, heard_at = known.last_word(), one.heard_at or 0.0
    vanished = bool((NO_FLAGS if last is None else last.flags) & VANISHED)
    heard = how.heard(heard_at)
    at = silent_at(Watched(heard, one.heartbeat_s, vanished, known.silences))
    if how.listened <= at:
        return _Settled(one, at)
    if known.in_alarm():
        return _Settled(one, how.listened + BUSY_S)
    marks = () if last is None else tuple(formatting.marks(last))
    return _Settled(one, None, WentSilent(how.now, heard_at, marks, vanished))


def _ended(one: Overdue, how: Listening) -> _Settled:
    due_at = None
    if one.heartbeat_s is not None:
        due_at = how.heard(one.heard_at or 0.0) + INTERVALS_VANISHED * one.heartbeat_s
    return _Settled(one, due_at, HeardAgain(how.now))


def _write(connection: Connection, settled: _Settled) -> _Told | None:
    """Nothing if another process was quicker, or the device was heard meanwhile."""
    one, due_at, happens = settled
    if not overdue.claim(connection, one, due_at):
        return None
    match happens:
        case WentSilent():
            alarm = _raise(connection, one.device, happens)
            overdue.silent(connection, one.device, alarm)
            return True, alarm, one.device
        case HeardAgain():
            overdue.silent(connection, one.device, None)
            if connection.scalar(select(store.alarm.c.id).filter_by(id=one.silence)) is not None:
                assert one.silence is not None
                event_log.happened(connection, one.silence, happens)
                return False, one.silence, one.device
    return None


def _raise(connection: Connection, device: int, silent: WentSilent) -> int:
    kind, number = int(AlarmKind.SILENCE), store.alarm.c.device_alarm
    newest = connection.scalar(select(func.max(number)).filter_by(device=device, kind=kind))
    alarm = alarms.new(connection, device, 1 + (newest or 0), kind, silent.at)
    event_log.happened(connection, alarm, silent)
    return alarm
