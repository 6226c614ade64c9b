"""The contact's desk: what a link shows, and what a person answers with their PIN."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from outcry.envelope import EnvelopeRefused, from_text
from outcry.report import AlarmKind, Position, Report
from outcry.responder import journal
from outcry.responder.contacts.pin_tries import PinTries, Try, remembered
from outcry.responder.enrolment.pins import is_pin, plain_pin
from outcry.responder.intake.inbox import Inbox, Refused
from outcry.responder.plans import repository, time_zone
from outcry.responder.rules import events
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import CameBy, ContactAnswer, Event, WrongPinTried
from outcry.responder.rules.model import Plan
from outcry.responder.rules.publication import is_due
from outcry.responder.storage import alarms, event_log, store
from outcry.responder.storage.alarms import Sighting
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.desk")

TICKET_S = 30 * 60.0  # then the PIN is asked for again: the phone may be in other hands


class Answer(StrEnum):
    """What a contact can say; the value stands in the address the button posts to."""

    SEEN = "seen"
    CONFIRM = "confirm"
    UNSURE = "unsure"
    FALSE = "false"


_SAID: Mapping[Answer, type[ContactAnswer]] = {
    Answer.SEEN: events.ContactSaw,
    Answer.CONFIRM: events.Confirmed,
    Answer.UNSURE: events.Unsure,
    Answer.FALSE: events.CalledFalse,
}
_ANSWERS: Mapping[type[ContactAnswer], Answer] = {
    **{event: answer for answer, event in _SAID.items()},
    events.Unclear: Answer.UNSURE,
}


class NoSuchLink(Exception):
    """Nothing is behind this link; check that the whole of it was copied."""


class LinkExpired(Exception):
    """The alarm of this link is over, or nothing was heard of it for long."""


class OlderNews(Exception):
    """The form was made before the episode began or ended that is at hand: look, then say it."""

    def __init__(self, standing: "Standing") -> None:
        super().__init__()
        self.standing = standing


class WrongPin(Exception):
    """This is not a PIN of this wearer's contacts."""


@dataclass(frozen=True)
class Shown:
    """What a link shows to anyone who has it: what the text that brought it said, and no more.

    ``contact`` is the number in the list the link was made for, where it says one; ``language``
    is that contact's. ``again_at``: when the alarm began again after what the link says, Unix seconds;
    ``newer_at``: when the newest alarm of the wearer came, if it is another one.
    ``mark``: brought back by a form, it says which episode was at hand, to nobody but HQ. ``link``
    tells it from the alarm's other links; all of a device's are one, since who has one can make the
    others. ``message``: by which ``report`` came. ``zone``: by whose clock times are told.
    """

    alarm: int
    wearer: str
    report: Report
    arrived_at: float
    contact: int | None
    language: str | None
    again_at: float | None = None
    newer_at: float | None = None
    mark: str = ""
    link: str = field(default="", repr=False)
    message: int | None = None
    zone: tzinfo | None = None


@dataclass(frozen=True)
class Standing:
    """How the episode at hand stands: shown only to a contact who gave their PIN.

    Newest sightings first.

    ``ticket`` lets the same browser look again for a while, and answers nothing. ``known`` is for
    a phone that was right, which guesses from elsewhere are not to hold up.
    ``heard_at``: when the device was last heard, Unix seconds. Of a withdrawal it says only that
    one came: what its code means is for the duty officer alone. ``corrected``: readers of the post
    are told that it no longer holds. ``earlier``: when each earlier episode began, Unix seconds;
    ``again``: the button was held again after that was over, else an officer says that it is not.
    ``said``: this contact's own answers in it, oldest first. Each stands: a later one takes none back.
    ``zone``: by whose clock times are told.
    """

    contact: str
    language: str
    ticket: str
    heard_at: float
    track: tuple[Sighting, ...]
    seen_by: int
    confirmed: int
    quorum: int
    doubts: int
    withdrawn: bool
    drill: bool
    closed: bool
    being_published: bool
    corrected: bool
    post: str | None
    again: bool = False
    earlier: tuple[float, ...] = ()
    said: tuple[Answer, ...] = ()
    zone: tzinfo | None = None
    known: str = field(default="", repr=False)


