"""What people at HQ read of an alarm: each fact in one wording, for console, ``status`` and case file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outcry.report import AlarmKind
from outcry.responder.formatting import ENGLISH
from outcry.responder.rules import calls, events
from outcry.responder.rules.calls import Target
from outcry.responder.rules.case import Case
from outcry.responder.rules.episode import Episode
from outcry.responder.rules.events import Event, Outcome

KINDS = {
    AlarmKind.PANIC: "panic alarm",
    AlarmKind.STRAP: "strap alarm, the strap was opened or cut",
    AlarmKind.DRILL: "drill",
    AlarmKind.SILENCE: "silence, no signal from the device",
}
VERDICTS = {
    events.Verdict.SAFE: "the agreed code, safe. Not verified: call and ask for the agreed word",
    events.Verdict.OLD: "the agreed code, but older than what was heard: it proves nothing",
    events.Verdict.WAITING: "its code is being judged",
    events.Verdict.DURESS: "DURESS: not the agreed code. Let nobody notice that you know",
}
REASONS = {
    events.Reason.FALSE_ALARM: "it was a false alarm",
    events.Reason.RELEASED: "the wearer is free",
    events.Reason.OTHER: "something has changed",
}
CONTACTS: Mapping[type[Event], str] = {
    events.ContactSaw: "has seen the alarm",
    events.Confirmed: "confirms: it is real, make it public",
    events.Unsure: "does not know if it is real",
    events.Unclear: "sent a code with something else, which counts as: does not know",
    events.CalledFalse: "thinks it is a false alarm",
}
OFFICERS: Mapping[type[Event], str] = {
    events.Acknowledged: "has taken it",
    events.TakenOver: "takes it over",
    events.HandedOver: "hands it over",
    events.GivenBack: "gives it back: nobody has it",
    events.OfficerConfirmed: "confirms: it is real",
    events.Approved: "decides to publish",
    events.Vetoed: "forbids publishing",
    events.VetoLifted: "allows publishing again",
    events.Corrected: "corrects what is public",
    events.Closed: "closes the alarm",
    events.Reopened: "opens the alarm again",
}
_CAME = {
    Outcome.DONE: "done",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "may have happened; nobody knows",
    Outcome.DROPPED: "no longer needed when its turn came",
    Outcome.DELIVERED: "delivered",
    Outcome.UNDELIVERED: "will never be delivered",
}
_DROPPED = {
    events.Dropped.USED: "its code was used before",
    events.Dropped.OVER: "no alarm was open",
    events.Dropped.REAL: "it says that it is real, and no alarm was open",
    events.Dropped.WORDS: "no code of theirs is in it",
    events.Dropped.STRANGER: "it has a code, and is not from a contact's number",
    events.Dropped.FLOOD: "somebody floods HQ with wrong codes in their name; call them",
}
_GROUNDS = {
    events.Ground.QUORUM: "enough people confirmed",
    events.Ground.DUTY_OFFICER: "a duty officer decided",
    events.Ground.CONSENT: "nobody answered, and the wearer had consented",
}

SAID = {
    events.Said.REACHED: "reached",
    events.Said.NO_ANSWER: "no answer",
    events.Said.REAL: "says on the telephone that it is real",
    events.Said.NOT_REAL: "says on the telephone that it is not real",
    events.Said.OTHER: "something else",
}

FORBIDDEN = "publishing is forbidden"
CONTRADICTED = (
    "somebody says that it is real since it was ended: look, and open it again if it is so"
)
EARLIER_DURESS = "an earlier episode was withdrawn under DURESS"


def confirmed(votes: int, quorum: int) -> str:
    return f"confirmed by {votes} of {quorum}"


def doubted(contacts: int) -> str:
    return f"doubted by {contacts}"


def wrong_pins(number: int) -> str:
    return f"wrong PINs tried: {number}"


def began(episode: Episode, before: Episode) -> str:
    """How an episode began after the one before it."""
    ended = "closed" if before.over else "corrected"
    if episode.again:
        return f"STILL IN DANGER: pressed again after the alarm was {ended}"
    if episode.has(events.Reopened):
        return f"a duty officer opens it again after it was {ended}"
    return f"a duty officer publishes it after it was {ended}"


def rang(ring: events.Rang) -> str:
    """What came of a call to a contact."""
    return SAID[ring.said] + (f": {ring.note}" if ring.note else "")


def given_back(officer: str) -> str:
    return f"nobody has it: {officer} gave it back"


def corrected(correction: events.Corrected) -> str:
    return f"corrected: {REASONS[correction.reason]}"


def held(until: str) -> str:
    """What an embargo means to a duty officer."""
    return f"not public yet: held back by the plan until {until}. You can publish or forbid it now"


def past(episode: Episode, began_at: str) -> str:
    """An earlier episode in one line: it says nothing of the one at hand."""
    ended = [corrected(each) for each in episode.corrections.values()]
    ended += ["closed"] if episode.over else []
    public = f"public on {', '.join(episode.posts)}" if episode.posts else "not public"
    return f"Episode {episode.number}, began {began_at}: {'; '.join([public, *ended])}"


def withdrawal(verdict: events.Verdict) -> str:
    return f"withdrawal received: {VERDICTS[verdict]}"


def sentence(words: str) -> str:
    """The same as a sentence of its own, with a capital."""
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Line:
    """One line of a timeline: when (Unix seconds), what, and whether it wants a person's attention."""

    at: float
    words: str
    grave: bool = False


