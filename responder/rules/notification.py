"""Rules: who is told of an alarm, by what, and when."""

from collections.abc import Iterator, Sequence
from itertools import chain

from outcry.report import AlarmKind
from outcry.responder.rules import publication
from outcry.responder.rules.calls import Target, ToContact, ToOfficers, Topic, Want
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import Outcome
from outcry.responder.rules.model import NEVER_PUBLIC, Plan

DECIDE_WITHIN_S = 300.0  # for the person who has taken it, before everybody else is told too
UNANSWERED_S = 150.0  # after the last contact was told; then the duty officer hears so
VANISHED_SOONER = 4  # a device that moved, or was jammed, before it was silent
REMINDERS = 4  # that an alarm is left alone: an hour of them, then all who can come have heard it

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
    news = ((topic, 1, at) for topic, at in _news(case, plan).items())
    for topic, number, at in chain(news, _passed(case, plan), _reminders(case, plan)):
        for target in _to_officers(plan, case, topic, number):
            if is_of_now(target, case):
                yield Want(target, at)


def is_of_now(target: ToContact | ToOfficers, case: Case) -> bool:
    """Whether there is still a reason to tell: of an end only that somebody contradicts it."""
    now = case.now
    if target.episode != now.number:
        return False
    match target:
        case ToOfficers(topic=Topic.CONTRADICTED):
            return True
        case ToOfficers(topic=Topic.PASSED, number=number):
            return number == len(now.passes) and not now.over
        case ToOfficers(topic=Topic.UNATTENDED, number=number):
            return (number - 1) // REMINDERS + 1 == now.attended and now.is_open
        case _:
            return not now.over


def _to_officers(plan: Plan, case: Case, topic: Topic, number: int) -> list[ToOfficers]:
    return [ToOfficers(channel, topic, case.now.number, number) for channel in plan.officers]


def _passed(case: Case, plan: Plan) -> Iterator[tuple[Topic, int, float]]:
    """Who has it now, or that nobody has, drills included: the last such change alone."""
    if case.now.passes and _raised_at(case, plan) is not None:
        yield Topic.PASSED, len(case.now.passes), case.now.passes[-1].at


def _reminders(case: Case, plan: Plan) -> Iterator[tuple[Topic, int, float]]:
    """That nobody has it any more, or that who has it does nothing, each time the span has passed.

    Each after the one before it was told, so that an HQ that was down for hours tells it once. What
    no officer has ever had, they were told of by then, and that nobody has answered.
    """
    if plan.idle_s is None or plan.kind in NEVER_PUBLIC or _raised_at(case, plan) is None:
        return
    last, told_before = case.now.attended_at, REMINDERS * (case.now.attended - 1)
    for number in range(told_before + 1, told_before + REMINDERS + 1):
        if last is None:
            return
        yield Topic.UNATTENDED, number, last + plan.idle_s
        targets = _to_officers(plan, case, Topic.UNATTENDED, number)
        told = [each.at for target in targets for each in case.tries(target).values()]
        last = min(told, default=None)


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
