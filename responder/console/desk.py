"""What duty officers see and do: everybody's health, each live alarm, and their decisions."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, func, select

from outcry.report import AlarmKind
from outcry.responder import daily_check, journal, sentences
from outcry.responder.console.older_news import Act, require_seen
from outcry.responder.console.team.colleagues import NoSuchOfficer, colleagues_of
from outcry.responder.console.watching import standing, wearers
from outcry.responder.console.watching.device_health import Health, how_they_are
from outcry.responder.console.watching.standing import LISTED_S, Cases, Standing, listed
from outcry.responder.console.watching.wearers import EVERYBODY, Asked, Listed
from outcry.responder.daily_check import Checked
from outcry.responder.findings import Finding
from outcry.responder.plans import announcements, authority, repository, time_zone
from outcry.responder.plans.announcements import Told
from outcry.responder.plans.authority import Proposal
from outcry.responder.plans.repository import Contact
from outcry.responder.rules import events
from outcry.responder.rules.events import OfficerAct, Reason
from outcry.responder.rules.model import NEVER_PUBLIC
from outcry.responder.rules.publication import public_at
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.alarms import NoSuchAlarm, Sighting
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.console")

_RECENT = 50  # alarms whose pages change by themselves, also when they are over

_DONE: Mapping[Act, type[OfficerAct]] = {
    Act.ACKNOWLEDGE: events.Acknowledged,
    Act.CONFIRM: events.OfficerConfirmed,
    Act.PUBLISH: events.Approved,
    Act.VETO: events.Vetoed,
    Act.LIFT: events.VetoLifted,
    Act.REOPEN: events.Reopened,
    Act.GIVE_BACK: events.GivenBack,
}
GRAVE = (Act.PUBLISH, Act.CORRECT, Act.CLOSE)
"""Acts that the officer must confirm twice."""


class NotNow(Exception):
    """As the alarm stands this cannot be done; somebody else may have been faster."""


@dataclass(frozen=True)
class Overview:
    """All there is to watch; alarms that no officer has come first, then the newest."""

    alarms: tuple[Standing, ...]
    more: int  # that are open, too
    drills: tuple[Standing, ...]
    closed: tuple[Standing, ...]
    listed: Listed
    checked: Checked | None
    missing: tuple[Finding, ...]  # that an alarm will need
    waiting: tuple[Proposal, ...]  # changes of plans, for a second officer
    announcements: tuple[Told, ...]


@dataclass(frozen=True)
class View:
    """One alarm, whole. Sightings newest first, history oldest first.

    ``seen``: how long the history was, which each form made from this brings back; ``newer``: the
    ``relations``: who each contact is to the wearer; ``checklist``: as the plan has it. ``newer``: the
    number of the wearer's newest alarm, if it is another one. ``colleagues``: the other officers who
    can log in.
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
    colleagues: tuple[str, ...] = ()
    relations: Mapping[int, str] = field(default_factory=dict)
    checklist: tuple[str, ...] = ()


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
    cases: Cases = field(default_factory=Cases, repr=False)

    def overview(self, asked: Asked = EVERYBODY) -> Overview:
        now = self.clock()
        with self.store.read() as connection:
            watched = self.cases.watched(connection, now)
            return Overview(
                watched.open,
                watched.more,
                watched.drills,
                watched.closed,
                wearers.listed(connection, asked, now),
                daily_check.last(connection),
                self.missing(connection),
                authority.waiting(connection, now),
                announcements.since(connection, now - LISTED_S),
            )

    def view(self, alarm: int, officer: str = "") -> View:
        """One alarm, for this officer. Raises :class:`NoSuchAlarm`."""
        now = self.clock()
        with self.store.read() as connection:
            standing = _standing(connection, _alarm(connection, alarm))
            wearer = alarms.about(connection, alarm)
            contacts = repository.contacts_of(connection, wearer.device)
            agreed = repository.of_device(connection, wearer.device)
            history = event_log.load(connection, alarm)
            track = alarms.track(connection, alarm, standing.case)
            newer = next((each.id for each in alarms.later(connection, alarm)), None)
            health = how_they_are(connection, [wearer.device], now)[0]
            colleagues = colleagues_of(connection, officer)
        names = {n: one.name for n, one in contacts.items()}
        return View(
            standing,
            wearer.number,
            health,
            tuple(contacts.values()),
            track,
            tuple(sentences.timeline(history, names)),
            len(history),
            possible(standing, officer),
            newer,
            colleagues,
            {n: person.relation for n, person in agreed.people.items()},
            agreed.checklist,
        )

    def act(
        self,
        alarm: int,
        act: Act,
        officer: str,
        reason: str | None = None,
        seen: int | None = None,
        spoke: str | None = None,
    ) -> None:
        """Write a decision down. Raises :class:`NoSuchAlarm`, :class:`NotNow`,
        :class:`OlderNews`, :class:`NoSuchOfficer`.

        ``reason`` is one of ``events.Reason`` for a correction, free words for closing, for handing
        over the officer who has it from then on; ``seen``: so much of the history did the officer see
        (None: all).
        """
        now = self.clock()
        with self.store.write() as connection:
            row = _alarm(connection, alarm)
            store.lock_alarms(connection, [alarm])
            standing = _standing(connection, row)
            if act not in possible(standing, officer):
                raise NotNow
            if act is Act.HAND_OVER and reason not in colleagues_of(connection, officer):
                raise NoSuchOfficer
            if seen is not None:
                require_seen(event_log.load(connection, alarm), seen, act)
            proof = event_log.showed(connection, alarm, seen)
            given = standing.case.now.holder if act is Act.TAKE_OVER else reason
            done = _done(act, now, officer, given, spoke)
            event_log.happened(connection, alarm, done, **proof)
        log.tell(journal.Entry.OFFICER_SAID, alarm=alarm, act=act)
        self.on_act()

    def note(self, alarm: int, officer: str, text: str) -> None:
        """Write a note down, of up to ``events.NOTE_LENGTH`` letters. Raises :class:`NoSuchAlarm`.

        It may be written at any time, also after an alarm was closed.
        """
        self._work(alarm, events.Noted(self.clock(), officer, text), "note")

    def tick(self, alarm: int, officer: str, item: str, *, done: bool) -> None:
        """Tick an item of the checklist, or take that back.

        Raises :class:`NoSuchAlarm`; :class:`NotNow` if it is in no list, or is so already.
        """
        kind = events.Ticked if done else events.Unticked
        self._work(alarm, kind(self.clock(), officer, item), "tick" if done else "untick")

    def rang(self, alarm: int, officer: str, contact: int, said: events.Said, note: str) -> None:
        """Write down what came of a call. Raises :class:`NoSuchAlarm`, :class:`NotNow`."""
        self._work(alarm, events.Rang(self.clock(), officer, contact, said, note), "rang")

    def still(self, alarm: int, officer: str) -> None:
        """Write down that who has it is still on it. Raises :class:`NoSuchAlarm`, :class:`NotNow`."""
        self._work(alarm, events.StillOnIt(self.clock(), officer), "still")

    def _work(self, alarm: int, work: events.OfficerWork, kind: str) -> None:
        with self.store.write() as connection:
            _alarm(connection, alarm)
            store.lock_alarms(connection, [alarm])
            case = event_log.case_of(connection, alarm)
            if isinstance(work, events.StillOnIt) and case.now.holder != work.officer:
                raise NotNow
            listed = repository.of_alarm(connection, alarm).checklist
            if isinstance(work, events.Ticked) and work.item not in listed:
                raise NotNow
            if not case.makes_sense(work):
                raise NotNow
            event_log.happened(connection, alarm, work)
        log.tell(journal.Entry.OFFICER_SAID, alarm=alarm, act=kind)
        self.on_act()

    def names(self, alarm: int) -> Mapping[int, str]:
        """An alarm's contacts by their numbers in the list. Raises :class:`NoSuchAlarm`."""
        with self.store.read() as connection:
            contacts = repository.contacts_of(connection, alarms.about(connection, alarm).device)
        return {n: one.name for n, one in contacts.items()}

    def mark(self) -> str:
        """A token that changes whenever the console may have: a waiting page compares it.

        But for heartbeats: among 100,000 wearers there is always one, and an open page looks by
        itself for how devices are.
        """
        table = store.alarm.c
        with self.store.read() as connection:
            newest = connection.execute(
                select(
                    select(func.max(store.message.c.id)).scalar_subquery(),
                    select(func.max(store.announcement.c.id)).scalar_subquery(),
                    select(func.max(store.finding.c.checked_at)).scalar_subquery(),
                    select(func.max(store.shift.c.id)).scalar_subquery(),
                    select(func.max(store.shift.c.read_at)).scalar_subquery(),
                )
            ).one()
            recent = select(table.id).order_by(table.id.desc()).limit(_RECENT)
            there = {*standing.open_now(connection, self.clock()), *connection.scalars(recent)}
            lengths = standing.lengths(connection, sorted(there))
        said = repr((tuple(newest), sorted(lengths.items())))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def possible(standing: Standing, officer: str = "") -> frozenset[Act]:
    """What this officer can do about an alarm as it stands; a drill can never be published."""
    acts = set()
    is_real = standing.kind not in NEVER_PUBLIC and standing.case.now.is_believed
    if standing.case.posts or is_real:
        acts.add(Act.CORRECT)
    if not (standing.case.now.is_open or standing.is_drill):
        acts.add(Act.REOPEN)
    if standing.case.now.over:
        return frozenset(acts)
    acts.add(Act.CLOSE)
    holder = standing.case.now.holder
    acts.add(Act.ACKNOWLEDGE if holder in (None, officer) else Act.TAKE_OVER)
    if holder == officer:
        acts |= {Act.HAND_OVER, Act.GIVE_BACK}
    if standing.kind is not AlarmKind.SILENCE:
        acts.add(Act.CONFIRM)
    if standing.kind not in NEVER_PUBLIC:
        acts.add(Act.LIFT if standing.case.vetoed else Act.VETO)
        if not standing.is_approved or standing.is_held:
            acts.add(Act.PUBLISH)
    return frozenset(acts)


