"""Which devices have not been heard for too long: found by an index, however many there are.

``wearer.due_at`` says when the silence watch has to look for a device. Whatever moves that keeps it
in its own transaction: being heard, another plan, a silence that begins or ends. It is never too
late, and may be too early: the watch judges, and puts it off.

It counts *seconds listened*: Unix seconds without those in which HQ did not listen, and without
what its clock skipped. A stop of HQ or a step of its clock so moves no row.
"""

from typing import NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Float,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from outcry.responder.rules.silence import INTERVALS_VANISHED
from outcry.responder.storage import store

DEAF_AFTER_S = 15.0  # without a look; a heartbeat every 18 s, the most there is, may then be lost
_ROW = 1

_wearer, _listening = store.wearer.c, store.listening.c
_now = bindparam("now", type_=Float())
_passed = _now - _listening.looked_at
_lost_s = case(
    (func.abs(_passed) > DEAF_AFTER_S, _passed), else_=0.0
)  # as the next look will see it
_deaf_s = func.coalesce(select(_listening.deaf_s + _lost_s).scalar_subquery(), 0.0)
_listened: ColumnElement[float] = _now - _deaf_s

heard = (
    update(store.wearer)
    .where(_wearer.device == bindparam("which"))
    .values(
        highest_counter=bindparam("highest"),
        heard_at=bindparam("now"),
        due_at=case(
            (_wearer.silence.is_not(None), literal(0.0)),
            (
                or_(bindparam("beats", type_=Boolean), _wearer.due_at.is_not(None)),
                _listened + INTERVALS_VANISHED * _wearer.heartbeat_s,
            ),
        ),
    )
)
"""``which`` device was heard, ``now`` (Unix seconds); ``beats``: by a heartbeat, which has it
minded from now on. A silence that stands is due at once, to be ended."""


class Listening(NamedTuple):
    """HQ's ear at a look, ``now`` in Unix seconds.

    ``lost_s``: how long it had not listened before this look, or by how much its clock was set
    meanwhile, which looks the same; negative if it was set back.
    """

    now: float
    deaf_s: float
    since: float
    lost_s: float = 0.0

    @property
    def listened(self) -> float:
        return self.now - self.deaf_s

    def heard(self, heard_at: float) -> float:
        """The Unix time of something heard, in seconds listened; at least when HQ began to listen.

        What the clock had not reached yet was heard before it was set back.
        """
        at = heard_at - self.deaf_s
        return max(self.since, at) if at <= self.listened else self.since


def listening(connection: Connection, now: float) -> Listening:
    """How HQ stands at this moment (Unix seconds)."""
    row = connection.execute(select(store.listening)).first()
    if row is None:
        return Listening(now, 0.0, now)
    passed = now - row.looked_at
    if abs(passed) <= DEAF_AFTER_S:
        return Listening(now, row.deaf_s, row.since)
    return Listening(now, row.deaf_s + passed, row.looked_at - row.deaf_s, passed)


def looked(connection: Connection, how: Listening) -> None:
    """HQ has looked, and so it listens: to be said every few seconds."""
    latest = {"looked_at": how.now, "deaf_s": how.deaf_s, "since": how.since}
    if not connection.execute(update(store.listening).values(latest)).rowcount:
        connection.execute(insert(store.listening).values(id=_ROW, **latest))


class Overdue(NamedTuple):
    """A device to be looked for, as it stood when it was found."""

    device: int
    due_at: float
    heard_at: float | None
    heartbeat_s: float | None
    silence: int | None


def found(connection: Connection, listened: float, most: int) -> list[Overdue]:
    """Those that are due, the longest first, at most so many."""
    columns = [_wearer[name] for name in Overdue._fields]
    due = select(*columns).where(_wearer.due_at <= listened).order_by(_wearer.due_at).limit(most)
    return [Overdue(*row) for row in connection.execute(due)]


def claim(connection: Connection, one: Overdue, due_at: float | None) -> bool:
    """Say when it is due next; False: another process was quicker, or the device was heard."""
    still = _wearer.device == one.device, _wearer.due_at == one.due_at
    claimed = update(store.wearer).where(*still).values(due_at=due_at)
    return connection.execute(claimed).rowcount == 1


def silent(connection: Connection, device: int, alarm: int | None) -> None:
    """Its silence has begun, and is this alarm; None: it has ended."""
    connection.execute(update(store.wearer).filter_by(device=device).values(silence=alarm))


def agreed(connection: Connection, device: int, heartbeat_s: float | None) -> None:
    """A plan says how often the device beats; None: nobody minds its silence. Looked at at once.

    A device that has never sent a heartbeat is not minded before it does. A silence that has begun
    waits to be heard, whatever is agreed.
    """
    has_beaten = exists().where(store.heartbeat.c.device == device)
    at_once = None if heartbeat_s is None else case((has_beaten, literal(0.0)))
    due_at = case((_wearer.silence.is_(None), at_once), else_=_wearer.due_at)
    changed = update(store.wearer).where(_wearer.device == device)
    connection.execute(changed.values(heartbeat_s=heartbeat_s, due_at=due_at))
