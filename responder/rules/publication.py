"""Rules: when an alarm may be made public, and what is published, followed up and corrected.

``ground`` is the one place where it is decided whether an alarm may be made
public at all; ``may_publish`` adds that the ground stands in the history and
that nobody has forbidden it since.
"""

from collections.abc import Iterator

from outcry.report import MessageType
from outcry.responder.rules import events
from outcry.responder.rules.calls import Correction, FollowUp, Post, Want
from outcry.responder.rules.case import Case
from outcry.responder.rules.episode import Posted
from outcry.responder.rules.events import Ground, Verdict
from outcry.responder.rules.model import NEVER_PUBLIC, Disclosure, Plan

FOLLOW_UPS = 6  # of an alarm in one network: more would be read as noise
STILL_EVERY_S = 600.0  # between follow-ups of which the later says: still in danger
MOVED_EVERY_S = 3600.0  # between follow-ups of which the later says where the wearer was seen


def ground(case: Case, plan: Plan, now: float) -> Ground | None:
    """The ground on which this alarm may be published. The one place where that is decided.

    A drill never has one, nor has a silence, whatever people do. Nothing that people agreed to
    before a new episode counts in it.
    """
    episode = case.now
    if plan.kind in NEVER_PUBLIC or episode.over or case.is_forbidden or episode.opened_by is None:
        return None
    if episode.has(events.Approved):
        return Ground.DUTY_OFFICER
    officer = plan.officer_counts and episode.has(events.OfficerConfirmed)
    if episode.votes >= plan.quorum or (officer and episode.votes >= 1):
        return Ground.QUORUM
    at = consents_at(case, plan)
    return Ground.CONSENT if at is not None and at <= now else None


def consents_at(case: Case, plan: Plan) -> float | None:
    """When the wearer's own consent makes this alarm public if nobody answers before; None: never.

    Never for a drill, for an alarm that was vetoed, or withdrawn in a way that may be duress; and
    only a report of danger that is fresh and newer than all before it starts the clock.
    """
    if plan.consent_s is None or plan.kind in NEVER_PUBLIC:
        return None
    if case.now.is_answered or case.was_vetoed or not _is_free(case) or case.now.danger_at is None:
        return None
    return case.now.danger_at + plan.consent_s


def may_publish(case: Case, plan: Plan) -> bool:
    """Whether something new may be made public now, on the ground that was recorded.

    A drill never, whatever was recorded. What rests on the wearer's consent alone ends when
    they are made to withdraw.
    """
    recorded = case.now.ground
    if plan.kind in NEVER_PUBLIC or recorded is None or case.is_forbidden:
        return False
    return recorded.ground is not Ground.CONSENT or _is_free(case)


def publish(case: Case, plan: Plan) -> Iterator[Want]:
    """What has a recorded ground is made public in every network of the plan."""
    if may_publish(case, plan):
        for network in plan.networks:
            yield Want(Post(network))


def follow_up(case: Case, plan: Plan) -> Iterator[Want]:
    """What happens after a post is told in answers to it: rarely, and only news."""
    if not may_publish(case, plan):
        return
    for network in plan.networks:
        posted = case.posts.get(network)
        if posted is not None:
            for message in _news(case, posted, plan):
                yield Want(FollowUp(network, message))


def correct(case: Case, plan: Plan) -> Iterator[Want]:
    """A correction goes to every network in which there is a post, or may be one; closed or not."""
    if plan.kind in NEVER_PUBLIC:
        return
    for n in range(1, len(case.corrections) + 1):
        for network in sorted(case.networks):
            yield Want(Correction(network, n))


def _is_free(case: Case) -> bool:
    """Whether no withdrawal speaks of duress, or cannot be told from one that does."""
    return case.withdrawal in (None, Verdict.SAFE)


def _news(case: Case, posted: Posted, plan: Plan) -> list[int]:
    """The reports since a post that its readers are told of: the same however often it is asked."""
    news: list[int] = []
    last = posted.at
    for report in list(case.reports.values())[posted.reports :]:
        if not report.is_of_now or len(news) >= FOLLOW_UPS:
            continue
        if report.is_still_in_danger:
            due = not news or report.at >= last + STILL_EVERY_S
        elif report.type is MessageType.POSITION:
            due = plan.discloses is not Disclosure.NOTHING and report.at >= last + MOVED_EVERY_S
        else:
            due = False  # a withdrawal is nobody's business but HQ's
        if due:
            news.append(report.message)
            last = report.at
    return news