def _done(act: Act, now: float, officer: str, reason: str | None, spoke: str | None) -> OfficerAct:
    match act:
        case Act.CORRECT:
            return events.Corrected(now, officer, Reason(reason or ""), spoke)
        case Act.CLOSE:
            return events.Closed(now, officer, reason)
        case Act.TAKE_OVER:
            return events.TakenOver(now, officer, reason or "")
        case Act.HAND_OVER:
            return events.HandedOver(now, officer, reason or "")
        case _:
            return _DONE[act](now, officer)


def _alarm(connection: Connection, alarm: int) -> Row[tuple[object, ...]]:
    known = alarm <= store.LARGEST_ID
    row = connection.execute(listed().where(store.alarm.c.id == alarm)).first() if known else None
    if row is None:
        raise NoSuchAlarm
    return row


def _standing(connection: Connection, row: Row[tuple[object, ...]]) -> Standing:
    kind, agreed = AlarmKind(row.kind), repository.of_alarm(connection, row.id)
    case = event_log.case_of(connection, row.id)
    held_until = public_at(case, 60.0 * agreed.embargo_minutes)
    zone = time_zone.now_of(connection, row.id)
    heard = row.arrived_at, row.heard_at
    return Standing(
        row.id, row.name, kind, *heard, agreed.quorum, case, row.device, zone, held_until
    )
