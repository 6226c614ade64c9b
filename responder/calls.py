"""The table of outside calls: each is a committed row before it is made, and after.

``planned -> calling -> done | failed | unknown``, and for a text later
``delivered | undelivered``. What is committed here stands in the alarm's
history too, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, Select, and_, case, insert, select, update

from outcry.responder import history, store
from outcry.responder.history import Entry, What
from outcry.responder.response import Action, ActionKind

FIRST_CONTACT = "1"  # a tell's target: the contact's number in the list


class State(StrEnum):
    """Where a call stands that nothing is known of yet; the others are outcomes, by their name."""

    PLANNED = "planned"
    CALLING = "calling"


class Call(NamedTuple):
    """One row. ``key`` is unique within its alarm."""

    id: int
    alarm: int
    key: str
    kind: str
    target: str

    @property
    def about(self) -> dict[str, str]:
        """What the history says it is about."""
        return {"key": self.key, "kind": self.kind, "target": self.target}


def plan(connection: Connection, alarm: int, action: Action, now: float) -> None:
    """Write down that this is to be done."""
    about = {"key": action.key, "kind": action.kind.value, "target": action.target}
    history.append(connection, alarm, Entry(now, What.PLANNED, about))
    connection.execute(
        insert(store.action).values(alarm=alarm, state=State.PLANNED.value, changed_at=now, **about)
    )


def note(connection: Connection, call: Call, now: float, what: What, **more: str) -> None:
    """Write down what came of a call, and let its alarm be looked at."""
    set_state(connection, call, what.name.lower(), now)
    history.append(connection, call.alarm, Entry(now, what, {**call.about, **more}))
    set_due(connection, call.alarm, now)


def found(connection: Connection, state: State, *kinds: str) -> Iterator[Call]:
    """The calls in this state, of all kinds when none is named.

    Each alarm's first contact comes first; then receipts, one short text that tells a wearer
    they are heard; then everybody else, oldest first.
    """
    table = store.action
    wanted = _select().where(table.c.state == state.value)
    first_contact = and_(table.c.kind == ActionKind.TELL.value, table.c.target == FIRST_CONTACT)
    receipt = table.c.kind == ActionKind.RECEIPT.value
    wanted = wanted.order_by(case((first_contact, 0), (receipt, 1), else_=2), table.c.id)
    if kinds:
        wanted = wanted.where(table.c.kind.in_(kinds))
    return map(Call._make, connection.execute(wanted).all())


def by_id(connection: Connection, id_: int) -> Call:
    """The call with this id."""
    return Call._make(connection.execute(_select().where(store.action.c.id == id_)).one())


def set_state(connection: Connection, call: Call, state: str, now: float) -> None:
    """Where a call stands now."""
    table = store.action
    connection.execute(
        update(table).where(table.c.id == call.id).values(state=state, changed_at=now)
    )


def set_due(connection: Connection, alarm: int, at: float | None) -> None:
    """When an alarm is to be looked at next (Unix seconds); None: when something happens."""
    connection.execute(update(store.alarm).where(store.alarm.c.id == alarm).values(due_at=at))


def _select() -> Select[tuple[int, int, str, str, str]]:
    table = store.action
    return select(table.c.id, table.c.alarm, table.c.key, table.c.kind, table.c.target)
