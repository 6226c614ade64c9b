"""Who may weaken a plan: an officer with the second factor, and a second officer who confirms.

What strengthens it, or does neither, applies at once. What weakens it is told to all officers, and
waits for another officer for a day at most; at once it applies if there is no other, if an alarm of
the wearer is open and the officer says why, or if it is done at HQ's own machine. It waits in the
database, as the keys that would change: what is agreed meanwhile is not undone by it.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from outcry.report import AlarmKind
from outcry.responder.plans import announcements, direction, document, repository
from outcry.responder.plans.announcements import BY_COMMAND, Announcement
from outcry.responder.plans.direction import Change
from outcry.responder.plans.document import Terms
from outcry.responder.storage import event_log, store, versions

WAITS_S = 86_400.0
_REAL = (int(AlarmKind.PANIC), int(AlarmKind.STRAP))


class NotProven(Exception):
    """This weakens the plan, and the officer has not shown the second factor for it."""

    def __init__(self, changes: tuple[Change, ...], alarm_is_open: bool) -> None:
        super().__init__()
        self.changes = changes
        self.alarm_is_open = alarm_is_open


class CannotConfirm(Exception):
    """What was to be confirmed is not there any more, or is not for this officer to confirm."""


class Came(StrEnum):
    """What became of a change that was asked for."""

    SAVED = "saved"
    WAITS = "waits"


@dataclass(frozen=True)
class Proposal:
    """A change that waits. ``changes``: what it would do to the plan as it is now.

    ``seen`` changes with them: who confirms must have been shown what is confirmed.
    """

    id: int
    device: int
    asked_by: str
    asked_at: float
    until: float
    changes: tuple[Change, ...]
    seen: str


def change(
    connection: Connection,
    device: int,
    agreed: Terms,
    by: str,
    now: float,
    proven: bool,
    why: str = "",
) -> Came:
    """An officer changes a plan. ``why``: what makes it urgent in an open alarm.

    Raises :class:`NotProven` before anything is changed.
    """
    old, new, weak = _compared(connection, device, agreed)
    if not weak:
        repository.change(connection, device, new, now, by)
        return Came.SAVED
    is_open = _alarm_is_open(connection, device)
    if not proven:
        raise NotProven(weak, is_open)
    urgent = why if is_open else ""
    if urgent or not _has_another_officer(connection, by):
        _apply(connection, device, new, weak, by, now, Announcement.WEAKENED, why=urgent)
        return Came.SAVED
    rest = direction.with_changes(new, {each.key: each.before for each in weak})
    if direction.changes(old, rest):
        repository.change(connection, device, rest, now, by)
    _propose(connection, device, weak, by, now)
    return Came.WAITS


def change_at_hq(connection: Connection, device: int, agreed: Terms, now: float) -> None:
    """A change from HQ's own command line, which could as well write into the database."""
    _, new, weak = _compared(connection, device, agreed)
    if weak:
        _apply(connection, device, new, weak, BY_COMMAND, now, Announcement.WEAKENED)
    else:
        repository.change(connection, device, new, now)


def waiting(connection: Connection, now: float, device: int | None = None) -> tuple[Proposal, ...]:
    """The changes that wait, of one plan or all, oldest first; none that has lapsed."""
    table = store.proposal
    wanted = select(table).where(table.c.until > now).order_by(table.c.id)
    if device is not None:
        wanted = wanted.where(table.c.device == device)
    return tuple(_read(connection, row) for row in connection.execute(wanted).all())


def confirm(connection: Connection, number: int, seen: str, by: str, now: float) -> None:
    """A second officer, who has shown the second factor, confirms what the page had shown.

    Raises :class:`CannotConfirm`.
    """
    proposal = _take(connection, number, now)
    if proposal.asked_by == by or proposal.seen != seen:
        raise CannotConfirm
    old = document.document(repository.of_device(connection, proposal.device))
    new = direction.with_changes(old, {each.key: each.after for each in proposal.changes})
    asked_by = proposal.asked_by
    what = Announcement.CONFIRMED
    _apply(connection, proposal.device, new, proposal.changes, by, now, what, asked_by=asked_by)


def refuse(connection: Connection, number: int, by: str, now: float) -> None:
    """An officer refuses what waits, or takes their own back. Raises :class:`CannotConfirm`."""
    _end(connection, _take(connection, number, now), Announcement.REFUSED, by, now)


