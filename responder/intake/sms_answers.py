"""Answers by SMS: from a contact's own number, with a code from the card they were given.

Eight digits, printed once, good for one answer. The PIN of the page is never
typed into a text: texts are read on the way. A text from a number nobody has
is dropped before it is looked at.
"""

import hmac
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from outcry.report import AlarmKind
from outcry.responder import journal
from outcry.responder.enrolment.pins import cost_of, hash_pin
from outcry.responder.rules import events
from outcry.responder.rules.events import AnsweredBy, ContactAnswer, WrongPinTried
from outcry.responder.storage import event_log, store
from outcry.responder.storage.store import Store

log = journal.Log("outcry.responder.sms_answers")

LONGEST_ANSWER = 160
OPEN_FOR_S = 7 * 86_400.0  # an alarm raised longer ago is not what a text is about
WRONG_AN_HOUR = 30  # from one number; a guess is right once in ten million tries
HOUR_S = 3600.0

_APART = r"[\W_]{0,3}"  # what phones and fingers put between two groups of digits
_ANSWER = re.compile(rf"[\W_]*(\d{{4}}){_APART}(\d{{4}})[\W_]*([1-4])?[\W_]*")
"""A code, perhaps with a choice, and not a letter or digit more."""
_CODE_AMONG_WORDS = re.compile(rf"(?<!\d)(\d{{4}}){_APART}(\d{{4}})(?!\d\d)")
SHORTEST_NUMBER = 7  # digits of a number without its country's code that tell people apart
CHOICES: Mapping[str, type[ContactAnswer]] = {
    "1": events.Confirmed,
    "2": events.ContactSaw,
    "3": events.Unsure,
    "4": events.CalledFalse,
}
"""What the digit after a code says; a code alone, without a word, says the first.

With words around it a code says that its sender is not sure: "it is false" must never confirm.
"""
_RANK = {AlarmKind.SILENCE: 1, AlarmKind.DRILL: 0}  # below every real alarm


class SmsAnswers:
    """Takes contacts' texts; used from one thread."""

    def __init__(self, database: Store, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix seconds."""
        self._store = database
        self._clock = clock
        self._wrong: dict[str, deque[float]] = {}

    def take(self, sender: str, text: str) -> bool:
        """Write an answer down. False: it was no answer, and is to be forgotten."""
        with self._store.read() as connection:
            contacts = _contacts(connection, sender)
        if not contacts or self._is_guessing(sender):
            return False
        read = read_answer(text) if len(text) <= LONGEST_ANSWER else None
        if read is None:
            return False
        code, said = read
        for contact in contacts:
            answered = self._answer(contact, code, said)
            if answered is not None:
                return answered
        self._note_wrong(sender, contacts)
        return False

    def _answer(self, contact: Row[Any], code: str, said: type[ContactAnswer]) -> bool | None:
        """None: this is none of this contact's codes."""
        now = self._clock()
        with self._store.read() as connection:
            codes = connection.execute(select(store.sms_code).filter_by(contact=contact.id)).all()
        cards = {(row.salt, cost_of(row.hash)) for row in codes}
        hashes = {salt: hash_pin(code, salt, cost) for salt, cost in cards}
        row = next((r for r in codes if hmac.compare_digest(r.hash, hashes[r.salt])), None)
        if row is None:
            return None
        with self._store.write() as connection:
            alarm = _open_alarm(connection, contact.device, now)
            if row.burned_at is not None or alarm is None:
                log.tell(journal.Entry.CODE_IDLE)
                return False
            burning = update(store.sms_code).filter_by(id=row.id, burned_at=None)
            if not connection.execute(burning.values(burned_at=now)).rowcount:
                return False
            answer = said(now, contact.number_in_list, AnsweredBy.SMS)
            event_log.happened(connection, alarm, answer)
        number, name = contact.number_in_list, event_log.name_of(answer)
        log.tell(journal.Entry.ANSWER_BY_SMS, alarm=alarm, contact=number, answer=name)
        return True

    def _note_wrong(self, sender: str, contacts: Sequence[Row[Any]]) -> None:
        now = self._clock()
        self._wrong.setdefault(sender, deque(maxlen=WRONG_AN_HOUR)).append(now)
        with self._store.write() as connection:
            for contact in contacts:
                alarm = _open_alarm(connection, contact.device, now)
                if alarm is not None:
                    tried = WrongPinTried(now, contact.number_in_list, AnsweredBy.SMS)
                    event_log.happened(connection, alarm, tried)
        log.tell(journal.Entry.CODE_WRONG)

    def _is_guessing(self, sender: str) -> bool:
        tried = self._wrong.get(sender, deque())
        return len(tried) == WRONG_AN_HOUR and tried[0] > self._clock() - HOUR_S


def read_answer(text: str) -> tuple[str, type[ContactAnswer]] | None:
    """The code in a text, and what it says."""
    digits = plain_digits(text)
    if exact := _ANSWER.fullmatch(digits):
        return exact[1] + exact[2], CHOICES[exact[3] or "1"]
    found = _CODE_AMONG_WORDS.search(digits)
    return (found[1] + found[2], events.Unsure) if found else None


def _contacts(connection: Connection, sender: str) -> Sequence[Row[Any]]:
    """Who has this number: one phone may be a contact of several wearers.

    Networks may leave out the plus, or their own country's code.
    """
    table = store.contact
    known = sender.removeprefix("+" if sender.startswith("+") else "00")
    national = sender.lstrip("0")
    if known == sender and len(national) >= SHORTEST_NUMBER:
        is_it = table.c.number.endswith(national, autoescape=True)
    else:
        is_it = table.c.number == "+" + known
    return connection.execute(select(table).where(is_it)).all()


def _open_alarm(connection: Connection, device: int, now: float) -> int | None:
    """The alarm a text is about: the newest real one that is not over, else the newest other."""
    table = store.alarm
    rows = connection.execute(
        select(table.c.id, table.c.kind)
        .where(table.c.device == device, table.c.arrived_at > now - OPEN_FOR_S)
        .order_by(table.c.id)
    ).all()
    still_open = [row for row in rows if not event_log.case_of(connection, row.id).now.over]
    ranked = [(_RANK.get(AlarmKind(row.kind), 2), row.id) for row in still_open]
    return max(ranked)[1] if ranked else None


def plain_digits(text: str) -> str:
    """Digits of any script as 0 to 9: a phone may write its own language's."""
    return "".join(str(unicodedata.digit(each)) if each.isdecimal() else each for each in text)
