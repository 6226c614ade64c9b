"""What all duty officers are told that belongs to no alarm: who changes whom HQ protects, and how.

An announcement is written in the transaction of what it tells of, so neither is without the other. Its
words hold no place, number, address or reason but an officer's own; where it is told: ``notify``.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select

from outcry.responder import formatting, journal
from outcry.responder.storage import store

log = journal.Log("outcry.responder.authority")

BY_COMMAND = "the command line"
MOST = 50  # that are shown at once


class Announcement(StrEnum):
    """What happened; the value is what the words say of it."""

    ASKED = (
        "asks to weaken the plan of {wearer}: {keys}. A second officer can confirm it until {until}"
    )
    WEAKENED = "weakened the plan of {wearer}, from now on: {keys}"
    CONFIRMED = "confirmed what {asked_by} had asked, so the plan of {wearer} is weaker now: {keys}"
    REFUSED = "refused what {asked_by} had asked for the plan of {wearer}: {keys}"
    LAPSED = (
        "has not found a second officer within a day; the plan of {wearer} stays as it is: {keys}"
    )
    ENROLLED = "enrolled {wearer}"
    AGAIN = "enrolled {wearer} again; this is not as it was before: {keys}"
    RETIRED = "retired the device of {wearer}, and HQ no longer watches whether it is heard"
    CODE = "gave {wearer} another code that means safe"
    CARDS = "printed answer cards for contacts of {wearer}; their older cards are worthless"
    ACCOUNT = "changed the duty officer's account of {officer}: {change}"


@dataclass(frozen=True, repr=False)
class Told:
    """An announcement in words, and when it was (Unix seconds)."""

    id: int
    at: float
    words: str


def tell(connection: Connection, now: float, what: Announcement, by: str, **said: Any) -> None:
    """Write an announcement down, to be told at once. ``said`` is what its words need, as plain JSON."""
    data = json.dumps({"by": by, **said}, ensure_ascii=False)
    row = {"at": now, "what": what.name, "data": data, "told": "[]", "due_at": now}
    connection.execute(insert(store.announcement).values(row))
    log.tell(journal.Entry.OFFICERS_TOLD, what=what.name.lower())


def since(connection: Connection, at: float) -> tuple[Told, ...]:
    """The newest announcements after a time, newest first."""
    table = store.announcement
    newest = select(table).where(table.c.at > at).order_by(table.c.id.desc()).limit(MOST)
    rows = connection.execute(newest)
    return tuple(Told(row.id, row.at, words(connection, row.what, row.data)) for row in rows.all())


def words(connection: Connection, what: str, data: str) -> str:
    """An announcement's row as a sentence for officers."""
    said = json.loads(data)
    device = said.get("device")
    name = None
    if device is not None:
        name = connection.scalar(select(store.wearer.c.name).filter_by(device=device))
    until = said.get("until")
    said |= {
        "wearer": name or "a wearer",
        "keys": ", ".join(said.get("keys", ())),
        "until": "" if until is None else _moment(until),
    }
    why = f". Why: {said['why']}" if said.get("why") else ""
    return f"{said['by']} {Announcement[what].format_map(said)}{why}"


def _moment(at: float) -> str:
    return f"{formatting.clock_time(at)} on {formatting.date(at)}"
