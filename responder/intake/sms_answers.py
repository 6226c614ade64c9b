"""Answers by SMS: from a contact's own number, with a code from the card they were given.

Eight digits, printed once, good for one answer. The PIN of the page is never
typed into a text: texts are read on the way. Whatever a contact texts while an
alarm is open is written into its history, for the duty officer and for the
reply (``rules/replies.py``); a stranger's text that looks like an answer is
told to the duty officer, and never replied to.
"""

import hmac
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select, update

from outcry.report import AlarmKind
from outcry.responder import journal
from outcry.responder.enrolment.pins import cost_of, hash_pin
from outcry.responder.intake import callers, reading
from outcry.responder.intake.reading import Reading
from outcry.responder.rules.calls import Topic
from outcry.responder.rules.events import (
    AnswerDropped,
    AnsweredBy,
    Closed,
    Confirmed,
    Corrected,
    Dropped,
    HeardAgain,
    Unclear,
    WrongPinTried,
)
from outcry.responder.storage import event_log, store
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.sms_answers")

OPEN_FOR_S = 7 * 86_400.0  # an alarm raised longer ago is not what a text is about
# Anybody can write in a contact's name, so wrong codes must not keep the right one out: from one
# number so many are looked at as a SIM takes in, 30 a minute. A card has eight of 10**8 codes, and
# one text is one guess at a confirmation. At that rate, day and night, one is right in 290 days on
# average, and an alarm is asked about for seven: 300,000 texts find one with a chance of 1 in 42,
# which is one vote, all answers by SMS together being no more; its contact and the duty officers
# are told.
WRONG_MOST, WRONG_WITHIN_S = 300, 600.0
NOTED_AN_HOUR = 10  # of a contact, of an episode, of each kind: of more, its history says nothing
HOUR_S = 3600.0
CLOCKS_DIFFER_S = 60.0  # HQ's and an SMS centre's, where both are right
STRANGERS_ALARMS = 20  # the newest open ones, whose duty officers hear of a stranger's code

_ENDS = (Closed, Corrected, HeardAgain)
_RANK = {AlarmKind.SILENCE: 1, AlarmKind.DRILL: 0}  # below every real alarm


class _Found(NamedTuple):
    """An alarm that a text may be about; the greatest is the most likely one."""

    is_open: bool
    rank: int
    alarm: int


