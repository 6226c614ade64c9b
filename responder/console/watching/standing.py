"""How each alarm stands: what the overview says of it, without reading it again and again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from outcry.report import AlarmKind
from outcry.responder.plans import repository, time_zone
from outcry.responder.rules import ending, events
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Event
from outcry.responder.rules.model import NEVER_PUBLIC
from outcry.responder.rules.publication import public_at
from outcry.responder.storage import alarms, event_log, store

MOST_OPEN = 200  # of alarms, and again of silences; the others are counted
MOST_DRILLS = 20
MOST_CLOSED = 20
LISTED_S = 7 * 86_400.0  # a drill stays listed for this long, and what is over
_KEPT = 1000  # cases: about a hundred kilobytes each, if they have lasted for a day
_REAL = [int(kind) for kind in AlarmKind if kind not in NEVER_PUBLIC]

_alarm, _wearer, _entry = store.alarm.c, store.wearer.c, store.history.c


@dataclass(frozen=True)
class Standing:
    """How an alarm stands, in a line of the overview.

    ``zone``: by whose clock times are told. ``public_at``: from when on what has a ground may be
    published, Unix seconds; 0: at once.
    """

    alarm: int
    wearer: str
    kind: AlarmKind
    arrived_at: float
    heard_at: float
    quorum: int
    case: Case
    device: int = 0
    zone: tzinfo | None = None
    public_at: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether an embargo alone has kept it from being published so far."""
        now = self.case.now
        waits = self.public_at > 0 and not now.has(events.Approved)
        return now.ground is not None and waits and not now.posts

    @property
    def is_drill(self) -> bool:
        return self.kind is AlarmKind.DRILL

    @property
    def is_new(self) -> bool:
        """Whether no duty officer has it."""
        return self.case.now.holder is None and not (self.case.now.over or self.is_drill)

    @property
    def is_contradicted(self) -> bool:
        """Whether somebody says that it is real since it was ended."""
        return ending.is_contradicted(self.case, self.kind)

    @property
    def is_past(self) -> bool:
        """Whether it is over, and nobody says that it is real."""
        return ending.is_past(self.case, self.kind)

    @property
    def is_approved(self) -> bool:
        """Whether it is being made public, or will be as soon as HQ has looked at it."""
        now = self.case.now
        return now.ground is not None or (now.has(events.Approved) and not self.case.is_forbidden)

    @property
    def posts(self) -> tuple[tuple[str, str], ...]:
        """Each network and the post's address."""
        posts = self.case.now.posts.items()
        return tuple((name, post.url) for name, post in posts if post.url is not None)


class Watched(NamedTuple):
    """The alarms of the overview; those that no officer has yet come first, then the newest.

    ``more``: so many are open beside them.
    """

    open: tuple[Standing, ...]
    more: int
    drills: tuple[Standing, ...]
    closed: tuple[Standing, ...]


class Known(NamedTuple):
    """What was read of an alarm: its case, by whose clock, and for how long its embargo holds (s)."""

    case: Case
    zone: tzinfo | None
    embargo_s: float


class _Read(NamedTuple):
    made_from: tuple[object, ...]
    known: Known


