"""Rules: who is told of an alarm, by what, and when."""

from collections.abc import Iterator, Sequence

from outcry.report import AlarmKind
from outcry.responder.rules import publication
from outcry.responder.rules.calls import Target, ToContact, ToOfficers, Topic, Want
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Outcome
from outcry.responder.rules.model import NEVER_PUBLIC, Plan

DECIDE_WITHIN_S = 300.0  # for the person who has taken it, before everybody else is told too
UNANSWERED_S = 150.0  # after the last contact was told; then the duty officer hears so
VANISHED_SOONER = 4  # a device that moved, or was jammed, before it was silent

_LOST = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.DROPPED)


def tell_contacts(case: Case, plan: Plan) -> Iterator[Want]:
    """Each contact is told, drills included: in the agreed order, by text and by their channels."""
    episode = case.now.number
    for contact, at in _turns(case, plan):
        others = [ToContact(contact, name, episode) for name in plan.channels.get(contact, ())]
        for one in others:
            yield Want(one, at)
        texted = plan.texted is None or contact in plan.texted
        if plan.can_text and (texted or _in_vain(case, others)):
            yield Want(ToContact(contact, None, episode), at)


def tell_officers(case: Case, plan: Plan) -> Iterator[Want]:
    """The duty officers hear of everything that may need them, of each thing once."""
    for topic, at in _news(case, plan).items():
        for channel in plan.officers:
            target = ToOfficers(channel, topic, case.now.number)
            if is_of_now(target, case):
                yield Want(target, at)


def is_of_now(target: ToContact | ToOfficers, case: Case) -> bool:
    """Whether there is still a reason to tell: of an end only that somebody contradicts it."""
    contradicts = isinstance(target, ToOfficers) and target.topic is Topic.CONTRADICTED
    return target.episode == case.now.number and (contradicts or not case.now.over)


def _turns(case: Case, plan: Plan) -> Iterator[tuple[int, float]]:
    """The contacts whose turn has come or will come by itself, and when."""
    now = case.now
    begun = _begun_at(case, plan)
    if now.over or begun is None:
        return
    first = plan.first or len(plan.contacts)
    for n, contact in enumerate(plan.contacts):
        waits = max(0, n - first + 1) * plan.next_after_s
        at = begun + min(waits, plan.all_after_s)
        if now.held_at is not None and at > now.held_at:
            at = max(at, now.held_at + DECIDE_WITHIN_S)
            if now.is_decided and now.hurried_at is None:
                continue
        if now.hurried_at is not None:
            at = min(at, max(begun, now.hurried_at))
        yield contact, at


def _raised_at(case: Case, plan: Plan) -> float | None:
    """When this episode began: with a report, a duty officer's word, or a silence."""
    if plan.kind is AlarmKind.SILENCE:
        return None if case.silence is None else case.silence.at
    return case.now.began_at


def _begun_at(case: Case, plan: Plan) -> float | None:
    """When there was first something to tell contacts; None: never."""
    raised = _raised_at(case, plan)
    if raised is None or case.silence is None or plan.kind is not AlarmKind.SILENCE:
        return raised
    if plan.quiet_s is None:
        return None
    return raised + plan.quiet_s / (VANISHED_SOONER if case.silence.vanished else 1)


def _in_vain(case: Case, others: Sequence[Target]) -> bool:
    """Whether nothing else has reached this contact: then a text is sent to those who want none."""
    tried = [case.tries(one).values() for one in others]
    return all(tries and all(each.outcome in _LOST for each in tries) for tries in tried)


def _news(case: Case, plan: Plan) -> dict[Topic, float]:
    """What the duty officers are told, and when; of a drill or a silence only that there is one."""
    raised = _raised_at(case, plan)
    if raised is None:
        return {}
    news = {Topic.RAISED: raised}
    if plan.kind in NEVER_PUBLIC:
        return news
    if publication.why_no_consent(case, plan) is not None:
        news[Topic.NO_CONSENT] = raised
    if not case.now.is_answered:
        last = max((at for _, at in _turns(case, plan)), default=raised)
        news[Topic.UNANSWERED] = last + UNANSWERED_S
    return news | case.now.topics
