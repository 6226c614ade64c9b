"""The table of outside calls: each is a committed row before it is made, and after.

``planned -> calling -> done | failed | unknown``, and for a text later
``delivered | undelivered``; ``planned -> dropped`` when it is no longer to be
done. What is committed here stands in the alarm's history too, in the same
transaction.

The process that begins a call leases it for longer than it can last, by the database's
clock, or renews the lease while it lasts. A call whose lease is over is unknown, for its process was killed,
stopped or cut off in the midst of it. Each beginning is a generation: what a
process says of a call that is no longer its own changes nothing, except that
it can tell what came of an unknown one.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Update, case, insert, or_, select, update

from outcry.responder.rules.calls import Action, ActionKind, Target
from outcry.responder.rules.case import can_become
from outcry.responder.rules.events import CallEnded, CallPlanned, Came, Outcome
from outcry.responder.storage import event_log, store

_FIRST_CONTACT = ("1", "contact:1:%")  # in a target: the contact's number in the list
LOST = "its process was lost during the call"


class State(StrEnum):
    """Where a call stands that nothing is known of yet; the others are outcomes, by their name."""

    PLANNED = "planned"
    CALLING = "calling"


class Call(NamedTuple):
    """One row."""

    id: int
    alarm: int
    action: Action
    generation: int

    @property
    def kind(self) -> ActionKind:
        return self.action.kind

    @property
    def target(self) -> Target:
        return self.action.target


def plan(connection: Connection, alarm: int, action: Action, now: float) -> None:
    event_log.append(connection, alarm, CallPlanned(now, action))
    about = {"key": action.key, "kind": action.kind.value, "target": str(action.target)}
    stands = {"alarm": alarm, "state": State.PLANNED.value, "changed_at": now}
    connection.execute(insert(store.action).values(**about, **stands))


def planned(connection: Connection) -> list[Call]:
    """The calls that wait to be begun.

    Each alarm's first contact comes first; then receipts, one short text that tells a wearer
    they are heard; then everybody else, oldest first; last, the replies to what contacts texted.
    """
    table = store.action
    first_contact = or_(*(table.c.target.like(target) for target in _FIRST_CONTACT))
    receipt = table.c.kind == ActionKind.RECEIPT.value
    reply = table.c.kind == ActionKind.REPLY.value
    order = case((reply, 3), (first_contact, 0), (receipt, 1), else_=2)
    return _calls(connection, table.c.state == State.PLANNED.value, order=[order])


def begin(
    connection: Connection, call: Call, owner: str, lease_s: float, now: float
) -> Call | None:
    """Lease a planned call for ``lease_s``; None: another process was quicker."""
    row = update(store.action).filter_by(id=call.id, state=State.PLANNED.value)
    ours = row.values(state=State.CALLING.value, changed_at=now, owner=owner)
    count = store.action.c.generation
    leased = ours.values(generation=count + 1, lease_until=store.database_now() + lease_s)
    generation = connection.scalar(leased.returning(count))
    return None if generation is None else call._replace(generation=generation)


def give_back(connection: Connection, call: Call, now: float) -> bool:
    """Nothing was done yet: let any process begin it. False: it is no longer ours."""
    return _move(connection, call, State.PLANNED.value, now, [State.CALLING.value])


def drop(connection: Connection, call: Call, now: float, why: str) -> None:
    if _move(connection, call, Outcome.DROPPED.value, now, [State.PLANNED.value]):
        _tell(connection, call, now, Came(Outcome.DROPPED, why))


def note(connection: Connection, call: Call, now: float, came: Came) -> bool:
    """Write down what came of a call, and let its alarm be looked at.

    False: somebody else has begun it since, or it was known already.
    """
    store.lock_alarms(connection, [call.alarm])
    before = [state.value for state in Outcome if can_become(state, came.outcome)]
    if not _move(connection, call, came.outcome.value, now, [State.CALLING.value, *before]):
        return False
    _tell(connection, call, now, came)
    return True


def renew(connection: Connection, call: Call, lease_s: float) -> None:
    """Lease a call that is under way for longer, unless it was given up."""
    longer = _ours(call, [State.CALLING.value])
    connection.execute(longer.values(lease_until=store.database_now() + lease_s))


def is_ours(connection: Connection, call: Call) -> bool:
    """Whether a call that has begun is still that of who began it: nobody has given it up."""
    table = store.action
    same = (table.c.id == call.id) & (table.c.generation == call.generation)
    leased = table.c.state == State.CALLING.value, table.c.lease_until > store.database_now()
    return connection.scalar(select(table.c.id).where(same, *leased)) is not None


def lost(connection: Connection, within_s: float = 0.0) -> list[Call]:
    """The calls whose lease is over, or will be in ``within_s`` seconds."""
    return under_way(connection, store.action.c.lease_until < store.database_now() + within_s)


def under_way(connection: Connection, *which: ColumnElement[bool]) -> list[Call]:
    """The calls that have begun and of which nothing is known yet."""
    return _calls(connection, store.action.c.state == State.CALLING.value, *which)


def by_id(connection: Connection, id_: int) -> Call:
    (call,) = _calls(connection, store.action.c.id == id_)
    return call


def _move(
    connection: Connection, call: Call, state: str, now: float, before: Iterable[str]
) -> bool:
    """Set the state of a call that is in one of the states ``before``, and still ours."""
    moved = connection.execute(_ours(call, before).values(state=state, changed_at=now))
    return bool(moved.rowcount)


def _ours(call: Call, states: Iterable[str]) -> Update:
    """To change the row of a call that is in one of these states, unless it was begun again."""
    table = store.action
    same = (table.c.id == call.id) & (table.c.generation == call.generation)
    return update(table).where(same, table.c.state.in_(list(states)))


def _tell(connection: Connection, call: Call, now: float, came: Came) -> None:
    event_log.happened(connection, call.alarm, CallEnded(now, call.action, came))


def _calls(
    connection: Connection, *which: ColumnElement[bool], order: Iterable[ColumnElement[int]] = ()
) -> list[Call]:
    """The rows of which all this is true: in this order, and else oldest first."""
    table = store.action
    about = (table.c.id, table.c.alarm, table.c.key, table.c.kind, table.c.target)
    wanted = select(*about, table.c.generation).where(*which).order_by(*order, table.c.id)
    return [
        Call(row.id, row.alarm, Action.of(row.kind, row.target, row.key), row.generation)
        for row in connection.execute(wanted)
    ]