class SmsAnswers:
    """Takes contacts' texts; used from one thread."""

    def __init__(self, database: Store, clock: Callable[[], float], own: str = "") -> None:
        """``clock`` gives Unix seconds; ``own`` is the number of HQ's modem."""
        self._store = database
        self._clock = clock
        self._own = own
        self._wrong: dict[str, deque[float]] = {}

    def take(
        self, sender: str, text: str, whole: bool = True, sent_at: float | None = None
    ) -> bool:
        """Write down what a text comes to. False: nothing, and it is to be forgotten.

        ``whole``: it is not a part of a longer text. ``sent_at``: Unix seconds by the clock of the
        sender's SMS centre, if that said any.
        """
        with self._store.read() as connection:
            contacts = callers.contacts(connection, sender, self._own)
        read = reading.read(text, whole)
        if not contacts:
            return bool(read.codes) and self._is_a_strangers()
        flooded = bool(read.codes) and self._is_flooded(contacts[0].number)
        for contact in () if flooded else contacts:
            code = self._code(contact, read.codes)
            if code is not None:
                return self._answer(contact, code, read, sent_at)
        return self._note_no_answer(contacts, read, flooded)

    def _code(self, contact: Row[Any], codes: Collection[str]) -> Row[Any] | None:
        """The first of these that is on the contact's card."""
        if not codes:
            return None
        with self._store.read() as connection:
            kept = connection.execute(select(store.sms_code).filter_by(contact=contact.id)).all()
        cards = {(row.salt, cost_of(row.hash)) for row in kept}
        for code in codes:
            hashes = {salt: hash_pin(code, salt, cost) for salt, cost in cards}
            for row in kept:
                if hmac.compare_digest(row.hash, hashes[row.salt]):
                    return row
        return None

    def _answer(
        self, contact: Row[Any], code: Row[Any], read: Reading, sent_at: float | None
    ) -> bool:
        now, number = self._clock(), contact.number_in_list
        with self._store.write() as connection:
            found = _found(connection, [contact.device], now)
            if found is None or not (found.is_open or code.burned_at is None):
                log.tell(journal.Entry.CODE_IDLE)
                return False
            if not found.is_open:
                is_real = read.says is Confirmed and found.rank not in _RANK.values()
                why = Dropped.REAL if is_real else Dropped.OVER
                return _note(connection, found.alarm, AnswerDropped(now, number, why))
            burning = update(store.sms_code).filter_by(id=code.id, burned_at=None)
            if not connection.execute(burning.values(burned_at=now)).rowcount:
                return _note(connection, found.alarm, AnswerDropped(now, number, Dropped.USED))
            late = sent_at is not None and _was_of_before(
                connection, contact.device, found.alarm, sent_at
            )
            answer = (Unclear if late else read.says)(now, number, AnsweredBy.SMS)
            event_log.happened(connection, found.alarm, answer)
        name = event_log.name_of(answer)
        log.tell(journal.Entry.ANSWER_BY_SMS, alarm=found.alarm, contact=number, answer=name)
        return True

    def _note_no_answer(self, contacts: Sequence[Row[Any]], read: Reading, flooded: bool) -> bool:
        """Of the one alarm that it is most likely about: one text has one reply."""
        now = self._clock()
        if read.codes and not flooded:
            tried = deque[float](maxlen=WRONG_MOST)
            self._wrong.setdefault(contacts[0].number, tried).append(now)
            log.tell(journal.Entry.CODE_WRONG)
        with self._store.write() as connection:
            found = _found(connection, [contact.device for contact in contacts], now)
            if found is None or not found.is_open:
                return False
            device = connection.scalar(select(store.alarm.c.device).filter_by(id=found.alarm))
            number = next(one.number_in_list for one in contacts if one.device == device)
            if flooded or not read.alone or not read.codes:
                why = Dropped.FLOOD if flooded else Dropped.WORDS
                return _note(connection, found.alarm, AnswerDropped(now, number, why))
            return _note(connection, found.alarm, WrongPinTried(now, number, AnsweredBy.SMS))

    def _is_a_strangers(self) -> bool:
        """A contact may write from another's phone: let each open alarm's duty officer know, once."""
        now, told = self._clock(), False
        table = store.alarm
        newest = select(table.c.id).where(table.c.arrived_at > now - OPEN_FOR_S)
        newest = newest.order_by(table.c.id.desc()).limit(STRANGERS_ALARMS)
        with self._store.write() as connection:
            for alarm in connection.scalars(newest).all():
                episode = event_log.case_of(connection, alarm).now
                if not episode.over and Topic.UNREAD not in episode.topics:
                    _note(connection, alarm, AnswerDropped(now, None, Dropped.STRANGER))
                    told = True
        return told

    def _is_flooded(self, number: str) -> bool:
        tried = self._wrong.get(number, deque())
        return len(tried) == WRONG_MOST and tried[0] > self._clock() - WRONG_WITHIN_S


def _was_of_before(connection: Connection, device: int, alarm: int, sent_at: float) -> bool:
    """Whether a text was held up: it was sent before what is open now, to what was open then.

    A clock that is wrong is no proof: then nothing was open when it says that the text was sent.
    """
    began_at = event_log.case_of(connection, alarm).now.began_at
    if began_at is None or sent_at > began_at - CLOCKS_DIFFER_S:
        return False
    others = select(store.alarm.c.id).where(
        store.alarm.c.device == device,
        store.alarm.c.arrived_at <= sent_at,
        store.alarm.c.arrived_at > sent_at - OPEN_FOR_S,
    )
    return any(
        any(
            isinstance(event, _ENDS) and event.at >= sent_at
            for event in event_log.load(connection, n)
        )
        for n in connection.scalars(others).all()
    )


def _note(connection: Connection, alarm: int, text: AnswerDropped | WrongPinTried) -> bool:
    """False: the history has enough of this contact's, and the duty officers have been told."""
    case = event_log.case_of(connection, alarm)
    since = max(text.at - HOUR_S, case.now.began_at or 0.0)
    before = [one for one in case.texts if (type(one), one.contact) == (type(text), text.contact)]
    if sum(one.at >= since for one in before) >= NOTED_AN_HOUR:
        return False
    event_log.happened(connection, alarm, text)
    if isinstance(text, AnswerDropped):
        log.tell(journal.Entry.ANSWER_DROPPED, alarm=alarm, why=text.why)
    return True


def _found(connection: Connection, devices: Sequence[int], now: float) -> _Found | None:
    """The alarm a text is about: an open one before one that is over, a real one before another,
    then the newest."""
    table = store.alarm
    rows = connection.execute(
        select(table.c.id, table.c.kind).where(
            table.c.device.in_(devices), table.c.arrived_at > now - OPEN_FOR_S
        )
    ).all()
    return max(
        (
            _Found(
                not event_log.case_of(connection, row.id).now.over,
                _RANK.get(AlarmKind(row.kind), 2),
                row.id,
            )
            for row in rows
        ),
        default=None,
    )