def lapse(connection: Connection, now: float) -> None:
    """End what has waited for a day. It could not be confirmed any more before this was called."""
    table = store.proposal
    over = delete(table).where(table.c.until <= now).returning(*table.c)
    for row in connection.execute(over).all():
        proposal = _read(connection, row)
        _end(connection, proposal, Announcement.LAPSED, proposal.asked_by, now)


def _compared(
    connection: Connection, device: int, agreed: Terms
) -> tuple[dict[str, Any], dict[str, Any], tuple[Change, ...]]:
    """The plan as it is, as it is to be, and what of that weakens it; nobody else changes it now."""
    whose = select(store.wearer.c.device).filter_by(device=device)
    connection.execute(whose.with_for_update(key_share=True))
    old = document.document(repository.of_device(connection, device))
    new = document.document(agreed)
    return old, new, tuple(each for each in direction.changes(old, new) if each.weakens)


def _propose(
    connection: Connection, device: int, weak: tuple[Change, ...], by: str, now: float
) -> None:
    table = store.proposal
    connection.execute(delete(table).filter_by(device=device, asked_by=by))
    wanted = json.dumps({each.key: each.after for each in weak}, ensure_ascii=False)
    until, keys = now + WAITS_S, _keys(weak)
    row = {"device": device, "asked_by": by, "asked_at": now, "until": until, "wanted": wanted}
    connection.execute(insert(table).values(row))
    versions.asked(connection, device, now, by=by, what=_word(Announcement.ASKED), keys=keys)
    announcements.tell(
        connection, now, Announcement.ASKED, by, device=device, keys=keys, until=until
    )


def _apply(
    connection: Connection,
    device: int,
    new: dict[str, Any],
    weak: tuple[Change, ...],
    by: str,
    now: float,
    what: Announcement,
    **said: str,
) -> None:
    told = {"keys": _keys(weak)} | {name: words for name, words in said.items() if words}
    repository.change(connection, device, new, now, by, what=_word(what), **told)
    announcements.tell(connection, now, what, by, device=device, **told)


def _end(
    connection: Connection, proposal: Proposal, what: Announcement, by: str, now: float
) -> None:
    keys, asked_by, device = _keys(proposal.changes), proposal.asked_by, proposal.device
    said: dict[str, Any] = {"keys": keys, "asked_by": asked_by}
    versions.asked(connection, device, now, by=by, what=_word(what), **said)
    announcements.tell(connection, now, what, by, device=device, **said)


def _take(connection: Connection, number: int, now: float) -> Proposal:
    """Take a waiting change out, so that of two who answer it at once one comes too late."""
    table = store.proposal
    still = (table.c.id == number) & (table.c.until > now)
    row = connection.execute(delete(table).where(still).returning(*table.c)).first()
    if row is None:
        raise CannotConfirm
    return _read(connection, row)


def _read(connection: Connection, row: Row[Any]) -> Proposal:
    old = document.document(repository.of_device(connection, row.device))
    new = direction.with_changes(old, json.loads(row.wanted))
    changes = direction.changes(old, new)
    shown = json.dumps([(each.key, each.before, each.after) for each in changes])
    seen = hashlib.sha256(f"{row.asked_by} {row.asked_at} {shown}".encode()).hexdigest()[:32]
    return Proposal(row.id, row.device, row.asked_by, row.asked_at, row.until, changes, seen)


def _word(what: Announcement) -> str:
    """As HQ's record has it."""
    return what.name.lower()


def _keys(changes: tuple[Change, ...]) -> list[str]:
    return [each.key for each in changes]


def _has_another_officer(connection: Connection, name: str) -> bool:
    officer = store.officer.c
    others = select(func.count()).where(officer.name != name, officer.password_hash.is_not(None))
    return bool(connection.scalar(others))


def _alarm_is_open(connection: Connection, device: int) -> bool:
    """Whether the wearer has raised an alarm that nobody has closed; a drill is none."""
    alarm = store.alarm.c
    raised = select(alarm.id).where(alarm.device == device, alarm.kind.in_(_REAL))
    newest_first = connection.scalars(raised.order_by(alarm.id.desc())).all()
    return any(not event_log.case_of(connection, each).now.over for each in newest_first)