@dataclass(frozen=True)
class Desk:
    """Opens links and takes answers; safe to call from any thread.

    ``clock`` gives Unix seconds; ``on_answer`` is called after an answer is on disk. ``link_s``:
    for how long after the last report of an alarm its links show anything.
    """

    store: Store
    inbox: Inbox
    clock: Callable[[], float]
    on_answer: Callable[[], None] = lambda: None
    link_s: float = 7 * 86_400.0
    tries: PinTries = field(default_factory=PinTries)

    def sealed_link(self, sealed: str, contact: int | None) -> Shown:
        """The link a device made. Opening it delivers the report inside it.

        Raises :class:`NoSuchLink`, :class:`LinkExpired`.
        """
        try:
            raw = from_text(sealed)
            taken = self.inbox.take(raw, CameBy.LINK)
        except (EnvelopeRefused, Refused):
            raise NoSuchLink from None
        if taken.alarm is None:
            raise NoSuchLink
        with self.store.read() as connection:
            wearer, _, arrived_at, _ = self._opening(connection, taken.alarm)
            it = select(store.message.c.id).filter_by(digest=hashlib.sha256(raw).digest())
            message = connection.scalar(it)
            contacts = _contacts(connection, taken.alarm)
            case = event_log.case_of(connection, taken.alarm)
            newer_at = _newer_at(connection, taken.alarm)
            zone = time_zone.of_report(connection, taken.alarm, taken.report.place)
        language = next((one.language for one in contacts if one.number_in_list == contact), None)
        again_at = _again_at(case, taken.report.sequence)
        mark = _mark(taken.alarm, contacts, case.turns)
        link = f"of the device of {taken.alarm}"
        of = taken.alarm, wearer, taken.report, arrived_at, contact, language
        return Shown(*of, again_at, newer_at, mark, link, message, zone)

    def invitation(self, token: str) -> Shown:
        """The short link of HQ's own text. Raises :class:`NoSuchLink`, :class:`LinkExpired`."""
        invitation, contact = store.invitation.c, store.contact.c
        invited = select(invitation.alarm, contact.number_in_list, contact.language)
        invited = invited.join_from(store.invitation, store.contact)
        with self.store.read() as connection:
            row = connection.execute(invited.where(invitation.token == token)).first()
            if row is None:
                raise NoSuchLink
            wearer, report, arrived_at, message = self._opening(connection, row.alarm)
            case = event_log.case_of(connection, row.alarm)
            mark = _mark(row.alarm, _contacts(connection, row.alarm), case.turns)
            newer_at = _newer_at(connection, row.alarm)
            zone = time_zone.of_report(connection, row.alarm, report.place)
        again_at = _again_at(case, report.sequence)
        of = row.alarm, wearer, report, arrived_at, row.number_in_list, row.language
        return Shown(*of, again_at, newer_at, mark, token, message, zone)

    def answer(
        self,
        shown: Shown,
        answer: Answer,
        pin: str,
        address: str,
        mark: str | None = None,
        known: str = "",
        place: str = "",
    ) -> Standing:
        """Write an answer down, if the PIN is one of this wearer's contacts'.

        ``address`` is where it came from, ``known`` what its phone was given with an earlier
        answer, ``place`` with a refusal; ``mark``: of what its form had shown, empty if it does not
        say (None: this). Raises :class:`WrongPin`, :class:`TooSoon`, :class:`OlderNews`.
        """
        with self.store.read() as connection:
            contacts = _contacts(connection, shown.alarm)
        tried = Try(shown.alarm, shown.link, address, known, place)
        whose = partial(_whose, contacts, shown.contact, pin)
        contact = self.tries.check(tried, contacts, whose, self.clock())
        if contact is None:
            self._append(shown.alarm, WrongPinTried(self.clock(), shown.contact))
            log.tell(journal.Entry.WRONG_PIN, alarm=shown.alarm)
            raise WrongPin
        number = contact.number_in_list
        with self.store.write() as connection:
            store.lock_alarms(connection, [shown.alarm])
            turns = event_log.case_of(connection, shown.alarm).turns
            present = _mark(shown.alarm, _contacts(connection, shown.alarm), turns)
            is_old = mark not in (None, present) and bool(mark or turns)
            if not is_old:
                said = _SAID[answer](self.clock(), number)
                page = event_log.page(connection, shown.alarm, shown.message, shown.again_at)
                event_log.happened(connection, shown.alarm, said, **page)
        if not is_old:
            log.tell(journal.Entry.ANSWER, alarm=shown.alarm, contact=number, answer=answer)
            self.on_answer()
        stands = replace(self._standing(shown.alarm, contact), known=remembered(known, contact))
        if is_old:
            raise OlderNews(stands)
        return stands

    def look(self, shown: Shown, ticket: str) -> Standing | None:
        """How things stand, for the browser of a contact who gave their PIN a while ago."""
        with self.store.read() as connection:
            contacts = _contacts(connection, shown.alarm)
        now = self.clock()
        contact = next((one for one in contacts if _is_ticket(ticket, shown.alarm, one, now)), None)
        return None if contact is None else self._standing(shown.alarm, contact)

    def _opening(self, connection: Connection, alarm: int) -> tuple[str, Report, float, int]:
        """As :func:`alarms.opening`; raises :class:`LinkExpired`."""
        at = connection.scalar(select(alarms.last_heard).where(store.alarm.c.id == alarm))
        if at is None or self.clock() > at + self.link_s:
            raise LinkExpired
        return alarms.opening(connection, alarm)

    def _standing(self, alarm: int, contact: Row[Any]) -> Standing:
        with self.store.read() as connection:
            case = event_log.case_of(connection, alarm)
            agreed = repository.load(connection, alarm, repository.Means())
            about = alarms.about(connection, alarm)
            track = alarms.track(connection, alarm, case)
            here = (each.report.place for each in track)
            place = next((each for each in here if isinstance(each, Position)), None)
            zone = time_zone.of_report(connection, alarm, place)
        ticket = _ticket(alarm, contact, self.clock() + TICKET_S)
        heard_at = about.heard_at or about.arrived_at
        stands = standing(case, agreed, contact, ticket, heard_at, track, self.clock())
        return replace(stands, zone=zone)

    def _append(self, alarm: int, event: Event) -> None:
        with self.store.write() as connection:
            event_log.happened(connection, alarm, event)


