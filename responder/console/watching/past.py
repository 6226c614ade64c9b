"""The archive: every alarm that is over, found by its wearer, its dates, its kind and its end."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Connection, func, select

from outcry.report import AlarmKind, Position
from outcry.responder import formatting, sentences
from outcry.responder.console.watching.wearers import ON_A_PAGE, page_of
from outcry.responder.maps.track_files import Spot
from outcry.responder.rules.ending import Ending
from outcry.responder.storage import alarms, audit_chain, event_log, roll, store
from outcry.responder.storage.audit_chain import Noted

MOST_EXPORTED = 50_000  # lines of one list
_LONGEST = 100  # letters of a search
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes what begins so for a command
_COLUMNS = ("alarm", "wearer", "device", "kind", "raised", "ended", "how it ended", "published")

_alarm, _wearer = store.alarm.c, store.wearer.c


class How(StrEnum):
    """Which alarms, by how they ended."""

    OVER = "over"
    RELEASED = Ending.RELEASED.value
    FALSE_ALARM = Ending.FALSE_ALARM.value
    HEARD = Ending.HEARD.value
    CLOSED = Ending.CLOSED.value
    PUBLISHED = "published"
    OPEN = "open"


ENDINGS = {
    Ending.RELEASED: "corrected: the wearer is free",
    Ending.FALSE_ALARM: "corrected: it was a false alarm",
    Ending.HEARD: "the device was heard again",
    Ending.CLOSED: "closed by a duty officer",
}


@dataclass(frozen=True)
class Wanted:
    """What an officer looks for; ``since`` and ``until`` are days by UTC, both among them."""

    words: str = ""
    since: date | None = None
    until: date | None = None
    kind: AlarmKind | None = None
    how: How = How.OVER
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """As an address or a form says it; what makes no sense there counts as not said."""
        kind, how = query.get("kind", "").upper(), query.get("how", "")
        return cls(
            " ".join(query.get("q", "").split())[:_LONGEST],
            _day(query.get("since", "")),
            _day(query.get("until", "")),
            AlarmKind[kind] if kind in AlarmKind.__members__ else None,
            How(how) if how in list(How) else How.OVER,
            page_of(query),
        )

    def said(self) -> dict[str, str]:
        """The same as an address or a form says it, but for the page."""
        values = {
            "q": self.words,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "kind": self.kind.name.lower() if self.kind else "",
            "how": "" if self.how is How.OVER else self.how.value,
        }
        return {key: value for key, value in values.items() if value}

    def address(self, page: int) -> str:
        query = urlencode(self.said() | ({"page": str(page)} if page > 1 else {}))
        return f"/console/archive?{query}" if query else "/console/archive"

    def where(self) -> list[ColumnElement[bool]]:
        conditions = [roll.of_words(_alarm.device, self.words)] if self.words else []
        if self.since is not None:
            conditions.append(_alarm.arrived_at >= _midnight(self.since))
        if self.until is not None:
            conditions.append(_alarm.arrived_at < _midnight(self.until) + 86_400.0)
        if self.kind is not None:
            conditions.append(_alarm.kind == int(self.kind))
        if self.how is How.OPEN:
            return [*conditions, _alarm.settled_at.is_(None)]
        conditions.append(_alarm.settled_at.is_not(None))
        if self.how is How.PUBLISHED:
            conditions.append(_alarm.published.is_(True))
        elif self.how is not How.OVER:
            conditions.append(_alarm.ending == self.how.value)
        return conditions


class Past(NamedTuple):
    """An alarm of the archive; times in Unix seconds, None and an empty ending: it is open."""

    alarm: int
    wearer: str
    device: int
    kind: AlarmKind
    arrived_at: float
    ended_at: float | None
    ending: str
    published: bool


class Found(NamedTuple):
    """A page of what was looked for, the newest first."""

    wanted: Wanted
    alarms: tuple[Past, ...]
    number: int
    pages: int


def found(connection: Connection, wanted: Wanted) -> Found:
    """A page; one past the last is the last."""
    counted = select(func.count()).select_from(store.alarm).where(*wanted.where())
    number = connection.scalar(counted) or 0
    pages = max(1, ceil(number / ON_A_PAGE))
    wanted = replace(wanted, page=min(wanted.page, pages))
    first = (wanted.page - 1) * ON_A_PAGE
    return Found(wanted, tuple(_of(connection, wanted, first, ON_A_PAGE)), number, pages)


def _of(connection: Connection, wanted: Wanted, first: int, most: int) -> Iterator[Past]:
    newest = _alarm.arrived_at.desc(), _alarm.id.desc()
    columns = (_alarm.kind, _alarm.arrived_at, _alarm.settled_at, _alarm.ending, _alarm.published)
    rows = select(_alarm.id, _wearer.name, _alarm.device, *columns)
    rows = rows.join_from(store.alarm, store.wearer).where(*wanted.where()).order_by(*newest)
    for row in connection.execute(rows.offset(first).limit(most)):
        yield _past(row)


def _past(row: Any) -> Past:
    ending = "" if row.settled_at is None else ENDINGS[Ending(row.ending)]
    of_wearer = (row.id, row.name, row.device, AlarmKind(row.kind))
    return Past(*of_wearer, row.arrived_at, row.settled_at, ending, bool(row.published))


def as_csv(connection: Connection, wanted: Wanted) -> tuple[str, int]:
    """The list as RFC 4180 has it, whole, and how many alarms are in it; :func:`note` who takes it.

    At most ``MOST_EXPORTED`` lines, the newest. Nothing in it is a command to a spreadsheet.
    """
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(_COLUMNS)
    taken = list(_of(connection, wanted, 0, MOST_EXPORTED))
    for one in taken:
        ended = "" if one.ended_at is None else formatting.rfc3339(one.ended_at)
        cells = (
            str(one.alarm),
            one.wearer,
            f"{one.device:08x}",
            sentences.KINDS[one.kind],
            formatting.rfc3339(one.arrived_at),
            ended,
            one.ending,
            "yes" if one.published else "no",
        )
        lines.writerow([_harmless(cell) for cell in cells])
    return out.getvalue(), len(taken)


def track(connection: Connection, alarm: int) -> tuple[str, list[Spot]]:
    """A title and the spots of an alarm, oldest first; :func:`note` who takes them.

    Raises ``NoSuchAlarm``.
    """
    about = alarms.about(connection, alarm)
    case = event_log.case_of(connection, alarm)
    spots = []
    for told in reversed(alarms.track(connection, alarm, case)):
        place = told.report.place
        if isinstance(place, Position):
            made_at = formatting.raised_at(told.report, told.arrived_at)
            at = made_at - place.age_s if place.age_known else None
            spots.append(Spot(place.latitude, place.longitude, at, place.accuracy_m))
    return f"{about.name}, alarm {alarm}", spots


def note(connection: Connection, now: float, officer: str, what: str, **more: int) -> None:
    """HQ's record says from now on (Unix seconds) which officer took what.

    A write of its own, and a short one: what takes long to make holds up no report.
    """
    said = {"officer": officer, "what": what, **more}
    audit_chain.note(connection, now, Noted.EXPORTED, said)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None


def _midnight(day: date) -> float:
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) / timedelta(seconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

KINDS: Sequence[tuple[str, str]] = [
    (kind.name.lower(), words) for kind, words in sentences.KINDS.items()
]
HOWS = {
    How.OVER: "Over, in any way",
    How.RELEASED: "The wearer is free",
    How.FALSE_ALARM: "It was a false alarm",
    How.HEARD: "The device was heard again",
    How.CLOSED: "Closed without a correction",
    How.PUBLISHED: "Was public",
    How.OPEN: "Still open",
}