def timeline(history: Sequence[Event], contacts: Mapping[int, str]) -> list[Line]:
    """A history, oldest first, with one line for a call that has ended, and one for each episode
    that begins after another.
    """
    ended = {event.action for event in history if isinstance(event, events.CallEnded)}
    case, lines = Case(), []
    for event in history:
        number = case.now.number
        case.take(event)
        if case.now.number > number:
            begins = f"Episode {case.now.number} begins: {began(case.now, case.earlier[-1])}"
            lines.append(Line(event.at, begins, True))
        if not (isinstance(event, events.CallPlanned) and event.action in ended):
            lines.append(Line(event.at, told(event, contacts), _is_grave(event)))
    return lines


def _is_grave(event: Event) -> bool:
    match event:
        case events.WithdrawalJudged():
            return event.verdict is events.Verdict.DURESS
        case events.CallEnded():
            in_vain = event.outcome in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNDELIVERED)
            return in_vain or event.came.why == events.SLIPPED
        case _:
            return isinstance(event, events.WrongPinTried | events.AnswerDropped)


def told(event: Event, contacts: Mapping[int, str]) -> str:
    """One event of a history; ``contacts`` has the name for each number in the list."""
    match event:
        case events.ReportArrived():
            report = ENGLISH(f"type_{event.type.name}")
            return f"{report}, {_path(event.path)}{_marks(event.marks)}{_by_arrival(event)}"
        case events.ReportRepeated():
            return f"A report came again, {_path(event.path)}"
        case events.WithdrawalJudged():
            return f"Withdrawal: {VERDICTS[event.verdict]}"
        case events.ContactAnswer():
            by_sms = ", by SMS" if event.by is events.AnsweredBy.SMS else ""
            return f"{_name(event.contact, contacts)} {CONTACTS[type(event)]}{by_sms}"
        case events.OfficerAct():
            return f"Duty officer {event.officer} {OFFICERS[type(event)]}{_because(event)}"
        case events.StillOnIt():
            return f"Duty officer {event.officer} is still on it"
        case events.Noted():
            return f"Note by {event.officer}: {event.text}"
        case events.Ticked():
            return f"Checklist, ticked by {event.officer}: {event.item}"
        case events.Unticked():
            return f"Checklist, {event.officer} takes the tick back: {event.item}"
        case events.Rang():
            who = _name(event.contact, contacts)
            return f"Duty officer {event.officer} rang {who}: {rang(event)}"
        case events.WrongPinTried(_, link_of, events.AnsweredBy.SMS):
            return f"A wrong code was texted from {_name(link_of or 0, contacts)}'s number"
        case events.WrongPinTried():
            link = f", on {_name(event.link_of, contacts)}'s link" if event.link_of else ""
            return f"A wrong PIN was tried{link}"
        case events.AnswerDropped():
            whose = f" from {_name(event.contact, contacts)}" if event.contact else ""
            return f"A text{whose} could not be taken as an answer: {_DROPPED[event.why]}"
        case events.WentSilent():
            return f"No signal from the device for too long{_marks(event.marks)}"
        case events.HeardAgain():
            return "The device was heard again"
        case events.GroundFound():
            return f"May be published: {_GROUNDS[event.ground]}"
        case events.CallPlanned():
            return f"{call(event.action.target, contacts)}: under way"
        case events.CallEnded():
            why = f" ({event.came.why})" if event.came.why else ""
            return f"{call(event.action.target, contacts)}: {_CAME[event.outcome]}{why}"
        case _:
            raise ValueError(f"there are no words for {type(event).__name__}")


def call(target: Target, contacts: Mapping[int, str]) -> str:
    match target:
        case calls.ToContact(contact, None):
            return f"Text to {_name(contact, contacts)}"
        case calls.ToContact(contact, channel):
            return f"Message to {_name(contact, contacts)} by {channel}"
        case calls.ToOfficers(channel):
            return f"Message to the duty officers by {channel}"
        case calls.Reply(contact):
            return f"Reply to {_name(contact, contacts)}'s text"
        case calls.Receipt():
            return "Receipt to the device"
        case calls.Post(network):
            return f"Post on {network}"
        case calls.FollowUp(network):
            return f"Follow-up on {network}"
        case calls.Correction(network):
            return f"Correction on {network}"
        case calls.TakeBack(network):
            return f"Correction taken back on {network}"


def _path(path: events.CameBy) -> str:
    return ENGLISH(f"path_{path.value}")


def _marks(marks: tuple[str, ...]) -> str:
    return "".join(f". {sentence(mark)}" for mark in marks)


def _by_arrival(report: events.ReportArrived) -> str:
    """What HQ has made of a clock that is not believed, where its arrival tells the time."""
    wrong = {events.Mark.CLOCK_UNSET, events.Mark.CLOCK_AHEAD} & set(report.marks)
    return ", dated by its arrival" if wrong and report.is_dated else ""


def _because(act: events.OfficerAct) -> str:
    match act:
        case events.Corrected():
            spoke = f"; who spoke with the wearer: {act.spoke}" if act.spoke else ""
            return f": {REASONS[act.reason]}{spoke}"
        case events.Closed() if act.reason:
            return f": {act.reason}"
        case events.TakenOver():
            return f" from {act.holder}"
        case events.HandedOver():
            return f" to {act.to}"
        case _:
            return ""


def _name(number: int, contacts: Mapping[int, str]) -> str:
    return contacts.get(number, f"Contact {number}")
