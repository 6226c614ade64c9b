"""The response: what HQ does about an alarm, decided from its case alone.

``decide`` is pure. Each rule of ``RULES`` says what should be done; one
engine compares that with what was tried and says what to do now and when to
look again. Nothing here performs anything: ``workflow.py`` does, and writes
what came of it into the history that is read here next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from outcry.responder.rules import notification, publication, receipts, replies
from outcry.responder.rules.calls import (
    PUBLICATIONS,
    Action,
    ActionKind,
    FollowUp,
    Post,
    Target,
    ToContact,
    ToOfficers,
    Want,
)
from outcry.responder.rules.case import Case
from outcry.responder.rules.events import CallEnded, CallPlanned, Ground, Outcome
from outcry.responder.rules.model import Later, Plan

RECEIPTS_AN_HOUR = 30  # of one alarm; a device reports by SMS more rarely than every two minutes
HOUR_S = 3600.0
RETRY_AFTER_S = (5, 15, 60, 300, 900)  # then every 900 s: a busy network, then a modem to be fixed
LATER_S = 60.0  # between looks at an alarm of which something may not be said while another stands
TRIES = 100  # with the waits above: about a day
UNKNOWN_TRIES = 1  # a text whose outcome was lost is sent once more, never zero times

Rule = Callable[[Case, Plan], Iterator[Want]]
RULES: Mapping[Rule, tuple[ActionKind, ...]] = {
    notification.tell_contacts: (ActionKind.TELL, ActionKind.NOTIFY),
    notification.tell_officers: (ActionKind.NOTIFY,),
    publication.publish: (ActionKind.PUBLISH,),
    publication.look_for: (ActionKind.PUBLISH, ActionKind.FOLLOW_UP),
    publication.follow_up: (ActionKind.FOLLOW_UP,),
    publication.correct: (ActionKind.CORRECT,),
    publication.take_back: (ActionKind.TAKE_BACK,),
    receipts.answer_wearer: (ActionKind.RECEIPT,),
    replies.answer_texts: (ActionKind.REPLY,),
}
"""Every rule, and what it can ask for."""


@dataclass(frozen=True)
class Decision:
    """What to write down, what to do, and when (Unix seconds) to look again by oneself."""

    ground: Ground | None
    actions: tuple[Action, ...]
    look_again_at: float | None


def decide(case: Case, plan: Plan, now: float) -> Decision:
    """What to do now (Unix seconds) about an alarm."""
    new_ground = publication.ground(case, plan, now) if case.now.ground is None else None
    actions = []
    later = []
    for rule in RULES:
        for want in rule(case, plan):
            tries = case.tries(want.target)
            at = next_try(want.target.kind, [*tries.values()])
            if at is None:
                continue
            at = max(at, want.not_before)
            if at <= now:
                actions.append(Action(want.target, len(tries) + 1))
            else:
                later.append(at)
    consents = publication.consents_at(case, plan)
    if consents is not None and consents > now and case.now.ground is None:
        later.append(consents)
    if plan.later is not Later.NONE:
        later.append(now + LATER_S)
    return _within_rate(Decision(new_ground, tuple(actions), min(later, default=None)), case, now)


def next_try(kind: ActionKind, tries: Sequence[CallPlanned | CallEnded]) -> float | None:
    """When to try (again), 0 meaning at once; None: it is done, under way or given up.

    ``tries``: what was heard last of those so far, oldest first; one that was dropped before it
    began counts for nothing. What is published is looked for before each try, so repeating an
    unknown one is harmless.
    """
    made = [each for each in tries if each.outcome is not Outcome.DROPPED]
    came = [each.outcome for each in made]
    if not made:
        return 0.0
    if {None, Outcome.DONE, Outcome.DELIVERED} & set(came) or len(made) >= TRIES:
        return None
    last = made[-1]
    if last.outcome is Outcome.UNKNOWN and kind not in PUBLICATIONS:
        return last.at if came.count(Outcome.UNKNOWN) <= UNKNOWN_TRIES else None
    wanted = (last.came.wait_s or 0.0) if isinstance(last, CallEnded) else 0.0
    return last.at + max(wanted, RETRY_AFTER_S[min(len(made), len(RETRY_AFTER_S)) - 1])


def may_begin(target: Target, case: Case, plan: Plan) -> bool:
    """Whether a call may be begun: one that is no longer allowed may still look for what is out."""
    looks = isinstance(target, Post | FollowUp) and case.may_be_out(target)
    return looks or is_allowed(target, case, plan)


def is_allowed(target: Target, case: Case, plan: Plan) -> bool:
    """The last look before a call, and before anything leaves: whether it may still be made.

    Between planning and doing a person may have vetoed, corrected or closed, or a new episode may
    have begun, of which what was to be said of the last one is no longer true.
    """
    if target.kind in PUBLICATIONS:
        says = {rule: kinds for rule, kinds in RULES.items() if rule is not publication.look_for}
        asked_for = (rule for rule, kinds in says.items() if target.kind in kinds)
        return any(want.target == target for rule in asked_for for want in rule(case, plan))
    if isinstance(target, ToContact | ToOfficers):
        return notification.is_of_now(target, case)
    return True


def _within_rate(decision: Decision, case: Case, now: float) -> Decision:
    """At most so many receipts by SMS an hour; when there are more to send, the newest go."""
    receipts = [action for action in decision.actions if action.kind is ActionKind.RECEIPT]
    sent = [at for at in case.receipts_planned_at if at > now - HOUR_S]
    too_many = len(receipts) - max(0, RECEIPTS_AN_HOUR - len(sent))
    if too_many <= 0:
        return decision
    waiting = receipts[:too_many]
    times = [min([now, *sent]) + HOUR_S, decision.look_again_at]
    soonest = min(time for time in times if time is not None)
    actions = tuple(action for action in decision.actions if action not in waiting)
    return replace(decision, actions=actions, look_again_at=soonest)
