"""The case file: everything HQ knows of one alarm, for lawyers and the press, with its proof.

One page, to be read and printed. It holds places and names, as it must, but no number, PIN, code
or key of anybody, and of other alarms nothing but hashes. Everything on it is made from what is in
its proof (``proof.py``), so that anyone can check it without HQ.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from outcry.responder.archive import case_page, proof
from outcry.responder.archive.case_page import Making
from outcry.responder.storage import alarms, audit_chain, exhibits, store, verification
from outcry.responder.storage.audit_chain import Noted
from outcry.responder.storage.event_log import Exhibit
from outcry.responder.storage.store import Store


def write(database: Store, alarm: int, organisation: str, now: float) -> str:
    """An alarm's case file. HQ's record says from then on that it was written, and what it said.

    Raises :class:`alarms.NoSuchAlarm`.
    """
    with database.write() as connection:
        alarms.about(connection, alarm)
        exhibits.plan_in_force(connection, alarm, now)  # the workflow may not have looked yet
    with database.read() as connection:
        found = verification.verify(connection)
        proved = gather(connection, alarm)
    making = Making(organisation, now, found.problems)
    page = case_page.render(proved, making)
    with database.write() as connection:
        proved["written"] = _note(connection, proved, making, page)
    return proof.embed(page, proved)


def shows_its_proof(text: str) -> bool:
    """Whether the page of a file that holds together is what this release makes of its proof."""
    page, proved = proof.take_apart(text)
    (line,) = proved["written"]["lines"]
    said = audit_chain.read(line["data"])
    try:
        making = Making(said["organisation"], line["at"], said["problems"])
        return case_page.render(proved, making) == page
    except Exception:  # noqa: BLE001 - somebody else may have made it, of anything
        return False


def gather(connection: Connection, alarm: int) -> dict[str, Any]:
    """The proof of all that a case file shows, but for the line that says it was written."""
    history = _history(connection, alarm)
    agreed = [
        audit_chain.read(entry["data"]).get("line")
        for entry in history
        if entry["what"] == Exhibit.PLAN.name
    ]
    record = store.record
    lines = select(record).where(record.c.n.in_([n for n in agreed if n is not None]))
    stretch, stamps = _sealed(connection, alarm)
    return {
        "outcry_case_file": proof.FORMAT,
        "alarm": alarm,
        "history": history,
        "agreed": [_whole(row) for row in connection.execute(lines.order_by(record.c.n))],
        "sealed": stretch,
        "stamps": stamps,
    }


def _history(connection: Connection, alarm: int) -> list[dict[str, Any]]:
    table = store.history
    rows = connection.execute(select(table).where(table.c.alarm == alarm).order_by(table.c.n))
    return [
        {
            "n": row.n,
            "at": row.at,
            "what": row.what,
            "data": row.data,
            "salt": row.salt.hex(),
            "link": row.link.hex(),
        }
        for row in rows
    ]


def _sealed(connection: Connection, alarm: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """From the first line that took this alarm in to the last time stamp over one of them."""
    line, stamp = store.record.c, store.stamp
    own = select(line.n).filter_by(subject=audit_chain.about(alarm), what=Noted.SEALED.name)
    ours = connection.scalars(own.order_by(line.n)).all()
    stamped = connection.execute(select(stamp).order_by(stamp.c.n)).all()
    first_after = (next((one for one in stamped if one.n >= n), None) for n in ours)
    stamps = {one.n: one for one in first_after if one is not None}
    if not stamps:
        return _stretch([], [], alarm), []
    first, last = ours[0], max(stamps)
    wanted = select(store.record).where(line.n.between(first - 1, last)).order_by(line.n)
    rows = connection.execute(wanted).all()
    before, rows = [row for row in rows if row.n < first], [row for row in rows if row.n >= first]
    given = [{"n": one.n, "reply": base64.b64encode(one.reply).decode()} for one in stamps.values()]
    return _stretch(before, rows, alarm), given


def _stretch(before: Sequence[Row[Any]], rows: Sequence[Row[Any]], alarm: int) -> dict[str, Any]:
    subject = audit_chain.about(alarm)
    lines = [
        _whole(row) if row.subject == subject else {"n": row.n, "leaf": row.leaf.hex()}
        for row in rows
    ]
    return {"before": before[-1].link.hex() if before else "", "lines": lines}


def _whole(row: Row[Any]) -> dict[str, Any]:
    said = {name: row._mapping[name] for name in proof.LINE}
    return {**said, "salt": row.salt.hex()}


def _note(
    connection: Connection, proved: Mapping[str, Any], making: Making, page: str
) -> dict[str, Any]:
    alarm, end = proved["alarm"], proved["history"][-1]
    said = {"alarm": alarm, "n": end["n"], "link": end["link"], "page": proof.digest_of(page)}
    said["proof"] = proof.digest_of_proof(proved)
    made = {"organisation": making.organisation, "problems": list(making.problems)}
    about = f"case:{alarm}"
    new = audit_chain.note(connection, making.at, Noted.CASE, said | made, subject=about)
    line = store.record.c
    wanted = select(store.record).where(line.n.between(new.n - 1, new.n)).order_by(line.n)
    *before, row = connection.execute(wanted).all()
    link = before[-1].link.hex() if before else ""
    return dict(zip(proof.WRITTEN, (link, [_whole(row)], new.link.hex()), strict=True))
