"""The roll of wearers: what they are found, sorted and drawn by, however many there are.

All of it is made from what HQ keeps anyway, and is no evidence: the folded name and its words from
the wearer's row, battery and place from the newest report that is kept. Whatever changes one of
those keeps the roll in the same transaction.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from outcry.report import Flag, MessageType, Position, Report, ReportInvalid, decode
from outcry.responder.storage import store

LOW_PERCENT = 20  # of the battery: to be charged today
LAST_DIGITS = 4  # of a number: fewer would find too many
_LAST = "\U0010ffff"  # after every word that begins the same
_NUMBER = "+"  # before a number's digits, which are kept from the last one on
_MOST_WORDS = 6  # of a search

_wearer, _word = store.wearer.c, store.wearer_word.c


class Show(StrEnum):
    """Which wearers a list has."""

    ALL = "all"
    ALARM = "alarm"
    SILENT = "silent"
    LOW = "low"
    UNDRILLED = "undrilled"


class Sort(StrEnum):
    """In which order; what is not known comes last."""

    NAME = "name"
    HEARD = "heard"  # longest ago first
    BATTERY = "battery"  # lowest first


class Which(NamedTuple):
    """A part of the roll. ``words``: as somebody types them; ``alarmed``: the devices in alarm;
    who was last heard before ``silent_before`` (Unix seconds) is silent.
    """

    words: str
    show: Show
    alarmed: Sequence[int]
    silent_before: float

    def where(self, show: Show | None = None) -> list[ColumnElement[bool]]:
        conditions = [of_words(_wearer.device, self.words)] if self.words.strip() else []
        match self.show if show is None else show:
            case Show.ALARM:
                conditions.append(_wearer.device.in_(self.alarmed))
            case Show.SILENT:
                conditions.append(_wearer.heard_at < self.silent_before)
            case Show.LOW:
                conditions.append(_wearer.low_battery.is_(True))
            case Show.UNDRILLED:
                conditions.append(_wearer.drilled_at.is_(None))
            case Show.ALL:
                pass
        return conditions


_ORDER = {
    Sort.NAME: _wearer.sort_name,
    Sort.HEARD: _wearer.heard_at,
    Sort.BATTERY: _wearer.battery,
}


def found(connection: Connection, which: Which, sort: Sort, first: int, most: int) -> Sequence[int]:
    """The devices from the ``first`` on (from 0), at most so many."""
    order = _ORDER[sort].asc().nulls_last(), _wearer.device
    wanted = select(_wearer.device).where(*which.where()).order_by(*order)
    return connection.scalars(wanted.offset(first).limit(most)).all()


def number(connection: Connection, which: Which, show: Show | None = None) -> int:
    """How many there are; ``show`` in the place of its own."""
    wanted = select(func.count()).select_from(store.wearer).where(*which.where(show))
    return connection.scalar(wanted) or 0


def of_words(device: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    """Whether a wearer's name, device or number has, for each of these words, one that begins so.

    Of a number its last digits count, at least four.
    """
    typed = list(_split(words))[:_MOST_WORDS]
    return and_(*(device.in_(_beginning(each)) for each in typed)) if typed else false()


def _beginning(typed: str) -> Select[tuple[int]]:
    word = type_coerce(_word.word, String)  # what it is compared with has no collation of its own
    begins = [word.between(typed, typed + _LAST)]
    if typed.isdecimal() and len(typed) >= LAST_DIGITS:
        ends = _NUMBER + typed[::-1]
        begins.append(word.between(ends, ends + _LAST))
    return select(_word.device).where(or_(*begins))


def folded(text: str) -> str:
    """The same letters in whichever case, with whichever accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold()


def _split(text: str) -> Iterator[str]:
    """The words of a text, folded: what is neither letter nor digit is between them."""
    apart = "".join(each if each.isalnum() else " " for each in folded(text))
    yield from apart.split()


def enter(connection: Connection, devices: Sequence[int]) -> None:
    """Take the names and numbers of these wearers in, as their rows have them now."""
    rows = select(_wearer.device, _wearer.name, _wearer.number).where(_wearer.device.in_(devices))
    names, words = [], []
    for device, name, number_ in connection.execute(rows):
        names.append({"which": device, "folded": folded(name)})
        said = {*_split(name), f"{device:08x}"}
        if number_:
            said.add(_NUMBER + "".join(filter(str.isdecimal, number_))[::-1])
        words += [{"device": device, "word": each} for each in said]
    connection.execute(delete(store.wearer_word).where(_word.device.in_(devices)))
    if names:
        connection.execute(_NAMED, names)
        connection.execute(insert(store.wearer_word), words)


_NAMED = (
    update(store.wearer)
    .where(_wearer.device == bindparam("which"))
    .values(sort_name=bindparam("folded"))
)

said = (
    update(store.wearer)
    .where(_wearer.device == bindparam("which"))
    .values(
        battery=bindparam("battery"),
        low_battery=bindparam("low_battery"),
        latitude=bindparam("latitude"),
        longitude=bindparam("longitude"),
    )
)
"""``which`` device has said this of itself: a row of :func:`condition`."""


CONDITION = ("battery", "low_battery", "latitude", "longitude")


def condition(report: Report | None) -> dict[str, Any]:
    """What the roll keeps of a report; None: HQ has none. Without a position it has no place."""
    place = report.place if report is not None else None
    at = (place.latitude, place.longitude) if isinstance(place, Position) else (None, None)
    battery = report.battery_percent if report is not None else None
    low = report is not None and Flag.BATTERY_LOW in report.flags
    low = low or (battery is not None and battery <= LOW_PERCENT)
    return {"battery": battery, "low_battery": low, "latitude": at[0], "longitude": at[1]}


