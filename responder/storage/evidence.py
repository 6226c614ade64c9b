"""The evidence in the histories, and whether the tables that people are shown still agree with it.

What a report said is linked as it was read, without its receipt token, which could still answer for
HQ: of that, and of the sealed bytes, the chain holds the digests.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select

from outcry.report import TOKEN_BYTES, MessageType, Report, ReportInvalid, decode
from outcry.responder.rules.events import NOT_OF_NOW, Mark
from outcry.responder.storage import store
from outcry.responder.storage.event_log import Exhibit

_OLD = {mark.value for mark in (Mark.OUT_OF_ORDER, Mark.COUNTER_USED)} & NOT_OF_NOW
_WORDS = ("text", "language", "made_at", "alt", "picture")  # of a draft
_NAMES = {
    "place": "position",
    "sent_at": "the device's time",
    "token": "receipt token",
    "received_at": "arrival time",
    "digest": "digest of the sealed bytes",
    "path": "the way it came",
    "device_alarm": "the device's number for it",
    "arrived_at": "arrival time",
}
"""What a person calls a column or a field."""


def of_message(device: int, counter: int, digest: bytes, report: bytes) -> dict[str, object]:
    """The proof of a message: ``digest`` is of its sealed bytes, ``report`` what was in them."""
    return {
        "device": device,
        "counter": counter,
        "sealed": digest.hex(),
        "read": report[:-TOKEN_BYTES].hex(),
        "token": hashlib.sha256(report[-TOKEN_BYTES:]).hexdigest(),
    }


def report_in(proof: Mapping[str, Any]) -> Report:
    """The report that was read, with a token of zeros."""
    return decode(bytes.fromhex(proof["read"]) + bytes(TOKEN_BYTES))


def of_words(text: str, **more: object) -> dict[str, object]:
    """The proof of words that leave: ``sha256`` is of the text as it went out."""
    return {"text": text, "sha256": hashlib.sha256(text.encode()).hexdigest(), **more}


def of_picture(picture: bytes | None) -> str | None:
    """What stands for a picture: the SHA-256 of its bytes."""
    return None if picture is None else hashlib.sha256(picture).hexdigest()


@dataclass
class Told:
    """What an alarm's history proves: messages by their numbers, drafts by kind and target."""

    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    drafts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    about: dict[str, Any] | None = None


def told(entries: Sequence[Row[Any]]) -> Told:
    """What these entries of one alarm, oldest first, prove. They hold together already."""
    found = Told()
    for row in entries:
        said = json.loads(row.data)
        match row.what:
            case "REPORT" if "sealed" in said:
                stale = said["type"] == MessageType.WITHDRAWAL.name and not _OLD.isdisjoint(
                    said["marks"]
                )
                more = {"received_at": row.at, "path": said["path"], "stale": stale}
                found.messages[said["message"]] = {**said, **more}
            case Exhibit.READ.name:
                found.messages[said["message"]] = said
            case Exhibit.WORDS.name if "made_at" in said:
                found.drafts[said["kind"], said["target"]] = said
            case Exhibit.PLAN.name:
                found.about = found.about or said
    return found


def problems(
    connection: Connection, unheld: Collection[tuple[int | None, int]] = ()
) -> Iterator[str]:
    """Where messages, alarms and drafts are not as the histories prove they were.

    ``unheld``: the entries that prove nothing. Where there are any, nothing is said to be added.
    """
    table = store.history
    rows = connection.execute(select(table).order_by(table.c.alarm, table.c.n))
    histories = {
        alarm: told([one for one in entries if (alarm, one.n) not in unheld])
        for alarm, entries in groupby(rows, lambda row: row.alarm)
    }
    broken = {alarm for alarm, _ in unheld}
    alarms = {row.id: row for row in connection.execute(select(store.alarm))}
    for alarm in sorted(histories.keys() ^ alarms.keys(), key=str):
        yield f"alarm {alarm}: its {'history' if alarm in alarms else 'row'} is missing"
    for alarm, found in histories.items():
        if alarm in alarms and found.about is not None:
            yield from _of_alarm(alarms[alarm], found)
    yield from _of_messages(connection, histories, broken)
    yield from _of_drafts(connection, histories, broken)


def _of_alarm(row: Row[Any], found: Told) -> Iterator[str]:
    proved = found.about or {}
    for name in ("device", "device_alarm", "kind", "arrived_at"):
        if getattr(row, name) != proved[name]:
            yield _changed(f"alarm {row.id}", name)


def _of_messages(
    connection: Connection, histories: Mapping[int, Told], broken: Collection[int | None]
) -> Iterator[str]:
    rows = {row.id: row for row in connection.execute(select(store.message))}
    for alarm, found in histories.items():
        for number, proved in found.messages.items():
            row = rows.pop(number, None)
            about = f"alarm {alarm}, message {number}"
            if row is None:
                yield f"{about}: is missing"
                continue
            if row.alarm != alarm:
                yield _changed(about, "alarm")
            for name in ("device", "counter", "path", "received_at", "stale"):
                if getattr(row, name) != proved[name]:
                    yield _changed(about, name)
            if row.digest != bytes.fromhex(proved["sealed"]):
                yield _changed(about, "digest")
            yield from (_changed(about, name) for name in _differing(row.report, proved))
    for number, row in rows.items():
        if row.alarm not in broken:
            yield f"alarm {row.alarm}, message {number}: was added, and Outcry did not receive it"


def _differing(report: object, proved: Mapping[str, Any]) -> list[str]:
    """The fields of a report that is kept that are not as they were read."""
    if not isinstance(report, bytes):
        return ["report"]
    if hashlib.sha256(report[-TOKEN_BYTES:]).hexdigest() != proved["token"]:
        return ["token"]
    if report[:-TOKEN_BYTES].hex() == proved["read"]:
        return []
    try:
        kept, read = decode(report[:-TOKEN_BYTES] + bytes(TOKEN_BYTES)), report_in(proved)
    except ReportInvalid:
        return ["report"]
    names = [each.name for each in fields(Report)]
    return [name for name in names if getattr(kept, name) != getattr(read, name)] or ["report"]


def _of_drafts(
    connection: Connection, histories: Mapping[int, Told], broken: Collection[int | None]
) -> Iterator[str]:
    rows = {
        (row.alarm, row.kind, row.target): row for row in connection.execute(select(store.draft))
    }
    for alarm, found in histories.items():
        for (kind, target), proved in found.drafts.items():
            about = f"alarm {alarm}, words to {kind} on {target}"
            row = rows.pop((alarm, kind, target), None)
            if row is None:
                yield f"{about}: are missing"
                continue
            kept = {**row._mapping, "picture": of_picture(row.picture)}
            yield from (_changed(about, name) for name in _WORDS if kept[name] != proved[name])
    for alarm, kind, target in rows:
        if alarm not in broken:
            about = f"alarm {alarm}, words to {kind} on {target}"
            yield f"{about}: were added, and Outcry did not write them"


def _changed(about: str, name: str) -> str:
    return f"{about}: {_NAMES.get(name, name.replace('_', ' '))} is not as it was written"
