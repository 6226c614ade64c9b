"""Entries that are evidence alone: the words that leave, and the plan an alarm is decided by."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from outcry.responder.rules.calls import Action, ActionKind
from outcry.responder.storage import evidence, store, versions
from outcry.responder.storage.audit_chain import read
from outcry.responder.storage.event_log import Exhibit, exhibit

_TOKEN = re.compile(r"(?<=/c/)[\w-]+")


def words(connection: Connection, alarm: int, now: float, action: Action, text: str) -> None:
    """A text or message, before it leaves.

    What opens HQ or answers in its name is left out: the token of a contact's link, a receipt.
    Anyone who has the text itself can show by its digest that it is this one.
    """
    readable = None if action.kind is ActionKind.RECEIPT else _TOKEN.sub("…", text)
    said = evidence.of_words(text) | {"text": readable}
    about = {"key": action.key, "kind": action.kind.value, "target": str(action.target)}
    exhibit(connection, alarm, now, Exhibit.WORDS, about | said)


def draft(connection: Connection, alarm: int, now: float, row: Mapping[str, Any]) -> None:
    """What is published, the same at every try, as the row of it holds it."""
    said = {name: row[name] for name in ("kind", "target", "language", "made_at", "alt")}
    picture = evidence.of_picture(row["picture"])
    words_ = evidence.of_words(row["text"], **said, picture=picture)
    exhibit(connection, alarm, now, Exhibit.WORDS, words_)


def plan_in_force(connection: Connection, alarm: int, now: float) -> None:
    """By which plan an alarm is decided from now on, unless its history says so already."""
    entry, of = store.history.c, store.alarm.c
    columns = of.device, of.device_alarm, of.kind, of.arrived_at
    about = connection.execute(select(*columns).where(of.id == alarm)).one()
    line = versions.in_force(connection, about.device)
    n, leaf = (None, None) if line is None else (line.n, line.leaf.hex())
    said = {**about._mapping, "line": n, "leaf": leaf}
    last = select(entry.data).filter_by(alarm=alarm, what=Exhibit.PLAN.name)
    before = connection.scalar(last.order_by(entry.n.desc()).limit(1))
    if before is None or read(before).get("leaf") != leaf:
        exhibit(connection, alarm, now, Exhibit.PLAN, said)
