"""Rules: who is told of an alarm, by what, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from outcry.report import AlarmKind, MessageType
from outcry.responder.rules import episodes
from outcry.responder.rules.calls import ActionKind, Topic
from outcry.responder.rules.episodes import Chapter
from outcry.responder.rules.events import ANSWERS, Entry, What
from outcry.responder.rules.model import Addressee, Plan, Want

DECIDE_WITHIN_S = 300.0  # whoever has it in hand has so long before everybody else is told too
UNANSWERED_S = 150.0  # after the last contact was told; then the duty officer hears so
VANISHED_SOONER = 4  # a device that moved, or was jammed, before it was silent
GIVING_TROUBLE = 3  # so many tries in vain: a network is down, or its credential is bad

_HOLDS = frozenset(ANSWERS) - {What.CONFIRMED, What.UNSURE, What.FALSE}
"""Somebody has it in hand. A doubt stops nothing, and a confirmation hurries."""

_IN_VAIN = (What.FAILED, What.UNKNOWN)
_DECIDES = (What.VETOED, What.CORRECTED)

_TOPICS: Mapping[What, Topic] = {
    What.FALSE: Topic.DOUBTED,
    What.UNSURE: Topic.DOUBTED,
    What.JUDGED: Topic.WITHDRAWN,
    What.WRONG_PIN: Topic.WRONG_PIN,
}


def tell_contacts(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """Each contact is told, drills included: in the agreed order, by text and by their channels."""
    chapter = episodes.current(history)
    for contact, at in _turns(chapter, plan):
        others = [
            Addressee(contact, name, None, chapter.number) for name in _channels(plan, contact)
        ]
        for one in others:
            yield Want(one.kind, one.target, at)
        text = Addressee(contact, None, None, chapter.number)
        texted = plan.texted is None or contact in plan.texted
        if plan.can_text and (texted or _in_vain(chapter.entries, others)):
            yield Want(text.kind, text.target, at)


def tell_officers(history: Sequence[Entry], plan: Plan) -> Iterator[Want]:
    """The duty officers hear of everything that may need them, of each thing once."""
    chapter = episodes.current(history)
    if chapter.over:
        return
    for topic, at in _news(chapter, plan).items():
        for channel in plan.officers:
            officer = Addressee(None, channel, topic, chapter.number)
            yield Want(officer.kind, officer.target, at)


def _turns(chapter: Chapter, plan: Plan) -> Iterator[tuple[int, float]]:
    """The contacts whose turn has come or will come by itself, and when."""
    begun = _begun(chapter.entries, plan)
    if chapter.over or begun is None:
        return
    hurried = _first(chapter.entries, _hurries)
    held = _first(chapter.entries, lambda entry: entry.what in _HOLDS)
    decided = any(entry.what in _DECIDES for entry in chapter.entries)
    first = plan.first or len(plan.contacts)
    for n, contact in enumerate(plan.contacts):
        waits = max(0, n - first + 1) * plan.next_after_s
        at = begun + min(waits, plan.all_after_s)
        if held is not None and at > held:
            at = max(at, held + DECIDE_WITHIN_S)
            if decided and hurried is None:
                continue
        if hurried is not None:
            at = min(at, max(begun, hurried))
        yield contact, at


def _begun(entries: Sequence[Entry], plan: Plan) -> float | None:
    """When there was first something to tell contacts; None: never."""
    if plan.kind is not AlarmKind.SILENCE:
        return _first(entries, lambda entry: entry.what is What.REPORT)
    silent = next((entry for entry in entries if entry.what is What.SILENT), None)
    if silent is None or plan.quiet_s is None:
        return None
    return silent.at + plan.quiet_s / (VANISHED_SOONER if silent.data.get("vanished") else 1)


def _hurries(entry: Entry) -> bool:
    """Somebody is sure that it is real: it is time for everybody."""
    held_again = (
        entry.what is What.REPORT and entry.data["type"] == MessageType.STILL_IN_DANGER.name
    )
    return held_again or entry.what in (What.CONFIRMED, What.APPROVED, What.OFFICER_CONFIRMED)


def _first(entries: Sequence[Entry], is_it: Callable[[Entry], bool]) -> float | None:
    return next((entry.at for entry in entries if is_it(entry)), None)


def _channels(plan: Plan, contact: int) -> tuple[str, ...]:
    return plan.channels.get(contact, ())


def _in_vain(entries: Sequence[Entry], others: Sequence[Addressee]) -> bool:
    """Whether nothing else has reached this contact: then a text is sent to those who want none."""
    came = {
        (entry.data["kind"], entry.data["target"]): entry.what
        for entry in entries
        if "target" in entry.data
    }
    lost = (What.FAILED, What.UNKNOWN, What.DROPPED)
    return all(came.get((one.kind, one.target)) in lost for one in others)


def _news(chapter: Chapter, plan: Plan) -> dict[Topic, float]:
    """What the duty officers are told of, and when; a drill and a silence are told of and no more."""
    news: dict[Topic, float] = {}
    raised = _first(chapter.entries, lambda e: e.what in (What.REPORT, What.SILENT))
    if raised is None:
        return news
    news[Topic.RAISED] = raised
    if plan.kind in (AlarmKind.DRILL, AlarmKind.SILENCE):
        return news
    if not any(entry.what in ANSWERS for entry in chapter.entries):
        last = max((at for _, at in _turns(chapter, plan)), default=raised)
        news[Topic.UNANSWERED] = last + UNANSWERED_S
    for entry in chapter.entries:
        if (topic := _TOPICS.get(entry.what)) is not None:
            news.setdefault(topic, entry.at)
    trouble: dict[str, int] = {}
    for entry in chapter.entries:
        if entry.what in _IN_VAIN and entry.data["kind"] == ActionKind.PUBLISH:
            target = entry.data["target"]
            trouble[target] = trouble.get(target, 0) + 1
            if trouble[target] == GIVING_TROUBLE:
                news.setdefault(Topic.UNPUBLISHED, entry.at)
    return news
