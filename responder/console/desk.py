"""What duty officers see and do: everybody's health, each live alarm, and their decisions."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from outcry.report import AlarmKind
from outcry.responder import daily_check, journal, sentences
from outcry.responder.console.device_health import Health, how_they_are
from outcry.responder.console.older_news import Act, require_seen
from outcry.responder.daily_check import Checked
from outcry.responder.findings import Finding
from outcry.responder.plans import announcements, authority, repository, time_zone
from outcry.responder.plans.announcements import Told
from outcry.responder.plans.authority import Proposal
from outcry.responder.plans.repository import Contact
from outcry.responder.rules import events
from outcry.responder.rules.calls import Topic
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import OfficerAct, Reason
from outcry.responder.rules.model import NEVER_PUBLIC
from outcry.responder.rules.publication import public_at
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.alarms import NoSuchAlarm, Sighting
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.console")

LISTED_S = 7 * 86_400.0  # what is over stays listed for this long after its last report
_MOST_ALARMS = 200


_DONE: Mapping[Act, type[OfficerAct]] = {
    Act.ACKNOWLEDGE: events.Acknowledged,
    Act.CONFIRM: events.OfficerConfirmed,
    Act.PUBLISH: events.Approved,
    Act.VETO: events.Vetoed,
    Act.LIFT: events.VetoLifted,
    Act.REOPEN: events.Reopened,
}
GRAVE = (Act.PUBLISH, Act.CORRECT, Act.CLOSE)
"""Acts that the officer must confirm twice."""


class NotNow(Exception):
    """As the alarm stands this cannot be done; somebody else may have been faster."""


@dataclass(frozen=True)
class Standing:
    """How an alarm stands, in a line of the overview; ``zone``: by whose clock times are told."""

    alarm: int
    wearer: str
    kind: AlarmKind
    arrived_at: float
    heard_at: float
    quorum: int
    case: Case
    zone: tzinfo | None = None
    public_at: float = 0.0
    """From when on what has a ground may be published, Unix seconds; 0: at once."""

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
        """Whether no duty officer has it yet."""
        return not (self.case.now.acts or self.case.now.over or self.is_drill)

    @property
    def is_contradicted(self) -> bool:
        """Whether somebody says that it is real since it was ended."""
        return Topic.CONTRADICTED in self.case.now.topics and self.kind not in NEVER_PUBLIC

    @property
    def is_past(self) -> bool:
        """Whether it is over, and nobody says that it is real."""
        return self.case.now.over and not self.is_contradicted

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


@dataclass(frozen=True)
class Overview:
    """All there is to watch; alarms that no officer has taken yet come first, then the newest."""

    alarms: tuple[Standing, ...]
    drills: tuple[Standing, ...]
    closed: tuple[Standing, ...]
    wearers: tuple[Health, ...]
    checked: Checked | None
    missing: tuple[Finding, ...]  # that an alarm will need
    waiting: tuple[Proposal, ...]  # changes of plans, for a second officer
    announcements: tuple[Told, ...]


@dataclass(frozen=True)
class View:
    """One alarm, whole. Sightings newest first, history oldest first.

    ``seen``: how long the history was, which each form made from this brings back; ``newer``: the
    number of the wearer's newest alarm, if it is another one.
    """

    standing: Standing
    wearer_number: str | None
    health: Health
    contacts: tuple[Contact, ...]
    track: tuple[Sighting, ...]
    history: tuple[sentences.Line, ...]
    seen: int
    can: frozenset[Act]
    newer: int | None


@dataclass(frozen=True)
class Console:
    """Shows duty officers what to decide on, and records what they decide; for any thread.

    ``clock`` gives Unix seconds; ``on_act`` is called after what was decided is on disk;
    ``missing`` says what HQ still lacks.
    """

    store: Store
    clock: Callable[[], float]
    on_act: Callable[[], None] = lambda: None
    missing: Callable[[Connection], tuple[Finding, ...]] = lambda _: ()

    def overview(self) -> Overview:
        now = self.clock()
        newest = _alarms().order_by(store.alarm.c.id.desc()).limit(_MOST_ALARMS)
        with self.store.read() as connection:
            standings = [_standing(connection, row) for row in connection.execute(newest).all()]
            wearers = connection.execute(select(store.wearer).order_by(store.wearer.c.name)).all()
            health = how_they_are(connection, wearers, now)
            checked = daily_check.last(connection)
            missing = self.missing(connection)
            waiting = authority.waiting(connection, now)
            told = announcements.since(connection, now - LISTED_S)
        standings = [each for each in standings if _is_listed(each, now)]
        standings.sort(key=lambda each: (not each.is_new, -each.arrived_at))
        real = [each for each in standings if not each.is_drill]
        return Overview(
            tuple(each for each in real if not each.is_past),
            tuple(each for each in standings if each.is_drill and not each.is_past),
            tuple(each for each in standings if each.is_past),
            tuple(sorted(health, key=lambda each: not each.silent)),
            checked,
            missing,
            waiting,
            told,
        )

    def view(self, alarm: int) -> View:
        """One alarm. Raises :class:`NoSuchAlarm`."""
        now = self.clock()
        with self.store.read() as connection:
            standing = _standing(connection, _alarm(connection, alarm))
            wearer = alarms.about(connection, alarm)
            contacts = repository.contacts_of(connection, wearer.device)
            history = event_log.load(connection, alarm)
            track = alarms.track(connection, alarm, standing.case)
            newer = next((each.id for each in alarms.later(connection, alarm)), None)
            health = how_they_are(connection, [wearer], now)[0]
        names = {n: one.name for n, one in contacts.items()}
        return View(
            standing,
            wearer.number,
            health,
            tuple(contacts.values()),
            track,
            tuple(sentences.timeline(history, names)),
            len(history),
            possible(standing),
            newer,
        )

    def act(
        self, alarm: int, act: Act, officer: str, reason: str | None = None, seen: int | None = None
    ) -> None:
        """Write a decision down. Raises :class:`NoSuchAlarm`, :class:`NotNow`,
        :class:`OlderNews`.

        ``reason`` is one of ``events.Reason`` for a correction, free words for closing; ``seen``: so
        much of the history did the officer see (None: all).
        """
        now = self.clock()
        with self.store.write() as connection:
            row = _alarm(connection, alarm)
            store.lock_alarms(connection, [alarm])
            if act not in possible(_standing(connection, row)):
                raise NotNow
            if seen is not None:
                require_seen(event_log.load(connection, alarm), seen, act)
            proof = event_log.showed(connection, alarm, seen)
            event_log.happened(connection, alarm, _done(act, now, officer, reason), **proof)
        log.tell(journal.Entry.OFFICER_SAID, alarm=alarm, act=act)
        self.on_act()

    def names(self, alarm: int) -> Mapping[int, str]:
        """An alarm's contacts by their numbers in the list. Raises :class:`NoSuchAlarm`."""
        with self.store.read() as connection:
            contacts = repository.contacts_of(connection, alarms.about(connection, alarm).device)
        return {n: one.name for n, one in contacts.items()}

    def mark(self) -> str:
        """A token that changes whenever the console may have: a waiting page compares it."""
        alarm, entry = store.alarm.c, store.history.c
        with self.store.read() as connection:
            newest = connection.execute(
                select(
                    select(func.max(store.message.c.id)).scalar_subquery(),
                    select(func.max(store.heartbeat.c.received_at)).scalar_subquery(),
                    select(func.count()).select_from(store.wearer).scalar_subquery(),
                    select(func.max(store.wearer.c.enrolled_at)).scalar_subquery(),
                    select(func.max(store.announcement.c.id)).scalar_subquery(),
                )
            ).one()
            recent = select(alarm.id).order_by(alarm.id.desc()).limit(_MOST_ALARMS)
            lengths = connection.execute(
                select(entry.alarm, func.max(entry.n))
                .where(entry.alarm.in_(recent))
                .group_by(entry.alarm)
                .order_by(entry.alarm)
            ).all()
        return hashlib.sha256(repr((tuple(newest), lengths)).encode()).hexdigest()[:16]


