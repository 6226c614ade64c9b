"""Rules: a contact's text is answered by one short text, and no text can draw many."""

from collections.abc import Iterator, Mapping

from outcry.responder.rules import events
from outcry.responder.rules.calls import Reply, Says, Want
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Dropped, Event
from outcry.responder.rules.model import Plan

REPLIES_AN_HOUR = 4  # to a contact, of an alarm, to texts that were no answer
REPLIES = 12  # of an alarm; more are somebody else's, who writes in the contact's name
HOUR_S = 3600.0

_SAVED: Mapping[type[Event], Says] = {
    events.Confirmed: Says.REAL,
    events.ContactSaw: Says.SEEN,
    events.Unsure: Says.UNSURE,
    events.CalledFalse: Says.FALSE,
    events.Unclear: Says.UNCLEAR,
}
_DROPPED = {
    Dropped.USED: Says.USED,
    Dropped.OVER: Says.OVER,
    Dropped.REAL: Says.TOLD,
    Dropped.WORDS: Says.WORDS,
}


def answer_texts(case: Case, plan: Plan) -> Iterator[Want]:
    """A contact's text is answered once, by a text: what was saved, or what to send instead.

    An answer costs a code, so each of them has a reply. Of the others few have, and of those that
    are mere words the first alone: a machine that answers texts never has a second reply.
    """
    if not plan.can_text:
        return
    count: dict[int, int] = {}
    others: dict[int, list[float]] = {}
    worded: set[int] = set()
    for text in case.texts:
        contact, says = text.contact, _says(text)
        if contact not in plan.contacts or says is None:
            continue
        if not isinstance(text, events.ContactAnswer):
            sent = others.setdefault(contact, [])
            in_hour = sum(at > text.at - HOUR_S for at in sent)
            if in_hour >= REPLIES_AN_HOUR or len(sent) >= REPLIES:
                continue
            if says is Says.WORDS:
                if contact in worded:
                    continue
                worded.add(contact)
            sent.append(text.at)
        count[contact] = count.get(contact, 0) + 1
        yield Want(Reply(contact, count[contact], says), text.at)


def _says(text: Event) -> Says | None:
    match text:
        case events.AnswerDropped():
            return _DROPPED.get(text.why)
        case events.WrongPinTried():
            return Says.UNKNOWN
        case _:
            return _SAVED[type(text)]