def later(report: Report, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The same after this was kept.

    In an alarm without a fix, where the device was last known to be stays that; a heartbeat takes the
    place of the one before it, and of what that had said.
    """
    now = condition(report)
    beats = report.type is MessageType.HEARTBEAT
    if before is not None and now["latitude"] is None and not beats:
        now |= {name: before[name] for name in ("latitude", "longitude")}
    return now


def drilled(connection: Connection, devices: Sequence[int], at: float) -> None:
    """These devices have had a drill at this time (Unix seconds)."""
    drill = update(store.wearer).where(_wearer.device.in_(devices)).values(drilled_at=at)
    connection.execute(drill)


def refresh(connection: Connection, devices: Sequence[int]) -> None:
    """What they said of themselves, from what is kept: some of that was deleted, or nothing said yet.

    Where it cannot be read, nothing is known of it.
    """
    of_these = select(store.heartbeat).where(store.heartbeat.c.device.in_(devices))
    beats = {row.device: row for row in connection.execute(of_these)}
    rows = []
    for device in devices:
        try:
            report = newest(connection, device, beats.get(device))
        except ReportInvalid:
            report = None
        rows.append({"which": device, **condition(report)})
    if rows:
        connection.execute(said, rows)


def newest(connection: Connection, device: int, beat: Any) -> Report | None:
    """What the device last said of itself; a withdrawal says less than any other report.

    ``beat``: its row of ``store.heartbeat``, if there is one.
    """
    table = store.message
    later = select(table.c.counter, table.c.report).filter_by(device=device)
    if beat is not None:
        later = later.where(table.c.counter > beat.counter)
    for row in connection.execute(later.order_by(table.c.counter.desc())):
        report = decode(row.report)
        if report.type is not MessageType.WITHDRAWAL:
            return report
    return decode(beat.report) if beat is not None else None


class View(NamedTuple):
    """A part of the world in degrees; a map that was pushed round it has longitudes beyond 180."""

    west: float
    south: float
    east: float
    north: float

    def has(self) -> list[ColumnElement[bool]]:
        """What is in it."""
        inside: list[ColumnElement[bool]] = [_wearer.latitude.between(self.south, self.north)]
        if self.east - self.west >= 360:
            # The whole world: said so, the question of who is silent is answered by their index.
            everywhere = self.south <= -85 and self.north >= 85
            return [_wearer.latitude.is_not(None)] if everywhere else inside
        west, east = _turned(self.west), _turned(self.east)
        if west <= east:
            return [*inside, _wearer.longitude.between(west, east)]
        return [*inside, or_(_wearer.longitude >= west, _wearer.longitude <= east)]


class Placed(NamedTuple):
    """A wearer, and where the newest report that is kept has them; the device as it is written."""

    device: str
    name: str
    latitude: float
    longitude: float


class Shared(NamedTuple):
    """Wearers near each other: how many, how many of them silent, their middle, and one of them."""

    number: int
    silent: int
    latitude: float
    longitude: float
    device: int
    name: str


def placed(connection: Connection, view: View, devices: Sequence[int]) -> list[Placed]:
    """Those of these devices that are in a view."""
    columns = _wearer.device, _wearer.name, _wearer.latitude, _wearer.longitude
    wanted = select(*columns).where(_wearer.device.in_(devices), *view.has())
    rows = connection.execute(wanted)
    return [Placed(f"{row.device:08x}", row.name, row.latitude, row.longitude) for row in rows]


def shared(
    connection: Connection, view: View, but: Sequence[int], cell: float, silent_before: float
) -> list[Shared]:
    """All in a view but these devices, by squares so many degrees wide."""
    square = [func.floor((of + 180.0) / cell) for of in (_wearer.latitude, _wearer.longitude)]
    there = [_wearer.device.not_in(but), *view.has()]
    middle = func.avg(_wearer.latitude), func.avg(_wearer.longitude)
    # Two questions, each answered by an index alone; those who are silent are few.
    every = select(*square, func.count(), *middle, func.min(_wearer.device)).where(*there)
    quiet = select(*square, func.count()).where(*there, _wearer.heard_at < silent_before)
    silent = {tuple(row[:2]): row[2] for row in connection.execute(quiet.group_by(*square))}
    found: list[Sequence[Any]] = [*connection.execute(every.group_by(*square))]
    alone = [row[5] for row in found if row[2] == 1]
    named = select(_wearer.device, _wearer.name).where(_wearer.device.in_(alone))
    names = {row.device: row.name for row in connection.execute(named)}
    return [
        Shared(row[2], silent.get(tuple(row[:2]), 0), row[3], row[4], row[5], names.get(row[5], ""))
        for row in found
    ]


def bounds(connection: Connection) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The south-western and north-eastern corners of where everybody is; None: nobody knows."""
    ends = (func.min, func.max)
    corners = [end(of) for end in ends for of in (_wearer.latitude, _wearer.longitude)]
    found: Sequence[Any] = connection.execute(select(*corners)).one()
    return None if found[0] is None else ((found[0], found[1]), (found[2], found[3]))


def nowhere(connection: Connection) -> int:
    """How many wearers' newest report has no position, or who have sent none."""
    wanted = select(func.count()).where(_wearer.latitude.is_(None)).select_from(store.wearer)
    return connection.scalar(wanted) or 0


def _turned(longitude: float) -> float:
    return (longitude + 180.0) % 360.0 - 180.0