@dataclass(eq=False)
class Cases:
    """Each alarm's case, read again when its history has grown; for any thread."""

    _kept: dict[int, _Read] = field(default_factory=dict)

    def of(self, connection: Connection, asked: Sequence[int]) -> dict[int, Known]:
        """What is known of these alarms, as they are now."""
        ends, plans = lengths(connection, asked), _plans(connection, asked)
        contacts = _contacts(connection, asked)
        present = {alarm: (ends[alarm], contacts[alarm], plans[alarm]) for alarm in asked}
        kept = {alarm: self._kept.get(alarm) for alarm in asked}
        grown = [
            alarm
            for alarm, read in kept.items()
            if read is None or read.made_from != present[alarm]
        ]
        histories = event_log.load_all(connection, grown)
        if len(self._kept) > _KEPT:
            self._kept.clear()
        found = {alarm: read.known for alarm, read in kept.items() if read is not None}
        for alarm in grown:
            case = _case(histories[alarm], contacts[alarm])
            embargo_s = 60.0 * repository.of_alarm(connection, alarm).embargo_minutes
            found[alarm] = Known(case, time_zone.now_of(connection, alarm), embargo_s)
            self._kept[alarm] = _Read(present[alarm], found[alarm])
        return found

    def watched(self, connection: Connection, now: float) -> Watched:
        """What there is to watch at this moment (Unix seconds)."""
        real, silences, drills = _open(_REAL), _open([AlarmKind.SILENCE]), _drills(now)
        newest = _alarm.arrived_at.desc(), _alarm.id.desc()
        rows: list[Row[Any]] = []
        for which, most in ((real, MOST_OPEN), (silences, MOST_OPEN), (drills, MOST_DRILLS)):
            wanted = listed().where(*which).order_by(*newest).limit(most)
            rows += connection.execute(wanted).all()
        ago = now - LISTED_S
        last = (
            listed()
            .where(_alarm.settled_at > ago)
            .order_by(_alarm.settled_at.desc())
            .limit(MOST_CLOSED)
        )
        settled = connection.execute(last).all()
        there = self.standings(connection, [*rows, *settled])
        standings = sorted(there, key=lambda each: (not each.is_new, -each.arrived_at))
        shown = [each for each in standings if not (each.is_past or each.is_drill)]
        number = select(func.count()).select_from(store.alarm)
        in_all = sum(connection.scalar(number.where(*each)) or 0 for each in (real, silences))
        loaded = sum(row.kind != AlarmKind.DRILL for row in rows)
        return Watched(
            tuple(shown),
            max(0, in_all - loaded),
            tuple(each for each in standings if each.is_drill and not each.is_past),
            tuple(each for each in standings if each.is_past and _ended_at(each) > ago)[
                :MOST_CLOSED
            ],
        )

    def standings(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[Standing]:
        """How the alarms of these rows of :func:`listed` stand, in their order."""
        found = self.of(connection, [row.id for row in rows])
        return [
            Standing(
                row.id,
                row.name,
                AlarmKind(row.kind),
                row.arrived_at,
                row.heard_at,
                row.quorum,
                found[row.id].case,
                row.device,
                found[row.id].zone,
                public_at(found[row.id].case, found[row.id].embargo_s),
            )
            for row in rows
        ]


def listed() -> Select[Any]:
    """A query of alarms, for :meth:`Cases.standings`."""
    heard_at = alarms.last_heard.label("heard_at")
    columns = (_alarm.id, _alarm.device, _alarm.kind, _alarm.arrived_at, heard_at)
    of_wearer = (_wearer.name, _wearer.quorum)
    return select(*columns, *of_wearer).join_from(store.alarm, store.wearer)


def open_now(connection: Connection, now: float) -> list[int]:
    """The alarms that :meth:`Cases.watched` lists as open or as drills, at most so many."""
    newest = _alarm.arrived_at.desc(), _alarm.id.desc()
    found: list[int] = []
    for which, most in (
        (_open(_REAL), MOST_OPEN),
        (_open([AlarmKind.SILENCE]), MOST_OPEN),
        (_drills(now), MOST_DRILLS),
    ):
        wanted = select(_alarm.id).where(*which).order_by(*newest).limit(most)
        found += connection.scalars(wanted).all()
    return found


def alarmed(connection: Connection) -> Sequence[int]:
    """The devices of the newest alarms that are open and no drill, silences among them."""
    kinds = _open([*_REAL, AlarmKind.SILENCE])
    wanted = select(_alarm.device).where(*kinds).order_by(_alarm.arrived_at.desc())
    return tuple(dict.fromkeys(connection.scalars(wanted.limit(2 * MOST_OPEN))))


def lengths(connection: Connection, asked: Sequence[int]) -> Mapping[int, int]:
    """How many entries each of these alarms' histories has."""
    return {row.id: row.n or 0 for row in connection.execute(_ends(asked))}


def _case(history: Sequence[Event], contacts: frozenset[int]) -> Case:
    """What can be read of a history: one that is damaged takes no other alarm from the console."""
    case = Case(contacts=contacts)
    with suppress(*event_log.UNREADABLE):
        for event in history:
            case.take(event)
    return case


def _ended_at(standing: Standing) -> float:
    at = standing.case.now.ended_at
    return standing.case.last_at if at is None else at


def _open(kinds: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    return _alarm.settled_at.is_(None), _alarm.kind.in_([int(kind) for kind in kinds])


def _drills(now: float) -> tuple[ColumnElement[bool], ...]:
    return (*_open([AlarmKind.DRILL]), _alarm.arrived_at > now - LISTED_S)


def _ends(asked: Sequence[int]) -> Select[Any]:
    # One question of each alarm's end: an index has it, however long the alarm is.
    end = select(func.max(_entry.n)).where(_entry.alarm == _alarm.id).scalar_subquery()
    return select(_alarm.id, end.label("n")).where(_alarm.id.in_(asked))


def _plans(connection: Connection, asked: Sequence[int]) -> dict[int, float | None]:
    """When the plan of each alarm's wearer was changed last, Unix seconds; None: it never was."""
    plan = store.plan.c
    wanted = select(_alarm.id, plan.changed_at).where(_alarm.id.in_(asked))
    joined = wanted.join_from(store.alarm, store.plan, plan.device == _alarm.device, isouter=True)
    return {row.id: row.changed_at for row in connection.execute(joined)}


def _contacts(connection: Connection, asked: Sequence[int]) -> dict[int, frozenset[int]]:
    """The numbers of each alarm's contacts in the wearer's list."""
    contact = store.contact.c
    wanted = select(_alarm.id, contact.number_in_list).where(
        _alarm.id.in_(asked), contact.device == _alarm.device
    )
    found: dict[int, set[int]] = {alarm: set() for alarm in asked}
    for alarm, number in connection.execute(wanted):
        found[alarm].add(number)
    return {alarm: frozenset(numbers) for alarm, numbers in found.items()}