def possible(standing: Standing) -> frozenset[Act]:
    """What can be done about an alarm as it stands; a drill can never be published."""
    acts = set()
    is_real = standing.kind not in NEVER_PUBLIC and standing.case.now.is_believed
    if standing.case.posts or is_real:
        acts.add(Act.CORRECT)
    if not (standing.case.now.is_open or standing.is_drill):
        acts.add(Act.REOPEN)
    if standing.case.now.over:
        return frozenset(acts)
    acts |= {Act.ACKNOWLEDGE, Act.CLOSE}
    if standing.kind is not AlarmKind.SILENCE:
        acts.add(Act.CONFIRM)
    if standing.kind not in NEVER_PUBLIC:
        acts.add(Act.LIFT if standing.case.vetoed else Act.VETO)
        if not standing.is_approved or standing.is_held:
            acts.add(Act.PUBLISH)
    return frozenset(acts)


def _done(act: Act, now: float, officer: str, reason: str | None) -> OfficerAct:
    match act:
        case Act.CORRECT:
            return events.Corrected(now, officer, Reason(reason or ""))
        case Act.CLOSE:
            return events.Closed(now, officer, reason)
        case _:
            return _DONE[act](now, officer)


def _alarm(connection: Connection, alarm: int) -> Row[tuple[object, ...]]:
    known = alarm <= store.LARGEST_ID
    row = connection.execute(_alarms().where(store.alarm.c.id == alarm)).first() if known else None
    if row is None:
        raise NoSuchAlarm
    return row


def _is_listed(standing: Standing, now: float) -> bool:
    """An alarm stands until a person closes it; what is closed or was a drill, for some days."""
    stands = not (standing.case.now.over or standing.is_drill)
    return stands or standing.heard_at > now - LISTED_S


def _alarms() -> Select[Any]:
    alarm, heard_at = store.alarm.c, alarms.last_heard.label("heard_at")
    columns = (alarm.id, alarm.kind, alarm.arrived_at, store.wearer.c.name, heard_at)
    return select(*columns).join_from(store.alarm, store.wearer)


def _standing(connection: Connection, row: Row[tuple[object, ...]]) -> Standing:
    kind, agreed = AlarmKind(row.kind), repository.of_alarm(connection, row.id)
    case = event_log.case_of(connection, row.id)
    held_until = public_at(case, 60.0 * agreed.embargo_minutes)
    zone = time_zone.of_alarm(connection, row.id)
    return Standing(
        row.id, row.name, kind, row.arrived_at, row.heard_at, agreed.quorum, case, zone, held_until
    )