def standing(
    case: Case,
    agreed: Plan,
    contact: Row[Any],
    ticket: str,
    heard_at: float,
    track: tuple[Sighting, ...],
    now: float,
) -> Standing:
    """What a contact is shown of a case at ``now`` (Unix seconds)."""
    episode = case.now
    mine = [each for each in episode.answers if each.contact == contact.number_in_list]
    return Standing(
        contact=contact.name,
        language=contact.language,
        ticket=ticket,
        heard_at=heard_at,
        track=track,
        seen_by=len(episode.seen_by),
        confirmed=episode.votes,
        quorum=agreed.quorum,
        doubts=len(episode.doubted_by),
        withdrawn=episode.withdrawal is not None,
        drill=agreed.kind is AlarmKind.DRILL,
        closed=episode.over,
        being_published=is_due(case, agreed, now),
        corrected=episode.is_corrected,
        post=episode.address,
        again=episode.again,
        earlier=tuple(each.began_at for each in case.earlier if each.began_at is not None),
        said=tuple(dict.fromkeys(_ANSWERS[type(each)] for each in mine)),
    )


def _again_at(case: Case, sequence: int) -> float | None:
    """When the episode at hand began, if a report of this number is of an earlier one."""
    opened_by = case.now.opened_by
    if not case.earlier or opened_by is None:
        return None
    is_of_now = case.now.again and sequence >= opened_by.sequence
    return None if is_of_now else case.now.began_at


def _newer_at(connection: Connection, alarm: int) -> float | None:
    return next((each.at for each in alarms.later(connection, alarm)), None)


def _contacts(connection: Connection, alarm: int) -> Sequence[Row[Any]]:
    device = select(store.alarm.c.device).filter_by(id=alarm).scalar_subquery()
    of_device = select(store.contact).filter_by(device=device)
    return connection.execute(of_device.order_by(store.contact.c.number_in_list)).all()


def _mark(alarm: int, contacts: Sequence[Row[Any]], turns: int) -> str:
    """Says how often the alarm has turned, to nobody who has only a link: that takes the PIN."""
    key = b"".join(contact.pin_hash for contact in contacts)
    return hmac.new(key, f"turns {alarm} {turns}".encode(), hashlib.sha256).hexdigest()[:16]


def _whose(contacts: Sequence[Row[Any]], likely: int | None, pin: str) -> Row[Any] | None:
    """The contact with this PIN. PINs differ within a wearer, so any of their links will do."""
    digits = plain_pin(pin)
    if digits is None:
        return None
    likely_first = sorted(contacts, key=lambda one: one.number_in_list != likely)
    whose = (one for one in likely_first if is_pin(digits, one.pin_salt, one.pin_hash))
    return next(whose, None)


def _ticket(alarm: int, contact: Row[Any], until: float) -> str:
    """Good until then for this alarm; made of the PIN's hash, so that every process knows it."""
    said = f"{contact.number_in_list}.{int(until)}"
    proof = hmac.new(contact.pin_hash, f"look {alarm} {said}".encode(), hashlib.sha256)
    return f"{said}.{proof.hexdigest()}"


def _is_ticket(ticket: str, alarm: int, contact: Row[Any], now: float) -> bool:
    parts = ticket.split(".")
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 16):
        return False
    real = _ticket(alarm, contact, int(parts[1]))
    return int(parts[1]) > now and hmac.compare_digest(real.encode(), ticket.encode())
